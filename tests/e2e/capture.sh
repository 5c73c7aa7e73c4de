#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A capture of subscriber a1 shows its traffic on both sides, why what was dropped was dropped, and
# nothing of a2 or of b1, who has the same address. Read back by tshark, capinfos and scapy.
. "$(dirname "$0")/_lib.sh"

ctl() { "$LAB" ctl --json "$@"; }
value() { /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
state() {
	ctl capture list | /usr/bin/python3 -c 'import json, sys
print(next(r["state"] for r in json.load(sys.stdin) if r["capture"] == int(sys.argv[1])))' "$1"
}
is_over() { [[ $(state "$1") != running ]]; }
count() { tshark -r "$FILE" -Y "$1" 2>/dev/null | wc -l; }
some() { (($1 > 0)) || { echo "none"; return 1; }; }

started=$(ctl capture start tenant=a subscriber=100.64.0.10 seconds=60)
id=$(value capture <<<"$started")
FILE=$(value file <<<"$started")
in_a1 curl -sS --max-time 20 -o /dev/null http://192.0.2.1/ip
in_a2 ping -n -q -c 1 -W 1 192.0.2.2 >/dev/null
in_b1 ping -n -q -c 1 -W 1 192.0.2.3 >/dev/null
in_a1 ping -n -q -c 2 -i 0.2 -W 1 192.0.2.1 >/dev/null
in_a1 ping -n -q -c 1 -W 1 240.0.0.1 >/dev/null 2>&1 || true # nobody's
ctl capture stop "$id" >/dev/null
check "the capture ends when it is told to" wait_for 5 is_over "$id"
check "it says so" equal "$(state "$id")" stopped
check "the file is for owner and group only" equal "$(stat -c %a "$FILE")" 640
check "capinfos reads it" capinfos "$FILE"
check "it has requests as a1 sent them" some \
	"$(count 'frame.interface_name == "inside" && ip.src == 100.64.0.10 && http.request && frame.comment == "received"')"
check "and as they left, with the pool's address" some \
	"$(count 'frame.interface_name == "outside" && ip.src == 203.0.113.16/28 && http.request && frame.comment == "sent fate=in2out"')"
check "it has the answers on both sides" some \
	"$(count 'frame.interface_name == "inside" && ip.dst == 100.64.0.10 && http.response && frame.comment == "sent fate=out2in"')"
check "it says why a packet was dropped" some \
	"$(count 'ip.dst == 240.0.0.1 && frame.comment == "dropped fate=martian_destination"')"
check "both pings are there, in four frames each" equal \
	"$(count 'icmp && ip.addr == 192.0.2.1')" 8
check "nothing of a2 and b1 is in it" equal "$(count 'ip.addr == 192.0.2.2 || ip.addr == 192.0.2.3')" 0
packets=$(ctl capture list | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)[-1]["packets"])')
check "tshark reads as many packets as the box has counted" equal "$(count frame)" "$packets"
check "and so does scapy" /usr/bin/python3 - "$FILE" "$packets" <<'END'
import sys
from scapy.all import rdpcap
n = len(rdpcap(sys.argv[1]))
assert n == int(sys.argv[2]) > 10, n
END
check "a path is no parameter" equal "$("$LAB" ctl capture start tenant=a file=/etc/x >/dev/null 2>&1; echo $?)" 1
finish
