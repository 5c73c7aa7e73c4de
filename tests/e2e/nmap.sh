#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# nmap's NAT-PMP scripts: a subscriber learns its public address and opens and shuts a port with
# them; on the Internet they find nothing at any address of the box, and map nothing
# (JVNVU#99291862, VU#184540).
# e2e: takes 30 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

GATEWAY=100.64.0.1
MAPPING="a tcp 100.64.0.10:8088"
# The box's own address, the pools of both tenants, a service address and a subscriber.
TARGETS=(198.51.100.2 203.0.113.16/28 203.0.113.32/28 "$GATEWAY" 100.64.0.10)
N_TARGETS=35

# scan SCRIPT ARGUMENTS: a1 asks its gateway.
scan() {
	in_a1 timeout 30 nmap -n -Pn -sU -p 5351 --script "$1" --script-args "$2" "$GATEWAY" 2>&1 || true
}

mapport() {
	scan nat-pmp-mapport "op=$1,pubport=$2,privport=8088,protocol=tcp,lifetime=300"
}

reaches_a1() {
	equal "$(in_wan curl -s --max-time 3 "http://$1/name")" a1
}

stranger_routes_remove() {
	ip -n cgn-wan route delete 100.64.0.0/16 via 198.51.100.2
}

# scan_all ARGUMENTS: both scripts from the Internet at all addresses, in the background; into
# $WORK/ARGUMENTS.
scan_all() {
	begin wan timeout 60 nmap -n -Pn -sU -p 5351 --max-retries 1 \
		--script nat-pmp-info,nat-pmp-mapport --script-args "$1" "${TARGETS[@]}" >"$WORK/$1" 2>&1
}

# found_nothing ARGUMENTS: that scan went over all addresses, and no script says anything.
found_nothing() {
	grep -q "($N_TARGETS hosts up)" "$WORK/$1" || { cat "$WORK/$1"; return 1; }
	! grep -E 'WAN IP: |[Ss]uc+essfully|^5351/udp +(open|closed) ' "$WORK/$1"
}

mkdir "$WORK/www"
echo a1 >"$WORK/www/name"
begin a1 python3 -m http.server --directory "$WORK/www" 8088 >/dev/null 2>&1
wait_for 5 in_a1 curl -s -o /dev/null http://127.0.0.1:8088/name

said=$(scan nat-pmp-info '')
check "nat-pmp-info tells a1 its pool address" \
	matches "$said" 'WAN IP: 203\.0\.113\.(1[6-9]|2[0-9]|3[01])'
said=$(mapport map 8088)
outside=$(explicit OUTSIDE "$MAPPING")
check "nat-pmp-mapport maps a port" matches "$said" \
	"Successfully mapped tcp $outside -> 100.64.0.10:8088"
check "the listener is reached there" reaches_a1 "$outside"

check "the daemon is killed and starts" crash
check "the listener is reached there again" reaches_a1 "$outside"
explicits=$("$LAB" ctl explicit tenant=a subscriber=100.64.0.10 | awk '{print $2, $3, $4, $5}')

ip -n cgn-wan route add 100.64.0.0/16 via 198.51.100.2
AT_END+=(stranger_routes_remove)
# Whatever the box sends to the Internet meanwhile, but for ARP and what a1's clients would send.
begin wan tcpdump -n -U -Q in -i eth0 -w "$WORK/wan.pcap" 'not arp' 2>"$WORK/tcpdump"
dump=$!
wait_for 5 grep -q 'listening on' "$WORK/tcpdump" || true
before=$(fate wan_natpmp)
map=op=map,pubport=8090,privport=8090,protocol=tcp
unmap=op=unmapall,protocol=tcp
scan_all "$map"
mapping=$!
scan_all "$unmap"
check "a scan for NAT-PMP from the Internet ends" wait "$!"
check "another does" wait "$mapping"
check "nmap on the Internet finds and maps nothing" found_nothing "$map"
check "nor deletes it anything" found_nothing "$unmap"
after=$(fate wan_natpmp)
kill "$dump"
wait "$dump" || true
echo "# $((after - before)) packets counted"
check "each request to each address is counted" test $((after - before)) -ge $((4 * N_TARGETS))
check "the box sent nothing" equal "$(tcpdump -n -r "$WORK/wan.pcap" 2>/dev/null)" ''
check "the explicit mappings are as before" \
	equal "$("$LAB" ctl explicit tenant=a subscriber=100.64.0.10 | awk '{print $2, $3, $4, $5}')" "$explicits"

said=$(mapport unmap "${outside#*:}")
check "nat-pmp-mapport in a1 deletes its mapping" matches "$said" 'Successfully unmapped'
check "it is gone" is_unmapped "$MAPPING"
check "it is shut at once" is_shut "$outside"
finish
