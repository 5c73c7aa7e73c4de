#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The daemon is killed while a1 has traffic. After a start nobody but a1 gets the ports that a1 had
# for timeouts.port_rest_s (RFC 6888 REQ-8), a1 gets the one that it names (RFC 6886 section 3.7),
# and its new traffic passes at once, from the same outside address (RFC 4787 REQ-2).
. "$(dirname "$0")/_lib.sh"

GATEWAY=100.64.0.1
ECHO=7007

# One outside address, so that both subscribers are on it.
config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	sed -i 's/^pool:.*/pool: [203.0.113.16\/32]/' "$WORK/config/tenants/a.yaml"
}

lab_config_restore() {
	"$LAB" restart --config "$before" >/dev/null
}

killed() {
	kill -KILL "$(cut -d' ' -f1 /run/cgnat-lab/cgnatd.pid)"
	wait_for 5 bash -c '! ip netns exec cgn-a1 ping -n -q -c 1 -W 1 192.0.2.1'
}

info() {
	"$LAB" ctl info | sed -n "s/^$1  *\([^ ]*\).*/\1/p"
}

# Outside ports of a subscriber's mappings, one a line.
ports_of() {
	"$LAB" ctl mappings tenant=a subscriber="$1" | grep -oE '203\.0\.113\.16:[0-9]+' | cut -d: -f2
}

# The blocks that a subscriber holds, FIRST-LAST.
blocks_of() {
	"$LAB" ctl subscriber tenant=a address="$1" | grep -oE '\b[0-9]{4,5}-[0-9]{4,5}\b' | sort
}

# Are all these ports outside of the blocks that a1 had?
none_of_the_old() {
	local port block

	[[ -n $1 ]] || { echo "no ports"; return 1; }
	for port in $1; do
		for block in $old_blocks; do
			((port < ${block%-*} || port > ${block#*-})) || { echo "$port is in $block"; return 1; }
		done
	done
}

# natpmp HOST INSIDE SUGGESTED: the outside port that it gets.
natpmp() {
	ip netns exec "cgn-$1" timeout 5 natpmpc -g "$GATEWAY" -a "$3" "$2" udp 300 2>&1 |
		sed -n 's/^Mapped public port \([0-9]*\) protocol UDP .*/\1/p'
}

flows() {
	ip netns exec "cgn-$1" /usr/bin/python3 "$E2E/_udp.py" ask 192.0.2.1 "$ECHO" "$2"
}

# More flows than a block has ports, in parts below punt.subscriber_burst: each is answered before
# the next.
more_than_a_block() {
	local part

	for part in 1 2 3; do
		wait_for 10 flows "$1" 200 || return 1
		sleep 0.2 # punt.subscriber_per_s: 1000
	done
}

before=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
check "the daemon starts with the configuration of the test" start_anew "$WORK/config"
begin wan /usr/bin/python3 "$E2E/_udp.py" serve 192.0.2.1 "$ECHO" >"$WORK/echo"
wait_for 5 grep -q ready "$WORK/echo"
check "a1's flows pass" wait_for 10 flows a1 20
old=$(ports_of 100.64.0.10 | head -n 1)
old_blocks=$(blocks_of 100.64.0.10)
echo "# a1 has port $old of $old_blocks"
check "a1 has a port and a block" matches "$old $old_blocks" '^[0-9]+ [0-9]+-[0-9]+'
n_blocks=$("$LAB" ctl blocks | grep -c '203\.0\.113\.')
sleep 0.2 # the journal: 10 ms and a sync
check "the daemon is killed" killed
check "it starts again" "$LAB" start
check "it says how many blocks rest" equal "$(info blocks_resting)" "$n_blocks"

check "a2 does not get the port by naming it" none_of_the_old "$(natpmp a2 5555 "$old")"
check "a2 opens 600 flows" more_than_a_block a2
check "none of them has a port of a1's" none_of_the_old "$(ports_of 100.64.0.11)"
check "a1's new flows pass at once" flows a1 20
check "they are on the same address, at other ports" none_of_the_old "$(ports_of 100.64.0.10)"
check "a1 gets the old port by naming it" equal "$(natpmp a1 6666 "$old")" "$old"
check "a2 still does not" none_of_the_old "$(natpmp a2 5556 "$old")"
finish
