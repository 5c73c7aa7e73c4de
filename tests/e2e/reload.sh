#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Pools, quotas, port services and port forwards change while subscribers have traffic; what is wrong
# or needs a restart changes nothing. b1 and a2 do not notice any of it.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

GATEWAY=100.64.0.1

asks_natpmp() {
	in_a1 timeout 4 natpmpc -g "$GATEWAY" -a 0 "$1" udp 300
}

is_refused_natpmp() {
	! asks_natpmp "$1"
}

asks_pcp() {
	in_a1 python3 "$E2E/_pcp.py" "$GATEWAY" announce
}

is_refused_pcp() {
	! asks_pcp
}

# answers ADDRESS:PORT TEXT: a host of the Internet gets it from there.
answers() {
	equal "$(in_wan curl -s --max-time 2 "http://$1/name")" "$2"
}

serve() {
	mkdir -p "$WORK/www$2"
	echo "$1 $2" >"$WORK/www$2/name"
	begin "$1" python3 -m http.server --directory "$WORK/www$2" "$2" >/dev/null 2>&1
	check "$1 serves port $2" wait_for 10 "in_$1" curl -s -o /dev/null "http://127.0.0.1:$2/name"
}

# forward OUTSIDE-PORT INSIDE-PORT: of a2, on the address that it has.
forward() {
	printf 'static:\n  - {protocol: tcp, inside: 100.64.0.11, inside_port: %s, ' "$2"
	printf 'outside: %s, outside_port: %s}' "$a2" "$1"
}

pool() {
	reloads "a reload without a change says so" 'restart: nothing is different'
	check "a1 has 20 flows" wait_for 10 in_a1 python3 "$E2E/_udp.py" ask 192.0.2.3 7 20
	mappings a >"$WORK/before"
	tenant a "s|^pool:.*|pool: [203.0.113.16/28, $NEW_POOL]|"
	check "a dry run says what it would do" matches "$("$LAB" ctl reload --dry-run)" \
		"^live +added +tenants.a.pool.$NEW_POOL.: .*1 live, 0 drain, 0 restart: .*nothing has changed"
	reloads "a pool is added" '1 live, 0 drain, 0 restart: applied'
	finished
	check "every mapping is where it was" all_there "$WORK/before" a
	check "a1 has the address that it had" equal "$(outside_of a1)" "$a1"
	tenant a
	reloads "the pool is taken away again" '0 live, 1 drain, 0 restart: applied'
	finished
	check "nobody was on it: every mapping is where it was" all_there "$WORK/before" a
}

quotas() {
	tenant a '' 'quota: {subscriber: {udp: 5}}'
	reloads "a quota is lowered" 'tenants.a.quota.subscriber.udp: 4096 -> 5'
	check "what a1 has stays" all_there "$WORK/before" a
	check "but it gets nothing new" bash -c \
		"! ip netns exec cgn-a1 python3 '$E2E/_udp.py' ask 192.0.2.3 7 3"
	tenant a
	reloads "the quota is raised" 'udp: 5 -> 4096'
	check "a1 gets new mappings at once" in_a1 python3 "$E2E/_udp.py" ask 192.0.2.3 7 3
}

services() {
	check "NAT-PMP is served" asks_natpmp 6001
	tenant a '' 'portctl: {natpmp: false}'
	reloads "NAT-PMP is switched off" 'portctl.natpmp: true -> false'
	check "a1 gets nothing by NAT-PMP" is_refused_natpmp 6002
	check "and is served by PCP" asks_pcp
	tenant a '' 'portctl: {natpmp: false, pcp: false}'
	reloads "PCP is switched off too" 'portctl.pcp: true -> false'
	check "a1 gets nothing by PCP" is_refused_pcp
	tenant a
	reloads "both are switched on" '2 drain'
	check "a1 is served by NAT-PMP" asks_natpmp 6002
	check "and by PCP" asks_pcp
}

