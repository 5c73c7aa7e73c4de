# SPDX-License-Identifier: BSD-3-Clause
# Runs tests/e2e: the lab comes up once for all tests but those with E2E_NO_LAB, which come after it.
# Sourced by scripts/test; prints TAP-like lines, which the caller counts.
# shellcheck shell=bash

E2E_TEST_S=120 # no test may take longer

# Everything that the box sends to the Internet and that could carry an inside address.
E2E_CAPTURE='net 100.64.0.0/10 or (icmp and icmp[0] != 0 and icmp[0] != 8) or vlan'

e2e_one() {
	local file=$1 rc=0 out

	out=$(mktemp)
	say "# ${file##*/}"
	timeout --kill-after=10 "$E2E_TEST_S" "$file" >"$out" 2>&1 </dev/null || rc=$?
	cat "$out"
	if ((rc == 124 || rc == 137)); then
		say "not ok - ${file##*/} took longer than $E2E_TEST_S s"
	elif ! grep -qE '^(not )?ok ' "$out"; then
		say "not ok - ${file##*/} tested nothing, status $rc"
	elif ((rc != 0)) && ! grep -q '^not ok ' "$out"; then
		say "not ok - ${file##*/} ended with status $rc"
	fi
	rm -f "$out"
}

# e2e_chosen FILTER: all tests whose file name contains FILTER.
e2e_chosen() {
	local file

	for file in "$TOP"/tests/e2e/[a-z]*.sh; do
		[[ ${file##*/} = *"$1"* ]] && printf '%s\n' "$file"
	done
	return 0
}

capture_begin() {
	ip netns exec cgn-wan tcpdump -n -U -Q in -i eth0 -w "$1" "$E2E_CAPTURE" \
		>/dev/null 2>"$1.log" </dev/null &
	CAPTURE_PID=$!
	wait_for 5 grep -q 'listening on' "$1.log" || true
}

capture_judge() {
	local leaks

	kill "$CAPTURE_PID" 2>/dev/null || true
	wait "$CAPTURE_PID" 2>/dev/null || true
	if ! grep -q 'listening on' "$1.log"; then
		say "not ok - the capture on the WAN ran"
		return
	fi
	leaks=$(/usr/bin/python3 "$TOP/scripts/lib/find-inside-addresses.py" "$1" 2>&1) || true
	if [[ $leaks = none ]]; then
		say "ok - no inside address was seen on the WAN during the whole run"
	else
		say "not ok - no inside address was seen on the WAN during the whole run"
		head -n 12 <<<"$leaks" | sed 's/^/# /'
	fi
}

needs_lab() {
	! grep -q '^E2E_NO_LAB=1' "$1"
}

# The tests that want the lab, in one lab.
e2e_in_lab() {
	local work=$1 file

	shift
	if ! "$TOP/scripts/lab" up >"$work/up" 2>&1; then
		say "not ok - the lab comes up and traffic passes"
		sed 's/^/# /' "$work/up"
		return
	fi
	say "ok - the lab comes up and traffic passes"
	capture_begin "$work/wan.pcap"
	for file in "$@"; do
		e2e_one "$file"
	done
	capture_judge "$work/wan.pcap"
	e2e_sanitizer_judge
	"$TOP/scripts/lab" down
}

# e2e_run FILE...
e2e_run() {
	local file work
	local -a with=() without=()

	for file in "$@"; do
		if needs_lab "$file"; then with+=("$file"); else without+=("$file"); fi
	done
	work=$(mktemp -d)
	"$TOP/scripts/lab" down
	((${#with[@]} == 0)) || e2e_in_lab "$work" "${with[@]}"
	for file in "${without[@]}"; do
		e2e_one "$file"
	done
	rm -rf "$work"
}

# An instrumented daemon reports to its log; an error there is a failure whatever passed.
e2e_sanitizer_judge() {
	local found

	found=$(grep -hE 'ERROR: (Address|Leak|Thread)Sanitizer|runtime error:' \
		/run/cgnat-lab/cgnatd.log* 2>/dev/null | head -n 5 || true)
	if [[ -z $found ]]; then
		say "ok - the daemon's log has no sanitizer report"
	else
		say "not ok - the daemon's log has no sanitizer report"
		printf '# %s\n' "${found//$'\n'/$'\n# '}"
	fi
}
