#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The daemon stops quickly when told to, and traffic comes back after a start under traffic.
. "$(dirname "$0")/_lib.sh"

begin a1 ping -n -i 0.2 192.0.2.1 >"$WORK/ping.a1" 2>&1
begin b1 ping -n -i 0.2 192.0.2.1 >"$WORK/ping.b1" 2>&1
wait_for 3 grep -q 'bytes from' "$WORK/ping.a1" || true
stopped=$("$LAB" stop || true)
ms=$(sed -n 's/^cgnatd stopped in \([0-9]*\) ms$/\1/p' <<<"$stopped")
echo "# $stopped"
check "SIGTERM stops the daemon in less than 2 s" test "${ms:-99999}" -lt 2000
check "nothing passes without the daemon" bash -c '! ip netns exec cgn-a1 ping -n -q -c 1 -W 1 192.0.2.1'
check "the daemon starts again" "$LAB" start
began=$SECONDS
for host in a1 b1; do
	check "$host's traffic resumes within 10 s" wait_for 10 pings "cgn-$host" 192.0.2.1
done
echo "# resumed after $((SECONDS - began)) s"
check "a2's traffic resumes too" wait_for 10 pings cgn-a2 192.0.2.1
finish
