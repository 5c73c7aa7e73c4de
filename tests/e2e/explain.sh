#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# cgnatctl explain: foretells what becomes of packets from a subscriber and from the Internet, and makes no
# mapping by that.
. "$(dirname "$0")/_lib.sh"

# of FIELD WORD...: a member of the answer.
of() {
	local field=$1

	shift
	"$LAB" ctl --json explain "$@" | /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)['$field'])"
}

mappings() { "$LAB" ctl --json mappings | grep -c outside || true; }

before=$(mappings)
check "a query of a1 would get out" equal "$(of fate tenant a from 100.64.0.10:40200 to 192.0.2.1:53/udp)" in2out
check "by a new mapping" bash -c "'$LAB' ctl explain tenant a from 100.64.0.10:40200 to 192.0.2.1:53/udp |
	grep -q 'asks for one'"
check "which is not made by asking" equal "$(mappings)" "$before"
check "with TTL 1 it would end here" \
	equal "$(of fate tenant a from 100.64.0.10:40200 to 192.0.2.1:53/udp ttl 1)" ttl_expired
check "an address that nobody has would be dropped" \
	equal "$(of fate tenant a from 100.65.9.9:40200 to 192.0.2.1:53/udp)" spoofed_unassigned
check "a packet from outside finds no mapping" \
	equal "$(of fate wan from 192.0.2.1:53 to 203.0.113.17:1/udp)" no_mapping
check "NAT-PMP from outside is dropped first of all" \
	equal "$(of fate wan from 192.0.2.1:53 to 203.0.113.17:5351/udp)" wan_natpmp
in_a1 /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 40201))
s.sendto(b"x", ("192.0.2.1", 9))'
out=$("$LAB" ctl --json mappings | /usr/bin/python3 -c '
import json, sys
print(next(m["outside"] for m in json.load(sys.stdin) if m["inside"] == "100.64.0.10:40201"))')
check "a packet to a mapping would get in" equal "$(of fate wan from 192.0.2.9:9 to "$out/udp")" out2in
rc=0
"$LAB" ctl explain from 192.0.2.1:53 to 203.0.113.17:1/udp 2>"$WORK/where" || rc=$?
check "without a way in it is refused, with what to say" bash -c "[[ $rc = 1 ]] && grep -q 'tenant NAME' '$WORK/where'"
finish
