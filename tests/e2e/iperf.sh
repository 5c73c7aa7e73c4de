#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sustained TCP and UDP, both directions of data, connections opened from inside.
# e2e: takes 25 s
. "$(dirname "$0")/_lib.sh"

# megabits PORT HOST ARGS...: what the receiver got, whole Mbit/s; 0 on failure.
megabits() {
	local port=$1 host=$2

	shift 2
	timeout 20 ip netns exec "cgn-$host" iperf3 -J -c 192.0.2.1 -p "$port" -t 3 "$@" 2>/dev/null |
		/usr/bin/python3 -c 'import json, sys
end = json.load(sys.stdin)["end"]
received = end.get("sum_received") or end["sum"]
lost = end.get("sum", {}).get("lost_percent", 0)
print(int(received["bits_per_second"] * (100 - lost) / 100 / 1e6))' 2>/dev/null || echo 0
}


report() {
	local sentence=$1 got=$2 want=$3

	echo "# $got Mbit/s"
	check "$sentence: at least $want Mbit/s" test "$got" -ge "$want"
}

for host in a1 b1; do
	report "$host sends TCP" "$(megabits 5201 "$host")" 20
	report "$host receives TCP" "$(megabits 5202 "$host" -R)" 20
	report "$host sends UDP at 20 Mbit/s" "$(megabits 5203 "$host" -u -b 20M)" 15
	report "$host receives UDP at 20 Mbit/s" "$(megabits 5203 "$host" -u -b 20M -R)" 15
done
finish
