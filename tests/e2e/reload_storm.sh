#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A thousand reloads of tenant a, right and wrong ones, or as many as fit a minute, while b1 has pings,
# UDP and TCP: b loses not one packet, the wrong ones are told and change nothing, the daemon does not
# grow, and the law holds.
# e2e: takes 30 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

STORM_S=${CGN_STORM_S:-25}

tcp_went_on() {
	/usr/bin/python3 - "$1" <<'END'
import json, sys
got = json.load(open(sys.argv[1]))
if "error" in got:
    sys.exit(got["error"])
end = got["end"]
print(f"# TCP: {end['sum_received']['bytes'] / 1e6:.0f} MB, {end['sum_sent'].get('retransmits')} segments again")
sys.exit(not (end["sum_received"]["bytes"] > 1e6 and min(i["sum"]["bytes"] for i in got["intervals"]) > 0))
END
}

check "the daemon runs with files of the test" lab_config a ''
for host in a1 a2 b1; do
	wait_for 10 pings "cgn-$host" 192.0.2.1 || true
done
begin wan iperf3 -s -p 5302 >/dev/null 2>&1
iperf_server=$!
check "an iperf3 server is there" wait_for 5 in_wan ss -Hltn 'sport = 5302'
pinging b1 0.01
pinging a2 0.01
begin b1 python3 "$E2E/_udp.py" steady 192.0.2.3 7 "$STORM_S" >"$WORK/udp"
udp=$!
begin b1 iperf3 -J -i 5 -c 192.0.2.1 -p 5302 -b 5M -t "$STORM_S" >"$WORK/tcp"
tcp=$!
sleep 1
mappings b >"$WORK/before.b"
SOCKET=$(compgen -G '/run/cgnat-lab/dpdk/*/dpdk_telemetry.v2')
check "right ones are applied, wrong ones told and without effect, and the daemon does not grow" \
	/usr/bin/python3 "$E2E/_reload_storm.py" "${CGN_BUILD:-$TOP/build}/app/cgnatctl/cgnatctl" "$SOCKET" \
	"$WORK/config" "$(daemon_pid)" 1000 "$STORM_S"
grep -h '^# ' "$WORK/check.out" || true
check "b's mappings are where they were" all_there "$WORK/before.b" b
check "b1 has lost no datagram" wait "$udp"
echo "# UDP: $(<"$WORK/udp")"
wait "$tcp" || true
kill "$iperf_server" || true
check "TCP of b1 has gone on all the time" tcp_went_on "$WORK/tcp"
tcp_went_on "$WORK/tcp" || true
for host in b1 a2; do
	check "$host has lost no ping" no_loss "$host"
	ping_report "$host"
done
finished
difference=$("$LAB" ctl --json info | sed -n 's/^ *"difference": \([-0-9]*\).*/\1/p')
check "received = fates + held" equal "$difference" 0
finish
