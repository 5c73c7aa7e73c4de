#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 100 000 ports asked for by real PCP and NAT-PMP requests: all granted, listed and in the journal;
# after a crash all are there again, at the same outside ports.
# e2e: alone
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

JOURNAL=$WORK/state.journal

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	sed -i "s|^state:.*|state: {journal: $JOURNAL}|" "$WORK/config/cgnat.yaml"
	printf 'quota: {explicit: 131072}\n' >>"$WORK/config/tenants/a.yaml"
}

routes_restore() {
	ip -n cgn-a1 route delete local 100.64.4.0/22 dev eth0 2>/dev/null
}

# run VERB...: the rest of the test is in the program.
run() {
	local rc=0

	/usr/bin/python3 "$E2E/_hundred_thousand_explicit.py" "$@" | tee "$WORK/out" || rc=1
	sed -n "s/^# //p" "$WORK/out" >>"$WORK/summary"
	E2E_FAILED=$((E2E_FAILED | rc))
}

# Seconds after boot at which the daemon was executed; the kernel keeps it in ticks.
born() {
	local pid

	pid=$("$LAB" status | sed -n 's/^cgnatd: running, pid //p')
	sed 's/^.*) //' "/proc/$pid/stat" | awk -v hz="$(getconf CLK_TCK)" '{printf "%.2f\n", $20 / hz}'
}

milliseconds() {
	awk -v a="$1" -v b="$2" 'BEGIN {printf "%d\n", (b - a) * 1000}'
}

# From the opening of the journal to the last mapping that was taken back, by the daemon's log.
replay_ms() {
	local opened taken

	opened=$("$LAB" log | sed -n 's/Z info ports: up .*port=wan .*//p')
	taken=$("$LAB" log | sed -n 's/Z notice state: taken back .*//p')
	milliseconds "$(date -d "$opened" +%s.%N)" "$(date -d "$taken" +%s.%N)"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore routes_restore)
# Subscribers 100.64.4.0 to 100.64.7.255 are all at home in a1, which answers ARP for them.
ip -n cgn-a1 route add local 100.64.4.0/22 dev eth0
check "the daemon starts with the configuration of the test" "$LAB" restart --config "$WORK/config"
run make "$WORK/made"
bytes=$(stat -c %s "$JOURNAL")
check "the journal has them, of 59 bytes and the tenant's name each" test "$bytes" -ge $((100000 * 60))

kill -KILL "$("$LAB" status | sed -n 's/^cgnatd: running, pid //p')"
wait_for 5 is_dead
/usr/bin/python3 "$E2E/_hundred_thousand_explicit.py" first >"$WORK/first" &
asker=$!
check "the daemon is killed and starts" "$LAB" start
check "a subscriber that asks all the time is answered" wait "$asker"
taken=$("$LAB" log | grep 'taken back' || true)
check "the daemon took all of them back" matches "$taken" 'kept=100000 lapsed=0 lost=0'
run compare "$WORK/made"
echo "# $(paste -s -d ';' "$WORK/summary"); journal of $bytes bytes read in $(replay_ms) ms; first" \
	"answer $(milliseconds "$(born)" "$(<"$WORK/first")") ms after the start of the process"
finish
