#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ICMP errors reach the program that they are for: of closed ports on the Internet, of addresses that a
# router there cannot reach, and of a subscriber's closed port to whom sent there (RFC 5508 REQ-4, 5).
# e2e: takes 30 s
. "$(dirname "$0")/_lib.sh"

GATEWAY=100.64.0.1
NOWHERE=192.0.2.201 # cgn-wan says that it cannot be reached

learns() {
	local host=$1 want=$2

	shift 2
	equal "$(ip netns exec "cgn-$host" python3 "$E2E/_refused.py" "$@")" "$want"
}

wan_as_before() {
	in_wan ip route del unreachable "$NOWHERE"
	in_wan sysctl -q -w net.ipv4.ip_forward=0 net.ipv4.icmp_ratelimit=1000
}

AT_END+=(wan_as_before)
in_wan sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
in_wan ip route add unreachable "$NOWHERE"

before=$(fate icmp_bad_csum)
for host in a1 a2 b1; do
	check "$host is refused by a closed UDP port" learns "$host" refused udp 192.0.2.1 9
	check "$host learns of an unreachable address with UDP" learns "$host" unreachable udp \
		"$NOWHERE" 53
	check "$host learns of an unreachable address with TCP" learns "$host" unreachable tcp \
		"$NOWHERE" 80
done
said=$(in_a1 dig +tries=1 +time=3 @192.0.2.3 example.net 2>&1 || true)
check "dig at a closed port says so at once" matches "$said" 'connection refused'
said=$(in_a1 ping -n -c 3 -W 2 "$NOWHERE" 2>&1 || true)
check "ping names the router that refuses" matches "$said" 'From 198.51.100.1 .*Unreachable'

said=$(in_a1 python3 "$E2E/_pcp.py" "$GATEWAY" map udp 9123 300 || true)
address=$(sed -n 's/.*\baddress \([^ ]*\).*/\1/p' <<<"$said")
port=$(sed -n 's/.*\bport \([^ ]*\).*/\1/p' <<<"$said")
check "a subscriber opens a port that nobody serves" matches "$address:$port" '^203.0.113.[0-9]+:[1-9]'
check "the Internet is refused there by the subscriber" learns wan refused udp "$address" "$port"
begin a1 python3 "$E2E/_udp.py" serve 100.64.0.10 9123 >"$WORK/ready"
wait_for 5 grep -q ready "$WORK/ready"
check "which ends nothing: served now, it answers" learns wan answered udp "$address" "$port"

check "none of these errors was broken" equal "$(fate icmp_bad_csum)" "$before"
finish
