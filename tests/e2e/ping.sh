#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every subscriber reaches the Internet and its gateway with ICMP echo, from all of its tenant's ids.
. "$(dirname "$0")/_lib.sh"

for host in a1 a2 b1; do
	check "$host pings a host of the Internet" "in_$host" ping -n -q -c 5 -i 0.05 -W 1 192.0.2.1
	check "$host pings its gateway" "in_$host" ping -n -q -c 2 -i 0.05 -W 1 100.64.0.1
	check "$host pings with 1400 bytes and DF" "in_$host" ping -n -q -c 2 -i 0.05 -W 1 -M 'do' \
		-s 1372 192.0.2.1
done
check "the Internet pings the outside address of the box" in_wan ping -n -q -c 2 -i 0.05 -W 1 \
	198.51.100.2
check "the Internet cannot ping a pool address that nobody maps" \
	bash -c '! ip netns exec cgn-wan ping -n -q -c 1 -W 1 203.0.113.30'
finish
