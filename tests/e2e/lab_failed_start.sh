#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A start that cannot work says why, leaves nothing behind and ends with an error.
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"

traces() {
	ip netns list | grep '^cgn-'
	ls -d /run/cgnat-lab
	ip -br link | grep -E 'cgn-|w-|br-a'
	pgrep --runstates D,R,S,T -f 'cgnatd -c|cgn-vlan-tagger|tests/lab/servers.py'
} 2>/dev/null

config=$TOP/config/lab
[[ ! -d /run/cgnat-lab ]] || { not_ok "the lab is up; this test needs it down"; finish; }

# broken NAME SED-EXPRESSION: a copy of the lab's configuration, changed.
broken() {
	cp -r "$config" "$WORK/$1"
	sed -i "$2" "$WORK/$1/cgnat.yaml"
	! cmp -s "$config/cgnat.yaml" "$WORK/$1/cgnat.yaml"
}

fails_with() {
	local name=$1 text=$2

	if "$LAB" up --config "$WORK/$name" >"$WORK/$name.out" 2>&1; then
		echo "it came up"
		"$LAB" down
		return 1
	fi
	grep -q -- "$text" "$WORK/$name.out" || { cat "$WORK/$name.out"; return 1; }
}

check "a device that does not exist can be written" broken device 's/net_tap[0-9]*/net_nosuch0/'
check "the start fails and names the device" fails_with device net_nosuch0
check "nothing is left of it" equal "$(traces)" ""
check "a key that does not exist can be written" broken key '1i no_such_key: 1'
check "the start fails and names file, line and key" fails_with key 'cgnat.yaml:[0-9]*:[0-9]*.*no_such_key'
check "nothing is left of it either" equal "$(traces)" ""
check "a directory without a configuration is refused" \
	bash -c "! '$LAB' up --config '$WORK/none' >/dev/null 2>&1"
check "nothing is left of that" equal "$(traces)" ""
finish
