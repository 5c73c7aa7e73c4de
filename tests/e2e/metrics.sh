#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# cgnat-exporter, asked by Prometheus itself and read by promtool and by Prometheus' Python library:
# the numbers are cgnatctl's, an absent daemon is cgnat_up 0, and the dashboard's queries are valid.
# HTTP goes over the loopback of a namespace of the test's own.
. "$(dirname "$0")/_lib.sh"

BUILD=${CGN_BUILD:-$TOP/build}
SOCKET=$(compgen -G '/run/cgnat-lab/dpdk/*/dpdk_telemetry.v2')
URL=http://127.0.0.1:9469/metrics
PROMETHEUS=http://127.0.0.1:9090

in_own() { ip netns exec cgt-metrics "$@"; }
own_remove() {
	# shellcheck disable=SC2046
	kill $(ip netns pids cgt-metrics 2>/dev/null) 2>/dev/null
	ip netns delete cgt-metrics 2>/dev/null
}
AT_END+=(own_remove)
ip netns delete cgt-metrics 2>/dev/null || true
ip netns add cgt-metrics
ip -n cgt-metrics link set lo up

scrape() { in_own curl -sS --max-time 15 "$@" "$URL"; }
shows() { grep -qx "$1" <<<"$(scrape)"; }
asked() { /usr/bin/python3 "$E2E/_metrics.py" "$@"; }
lists_commands() {
	local all

	all=$(printf '/\n' | RUNTIME_DIRECTORY=/run/cgnat-lab dpdk-telemetry.py -f "$(basename "${SOCKET%/*}")")
	for name in info tenants fates map/add; do
		grep -q "\"/cgnat/$name\"" <<<"$all" || { echo "no $name in $all"; return 1; }
	done
}
answers_flat() {
	printf '/cgnat/info\n' |
		RUNTIME_DIRECTORY=/run/cgnat-lab dpdk-telemetry.py -f "$(basename "${SOCKET%/*}")" |
		grep -qE '"mappings": [0-9]+'
}

ip netns exec cgt-metrics "$BUILD/app/cgnat_exporter/cgnat-exporter" --socket "$SOCKET" --max-age 0 \
	2>"$WORK/exporter.log" &
EXPORTER=$!
cat >"$WORK/prometheus.yml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: cgnatd, static_configs: [{targets: ['127.0.0.1:9469']}]}
END
in_own prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
	--web.listen-address=127.0.0.1:9090 --log.level=warn >"$WORK/prometheus.log" 2>&1 &

check "traffic and a request for a port pass" bash -c "
	ip netns exec cgn-a1 curl -sS --max-time 20 -o /dev/null http://192.0.2.1/file50 &&
	ip netns exec cgn-b1 ping -n -q -c 2 -i 0.2 192.0.2.2 &&
	ip netns exec cgn-a2 natpmpc -g 100.64.0.1 -a 0 8080 tcp 600"
check "the exporter answers" wait_for 5 shows 'cgnat_up 1'
scrape >"$WORK/openmetrics"
scrape -H 'Accept: text/plain;version=0.0.4' >"$WORK/text"
check "promtool finds nothing to blame" bash -c \
	"out=\$(promtool check metrics <'$WORK/text' 2>&1) && [[ -z \$out ]] || { echo \"\$out\"; exit 1; }"
check "Prometheus' own reader takes it, names and units as they must be" asked parse "$WORK/openmetrics"
check "the numbers are those of cgnatctl" ip netns exec cgt-metrics /usr/bin/python3 \
	"$E2E/_metrics.py" compare "$URL" "$BUILD/app/cgnatctl/cgnatctl" "$SOCKET"
check "no subscriber's address is in it" bash -c "! grep -E '100\.64\.|02:c9:' '$WORK/openmetrics'"
check "Prometheus scrapes it" wait_for 20 in_own /usr/bin/python3 "$E2E/_metrics.py" query \
	"$PROMETHEUS" 'cgnat_up == 1 and up{job="cgnatd"} == 1'
check "Prometheus knows types and units" in_own /usr/bin/python3 "$E2E/_metrics.py" metadata "$PROMETHEUS"
# Rates want two scrapes.
check "all of the dashboard's queries are valid" wait_for 20 in_own /usr/bin/python3 "$E2E/_metrics.py" \
	dashboard "$PROMETHEUS" "$TOP/config/grafana/cgnatd.json"
for wrong in 9469 :9469 127.0.0.1: 127.0.0.1:99999 127.0.0.1:-1 host:80 '[::1:9469'; do
	rc=0
	timeout 5 ip netns exec cgt-metrics "$BUILD/app/cgnat_exporter/cgnat-exporter" --listen "$wrong" \
		2>"$WORK/usage" || rc=$?
	check "--listen $wrong is wrong usage" equal "$rc $(grep -c 'is not like' "$WORK/usage")" "2 1"
done

"$LAB" stop >/dev/null
check "without the daemon the exporter answers, and says so" shows 'cgnat_up 0'
check "Prometheus sees it" wait_for 10 in_own /usr/bin/python3 "$E2E/_metrics.py" query "$PROMETHEUS" \
	'cgnat_up == 0 and up{job="cgnatd"} == 1'
check "nothing else of the daemon is told" bash -c "! grep -E '^cgnat_(mappings|tenant)' <<<\"$(scrape)\""
"$LAB" start >/dev/null
check "the daemon comes back without the exporter being touched" wait_for 10 shows 'cgnat_up 1'
check "the log says each change once" equal "$(grep -c 'no metrics\|daemon answers' "$WORK/exporter.log")" 3
kill "$EXPORTER"
check "SIGTERM ends the exporter with status 0" wait "$EXPORTER"

check "dpdk-telemetry.py lists the commands" lists_commands
check "and shows an answer with numbers as numbers" answers_flat
finish
