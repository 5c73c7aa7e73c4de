#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The pool is renumbered under a PCP mapping: the client is told its new outside address without asking
# (PCP-61, PCP-27: RFC 6887 sections 14.2 and 8.5) and is reached there, and no more at the old one.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

field() {
	sed -n "s/.*\\b$1 \\([^ ]*\\).*/\\1/p" <<<"$2"
}

asks() {
	in_wan python3 "$E2E/_udp.py" ask "$1" "$2" 1
}

asks_in_vain() {
	! asks "$1" "$2"
}

heard() {
	grep "$@" "$WORK/client"
}

has_heard_three() {
	equal "$(heard -c '^said result 0 .* port ')" 3
}

check "the daemon runs with files of the test" lab_config a ''
for host in a1 b1; do
	wait_for 10 pings "cgn-$host" 192.0.2.1 || true
done
new_pool_route
begin a1 python3 "$E2E/_udp.py" serve 100.64.0.10 9000 >"$WORK/ready"
wait_for 5 grep -q ready "$WORK/ready"
begin a1 python3 "$E2E/_pcp.py" 100.64.0.1 map udp 9000 300 --listen 60 >"$WORK/client"
check "a1 has a port mapped by PCP" wait_for 5 heard '^result 0 '
said=$(heard '^result 0 ')
old=$(field address "$said") port=$(field port "$said") epoch=$(field epoch "$said")
check "a1 is reached there" asks "$old" "$port"
b1=$(outside_of b1)
pinging b1
sleep 3 # the epoch counts seconds, and has to be seen to fall

tenant a "s|^pool:.*|pool: [$NEW_POOL]|"
reloads "tenant a's pool is exchanged" '1 live, 1 drain'
check "a1 is told without asking" wait_for 5 heard '^said result 0 .* port '
said=$(heard '^said result 0 .* port ' | head -n 1)
new=$(field address "$said") now=$(field port "$said")
echo "# was $old:$port epoch $epoch, is $new:$now epoch $(field epoch "$said")"
check "the address is of the new pool" matches "$new" '^203\.0\.113\.(6[4-9]|7[0-9])$'
check "the port is the same" equal "$now" "$port"
check "the lifetime is what was left of it" matches "$(field life "$said")" '^(29[0-9]|300)$'
check "the epoch has begun anew" test "$(field epoch "$said")" -lt "$((epoch + 3))"
check "a1 is reached at the new address" asks "$new" "$now"
check "a1 is not reached at the old one" asks_in_vain "$old" "$port"
check "a1's new flows come from the new pool" matches "$(outside_of a1)" \
	'^203\.0\.113\.(6[4-9]|7[0-9])$'
check "the update is repeated, and three come in all" wait_for 5 has_heard_three
b=$(outside_of b1)
check "b1 has the address that it had" equal "$b" "$b1"
check "b1 has lost no ping" no_loss b1
finish
