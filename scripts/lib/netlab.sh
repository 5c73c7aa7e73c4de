# SPDX-License-Identifier: BSD-3-Clause
# The wires of the lab: namespaces, addresses, and how the hosts hang on the daemon's interfaces.
# Sourced by scripts/lab; needs scripts/lib/common.sh. Everything runs as root.
# shellcheck shell=bash
#
#   cgn-a1 eth0 -- w-a1 \
#                        br-a -- w-a == w-a-tap => cgn-sub-a   (tenant a, untagged)
#   cgn-a2 eth0 -- w-a2 /
#   cgn-b1 eth0 -- w-b1 -- cgn-vlan-tagger -- cgn-trunk        (tenant b, VID 102)
#   cgn-wan eth0 -- w-wan => cgn-wan0                          (outside)
#
# "--" is a veth pair or a bridge port, "=>" a tc redirect in both directions: the daemon's own
# interfaces are no bridge ports, since a bridge keeps frames to the address of a port for itself,
# and that address is the daemon's. The three TAP interfaces are made here and persist, so a
# daemon that stops or crashes leaves the wires as they are and a new one finds them.
# Checksum and segmentation offloads are off at the hosts: a frame has the size and the checksums
# that a real wire would carry, and a host believes no checksum that it has not verified.

LAB_HOSTS=(cgn-a1 cgn-a2 cgn-b1 cgn-wan)
LAB_NAMESPACES=("${LAB_HOSTS[@]}" cgn-box)
LAB_VID_B=102
LAB_WIRE_MTU=9000 # the wires carry jumbo frames; hosts and daemon choose their own MTU
LAB_QUEUE=8192    # frames to the daemon, which waits for a CPU on a machine under load

in_box() {
	ip netns exec cgn-box "$@"
}

netns_add() {
	local ns=$1

	ip netns add "$ns"
	ip netns exec "$ns" sysctl -q -w net.ipv4.ip_forward=0 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0
	if [[ -d /proc/sys/net/ipv6 ]]; then
		ip netns exec "$ns" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1
	fi
}

# tap_add NAME MAC: the kernel end of one of the daemon's ports; no address, answers nothing.
tap_add() {
	in_box ip tuntap add dev "$1" mode tap multi_queue
	in_box ip link set "$1" address "$2" mtu "$LAB_WIRE_MTU" arp off txqueuelen "$LAB_QUEUE"
	in_box ip link set "$1" up
}

# host_wire NS WIRE: eth0 in NS, its other end WIRE in cgn-box.
host_wire() {
	in_box ip link add "$2" mtu "$LAB_WIRE_MTU" type veth peer name eth0 netns "$1"
	in_box ip link set "$2" up
	offloads_off cgn-box "$2"
	offloads_off "$1" eth0
	ip netns exec "$1" ip link set eth0 mtu 1500 up
}

offloads_off() {
	ip netns exec "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off \
		>/dev/null 2>&1 || die "ethtool cannot turn off the offloads of $2 in $1"
}

# redirect FROM TO: every frame that enters at FROM leaves at TO, and the kernel sees none of it.
redirect() {
	in_box tc qdisc add dev "$1" ingress
	in_box tc filter add dev "$1" parent ffff: protocol all prio 1 u32 match u32 0 0 \
		action mirred egress redirect dev "$2"
}

join() {
	redirect "$1" "$2"
	redirect "$2" "$1"
}

bridge_a() {
	in_box ip link add br-a mtu "$LAB_WIRE_MTU" type bridge stp_state 0 mcast_snooping 0 \
		forward_delay 0
	in_box ip link add w-a mtu "$LAB_WIRE_MTU" type veth peer name w-a-tap \
		mtu "$LAB_WIRE_MTU"
	offloads_off cgn-box w-a
	offloads_off cgn-box w-a-tap
	for port in w-a w-a1 w-a2; do
		in_box ip link set "$port" master br-a
	done
	for port in br-a w-a w-a-tap; do
		in_box ip link set "$port" arp off up
	done
	local nf=/proc/sys/net/bridge/bridge-nf-call-iptables
	if in_box test -e "$nf"; then
		in_box sysctl -q -w net.bridge.bridge-nf-call-iptables=0 \
			net.bridge.bridge-nf-call-arptables=0
	fi
}

# subscriber NS ADDRESS: a host whose gateway is the daemon.
subscriber() {
	ip netns exec "$1" ip link set lo up
	ip netns exec "$1" ip address add "$2" dev eth0
	ip netns exec "$1" ip route add default via 100.64.0.1
}

internet() {
	local pool

	ip netns exec cgn-wan ip link set lo up
	ip netns exec cgn-wan ip address add 198.51.100.1/24 dev eth0
	for host in 192.0.2.1 192.0.2.2 192.0.2.3; do
		ip netns exec cgn-wan ip address add "$host/32" dev lo
	done
	for pool in 203.0.113.16/28 203.0.113.32/28; do
		ip netns exec cgn-wan ip route add "$pool" via 198.51.100.2
	done
}

# Makes all of it; the daemon's ports have no daemon yet.
net_up() {
	local ns

	for ns in "${LAB_NAMESPACES[@]}"; do
		netns_add "$ns"
	done
	tap_add cgn-sub-a 02:c9:00:00:00:0a
	tap_add cgn-trunk 02:c9:00:00:00:0b
	tap_add cgn-wan0 02:c9:00:00:00:0f
	host_wire cgn-a1 w-a1
	host_wire cgn-a2 w-a2
	host_wire cgn-b1 w-b1
	host_wire cgn-wan w-wan
	bridge_a
	join w-a-tap cgn-sub-a
	join w-wan cgn-wan0
	subscriber cgn-a1 100.64.0.10/16
	subscriber cgn-a2 100.64.0.11/16
	subscriber cgn-b1 100.64.0.10/16
	internet
}

netns_exists() {
	[[ -e /run/netns/$1 ]]
}

net_down() {
	local ns pids

	for ns in "${LAB_NAMESPACES[@]}"; do
		netns_exists "$ns" || continue
		pids=$(ip netns pids "$ns" 2>/dev/null || true)
		# shellcheck disable=SC2086
		[[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
		ip netns delete "$ns"
	done
}
