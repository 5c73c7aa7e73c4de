#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Subscribers reach each other and themselves by outside addresses, with TCP and UDP, also from another
# tenant, and are seen with their outside address (RFC 4787 REQ-9, RFC 5382 REQ-8, RFC 5508 REQ-7).
# e2e: takes 20 s
. "$(dirname "$0")/_lib.sh"

GATEWAY=100.64.0.1

pcp() {
	in_a1 python3 "$E2E/_pcp.py" "$GATEWAY" map "$@" 600 || true
}

field() {
	sed -n "s/.*\\b$1 \\([^ ]*\\).*/\\1/p" <<<"$2"
}

reads() {
	equal "$(ip netns exec "cgn-$1" curl -sS --max-time 5 "http://$address:$web/name")" a1
}

asks() {
	ip netns exec "cgn-$1" python3 "$E2E/_udp.py" ask "$address" "$echo" 5
}

refused() {
	equal "$(ip netns exec "cgn-$1" python3 "$E2E/_refused.py" udp "$address" "$closed")" refused
}

# The address that the Internet sees of a host is the one that a1's server has seen.
was_seen() {
	local outside

	outside=$(ip netns exec "cgn-$1" curl -sS --max-time 5 http://192.0.2.1/ip)
	grep -q "^$outside - - " "$WORK/web.log" || { echo "$outside is not among:"; cat "$WORK/web.log"; return 1; }
}

mkdir "$WORK/www"
echo a1 >"$WORK/www/name"
head -c 3000000 /dev/zero >"$WORK/www/long"
begin a1 python3 -u -m http.server --directory "$WORK/www" 8088 >"$WORK/web.log" 2>&1
begin a1 python3 "$E2E/_udp.py" serve 100.64.0.10 9007 >"$WORK/ready"
wait_for 5 grep -q ready "$WORK/ready"
wait_for 5 in_a1 curl -s -o /dev/null http://127.0.0.1:8088/name

said=$(pcp tcp 8088)
address=$(field address "$said") web=$(field port "$said")
echo=$(field port "$(pcp udp 9007)")
closed=$(field port "$(pcp udp 9008)")
check "a1 has opened three ports" matches "$address $web $echo $closed" '^203[0-9.]+ [0-9]+ [0-9]+ [0-9]+$'

before=$(fate hairpin)
for host in a2 a1 b1; do
	check "$host reads from a1's server at its outside address" reads "$host"
	check "a1 has seen $host with its outside address" was_seen "$host"
	check "$host is answered by a1's UDP port there" asks "$host"
	check "$host is refused by a1's closed port there" refused "$host"
done
size=$(in_a2 curl -sS --max-time 20 "http://$address:$web/long" | wc -c)
check "a2 reads three megabytes that way" equal "$size" 3000000
check "a1 pings its own outside address" in_a1 ping -n -q -c 3 -i 0.2 -W 2 "$address"
check "no inside address was seen by the server" \
	bash -c "! grep -v '^127\.' '$WORK/web.log' | grep -q '^100\.'"
check "all of it is counted" test "$(fate hairpin)" -gt "$((before + 500))"
finish
