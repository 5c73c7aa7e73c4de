#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every kind of virtual device comes up, works, stops quickly on SIGTERM and leaves nothing behind.
# e2e: takes 50 s
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"
. "$E2E/_daemon.sh"

# lives NAME [COMMAND...]: from nothing to nothing, with COMMAND while it runs.
lives() {
	local name=$1

	shift
	traces >"$WORK/$name.before"
	check "$name: comes up" start "$name"
	(($# == 0)) || "$@" "$name"
	[[ -n ${DAEMON_PIDS[$name]:-} ]] || return 0
	check "$name: SIGTERM stops it in less than $STOP_S s" stop "$name"
	traces >"$WORK/$name.after"
	check "$name: leaves nothing" diff "$WORK/$name.before" "$WORK/$name.after"
	check "$name: received = fates" law_holds "$name"
}

asks() {
	t_in /usr/bin/python3 "$E2E/_udp.py" ask 198.51.100.1 7 "$1"
}

# Both directions, with the first packet of each flow.
traffic() {
	check "$1: one ping goes and comes" t_in ping -n -q -c 1 -W 2 198.51.100.1
	check "$1: 10 UDP datagrams of 10 flows are answered" asks 10
}

# A file of N frames from one subscriber to the Internet, for the MAC address of the first port.
pcap_make() {
	/usr/bin/python3 - "$1" "$2" <<'END'
import sys
from scapy.all import Ether, IP, UDP, wrpcap
wrpcap(sys.argv[1], [Ether(src="02:00:00:00:00:01", dst="02:70:63:61:70:00") /
                     IP(src="100.64.0.10", dst="192.0.2.1") / UDP(sport=1024 + i, dport=9)
                     for i in range(int(sys.argv[2]))])
END
}

veth_kinds() {
	local kind

	for kind in net_af_packet net_af_xdp; do
		config "${kind#net_}" "${kind}0,iface=t-in" "${kind}1,iface=t-out"
		lives "${kind#net_}" traffic
	done
}

# Two daemons with a memif between them: the outside of the first is the inside of the second, which
# translates once more. RFC 6598 addresses are seen by the first alone.
memif_pair() {
	local huge=$1 near=memif-near$2 far=memif-far$2 socket=$WORK/m.sock

	config "$near" net_af_packet0,iface=t-in \
		"net_memif0,role=client,id=0,socket=$socket,socket-abstract=no" "$huge"
	sed -i 's/198.51.100.2\/24/10.255.0.2\/24/; s/via: 198.51.100.1/via: 10.255.0.1/' \
		"$WORK/$near/cgnat.yaml"
	config "$far" "net_memif0,role=server,id=0,socket=$socket,socket-abstract=no" \
		net_af_packet0,iface=t-out "$huge"
	sed -i 's/100.64.0.1\/16/10.255.0.1\/24/; s/pool: .*/pool: [192.0.2.16\/28]/
		s/prefix: 100.64.0.0\/16/prefix: 203.0.113.16\/28, via: 10.255.0.2/' \
		"$WORK/$far/tenant.yaml"
	lives "$far" memif_near "$near"
	check "$far: both daemons translated" test "$(total "$far" in2out)" -ge 11 -a \
		"$(total "$near" out2in)" -ge 11
}

memif_near() {
	lives "$1" memif_traffic
}

memif_traffic() {
	# The two ends of a memif find each other within a second or so.
	wait_for 5 t_in ping -n -q -c 1 -W 1 198.51.100.1 || true
	traffic "$1"
}

memory_kinds() {
	config null net_null0 net_null1,no-rx=1
	lives null
	check "null: packets were counted" test "$(total null not_ip4)" -ge 1000
	config ring net_ring0 net_ring1
	lives ring
	pcap_make "$WORK/loop.pcap" 100
	config pcap "net_pcap0,rx_pcap=$WORK/loop.pcap,infinite_rx=1" net_null0,no-rx=1
	lives pcap sleep_a_little
	# Nobody answers ARP behind net_null: the packets get as far as their next hop.
	check "pcap: packets were classified, admitted and routed" \
		test "$(($(total pcap no_neighbour) + $(total pcap neighbour_hold_full)))" -ge 100
}

sleep_a_little() {
	sleep 1.5
}

with_hugepages() {
	if ! huge_reserve $((SIZE_MIB + 32)) >"$WORK/huge"; then # for two daemons
		not_ok "this machine gives no hugepages: $(<"$WORK/huge")"
		return
	fi
	config tap-huge net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1 true
	lives tap-huge hugepages_used
	memif_pair true -huge
	huge_restore
}

hugepages_used() {
	local free total

	free=$(sed -n 's/^HugePages_Free: *//p' /proc/meminfo)
	total=$(sed -n 's/^HugePages_Total: *//p' /proc/meminfo)
	check "$1: its memory is in hugepages" test $((total - free)) -ge 32
}

# A device that vanishes takes its own packets with it and nobody else's.
vanished() {
	check "vanish: traffic passes before" t_in ping -n -q -c 1 -W 2 198.51.100.1
	check "vanish: the interface of the third port can be deleted" ip -n cgt-box link delete cgt-tap9
	sleep 1
	check "vanish: the other ports go on" t_in ping -n -q -c 3 -i 0.2 -W 2 198.51.100.1
	check "vanish: and take new flows" asks 10
	check "vanish: the daemon lives" kill -0 "${DAEMON_PIDS[vanish]}"
}

port_vanishes() {
	config vanish net_af_packet0,iface=t-in net_af_packet1,iface=t-out
	sed -i 's/^uplinks:/  - {name: gone, device: "net_tap0,iface=cgt-tap9", role: inside}\n&/' \
		"$WORK/vanish/cgnat.yaml"
	sed -i 's/^pool:/  - port: gone\n    address: 100.65.0.1\/24\n    subscribers: [{prefix: 100.65.0.0\/24}]\n&/' \
		"$WORK/vanish/tenant.yaml"
	lives vanish vanished
}

world_make
hosts_make
ip netns exec cgt-out /usr/bin/python3 "$E2E/_udp.py" serve 198.51.100.1 7 >"$WORK/echo" &
wait_for 5 grep -q ready "$WORK/echo"
veth_kinds
config tap net_tap0,iface=cgt-tap0 net_tap1,iface=cgt-tap1
lives tap
memif_pair false ''
memory_kinds
with_hugepages
port_vanishes
finish
