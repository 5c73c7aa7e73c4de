#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions on tenant a's addresses: a1 and a2 reach the Internet only while they have one, and who has
# an address next finds nothing of who had it before (PMP-31), also when the daemon is killed meanwhile.
. "$(dirname "$0")/_lib.sh"

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	sed -i 's|{prefix: 100.64.0.0/16}|{prefix: 100.64.0.0/16, sessions: true}|
		$ a classes: [{name: gold, mappings: 1000}]' "$WORK/config/tenants/a.yaml"
}

lab_config_restore() {
	"$LAB" restart --config "$before" >/dev/null
}

reaches() { "in_$1" curl -sS --max-time 3 -o /dev/null http://192.0.2.1/ip; }
reaches_not() { ! reaches "$1"; }
session() { "$LAB" ctl subscriber "$@"; }

# The mappings of an address, and a member of what is known about it.
n_mappings() { "$LAB" ctl --json mappings tenant=a subscriber="$1" | grep -c '"inside"' || true; }
of() { "$LAB" ctl --json subscriber tenant=a address="$1" | /usr/bin/python3 -c "import json, sys; print((lambda a: a.get('item', a)['$2'])(json.load(sys.stdin)))"; }

killed() {
	kill -KILL "$(cut -d' ' -f1 /run/cgnat-lab/cgnatd.pid)"
	wait_for 5 bash -c '! ip netns exec cgn-a1 ping -n -q -c 1 -W 1 192.0.2.1'
}

# Explicit mappings of a1's address, asked for by a1 itself.
ask_for_a_port() {
	ip netns exec cgn-a1 timeout 5 natpmpc -g 100.64.0.1 -a 0 8080 udp 300 2>&1 | grep -q 'Mapped public port'
}
n_explicit() { "$LAB" ctl --json explicit tenant=a subscriber=100.64.0.10 | grep -c '"inside"' || true; }

# A datagram from W1 to the outside end that a1's port 40300 had.
knock() {
	local fates

	fates=$(fate no_mapping)
	in_wan /usr/bin/python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('192.0.2.1', 9))
s.sendto(b'x', ('${out%:*}', ${out#*:}))"
	wait_for 3 test "$(fate no_mapping)" -gt "$fates"
}

before=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
check "the daemon starts with the configuration of the test" start_anew "$WORK/config"
check "a1 reaches nothing without a session" reaches_not a1
check "which is told as no_session" test "$(fate no_session)" -gt 0
check "a session is added" session add tenant=a address=100.64.0.10 session=cust-1 class=gold
check "a1 reaches the Internet" wait_for 5 reaches a1
check "a2 does not" reaches_not a2
check "its id is shown" equal "$(of 100.64.0.10 id)" cust-1
check "its class is shown" equal "$(of 100.64.0.10 class)" gold
check "a1 asks for a port" wait_for 5 ask_for_a_port
sleep 0.2 # the journal: 10 ms and a sync
check "the daemon is killed" killed
check "it starts again" "$LAB" start
check "a1 reaches the Internet, and nobody has told who it is" wait_for 10 reaches a1
check "the journal has" equal "$(of 100.64.0.10 id) $(of 100.64.0.10 class)" "cust-1 gold"
check "the same owner again changes nothing" session add tenant=a address=100.64.0.10 session=cust-1 class=gold
check "he has his port" equal "$(n_explicit)" 1
check "another owner comes" session add tenant=a address=100.64.0.10 session=cust-2
check "he does not have it" equal "$(n_explicit)" 0
check "the first one comes back" session add tenant=a address=100.64.0.10 session=cust-1 class=gold
in_a1 /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 40300))
s.sendto(b"x", ("192.0.2.1", 9))'
out=$("$LAB" ctl --json mappings tenant=a subscriber=100.64.0.10 | grep -A1 '100.64.0.10:40300' |
	grep -oE '203\.0\.113\.[0-9]+:[0-9]+' | head -n 1)
check "the session moves to a2's address" session move tenant=a session=cust-1 new_address=100.64.0.11
check "a2 reaches the Internet" wait_for 5 reaches a2
check "a1 does not any more" reaches_not a1
check "a1 has no mapping left" equal "$(n_mappings 100.64.0.10)" 0
check "a1's outside port is nobody's" knock
check "somebody else gets a2's address" session add tenant=a address=100.64.0.11 session=cust-2
check "nothing of the owner before is there" equal "$(n_mappings 100.64.0.11)" 0
check "his class is not either" equal "$(of 100.64.0.11 class)" -
check "the session ends" session remove tenant=a address=100.64.0.11
check "a2 reaches nothing" reaches_not a2
finish
