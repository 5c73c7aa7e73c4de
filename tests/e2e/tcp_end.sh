#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A port that a subscriber has opened ends under a live TCP connection: both ends, which are Linux,
# are told by a reset, whichever way it ends (RFC 6886 section 3.4).
# e2e: takes 30 s
. "$(dirname "$0")/_lib.sh"

GATEWAY=100.64.0.1
SERVER=100.64.0.10
address=

# opens NAME PORT LIFETIME [stream]: a connection from the Internet over a mapping of a1's port.
opens() {
	local name=$1 port=$2 lifetime=$3 how=${4:-connect} said outside

	begin a1 python3 "$E2E/_tcp.py" serve "$SERVER" "$port" >"$WORK/$name.a1"
	wait_for 10 grep -q ready "$WORK/$name.a1" || return 1
	said=$(in_a1 timeout 5 natpmpc -g "$GATEWAY" -a "$port" "$port" tcp "$lifetime" 2>&1)
	address=$(sed -n 's/^Public IP address : //p' <<<"$said")
	outside=$(sed -n 's/^Mapped public port \([0-9]*\) .*/\1/p' <<<"$said")
	begin wan python3 "$E2E/_tcp.py" "$how" "$address" "$outside" >"$WORK/$name.wan"
	wait_for 10 grep -q open "$WORK/$name.wan" && wait_for 10 grep -q open "$WORK/$name.a1"
}

is_open() {
	[[ $(tail -n 1 "$WORK/$1.a1") = open && $(tail -n 1 "$WORK/$1.wan") = open ]]
}

both_reset() {
	local name=$1 within=$2

	wait_for "$within" grep -q reset "$WORK/$name.a1" &&
		wait_for "$within" grep -q reset "$WORK/$name.wan"
}

sessions() {
	"$LAB" ctl --json explicit tenant=a subscriber="$SERVER" | grep -o '"sessions": *[0-9-]*'
}

resets() {
	"$LAB" ctl originated | sed -n 's/.*tcp_reset *\([0-9]*\).*/\1/p'
}

before=$(resets)
check "a connection is open over the mapping" opens delete 8081 300
check "it is shown" matches "$(sessions)" ': *1'
in_a1 timeout 5 natpmpc -g "$GATEWAY" -a 0 8081 tcp 0 >/dev/null 2>&1 || true
check "the client's delete resets both ends within a second" both_reset delete 1
check "with one reset each" equal "$(resets)" "$((before + 2))"

check "a connection is open over another" opens life 8082 15
check "it stays open for the lifetime" is_open life
check "the end of the lifetime resets both ends" both_reset life 17

check "a connection is open over a third" opens operator 8083 300
"$LAB" ctl map delete tenant=a proto=tcp inside="$SERVER:8083" >/dev/null
check "the operator's delete resets both ends within a second" both_reset operator 1

check "a connection is sending without a pause" opens busy 8084 300 stream
in_a1 timeout 5 natpmpc -g "$GATEWAY" -a 0 8084 tcp 0 >/dev/null 2>&1 || true
check "delete resets both ends of it within a second" both_reset busy 1

check "a connection that has ended properly" opens closed 8085 300
kill "$!"
check "is closed, not reset" wait_for 10 grep -q closed "$WORK/closed.a1"
before=$(resets)
in_a1 timeout 5 natpmpc -g "$GATEWAY" -a 0 8085 tcp 0 >/dev/null 2>&1 || true
sleep 0.3
check "nor is it at the end of its mapping" equal "$(resets)" "$before"
finish
