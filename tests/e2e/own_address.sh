#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# static_addresses: a1 has an outside address for itself. The Internet reaches every port of it with TCP,
# UDP and ping, what a1 sends comes from it with a1's own port, and nobody else uses it.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

OWN=203.0.113.20

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	printf 'static_addresses:\n  - {inside: 100.64.0.10, outside: %s}\n' "$OWN" \
		>>"$WORK/config/tenants/a.yaml"
}

reaches_a1() {
	equal "$(in_wan curl -s --max-time 3 "http://$OWN:$1/name")" a1
}

# peer_seen HOST PORT: how a server on the Internet sees a connection of the host from that port.
peer_seen() {
	begin wan /usr/bin/python3 -u -c 'import socket
s = socket.create_server(("192.0.2.1", 7007))
print("ready")
c, peer = s.accept()
print("%s:%u" % peer)' >"$WORK/$1.seen"
	wait_for 5 grep -q ready "$WORK/$1.seen" || true
	"in_$1" curl -s -o /dev/null --max-time 2 --local-port "$2" http://192.0.2.1:7007/ || true
	wait_for 3 grep -q : "$WORK/$1.seen" || true
	grep : "$WORK/$1.seen"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
check "the daemon starts with an address for a1 alone" "$LAB" restart --config "$WORK/config"
check "a1 reaches the Internet" wait_for 10 pings cgn-a1 192.0.2.1

mkdir "$WORK/www"
echo a1 >"$WORK/www/name"
for port in 80 50080; do
	begin a1 python3 -m http.server --directory "$WORK/www" "$port" >/dev/null 2>&1
	wait_for 5 in_a1 curl -s -o /dev/null "http://127.0.0.1:$port/name"
	check "the Internet reaches a1's TCP port $port" reaches_a1 "$port"
done
begin a1 /usr/bin/python3 "$E2E/_udp.py" serve 100.64.0.10 53 >"$WORK/ready"
wait_for 5 grep -q ready "$WORK/ready"
check "and its UDP port 53" in_wan /usr/bin/python3 "$E2E/_udp.py" ask "$OWN" 53 3
check "and pings it" in_wan ping -n -q -c 3 -i 0.05 -W 1 "$OWN"
check "a1's connection has the address and its own port" matches "$(peer_seen a1 40123)" "^$OWN:40123\$"
said=$(in_a2 timeout 5 natpmpc -g 100.64.0.1 2>&1 || true)
address=$(sed -n 's/^Public IP address : //p' <<<"$said")
check "a2 has another address" bash -c "[[ -n '$address' && '$address' != '$OWN' ]]"
before=$(fate wan_natpmp)
in_wan /usr/bin/python3 "$E2E/_udp.py" ask "$OWN" 5351 1 >/dev/null 2>&1 || true
check "port 5351 of the address is shut first of all" test "$(fate wan_natpmp)" -gt "$before"
finish
