#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An outside address, a tenant and the box are drained by a word: what is new goes elsewhere or is
# refused, what is there lives on, and the operator sees how much is left.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

# drains FIELD [TENANT]: of the first row.
drains() {
	"$LAB" ctl --json drains ${2:+"$2"} | /usr/bin/python3 -c '
import json, sys
rows = json.load(sys.stdin)
print(rows[0][sys.argv[1]] if rows else "none")' "$1"
}

# Does a new flow of the host get out?
gets_out() {
	"in_$1" curl -sS --max-time 5 http://192.0.2.1/ip
}

does_not() {
	! "$@"
}

check "the daemon runs with two addresses for a" lab_config a ''
sed -i 's|^pool:.*|pool: [203.0.113.16/31]|' "$WORK/config/tenants/a.yaml"
check "the daemon has read it" "$LAB" restart --config "$WORK/config"
check "a1 gets out" wait_for 10 pings cgn-a1 192.0.2.1
wait_for 10 pings cgn-b1 192.0.2.1 || true
first=$(outside_of a1)
other=203.0.113.$((${first##*.} ^ 1))
pinging a1 0.005
pinging b1 0.005

check "the address drains" "$LAB" ctl drain pool "$first"
check "new flows of a1 come from the other address" wait_for 5 matches "$(outside_of a1)" "^$other\$"
check "those of a2 too" equal "$(outside_of a2)" "$other"
check "it is seen to drain" equal "$(drains what) $(drains address) $(drains by)" "pool $first operator"
check "with mappings left" matches "$(drains mappings)" '^[1-9][0-9]*$'
check "and with an end when it is given one" "$LAB" ctl drain pool "$first" 3600
check "which is shown" matches "$(drains ends)" '^20.*Z$'
check "a reload" reload_says 0 ''
check "does not undo it" equal "$(drains address)" "$first"
check "a word does" "$LAB" ctl undrain pool "$first"
check "nothing drains" equal "$(drains what)" none

check "tenant a drains" "$LAB" ctl drain tenant a
check "a2 gets no new flow" does_not gets_out a2
check "the refusal has a fate" matches "$(fate draining)" '^[1-9]'
check "nor a port by NAT-PMP" does_not in_a2 timeout 10 natpmpc -g 100.64.0.1 -a 0 7001 udp 300
check "and the reason is seen" matches "$("$LAB" ctl refusals a)" 'the operator drains the tenant'
check "b1 notices nothing" gets_out b1
check "undone, a2 gets out" "$LAB" ctl undrain tenant a
check "again" gets_out a2

check "the box drains" "$LAB" ctl drain box
check "b1 gets no new flow" does_not gets_out b1
check "a1 neither" does_not gets_out a1
check "undone" "$LAB" ctl undrain box
check "b1 gets out" gets_out b1
for host in a1 b1; do
	check "$host has lost no ping all the while" no_loss "$host"
	ping_report "$host"
done
check "all of it is recorded" equal "$("$LAB" ctl --json events | grep -oE '"event":"(un)?drain_[a-z]+"' | wc -l)" 7
difference=$("$LAB" ctl --json info | sed -n 's/^ *"difference": \([-0-9]*\).*/\1/p')
check "received = fates + held" equal "$difference" 0
finish