forwards() {
	tenant a '' "$(forward 8081 9081)"
	reloads "a port forward is added for a2, which has traffic" 'tenants.a.static'
	check "the Internet reaches a2 there" wait_for 3 answers "$a2:8081" "a2 9081"
	tenant a '' "$(forward 8081 9082)"
	reloads "it is led to another port of a2" 'inside_port: 9081 -> 9082'
	check "the Internet reaches that" wait_for 3 answers "$a2:8081" "a2 9082"
	tenant a '' "$(forward 8082 9082)"
	reloads "it gets another outside port" '1 live, 1 drain'
	check "the Internet reaches a2 there" wait_for 3 answers "$a2:8082" "a2 9082"
	check "and not at the port before" is_shut "$a2:8081"
	tenant a
	reloads "it is taken away" '0 live, 1 drain'
	finished
	check "its port is shut" is_shut "$a2:8082"
}

wrong() {
	tenant a 's|^pool:.*|pool: [203.0.113.16/28|'
	refuses "a syntax error is told with file and line" \
		'config/tenants/a.yaml:[0-9]+:[0-9]+: YAML: .*mend .*1 error in the configuration'
	tenant a 's|^pool:.*|pool: [203.0.113.32/28]|'
	refuses "so is a broken rule" \
		'config/tenants/[ab].yaml:[0-9]+:[0-9]+: pool.0.: shares .* remove it from one pool'
	tenant a 's|^pool:.*|pool: [203.0.113.16/28]\nbinding: nonsense|'
	refuses "so is an unknown key" 'config/tenants/a.yaml:10:1: '
	check "--json has the error too" matches "$("$LAB" ctl --json reload || true)" \
		'"outcome": "bad".*"at": "[^"]*a.yaml:10:1"'
	tenant a '' 'quota: {subscriber: {udp: 100}}'
	appliance 's/mappings: 262144/mappings: 131072/'
	refuses "what needs a restart is refused with all that came with it" \
		'restart  changed  box.table.mappings: 262144 -> 131072.*1 restart: refused: nothing has changed'
	check "a dry run refuses it too" bash -c "! '$LAB' ctl reload --dry-run"
	appliance
	tenant a
	reloads "put right, nothing is different" 'nothing is different'
	check "more words than it takes are wrong usage" bash -c "'$LAB' ctl reload now; (( \$? == 2 ))"
}

by_signal() {
	local pid

	pid=$(daemon_pid)
	tenant a '' 'quota: {subscriber: {udp: 77}}'
	kill -HUP "$pid"
	check "SIGHUP applies it and logs it" wait_for 5 log_says \
		'reload: changed tenants.a.quota.subscriber.udp class=live old=4096 new=77'
	echo 'nonsense: 1' >>"$WORK/config/tenants/a.yaml"
	kill -HUP "$pid"
	check "SIGHUP logs the error of a bad file" wait_for 5 log_says \
		'error reload: .*/a.yaml:[0-9]*:1: '
	check "and that nothing was applied" wait_for 5 log_says 'error reload: not applied: 1 error'
	tenant a
	kill -HUP "$pid"
	check "and the next one is applied" wait_for 5 log_says 'udp class=live old=77 new=4096'
}

log_says() {
	"$LAB" log | grep -q "$1"
}

check "the daemon runs with files of the test" lab_config a ''
for host in a1 a2 b1; do
	wait_for 10 pings "cgn-$host" 192.0.2.1 || true
done
new_pool_route
serve a2 9081
serve a2 9082
a1=$(outside_of a1)
a2=$(outside_of a2)
b1=$(outside_of b1)
mappings b >"$WORK/before.b"
pinging a2
pinging b1
pool
quotas
services
forwards
wrong
by_signal
check "b1's mappings are where they were" all_there "$WORK/before.b" b
check "b1 has the address that it had" equal "$(outside_of b1)" "$b1"
for host in a2 b1; do
	check "$host has lost no ping" no_loss "$host"
	ping_report "$host"
done
difference=$("$LAB" ctl --json info | sed -n 's/^ *"difference": \([-0-9]*\).*/\1/p')
check "received = fates + held" equal "$difference" 0
finish
