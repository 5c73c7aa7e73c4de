# SPDX-License-Identifier: BSD-3-Clause
# What the end-to-end tests share. Each test is one behaviour, uses the lab that is up, prints
# "ok - …" and "not ok - …" lines, and ends with `finish`. Run one by hand: scripts/lab up, then
# tests/e2e/NAME.sh.
# shellcheck shell=bash
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
E2E=$TOP/tests/e2e
LAB=$TOP/scripts/lab
WORK=$(mktemp -d)
E2E_FAILED=0
E2E_FINISHED=
AT_END=() # functions that undo what the test made

# In the hosts of the lab.
in_a1() { ip netns exec cgn-a1 "$@"; }
in_a2() { ip netns exec cgn-a2 "$@"; }
in_b1() { ip netns exec cgn-b1 "$@"; }
in_wan() { ip netns exec cgn-wan "$@"; }
in_box() { ip netns exec cgn-box "$@"; }

# begin HOST COMMAND...: in the background. $! is the command's own number, and it ends with the
# test: of "in_a1 COMMAND &" it would be that of a shell, and the command would live on.
begin() {
	local host=$1

	shift
	ip netns exec "cgn-$host" "$@" &
}

ok() {
	printf 'ok - %s\n' "$*"
}

not_ok() {
	printf 'not ok - %s\n' "$*"
	E2E_FAILED=1
}

# check SENTENCE COMMAND...: the command's output is shown only if it fails.
check() {
	local sentence=$1

	shift
	if "$@" >"$WORK/check.out" 2>&1; then
		ok "$sentence"
	else
		not_ok "$sentence"
		tail -n 15 "$WORK/check.out" | sed 's/^/# /'
	fi
}

# wait_for SECONDS COMMAND...: polls until the command succeeds; false when the time is up.
wait_for() {
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

# The packets that came to this end so far, over all tenants.
fate() {
	/usr/bin/python3 "$E2E/_frames.py" fate "$1"
}

equal() {
	[[ $1 = "$2" ]] || { echo "$1 is not $2"; return 1; }
}

matches() {
	[[ $1 =~ $2 ]] || { echo "$1 does not match $2"; return 1; }
}

pings() {
	ip netns exec "$1" ping -n -q -c 1 -W 1 "$2"
}

# start_anew DIRECTORY: the daemon with this configuration, and nothing that another test has left in the
# journal.
start_anew() {
	"$LAB" stop && rm -f /run/cgnat-lab/state.journal && "$LAB" start --config "$1"
}

# seen HOST PORT: sends UDP from that port, and prints address:port as a server outside sees it.
seen() {
	begin wan /usr/bin/python3 -u -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.1", 7008))
print("ready")
print("%s:%u" % s.recvfrom(64)[1])' >"$WORK/$1.seen"
	wait_for 5 grep -q ready "$WORK/$1.seen"
	"in_$1" /usr/bin/python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', $2))
s.sendto(b'x', ('192.0.2.1', 7008))"
	wait_for 5 grep -q : "$WORK/$1.seen"
	grep : "$WORK/$1.seen"
}

cleanup() {
	local rc=$? undo

	set +e
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || true
	for undo in "${AT_END[@]}"; do
		"$undo"
	done
	rm -rf "$WORK"
	[[ -n $E2E_FINISHED ]] || { printf 'not ok - the test ended early, status %s\n' "$rc"; exit 1; }
}

finish() {
	E2E_FINISHED=1
	exit "$E2E_FAILED"
}

trap cleanup EXIT
[[ -n ${E2E_NO_LAB:-} || -d /run/cgnat-lab ]] ||
	{ echo "# the lab is not up; scripts/lab up"; exit 1; }

# frames NAME: the rest of the test is tests/e2e/_NAME.py, which prints its own lines.
frames() {
	E2E_FINISHED=1
	/usr/bin/python3 "$E2E/_$1.py"
}
