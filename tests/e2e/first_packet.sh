#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The first packet of a flow is not lost, not even the first one of all; how long a start takes.
. "$(dirname "$0")/_lib.sh"


asks() {
	local host=$1

	shift
	"in_$host" /usr/bin/python3 "$E2E/_udp.py" ask 192.0.2.3 7 "$@"
}

# Seconds after boot at which the daemon was executed; the kernel keeps it in ticks.
born() {
	local pid

	pid=$("$LAB" status | sed -n 's/^cgnatd: running, pid //p')
	sed 's/^.*) //' "/proc/$pid/stat" | awk -v hz="$(getconf CLK_TCK)" '{printf "%.2f\n", $20 / hz}'
}

milliseconds() {
	awk -v a="$1" -v b="$2" 'BEGIN {printf "%d\n", (b - a) * 1000}'
}

check "the daemon stops" "$LAB" stop
# A flow that asks all the time while the daemon starts.
begin a1 /usr/bin/python3 "$E2E/_udp.py" first 192.0.2.3 7 30 >"$WORK/first"
asker=$!
check "the daemon starts" "$LAB" start
check "a flow that asks all the time is answered" wait "$asker"
ms=$(milliseconds "$(born)" "$(<"$WORK/first")")
echo "# from the start of the process to the first translated packet: $ms ms"
check "the first packet is translated within ${CGN_READY_S:-5} s" test "$ms" -lt $((${CGN_READY_S:-5} * 1000))

# The daemon knows no neighbour of b1's: the datagram has to wait for two ARP answers and a mapping.
check "the daemon is started afresh" "$LAB" restart
check "the very first datagram, sent once, is answered" asks b1 1
check "and so is that of another subscriber" asks a2 1
check "200 flows of one datagram each are answered" asks a2 200
# More than arp.hold_packets_per_neighbour could not wait for a1's own MAC address to be known.
check "16 flows at once are answered, from a subscriber that was not heard of before" asks a1 16
finish
