#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ten reloads in a row under load: TCP goes on, not one ping of anybody is lost, mappings stay. Fifty
# more that add no address leave the daemon with no more memory than before.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

IPERF_S=12

# The n-th of a row: always another pool, quota and port forward than before.
variant() {
	if (($1 % 2 == 1)); then
		tenant a "s|^pool:.*|pool: [203.0.113.16/28, $NEW_POOL]|" "quota: {subscriber: {udp: $((1000 + $1))}}
static: [{protocol: udp, inside: 100.64.7.7, inside_port: 7, outside: 203.0.113.65, outside_port: 7007}]"
	else
		tenant a '' "quota: {subscriber: {udp: $((1000 + $1))}}"
	fi
}

# As much, but no new address, each of which takes memory for good (docs/operations.md).
same_addresses() {
	tenant a '' "quota: {subscriber: {udp: $((1000 + $1))}}
static: [{protocol: udp, inside: 100.64.7.7, inside_port: 7, outside: 203.0.113.30, outside_port: $((7000 + $1))}]"
}

# rows HOW FIRST LAST: reloads in a row, each applied.
rows() {
	local i

	for ((i = $2; i <= $3; i++)); do
		"$1" "$i"
		reload_says 0 'restart: applied' || { echo "reload $i"; return 1; }
	done
}

# What iperf3 says of the least of its tenths of a second, and of its end.
went_on() {
	/usr/bin/python3 - "$WORK/iperf" "$IPERF_S" <<'END'
import json, sys
got = json.load(open(sys.argv[1]))
if "error" in got:
    sys.exit(got["error"])
least = min(i["sum"]["bytes"] for i in got["intervals"])
end = got["end"]
print(f"# iperf3: {end['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s, "
      f"{end['sum_sent'].get('retransmits')} segments again, least 0.5 s: {least} bytes")
sys.exit(not (end["sum_received"]["seconds"] > int(sys.argv[2]) - 1 and least > 0))
END
}

resident_kib() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(daemon_pid)/status"
}

is_instrumented() {
	grep -q libasan "/proc/$(daemon_pid)/maps"
}

check "the daemon runs with files of the test" lab_config a ''
for host in a1 a2 b1; do
	wait_for 10 pings "cgn-$host" 192.0.2.1 || true
done
begin a1 iperf3 -J -i 0.5 -c 192.0.2.1 -p 5201 -b 50M -t "$IPERF_S" >"$WORK/iperf"
iperf=$!
wait_for 5 bash -c "'$LAB' ctl mappings tenant=a proto=tcp | grep -q established" || true
pinging a2 0.005
pinging b1 0.005
sleep 0.5 # their mappings
mappings a >"$WORK/before.a"
mappings b >"$WORK/before.b"
check "ten reloads in a row are applied" rows variant 1 10
finished
check "the mappings of the changed tenant are where they were" all_there "$WORK/before.a" a
check "those of the unchanged tenant too" all_there "$WORK/before.b" b
for host in a2 b1; do
	check "$host has lost no ping" no_loss "$host"
	ping_report "$host"
done
wait "$iperf" || true
check "TCP has gone on all the time" went_on
went_on || true

if is_instrumented; then
	echo "# memory of an instrumented daemon says nothing; its leaks are told when it ends"
else
	check "ten more reloads" rows same_addresses 11 20
	finished
	before=$(resident_kib)
	check "fifty more reloads" rows same_addresses 21 70
	finished
	after=$(resident_kib)
	echo "# resident: $before KiB, after 50 reloads $after KiB"
	check "the daemon has not grown by 4 KiB a reload" test "$((after - before))" -lt 200
fi
finish
