#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ports.deterministic: what servers on the Internet see of two subscribers is where the computation says,
# and cgnatctl says so both ways, on the box and from the configuration alone.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

ctl() { "$LAB" ctl --json "$@"; }
field() { /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }

# within ADDRESS:PORT ADDRESS FIRST-LAST
within() {
	local port=${1##*:}

	[[ ${1%:*} = "$2" && $port -ge ${3%-*} && $port -le ${3#*-} ]] ||
		{ echo "$1 is not in $2:$3"; return 1; }
}

same() {
	/usr/bin/python3 -c 'import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
sys.exit(a != b and f"{a}\n{b}")' "$@"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
cp -r "$TOP/config/lab" "$WORK/config"
sed -i 's|prefix: 100.64.0.0/16|prefix: 100.64.0.0/24|' "$WORK/config/tenants/a.yaml"
printf 'ports: {deterministic: {algorithm: sequential, dynamic: 2}}\n' >>"$WORK/config/tenants/a.yaml"
AT_END+=(lab_config_restore)
check "the daemon starts with computed ports" start_anew "$WORK/config"
check "a1 reaches the Internet" wait_for 10 pings cgn-a1 192.0.2.1
for host in a1:100.64.0.10 a2:100.64.0.11; do
	name=${host%:*} address=${host#*:}
	at=$(seen "$name" 40101)
	ctl deterministic a "$address" >"$WORK/$name.json"
	outside=$(field outside <"$WORK/$name.json") ports=$(field ports <"$WORK/$name.json")
	check "$name is seen in its computed range" within "$at" "$outside" "$ports"
	check "and the range leads back to it" \
		equal "$(ctl deterministic "$at" | field subscriber)" "$address"
	ctl compute "$WORK/config/cgnat.yaml" a "$address" >"$WORK/$name.offline.json"
	ctl compute "$WORK/config/cgnat.yaml" "$at" >"$WORK/$name.back.json"
	check "the file alone says the same" same "$WORK/$name.json" "$WORK/$name.offline.json"
	check "both ways" same "$WORK/$name.json" "$WORK/$name.back.json"
done
ctl events >"$WORK/events"
check "the parameters are recorded" grep -q '"deterministic"' "$WORK/events"
check "no port block was taken beyond the ranges" equal "$(grep -c block_taken "$WORK/events")" 0
finish
