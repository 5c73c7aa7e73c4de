# SPDX-License-Identifier: BSD-3-Clause
# What the tests of reload share. Sourced after _lib.sh. The daemon runs with files of the test.
# shellcheck shell=bash

. "$E2E/_clients.sh"

NEW_POOL=203.0.113.64/28 # of which cgn-wan learns here

# tenant NAME [SED-SCRIPT [LINES]]: its file is the lab's, edited, with LINES added.
tenant() {
	sed "${2:-}" "$TOP/config/lab/tenants/$1.yaml" >"$WORK/config/tenants/$1.yaml"
	[[ -z ${3:-} ]] || printf '%s\n' "$3" >>"$WORK/config/tenants/$1.yaml"
}

# appliance [SED-SCRIPT]: likewise.
appliance() {
	sed "${1:-}" "$TOP/config/lab/cgnat.yaml" >"$WORK/config/cgnat.yaml"
}

# reloads SENTENCE PATTERN: it is applied, and says PATTERN.
reloads() {
	check "$1" reload_says 0 "$2"
}

# refuses SENTENCE PATTERN: it is not, says PATTERN, and the daemon has the configuration it had.
refuses() {
	local before

	before=$(switches)
	check "$1" reload_says 1 "$2"
	check "$1: the box stays as it was" equal "$(switches)" "$before"
}

reload_says() {
	local rc=0 said

	said=$("$LAB" ctl reload 2>&1) || rc=$?
	equal "$rc" "$1" || { echo "$said"; return 1; }
	[[ $said =~ $2 ]] || { echo "$said"; return 1; }
}

switches() {
	"$LAB" log | grep -c 'reload: applied' || true
}

# After it, what had to end has ended.
finished() {
	wait_for 10 all_finished || { "$LAB" log | grep reload: | tail -n 5; return 1; }
}

all_finished() {
	equal "$("$LAB" log | grep -c 'reload: finished')" "$(switches)"
}

# mappings TENANT: inside and outside of each, to compare.
mappings() {
	"$LAB" ctl --json mappings "$1" | /usr/bin/python3 -c 'import json, sys
for m in json.load(sys.stdin): print(m["proto"], m["inside"], m["outside"])' | sort
}

# all_there FILE TENANT: each mapping of the file is still there.
all_there() {
	local missing

	missing=$(comm -23 "$1" <(mappings "$2"))
	[[ -z $missing ]] || { echo "$missing"; return 1; }
}

# What the Internet sees a host come from.
outside_of() {
	ip netns exec "cgn-$1" curl -sS --retry 2 --max-time 5 http://192.0.2.1/ip || true
}

# pinging HOST [INTERVAL]: until no_loss HOST.
pinging() {
	begin "$1" ping -n -i "${2:-0.05}" 192.0.2.1 >"$WORK/ping.$1" 2>&1
	PING_PIDS[$1]=$!
}

declare -A PING_PIDS=()

# no_loss HOST: every one of its pings was answered, up to the last answer; what is on its way when ping
# is stopped is not lost.
no_loss() {
	kill -INT "${PING_PIDS[$1]}"
	wait "${PING_PIDS[$1]}" || true
	awk -F'icmp_seq=' 'NF > 1 {n++; last = $2 + 0; if (last != n) {print "before " $0; exit}}
		END {exit !(n > 50 && last == n)}' "$WORK/ping.$1" || { tail -n 3 "$WORK/ping.$1"; return 1; }
}

# How many there were, for people.
ping_report() {
	echo "# $1: $(grep packets "$WORK/ping.$1")"
}

daemon_pid() {
	"$LAB" status | sed -n 's/^cgnatd: running, pid //p'
}

new_pool_route() {
	ip -n cgn-wan route replace "$NEW_POOL" via 198.51.100.2
	AT_END+=(new_pool_unroute)
}

new_pool_unroute() {
	ip -n cgn-wan route del "$NEW_POOL" 2>/dev/null
}
