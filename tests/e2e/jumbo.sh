#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Jumbo frames inside, 9000 octets, and a link of 1400 outside, of which the host there knows nothing: TCP
# passes both ways with its MSS clamped, and without, since its sender is told; the sender of a datagram of
# 8900 octets is told, or it is cut when it may be; long pings come back. Devices are net_pcap on veth pairs: those of tap and af_packet take 1522 and
# 1518 octets in DPDK 22.11.
# e2e: takes 9 s
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"
. "$E2E/_daemon.sh"

PEER=198.51.100.1

# The host outside announces segments that do not fit its link: whoever sends them has to be told.
links() {
	local end

	for end in cgt-in:eth0 cgt-box:t-in; do
		ip -n "${end%:*}" link set "${end#*:}" mtu 9000
	done
	for end in cgt-out:eth0 cgt-box:t-out; do
		ip -n "${end%:*}" link set "${end#*:}" mtu 1400
	done
	ip -n cgt-out route change 203.0.113.16/28 via 198.51.100.2 advmss 8960
}

# jumbo NAME [LINE]: a configuration for these links, with a line more for the tenant.
jumbo() {
	config "$1" net_pcap0,rx_iface_in=t-in,tx_iface=t-in net_pcap1,rx_iface_in=t-out,tx_iface=t-out
	sed -i 's/role: inside/&, mtu: 9000/; s/role: outside/&, mtu: 1400/' "$WORK/$1/cgnat.yaml"
	printf '%s\n' "${2:-}" >>"$WORK/$1/tenant.yaml"
}

# tcp ARGS...: "MBITS MSS" of one TCP connection: what the receiver got, and the largest segment that the
# inside may send. 0 0 on failure.
tcp() {
	timeout 8 ip netns exec cgt-in iperf3 -J -c "$PEER" -p 5201 -t 1 "$@" 2>/dev/null |
		/usr/bin/python3 -c 'import json, sys
run = json.load(sys.stdin)
print(int(run["end"]["sum_received"]["bits_per_second"] / 1e6), run["start"]["tcp_mss_default"])' 2>/dev/null ||
		echo 0 0
}

# passes SENTENCE MSS ARGS...: that MSS, less what options take.
passes() {
	local mbits mss

	read -r mbits mss <<<"$(tcp "${@:3}")"
	echo "# $mbits Mbit/s"
	check "$1: at least 2 Mbit/s" test "$mbits" -ge 2
	check "with an MSS of $2" test "$mss" -le "$2" -a "$mss" -ge $(($2 - 40))
}

listens() {
	t_out ss -ltn | grep -q ':5201 '
}

udp() {
	t_in /usr/bin/python3 "$E2E/_udp.py" "$1" "$PEER" 7 8900
}

world_make
hosts_make
links
ip netns exec cgt-out /usr/bin/python3 "$E2E/_udp.py" serve "$PEER" 7 >"$WORK/echo" &
ip netns exec cgt-out iperf3 -s -p 5201 >"$WORK/iperf3" 2>&1 &
wait_for 5 grep -q ready "$WORK/echo"
wait_for 5 listens

jumbo clamped 'nat: {mss_max: 1360}'
check "the daemon takes links of 9000 and 1400" start clamped
wait_for 5 t_in ping -n -q -c 1 -W 1 "$PEER"
passes "TCP to the narrow link" 1360
passes "TCP from it" 1360 -R
check "no sender had to be told" equal "$(t_in ip route get "$PEER" | grep -o 'mtu [0-9]*')" ''
check "a datagram of 8900 octets is answered, cut both ways" equal "$(udp long)" answered
check "a ping of 8000 octets comes back" t_in ping -n -q -c 2 -i 0.1 -W 2 -M dont -s 8000 "$PEER"
check "the sender of 8900 octets that may not be cut is told 1400" equal "$(udp told)" 1400
t_in ip route flush cache
said=$(t_in ping -n -c 1 -W 2 -M 'do' -s 8000 "$PEER" 2>&1 || true)
check "and that of a ping, by the service address" matches "$said" 'From 100.64.0.1 .*mtu = 1400'
check "the daemon stops" stop clamped
check "every packet has a fate" law_holds clamped

t_in ip route flush cache
jumbo told
check "without a clamp too the daemon takes them" start told
wait_for 5 t_in ping -n -q -c 1 -W 1 "$PEER"
passes "TCP to the narrow link, after its sender was told" 8960
check "which it was" matches "$(t_in ip route get "$PEER")" 'mtu 1400'
check "it stops" stop told
finish
