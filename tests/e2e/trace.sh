#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# cgnatctl trace: the outside port that a server saw leads to the subscriber (TRC-01), of two tenants with
# the same inside address too; a port that nobody has says so, and there is no history.
. "$(dirname "$0")/_lib.sh"

ctl() { "$LAB" ctl "$@"; }

field() { ctl --json trace "$1" | /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)['$2'])"; }

a=$(seen a1 40101)
b=$(seen b1 40101)
check "a1's port is mapped to a1" equal "$(field "$a/udp" inside)" 100.64.0.10:40101
check "in tenant a" equal "$(field "$a/udp" tenant)" a
check "by traffic" equal "$(field "$a/udp" origin)" traffic
check "b1's port, of the same inside address, is tenant b's" equal "$(field "$b/udp" tenant)" b
check "nobody has the TCP port of that number" matches "$(field "$a/tcp" answer)" "^nobody has it now"
check "the subscriber's outside address is the one that was seen" \
	equal "$(ctl --json trace tenant a 100.64.0.10 |
		/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["outside"])')" "${a%:*}"
rc=0
ctl trace 192.0.2.1:80/tcp 2>"$WORK/refused" || rc=$?
check "an address in no pool is refused" equal "$rc" 1
check "with the reason" grep -q "in no pool" "$WORK/refused"
rc=0
ctl trace "$a/udp" --at 2026-01-01T00:00:00Z 2>"$WORK/history" || rc=$?
check "without a local log there is no history" equal "$rc" 1
check "and it says so" grep -q "nothing is kept" "$WORK/history"
finish
