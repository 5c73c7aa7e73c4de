#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Long pings and long datagrams go in fragments, in whatever order these come, both ways and between
# subscribers.
. "$(dirname "$0")/_lib.sh"

for host in a1 a2 b1; do
	check "$host pings with 30000 bytes" "in_$host" ping -n -q -c 3 -i 0.1 -W 2 -s 30000 192.0.2.1
	check "$host pings with the most there can be" "in_$host" ping -n -q -c 2 -i 0.1 -W 2 -s 65507 \
		192.0.2.1
done
check "datagrams of 20000 bytes go and come in any order" /usr/bin/python3 "$E2E/_fragments.py"
finish
