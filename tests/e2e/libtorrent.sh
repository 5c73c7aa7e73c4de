#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A subscriber's BitTorrent client (libtorrent, as in qBittorrent and Deluge) opens its port with
# PCP, TCP and UDP; peers in the Internet download from it, also after the daemon crashed; the ports
# are shut when it stops. Where PCP is not served it uses NAT-PMP.
# e2e: takes 70 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

SHORT='timeouts: {udp_s: 120, tcp_opening_s: 6, tcp_closing_s: 6}'

# seed HOST PORT: the client, its number in $!.
seed() {
	begin "$1" /usr/bin/python3 "$E2E/_bittorrent.py" seed "$WORK/file.torrent" "$WORK/seed" "$2" \
		>"$WORK/$1.said" 2>&1
}

# is_told HOST PORT PROTO OUTSIDE: the client reports the port that cgnatctl lists.
is_told() {
	matches "$(<"$WORK/$1.said")" "successfully mapped port .* $3/${4#*:}"
}

torrent file
check "the daemon starts with the configuration of the test" lab_config a "$SHORT"
seed a1 6881
a1=$!
seed a2 16882
a2=$!
for proto in tcp udp; do
	check "libtorrent in a1 maps $proto" wait_for 10 is_mapped "a $proto 100.64.0.10:6881"
	check "with PCP" equal "$(explicit ORIGIN "a $proto 100.64.0.10:6881")" pcp_map
	check "libtorrent in a2 maps $proto" wait_for 10 is_mapped "a $proto 100.64.0.11:16882"
done
tcp=$(explicit OUTSIDE "a tcp 100.64.0.10:6881") udp=$(explicit OUTSIDE "a udp 100.64.0.10:6881")
idle=$(explicit OUTSIDE "a tcp 100.64.0.11:16882")
echo "# a1: tcp $tcp, udp $udp; a2: tcp $idle"
# It suggests its inside address with it, which in 100.64/10 it takes for an outside one.
check "it has the TCP port it asked for" equal "${tcp#*:}" 6881
check "it is told the TCP port that is listed" wait_for 5 is_told a1 6881 TCP "$tcp"
check "and the UDP port" wait_for 5 is_told a1 6881 UDP "$udp"
check "a peer in the Internet downloads from a1 over TCP" fetches file "$tcp" tcp
check "and over uTP, which is UDP" fetches file "$udp" utp

check "the daemon is killed and starts" crash
check "the TCP port is the same" equal "$(explicit OUTSIDE "a tcp 100.64.0.10:6881")" "$tcp"
check "the UDP port is the same" equal "$(explicit OUTSIDE "a udp 100.64.0.10:6881")" "$udp"
check "a peer downloads there over TCP" fetches file "$tcp" tcp
check "and over uTP" fetches file "$udp" utp

check "a2's port is open while a2's client runs" opens "$idle"
kill -TERM "$a1" "$a2"
check "stopping it ends a2's UDP mapping, which had no traffic" wait_for 5 \
	is_unmapped "a udp 100.64.0.11:16882"
# What is deleted with PCP after it had traffic stays for the idle time (RFC 6887 section 15).
check "a1's TCP mapping ends when its idle time is over" wait_for 20 \
	is_unmapped "a tcp 100.64.0.10:6881"
check "and a2's" wait_for 20 is_unmapped "a tcp 100.64.0.11:16882"
check "a1's UDP mapping is left no more than its idle time" left_at_most 120 "a udp 100.64.0.10:6881"
wait "$a1" "$a2" || true
check "a1's TCP port is shut" wait_for 5 is_shut "$tcp"
check "a2's too" wait_for 5 is_shut "$idle"

check "the daemon starts without PCP" lab_config a "$SHORT
portctl: {pcp: false}"
seed a1 6881
a1=$!
for proto in tcp udp; do
	check "libtorrent maps $proto" wait_for 10 is_mapped "a $proto 100.64.0.10:6881"
	check "with NAT-PMP" equal "$(explicit ORIGIN "a $proto 100.64.0.10:6881")" natpmp
done
tcp=$(explicit OUTSIDE "a tcp 100.64.0.10:6881")
check "a peer in the Internet downloads from a1 over TCP" fetches file "$tcp" tcp
kill -TERM "$a1"
check "stopping it ends the TCP mapping" wait_for 5 is_unmapped "a tcp 100.64.0.10:6881"
check "and the UDP mapping" wait_for 5 is_unmapped "a udp 100.64.0.10:6881"
check "the port is shut" wait_for 5 is_shut "$tcp"
finish
