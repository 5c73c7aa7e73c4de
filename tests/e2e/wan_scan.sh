#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Nobody on the WAN opens anything: connects to the box and to the pools reach no subscriber.
. "$(dirname "$0")/_lib.sh"

before=$(fate no_mapping)
# All but the announcements of the box's own NAT-PMP service (RFC 6886 section 3.2.1).
begin a1 tcpdump -n -U -i eth0 -Q in -w "$WORK/a1.pcap" \
	'tcp or (udp and not (src host 100.64.0.1 and dst host 224.0.0.1))' 2>"$WORK/tcpdump"
wait_for 5 grep -q 'listening on' "$WORK/tcpdump" || true
for port in 22 53 80 443 5351 8080; do
	for address in 203.0.113.20 203.0.113.25 203.0.113.35; do
		in_wan timeout 0.3 bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null &&
			not_ok "$address port $port is open"
		in_wan bash -c "echo probe >/dev/udp/$address/$port" 2>/dev/null || true
	done
done
check "packets to ports that nobody maps are counted" test "$(fate no_mapping)" -ge $((before + 18))
kill $!
wait $! || true
seen=$(tcpdump -n -r "$WORK/a1.pcap" 2>/dev/null | wc -l)
check "none of them arrives at a1" equal "$seen" 0
finish
