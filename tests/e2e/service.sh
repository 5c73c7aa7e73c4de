#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The daemon as a service: what it tells the service manager, what rights it has left, and that a
# worker, control or the whole process that hangs is noticed, killed and started again, with the ports
# that were asked for. _supervisor.py stands for systemd; systemd.sh has the real one.
# e2e: takes 60 s
E2E_NO_LAB=1
. "$(dirname "$0")/_lib.sh"
. "$E2E/_daemon.sh"

WATCHDOG_S=5
EVENTS=$WORK/events
CTL=$BUILD/app/cgnatctl/cgnatctl
# READY, and the time it takes systemd's stand-in to kill.
BACK_S=$((READY_S + 2 * WATCHDOG_S))
: >"$EVENTS"

supervised() {
	config s net_af_packet0,iface=t-in net_af_packet1,iface=t-out
	mkdir "$WORK/captures"
	printf 'state: {journal: "%s"}\ncapture: {directory: "%s"}\n' "$WORK/journal" \
		"$WORK/captures" >>"$WORK/s/cgnat.yaml"
	ip netns exec cgt-box /usr/bin/python3 "$E2E/_supervisor.py" "$EVENTS" "$WATCHDOG_S" \
		"$WORK/s.log" "$CGNATD" -c "$WORK/s/cgnat.yaml" &
	SUPERVISOR=$!
	AT_END=(supervisor_kill "${AT_END[@]}")
}

supervisor_kill() {
	kill -KILL "$(pid_now)" "$SUPERVISOR" 2>/dev/null
}

# Events so far; those of the life that goes on.
events() { wc -l <"$EVENTS"; }
pid_now() { tail -n 1 "$EVENTS" | cut -d' ' -f2; }
said_since() { tail -n +"$(($1 + 1))" "$EVENTS" | grep -qE "^[0-9.]+ [0-9]+ $2"; }
# first_after LINE REGEX: when it was first said after that line.
first_after() { tail -n +"$(($1 + 1))" "$EVENTS" | grep -m 1 -E "^[0-9.]+ [0-9]+ $2" | cut -d' ' -f1; }
seconds() { awk "BEGIN { printf \"%.1f\", $2 - $1 }"; }
ctl() { "$CTL" -p cgt-s "$@"; }
natpmp() { t_in timeout 5 natpmpc -g 100.64.0.1 -a "$1" "$2" udp 3600 | grep -c 'Mapped public port'; }
explicit() { ctl explicit | grep -oE '203\.0\.113\.[0-9]+:[0-9]+'; }

# in order and nothing between but status and pings: RELOADING, its time, READY.
reload_sequence() {
	local said

	said=$(tail -n +"$(($1 + 1))" "$EVENTS" | cut -d' ' -f3- | grep -vE '^(STATUS|WATCHDOG)=' |
		paste -sd' ')
	matches "$said" '^RELOADING=1 MONOTONIC_USEC=[0-9]+ READY=1$'
}

every_thread() {
	local task bad=0

	for task in "/proc/$1/task/"*; do
		grep -q "^$2\$" "$task/status" || { grep "^${2%%:*}:" "$task/status" /dev/null; bad=1; }
	done
	return "$bad"
}

no_core() {
	grep -qE '^Max core file size +0 +0 ' "/proc/$1/limits"
}

# hang SENTENCE COMMAND...: COMMAND makes the daemon hang, and does not end before it is gone.
hang() {
	local what=$1 from pid before killed back

	shift
	from=$(events)
	pid=$(pid_now)
	before=$(explicit)
	"$@" "$pid" >"$WORK/hang" 2>&1 &
	wait_for 5 grep -q hung "$WORK/hang" || { not_ok "$what"; cat "$WORK/hang"; return; }
	began=$(awk '{print $1}' /proc/uptime)
	from=$(events)
	check "$what: the watchdog is not fed and bites" wait_for "$BACK_S" said_since "$from" "watchdog kills"
	check "$what: it starts again" wait_for "$BACK_S" said_since "$from" READY=1
	killed=$(first_after "$from" "watchdog kills")
	back=$(first_after "$from" READY=1)
	check "$what: another process" bash -c "[[ $(pid_now) != $pid ]]"
	check "$what: packets pass" wait_for 10 t_in ping -n -q -c 1 -W 1 198.51.100.1
	echo "# $what: killed $(seconds "$began" "$killed") s after the hang, ready $(seconds "$killed" "$back") s after that"
	check "$what: the port that was asked for is the same" equal "$(explicit)" "$before"
}

