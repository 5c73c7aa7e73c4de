# SPDX-License-Identifier: BSD-3-Clause
# Runs tests/e2e in lanes side by side. A lane (scripts/lib/e2e-lane) has its own /run, its own
# process numbers and so a lab of its own: the fixed names of one lab do not meet those of another,
# and whatever happens, the end of a lane is the end of all its processes, mounts and namespaces.
# Sourced by scripts/test; prints TAP-like lines, which the caller counts.
# shellcheck shell=bash
#
# A test may say, in a comment of its own at the beginning of a line:
#   e2e: takes 70 s   the longest begin first; what says nothing takes 10 s
#   e2e: alone        it measures time: nothing else runs beside it

E2E_LANES=${CGN_E2E_LANES:-2}
E2E_PIDS=()
E2E_WORK=

# e2e_chosen FILTER: all tests whose file name contains FILTER.
e2e_chosen() {
	local file

	for file in "$TOP"/tests/e2e/[a-z]*.sh; do
		[[ ${file##*/} = *"$1"* ]] && printf '%s\n' "$file"
	done
	return 0
}

# e2e_when FILE: may it run together with others?
e2e_when() {
	if grep -q '^# e2e: alone$' "$1"; then say alone; else say together; fi
}

e2e_needs_lab() {
	! grep -q '^E2E_NO_LAB=1' "$1"
}

# e2e_enqueue FILE...: into the queue that the lanes take from, by its name, which sorts the longest
# first. Tests without lab have a queue of their own.
e2e_enqueue() {
	local file queue seconds

	mkdir "$E2E_WORK/lab" "$E2E_WORK/no-lab"
	for file in "$@"; do
		queue=lab
		e2e_needs_lab "$file" || queue=no-lab
		seconds=$(sed -n 's/^# e2e: takes \([0-9]*\) s$/\1/p' "$file")
		printf '%s\n' "$file" \
			>"$E2E_WORK/$queue/$((10000 - ${seconds:-10}))-${file##*/}"
	done
}

e2e_lane() {
	mkdir "$E2E_WORK/tmp.$1" "$E2E_WORK/reports.$1"
	TMPDIR=$E2E_WORK/tmp.$1 unshare --mount --pid --fork --kill-child --mount-proc \
		"$TOP/scripts/lib/e2e-lane" "$1" "$E2E_WORK" &
	E2E_PIDS+=($!)
}

# Kills what still runs of the lanes. When the first process of a lane is gone, all are.
e2e_end() {
	local pid hugepages=/proc/sys/vm/nr_hugepages

	trap - EXIT
	trap '' INT TERM HUP
	for pid in "${E2E_PIDS[@]}"; do
		pkill -KILL -P "$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[[ $(<"$hugepages") = "$E2E_HUGEPAGES" ]] || printf '%s\n' "$E2E_HUGEPAGES" >"$hugepages"
	rm -rf "$E2E_WORK"
}

# What ended a lane before its work was done, and what was therefore not run.
e2e_judge() {
	local n=1 pid rc file

	for pid in "${E2E_PIDS[@]}"; do
		rc=0
		wait "$pid" || rc=$?
		((rc == 0)) || say "not ok - lane $n of the end-to-end tests ended with status $rc"
		n=$((n + 1))
	done
	for file in "$E2E_WORK"/lab/* "$E2E_WORK"/no-lab/*; do
		[[ ! -e $file ]] || say "not ok - ${file##*/[0-9]*-} was not run"
	done
}

# e2e_run LANES FILE...: in a subshell of the caller's, whose traps it takes.
e2e_run() {
	local n lanes=$1

	shift
	E2E_PIDS=()
	E2E_HUGEPAGES=$(</proc/sys/vm/nr_hugepages)
	E2E_WORK=$(mktemp -d)
	trap e2e_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	e2e_enqueue "$@"
	((lanes <= $#)) || lanes=$#
	for ((n = 1; n <= lanes; n++)); do
		e2e_lane "$n"
	done
	e2e_judge
	e2e_end
}
