# SPDX-License-Identifier: BSD-3-Clause
# The processes of the lab: the daemon, the tagger and the servers of cgn-wan; each has a pid file
# and a log in the run directory. Sourced by scripts/lab; needs common.sh and netlab.sh.
# shellcheck shell=bash

RUN=/run/cgnat-lab
DAEMON=$BUILD/app/cgnatd/cgnatd
TAGGER=$BUILD/tests/lab/cgn-vlan-tagger
DAEMON_LOG=$RUN/cgnatd.log
READY_S=${CGN_READY_S:-30} # an instrumented build starts slowly

# spawn NAME NS COMMAND...: in the background, in namespace NS, without our lock and terminal.
# CGN_LOCK_FD is the lock of scripts/lab: a child that kept it open would hold it for ever.
spawn() {
	local name=$1 ns=$2

	shift 2
	(
		[[ -z ${CGN_LOCK_FD:-} ]] || exec {CGN_LOCK_FD}>&-
		exec setsid ip netns exec "$ns" "$@" </dev/null >>"$RUN/$name.log" 2>&1
	) &
	printf '%s %s\n' "$!" "$(proc_began "$!")" >"$RUN/$name.pid"
}

# When process PID began, which together with its number names it for ever; empty for a zombie. One
# that was killed is a zombie while other threads of it still end, and hold its sockets: not gone yet.
proc_began() {
	local stat tasks=("/proc/$1/task/"*)

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	stat=${stat##*) }
	[[ $stat == Z* && ${#tasks[@]} -le 1 ]] || cut -d' ' -f20 <<<"$stat"
}

proc_pid() {
	cut -d' ' -f1 "$RUN/$1.pid" 2>/dev/null
}

proc_alive() {
	local pid began

	read -r pid began 2>/dev/null <"$RUN/$1.pid" && [[ -n $began ]] &&
		[[ $(proc_began "$pid") = "$began" ]]
}

proc_gone() {
	! proc_alive "$1"
}

# proc_stop NAME SECONDS: TERM, then KILL when it takes longer; false if it had to be killed.
proc_stop() {
	local pid rc=0

	if proc_alive "$1"; then
		pid=$(proc_pid "$1")
		kill -TERM "$pid" 2>/dev/null || true
		if ! wait_for "$2" proc_gone "$1"; then
			kill -KILL "$pid" 2>/dev/null || true
			wait_for 5 proc_gone "$1" || true
			rc=1
		fi
	fi
	rm -f "$RUN/$1.pid"
	return "$rc"
}

log_has() {
	grep -q -- "$2" "$RUN/$1.log"
}

# True when the process printed TEXT, or is dead (which the caller tells apart).
said_or_dead() {
	log_has "$1" "$2" || proc_gone "$1"
}

# ready NAME TEXT SECONDS: waits for TEXT in the log; false if it died or the time is up.
ready() {
	wait_for "$3" said_or_dead "$1" "$2" && log_has "$1" "$2"
}

config_file() {
	printf '%s/cgnat.yaml' "$(<"$RUN/config-dir")"
}

log_tail() {
	say "--- the last lines of the log of $1:"
	tail -n "${2:-25}" "$RUN/$1.log" 2>/dev/null || true
	say "---"
}

daemon_start() {
	local config

	config=$(config_file)
	[[ -x $DAEMON ]] || { say "no program $DAEMON"; return 1; }
	[[ -r $config ]] || { say "no configuration $config"; return 1; }
	[[ ! -e $DAEMON_LOG ]] || mv "$DAEMON_LOG" "$DAEMON_LOG.before"
	spawn cgnatd cgn-box env RUNTIME_DIRECTORY="$RUN" "$DAEMON" -c "$config"
	if ! ready cgnatd 'cgnatd: ready' "$READY_S"; then
		if proc_alive cgnatd; then
			say "cgnatd did not say that it is ready within $READY_S s"
		else
			say "cgnatd ended at its start"
		fi
		log_tail cgnatd
		proc_stop cgnatd 5 || true
		return 1
	fi
}

daemon_stop() {
	local began=$EPOCHREALTIME ended

	proc_alive cgnatd || { say "cgnatd does not run"; return 1; }
	proc_stop cgnatd 10 || { say "cgnatd did not stop on SIGTERM within 10 s; killed"; return 1; }
	ended=$EPOCHREALTIME
	say "cgnatd stopped in $(((${ended/./} - ${began/./}) / 1000)) ms"
}

tagger_start() {
	[[ -x $TAGGER ]] || { say "no program $TAGGER"; return 1; }
	spawn tagger cgn-box "$TAGGER" cgn-trunk "w-b1:$LAB_VID_B"
	ready tagger ready 5 || { say "the VLAN tagger did not start"; log_tail tagger; return 1; }
}

listens() {
	[[ -n $(ip netns exec cgn-wan ss -Hln "$1" "sport = :$2") ]]
}

servers_start() {
	local port

	spawn servers cgn-wan /usr/bin/python3 "$TOP/tests/lab/servers.py"
	spawn dns cgn-wan dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root \
		--group=root --pid-file --log-facility=- --no-resolv --no-hosts \
		--addn-hosts="$TOP/tests/lab/zone.hosts" --listen-address=192.0.2.2 \
		--bind-interfaces --txt-record=lab.example.net,cgnat
	for port in 5201 5202 5203; do
		spawn "iperf3-$port" cgn-wan iperf3 -s -B 192.0.2.1 -p "$port"
	done
	ready servers 'servers: ready' 15 || { log_tail servers; return 1; }
	wait_for 5 listens -u 53 || { log_tail dns; return 1; }
	for port in 5201 5202 5203; do
		wait_for 5 listens -t "$port" || { log_tail "iperf3-$port"; return 1; }
	done
}

procs_stop() {
	local file name

	[[ ! -e $RUN/cgnatd.pid ]] || proc_stop cgnatd 5 || true
	for file in "$RUN"/*.pid; do
		[[ -e $file ]] || continue
		name=${file##*/}
		proc_stop "${name%.pid}" 2 || true
	done
}
