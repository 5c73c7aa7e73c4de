#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ten flows of two tenants with the same inside address and ports, as the server outside saw them, as
# nfdump, pmacct and rsyslog have them in the log, and as cgnatctl trace answers: all the same (LOG-03). It
# prints them side by side, and each program's own lines of them. No output has the server's address (LOG-09).
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

PORTS=(40201 40202 40203 40204 40205)
declare -A VRF=([a]=11 [b]=22)

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	cat >>"$WORK/config/cgnat.yaml" <<-'END'
		log:
		  ipfix:
		    collectors:
		      - {address: 127.0.0.1, port: 4739}
		      - {address: 127.0.0.1, port: 4740}
		  syslog: {servers: [{address: 127.0.0.1, port: 5601, protocol: tcp}]}
	END
	for tenant in a b; do
		printf 'log: {mappings: true, vrf: %s}\n' "${VRF[$tenant]}" >>"$WORK/config/tenants/$tenant.yaml"
	done
}

collectors() {
	mkdir "$WORK/nfcapd"
	begin box nfcapd -w "$WORK/nfcapd" -b 127.0.0.1 -p 4739 -t 2 >"$WORK/nfcapd.log" 2>&1
	printf 'name=vrf field_type=234 len=4 semantics=u_int\n' >"$WORK/primitives"
	cat >"$WORK/pmacct.conf" <<-END
		nfacctd_ip: 127.0.0.1
		nfacctd_port: 4740
		plugins: print
		aggregate: src_host, src_port, post_nat_src_host, post_nat_src_port, proto, nat_event, vrf
		aggregate_primitives: $WORK/primitives
		print_output: csv
		print_output_file: $WORK/pmacct.csv
		print_output_file_append: true
		print_refresh_time: 1
	END
	begin box nfacctd -f "$WORK/pmacct.conf" >"$WORK/pmacct.log" 2>&1
	cat >"$WORK/rsyslog.conf" <<-END
		global(workDirectory="$WORK")
		module(load="imtcp")
		template(name="parts" type="string" string="%msgid% %structured-data%\n")
		input(type="imtcp" address="127.0.0.1" port="5601")
		action(type="omfile" file="$WORK/rsyslog" template="parts")
	END
	begin box rsyslogd -n -f "$WORK/rsyslog.conf" -i "$WORK/rsyslog.pid" >"$WORK/rsyslog.log" 2>&1
	wait_for 5 test -e "$WORK/rsyslog.pid" || true
}

# Each prints the outside end of TENANT PORT.
in_wan_saw() {
	awk -v flow="$1 $2" '$1 " " $2 == flow {print $3}' "$WORK/seen"
}

in_nfdump() {
	nfdump -q -R "$WORK/nfcapd" -o raw | /usr/bin/python3 "$E2E/_nfdump.py" 8 100.64.0.10 "$2" "${VRF[$1]}"
}

# CSV: src, sport, protocol, nat src, nat sport, event, vrf
in_pmacct() {
	awk -F, -v port="$2" -v vrf="${VRF[$1]}" '
		$1 == "100.64.0.10" && $2 == port && $6 == 8 && $7 == vrf {print $4 ":" $5}' "$WORK/pmacct.csv"
}

in_rsyslog() {
	sed -n "s/^mapping_made .*tenant=\"$1\" inside=\"100.64.0.10\" inside_port=\"$2\" outside=\"\([^\"]*\)\" outside_port=\"\([0-9]*\)\".*/\1:\2/p" "$WORK/rsyslog"
}

# By trace the other way: whose the end is that the server saw.
in_trace() {
	"$LAB" ctl --json trace "$(in_wan_saw "$1" "$2")/$(proto "$2")" | /usr/bin/python3 -c '
import json, sys
who = json.load(sys.stdin)
print(who["tenant"], who["inside"])'
}

proto() {
	(($1 % 2)) && echo udp || echo tcp
}

all_told() {
	local tenant port

	for tenant in a b; do
		for port in "${PORTS[@]}"; do
			[[ -n $(in_pmacct "$tenant" "$port") && -n $(in_nfdump "$tenant" "$port") ]] || return 1
		done
	done
}

# One row of the table; false when they differ.
row() {
	local want cells=() from

	want=$(in_wan_saw "$1" "$2")
	for from in wan_saw nfdump pmacct rsyslog; do
		cells+=("$("in_$from" "$1" "$2")")
	done
	printf '# %-6s %-17s %-4s %-19s %-19s %-19s %-19s %s\n' "$1" "100.64.0.10:$2" "$(proto "$2")" \
		"${cells[@]}" "$(in_trace "$1" "$2")"
	[[ -n $want && ${cells[*]} = "$want $want $want $want" &&
		$(in_trace "$1" "$2") = "$1 100.64.0.10:$2" ]]
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
in_box ip link set lo up
collectors
"$LAB" restart --config "$WORK/config"
begin wan /usr/bin/python3 "$E2E/_ten_flows.py" serve >"$WORK/seen"
wait_for 5 grep -q ready "$WORK/seen"
in_a1 /usr/bin/python3 "$E2E/_ten_flows.py" send a "${PORTS[@]}"
in_b1 /usr/bin/python3 "$E2E/_ten_flows.py" send b "${PORTS[@]}"
check "ten flows have passed" wait_for 5 equal "$(grep -c : "$WORK/seen")" 10
check "the collectors have them" wait_for 8 all_told

printf '# %-6s %-17s %-4s %-19s %-19s %-19s %-19s %s\n' tenant inside "" "server outside" nfdump pmacct rsyslog \
	"cgnatctl trace says"
differ=0
for tenant in a b; do
	for port in "${PORTS[@]}"; do
		row "$tenant" "$port" || differ=$((differ + 1))
	done
done
check "all say the same of each flow" equal "$differ" 0
echo "# nfdump -o nel:"
nfdump -q -R "$WORK/nfcapd" -o nel | grep -E ':402[0-9][0-9] ' | sed 's/^/# /'
echo "# pmacct (print plugin):"
grep -E '^100.64.0.10,402' "$WORK/pmacct.csv" | sed 's/^/# /'
echo "# rsyslog:"
grep -E 'mapping_made .*inside_port="402' "$WORK/rsyslog" | sed 's/^/# /'
echo "# cgnatctl log:"
"$LAB" ctl log | tee "$WORK/log" | sed 's/^/# /'
check "and cgnatctl log has three outputs that are up" equal "$(grep -c -w up "$WORK/log")" 3
check "nobody was told where the flows went" test -z "$(
	grep -F 192.0.2.1 "$WORK/rsyslog" "$WORK/pmacct.csv"
	nfdump -q -R "$WORK/nfcapd" -o raw | grep -F 192.0.2.1)"
finish
