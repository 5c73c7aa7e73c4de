#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# alg.ftp and nat.protocols with real programs: an active FTP client behind the box gets its file from a
# server outside, and without the ALG does not; GRE goes out by the subscriber's outside address and comes
# back (TCP-07, CGN-01).
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

# config LINE...: the lab's, with these lines for tenant a.
config() {
	rm -rf "$WORK/config"
	cp -r "$TOP/config/lab" "$WORK/config"
	printf '%s\n' "$@" >>"$WORK/config/tenants/a.yaml"
}

ftp() {
	in_a1 timeout 8 /usr/bin/python3 "$E2E/_protocols.py" ftp-get "$1"
}

fetches() {
	equal "$(ftp "$1")" "$(<"$WORK/www/file")"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
AT_END+=(lab_config_restore)
config 'alg: {ftp: true}' 'nat: {protocols: [gre]}'
check "the daemon starts with alg.ftp and nat.protocols" "$LAB" restart --config "$WORK/config"
check "a1 reaches the Internet" wait_for 10 pings cgn-a1 192.0.2.1

mkdir "$WORK/www"
head -c 20000 /dev/urandom | base64 >"$WORK/www/file"
begin wan /usr/bin/python3 -u "$E2E/_protocols.py" ftp-serve "$WORK/www" >"$WORK/serve" 2>&1
begin wan /usr/bin/python3 -u "$E2E/_protocols.py" gre-echo >"$WORK/gre" 2>&1
wait_for 5 grep -q ready "$WORK/serve"
wait_for 5 grep -q ready "$WORK/gre"
check "an active client gets its file with PORT" fetches PORT
check "and with EPRT" fetches EPRT
check "a passive client needs no help" fetches PASV
check "GRE goes out and comes back" in_a1 /usr/bin/python3 "$E2E/_protocols.py" gre-ask
check "by an address of the pool" matches "$(<"$WORK/gre")" 'from 203\.0\.113\.(1[6-9]|2[0-9]|3[01])'
check "ESP, which is not named, does not" bash -c \
	"! ip netns exec cgn-a1 /usr/bin/python3 '$E2E/_protocols.py' gre-ask 50"
finish
