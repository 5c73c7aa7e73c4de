#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A subscriber opens a UDP port with PCP, is reached on it, keeps strangers out with FILTER, and shuts
# it again (RFC 6887).
# e2e: takes 40 s
. "$(dirname "$0")/_lib.sh"

GATEWAY=100.64.0.1
INTERNET=198.51.100.1 # what cgn-wan sends from

pcp() {
	in_a1 python3 "$E2E/_pcp.py" "$GATEWAY" "$@" || true
}

asks() {
	in_wan python3 "$E2E/_udp.py" ask "$1" "$2" 3
}

asks_in_vain() {
	! asks "$1" "$2"
}

field() {
	sed -n "s/.*\\b$1 \\([^ ]*\\).*/\\1/p" <<<"$2"
}

for port in 9000 9001 9002; do
	begin a1 python3 "$E2E/_udp.py" serve 100.64.0.10 "$port" >"$WORK/ready$port"
	wait_for 5 grep -q ready "$WORK/ready$port"
done

said=$(pcp announce)
check "ANNOUNCE is answered" matches "$said" '^result 0 life 0 epoch [0-9]+$'

said=$(pcp map udp 9000 300)
address=$(field address "$said") port=$(field port "$said")
check "MAP succeeds" matches "$said" '^result 0 life 300 '
check "it names a pool address" matches "$address" '^203\.0\.113\.(1[6-9]|2[0-9]|3[01])$'
check "the Internet reaches the subscriber there" asks "$address" "$port"
again=$(pcp map udp 9000 600 --suggest 45999)
check "renewing keeps the port whatever is suggested" equal "$(field port "$again")" "$port"
stranger=$(pcp map udp 9000 0 --nonce 77)
check "another nonce does not delete it" matches "$stranger" '^result 2 '

said=$(pcp map udp 9001 300 --filter 192.0.2.77/32)
filtered=$(field port "$said")
check "MAP with FILTER succeeds" matches "$said" '^result 0 '
before=$(fate filtered)
check "who is not in the filter is kept out" asks_in_vain "$address" "$filtered"
check "and counted" test "$(fate filtered)" -gt "$before"
pcp map udp 9001 300 --filter "$INTERNET/32" >/dev/null
check "a further FILTER lets him in" asks "$address" "$filtered"

said=$(pcp map udp 9002 300)
idle=$(field port "$said")
said=$(pcp map udp 9002 0)
check "an idle mapping is deleted at once" matches "$said" '^result 0 life 0 '
check "its port is shut" asks_in_vain "$address" "$idle"
said=$(pcp map udp 9000 0)
check "one that was just used stays for its idle time" matches "$said" \
	'^result 0 life (2[0-9][0-9]|300) '
check "which is so" asks "$address" "$port"
finish
