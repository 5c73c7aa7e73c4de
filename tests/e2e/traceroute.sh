#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Through a chain of routers behind cgn-wan: traceroute and mtr in both directions names every hop and the box
# once, and path MTU discovery finds the narrow link (RFC 5508 REQ-10, RFC 1191).
. "$(dirname "$0")/_lib.sh"

GATEWAY=100.64.0.1
FAR=192.0.2.100 # the host at the end: cgn-wan — cgn-far1 — cgn-far2, the last link with MTU 1300

routers_gone() {
	ip netns del cgn-far1
	ip netns del cgn-far2
	in_wan sysctl -q -w net.ipv4.ip_forward=0 net.ipv4.icmp_ratelimit=1000
	in_a1 ip route flush cache
}

# link NS-A IF-A ADDRESS-A NS-B IF-B ADDRESS-B MTU
link() {
	ip -n "$1" link add "$2" mtu "$7" type veth peer name "$5" mtu "$7" netns "$4"
	ip -n "$1" address add "$3/30" dev "$2"
	ip -n "$4" address add "$6/30" dev "$5"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
	ip netns exec "$1" ethtool -K "$2" tx off rx off tso off gso off gro off >/dev/null
	ip netns exec "$4" ethtool -K "$5" tx off rx off tso off gso off gro off >/dev/null
}

AT_END+=(routers_gone)
for router in far1 far2; do
	ip netns add "cgn-$router"
	ip netns exec "cgn-$router" sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
	ip -n "cgn-$router" link set lo up
done
in_wan sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
link cgn-wan far0 198.18.1.1 cgn-far1 eth0 198.18.1.2 1500
link cgn-far1 eth1 198.18.2.1 cgn-far2 eth0 198.18.2.2 1300
in_wan ip route add "$FAR" via 198.18.1.2
ip -n cgn-far1 route add default via 198.18.1.1
ip -n cgn-far1 route add "$FAR" via 198.18.2.2
ip -n cgn-far2 address add "$FAR/32" dev lo
ip -n cgn-far2 route add default via 198.18.2.1 src "$FAR"

# hops OUTPUT: the addresses of a traceroute, in order.
hops() {
	awk '$1 ~ /^[0-9]+$/ {printf "%s%s", sep, $2; sep = " "}' <<<"$1"
}

for kind in -U -I -T; do
	said=$(in_a1 traceroute -n "$kind" -q 1 -w 2 -m 8 "$FAR" 2>&1 || true)
	check "traceroute $kind from a subscriber names every hop" equal "$(hops "$said")" \
		"$GATEWAY 198.51.100.1 198.18.1.2 $FAR"
done
said=$(in_b1 traceroute -n -U -q 1 -w 2 -m 8 "$FAR" 2>&1 || true)
check "from the other tenant too" equal "$(hops "$said")" \
	"$GATEWAY 198.51.100.1 198.18.1.2 $FAR"

said=$(in_a1 python3 "$E2E/_pcp.py" "$GATEWAY" map udp 9124 300 || true)
address=$(sed -n 's/.*\baddress \([^ ]*\).*/\1/p' <<<"$said")
port=$(sed -n 's/.*\bport \([^ ]*\).*/\1/p' <<<"$said")
said=$(ip netns exec cgn-far2 traceroute -n -U -p "$port" -q 1 -w 2 -m 8 "$address" 2>&1 || true)
check "traceroute from the Internet to an open port names the box once" equal "$(hops "$said")" \
	"198.18.2.1 198.18.1.1 198.51.100.2 $address"

said=$(in_a2 traceroute -n -U -p "$port" -q 1 -w 2 -m 8 "$address" 2>&1 || true)
check "and as a hairpin" equal "$(hops "$said")" "$GATEWAY $address"

# mtr_hops HOST ARGS...: the addresses of a report.
mtr_hops() {
	ip netns exec "cgn-$1" mtr -n -r -c 2 -i 0.2 -G 1 "${@:2}" 2>&1 |
		awk '$1 ~ /^[0-9]+\.\|--$/ {printf "%s%s", sep, $2; sep = " "}' || true
}

for kind in '' -u -T; do
	# shellcheck disable=SC2086
	check "mtr ${kind:-of pings} from a subscriber names every hop" equal "$(mtr_hops a1 $kind "$FAR")" \
		"$GATEWAY 198.51.100.1 198.18.1.2 $FAR"
done
check "mtr from the Internet to an open port names the box once" equal \
	"$(mtr_hops far2 -u -P "$port" "$address")" "198.18.2.1 198.18.1.1 198.51.100.2 $address"

said=$(in_a1 tracepath -n -m 8 "$FAR" 2>&1 || true)
check "tracepath finds the narrow link" matches "$said" 'pmtu 1300'
check "and the whole path" matches "$said" 'Resume: pmtu 1300 hops 4'
in_a1 ip route flush cache
said=$(in_a1 ping -n -c 1 -W 2 -M 'do' -s 1400 "$FAR" 2>&1 || true)
check "ping with DF is told the MTU by the router behind the box" matches "$said" \
	'From 198.18.1.2 .*mtu = 1300'
said=$(in_a1 ping -n -c 2 -i 0.2 -W 2 -M 'do' -s 1272 "$FAR" 2>&1 || true)
check "and what fits comes through" matches "$said" ' 0% packet loss'
finish
