#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Links of different MTU on the sides of the box: senders on both sides find the narrow one (RFC 4787
# REQ-13, RFC 5508 REQ-10), and what may be cut is cut. Tenant a has 1500, the most that a tap device of
# DPDK takes, tenant b 1300, the Internet 1400; hosts out there know nothing of it. Jumbo frames are in
# jumbo.sh and tests/packets/case_cut.c.
. "$(dirname "$0")/_lib.sh"

W1=192.0.2.1

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	sed -i -e '/name: trunk/s/role: inside/&, mtu: 1300/' \
		-e 's/role: outside/&, mtu: 1400/' "$WORK/config/cgnat.yaml"
}

as_before() {
	in_b1 ip link set eth0 mtu 1500
	in_b1 ip route replace default via 100.64.0.1
	in_a1 ip route flush cache
	in_wan ip route flush cache
	"$LAB" restart --config "$TOP/config/lab" >/dev/null
}

# megabits HOST ARGS...: whole Mbit/s that the receiver of a TCP connection got; 0 on failure.
megabits() {
	timeout 10 ip netns exec "cgn-$1" iperf3 -J -c "$W1" -p 5201 -t 1 "${@:2}" 2>/dev/null |
		/usr/bin/python3 -c 'import json, sys
print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6))' 2>/dev/null || echo 0
}

AT_END+=(as_before)
config
# b1 announces segments that do not fit its link: whoever sends them has to be told.
in_b1 ip link set eth0 mtu 1300
in_b1 ip route replace default via 100.64.0.1 advmss 1460
check "the daemon takes links of 1500, 1300 and 1400" "$LAB" restart --config "$WORK/config"
wait_for 5 pings cgn-a1 "$W1" && wait_for 5 pings cgn-b1 "$W1"

said=$(in_a1 ping -n -c 1 -W 2 -M 'do' -s 1472 "$W1" 2>&1 || true)
check "a long ping with DF is told 1400 by the service address" matches "$said" \
	'From 100.64.0.1 .*mtu = 1400'
in_a1 ip route flush cache
check "without DF it is cut, there and back" in_a1 ping -n -q -c 3 -i 0.1 -W 2 -M dont -s 1472 "$W1"
check "fragments are cut again, into a narrower link too" in_b1 ping -n -q -c 3 -i 0.1 -W 2 -M dont -s 8000 "$W1"

got=$(megabits a1)
echo "# $got Mbit/s"
check "TCP from the wide link gets through: at least 2 Mbit/s" test "$got" -ge 2
check "since its sender has been told the MTU" matches "$(in_a1 ip route get "$W1")" 'mtu 1400'
got=$(megabits b1 -R)
echo "# $got Mbit/s"
check "TCP to the narrow link gets through: at least 2 Mbit/s" test "$got" -ge 2
outside=$("$LAB" ctl --json subscriber b 100.64.0.10 2>/dev/null |
	sed -n 's/.*"outside": *"\([0-9.]*\)".*/\1/p' | head -n 1)
check "since the host on the Internet has been told the MTU" matches \
	"$(in_wan ip route get "${outside:-0.0.0.0}")" 'mtu 1300'
finish
