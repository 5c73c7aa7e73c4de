#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A scrape of 1 000 tenants, one after the other without pause: how long it takes, and that no packet
# is lost meanwhile. The exporter and its client are in a namespace of the test's own.
# e2e: alone
. "$(dirname "$0")/_lib.sh"

BUILD=${CGN_BUILD:-$TOP/build}
URL=http://127.0.0.1:9469/metrics
SCRAPE_MS=${CGN_SCRAPE_MS:-2000} # 400 to 900 on a busy machine of two cores; slower when instrumented

undo() {
	# shellcheck disable=SC2046
	kill $(ip netns pids cgt-metrics 2>/dev/null) 2>/dev/null
	ip netns delete cgt-metrics 2>/dev/null
	"$LAB" restart --config "$TOP/config/lab" >/dev/null 2>&1
}
AT_END+=(undo)
ip netns delete cgt-metrics 2>/dev/null || true
ip netns add cgt-metrics
ip -n cgt-metrics link set lo up

scrape() { ip netns exec cgt-metrics curl -sS --max-time 15 "$@" "$URL"; }
answers() { grep -qx 'cgnat_up 1' <<<"$(scrape)"; }

cp -r "$TOP/config/lab" "$WORK/conf"
/usr/bin/python3 - "$WORK/conf" <<'END'
import ipaddress, pathlib, sys
top = pathlib.Path(sys.argv[1])
names = ["tenants/a.yaml", "tenants/b.yaml"]
for name in names:
    with open(top / name, "a", encoding="utf-8") as file:
        file.write("quota: {mappings: 10000, explicit: 1000}\n")
for i in range(998):
    names.append(f"tenants/t{i}.yaml")
    (top / names[-1]).write_text(f"""\
tenant: t{i}
attachments:
  - port: trunk
    vlan: {200 + i}
    address: 100.64.0.1/24
    subscribers: [{{prefix: 100.64.0.0/24}}]
    binding: access
pool: [{ipaddress.ip_address("198.18.0.0") + 4 * i}/30]
quota: {{mappings: 1000, explicit: 100, subscriber: {{mappings: 1000, explicit: 100}}}}
""", encoding="utf-8")
box = (top / "cgnat.yaml").read_text(encoding="utf-8")
for old, new in (("[tenants/a.yaml, tenants/b.yaml]", str(names).replace("'", "")),
                 ("mappings: 262144, subscribers: 262144", "mappings: 1200000, subscribers: 524288"),
                 ("size_mib: 640", "size_mib: 1024")):
    assert old in box, old
    box = box.replace(old, new)
(top / "cgnat.yaml").write_text(box, encoding="utf-8")
END
check "the daemon starts with 1 000 tenants" "$LAB" restart --config "$WORK/conf"
SOCKET=$(compgen -G '/run/cgnat-lab/dpdk/*/dpdk_telemetry.v2' || true)
ip netns exec cgt-metrics "$BUILD/app/cgnat_exporter/cgnat-exporter" --socket "$SOCKET" --max-age 0 \
	2>"$WORK/exporter.log" &
check "the exporter answers" wait_for 10 answers
check "traffic passes" wait_for 10 pings cgn-a1 192.0.2.1

begin a1 ping -n -q -i 0.01 -c 500 -W 2 192.0.2.1 >"$WORK/ping"
ping=$!
times=
while kill -0 "$ping" 2>/dev/null; do
	times+="$(scrape -w '%{time_total}\n' -o "$WORK/metrics") "
done
sorted=$(tr ' ' '\n' <<<"$times" | grep . | sort -n)
median=$(awk '{t[NR] = $1} END {printf "%d", 1000 * t[int((NR + 1) / 2)]}' <<<"$sorted")
echo "# $(wc -l <<<"$sorted") scrapes, seconds: least $(head -n 1 <<<"$sorted"), median $((median / 1000)).$(printf %03d $((median % 1000)))," \
	"most $(tail -n 1 <<<"$sorted"); $(wc -c <"$WORK/metrics") bytes"
sed -n 's/^\(rtt.*\)/# ping meanwhile: \1/p' "$WORK/ping"
check "all tenants are in it" equal "$(grep -c '^cgnat_tenant_mappings_limit{' "$WORK/metrics")" 1000
check "half of the scrapes take less than $SCRAPE_MS ms" test "$median" -lt "$SCRAPE_MS"
check "not one of 500 pings was lost meanwhile" grep -q ' 500 received, 0% packet loss' "$WORK/ping"
finish