hang_thread() { /usr/bin/python3 "$E2E/_hang.py" "$2" "$1"; }
hang_process() {
	kill -STOP "$1"
	echo hung
}

world_make
hosts_make
supervised
check "READY=1 is said" wait_for "$READY_S" said_since 0 READY=1
check "nothing is said before" bash -c "sed -n '2p' '$EVENTS' | grep -q ' READY=1$'"
check "a status line has numbers" wait_for 10 said_since 0 'STATUS=[0-9]+ of 16384 mappings, .* 1 worker'
pid=$(pid_now)
check "MAINPID is the daemon's" said_since 0 "MAINPID=$pid"

for field in CapEff CapPrm CapInh CapBnd CapAmb; do
	check "every thread: $field is empty" every_thread "$pid" "$field:	0000000000000000"
done
check "every thread: no new privileges" every_thread "$pid" "NoNewPrivs:	1"
check "every thread: system calls are filtered" every_thread "$pid" "Seccomp:	2"
check "umask is 027" every_thread "$pid" "Umask:	0027"
check "no core files" no_core "$pid"

check "packets pass" wait_for 5 t_in ping -n -q -c 1 -W 1 198.51.100.1
check "a subscriber gets a port" equal "$(natpmp 4000 4000)" 1
check "a capture is started" ctl capture start tenant=t
t_in ping -n -q -c 2 -i 0.2 198.51.100.1 >/dev/null || true
check "and stopped" ctl capture stop 1
capture_is_written() { compgen -G "$WORK/captures/t-*.pcapng" >/dev/null && ctl captures | grep -q stopped; }
check "its file is there" wait_for 5 capture_is_written

from=$(events)
sed -i 's/^pool:.*/pool: [203.0.113.16\/28, 203.0.113.64\/30]/' "$WORK/s/tenant.yaml"
kill -HUP "$pid"
check "SIGHUP: RELOADING=1 with its time, then READY=1" wait_for 10 reload_sequence "$from"
check "SIGHUP: the status says what came of it" wait_for 5 said_since "$from" \
	'STATUS=.*last reload applied at ..:..:..Z, 1 live, 0 drain'
wait_for 10 grep -q 'reload: finished' "$WORK/s.log" || true
from=$(events)
check "cgnatctl reload --dry-run is applied to nothing" ctl reload --dry-run
check "and not told" bash -c "! tail -n +$((from + 1)) '$EVENTS' | grep -q RELOADING"
sed -i 's/^pool:.*/pool: [not an address]/' "$WORK/s/tenant.yaml"
check "a bad configuration is refused" bash -c "! '$CTL' -p cgt-s reload"
check "cgnatctl reload: RELOADING=1 with its time, then READY=1" wait_for 10 reload_sequence "$from"
check "and the status says why" wait_for 5 said_since "$from" 'STATUS=.*last reload bad .*: 1 error'
sed -i 's/^pool:.*/pool: [203.0.113.16\/28, 203.0.113.64\/30]/' "$WORK/s/tenant.yaml"

from=$(events)
pings() { (($(tail -n +"$((from + 1))" "$EVENTS" | grep -c ' WATCHDOG=1$') >= 4)); }
check "the watchdog is fed" wait_for $((2 * WATCHDOG_S)) pings
check "and did not bite" bash -c "! grep -q kills '$EVENTS'"

hang "a worker that hangs" hang_thread rte-worker-1
hang "control that hangs" hang_thread rte-worker-2
check "the log says which did not turn" bash -c \
	"grep -q 'worker does not turn worker=0' '$WORK/s.log' && grep -q 'control does not turn' '$WORK/s.log'"
hang "a process that hangs" hang_process
check "nothing was killed but these" equal "$(grep -c 'watchdog kills' "$EVENTS")" 3

from=$(events)
kill "$SUPERVISOR"
check "SIGTERM: STOPPING=1, and status 0" wait_for 15 said_since "$from" 'ended 0'
check "in this order" said_since "$from" STOPPING=1
finish
