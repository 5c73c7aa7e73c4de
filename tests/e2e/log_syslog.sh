#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The log by syslog, as rsyslog reads it: over UDP and over TCP it has the mapping that a1's traffic made,
# with its fields as structured data, and an operator's act with who did it.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	cat >>"$WORK/config/cgnat.yaml" <<-'END'
		log:
		  syslog:
		    servers:
		      - {address: 127.0.0.1, port: 5514}
		      - {address: 127.0.0.1, port: 5601, protocol: tcp}
	END
	printf 'log: {mappings: true}\n' >>"$WORK/config/tenants/a.yaml"
	# A line for each message: what rsyslog made of its parts.
	cat >"$WORK/rsyslog.conf" <<-END
		global(workDirectory="$WORK")
		module(load="imudp")
		module(load="imtcp")
		template(name="parts" type="string"
			string="%syslogfacility-text% %syslogseverity-text% %app-name% %msgid% %structured-data% %msg%\n")
		ruleset(name="udp") {action(type="omfile" file="$WORK/udp" template="parts")}
		ruleset(name="tcp") {action(type="omfile" file="$WORK/tcp" template="parts")}
		input(type="imudp" address="127.0.0.1" port="5514" ruleset="udp")
		input(type="imtcp" address="127.0.0.1" port="5601" ruleset="tcp")
	END
}

# has FILE WORDS...: one line has all of them.
has() {
	local file=$1 word found

	shift
	found=$(<"$WORK/$file")
	for word in "$@"; do
		found=$(grep -F -- "$word" <<<"$found") || { echo "no $word"; tail -n 5 "$WORK/$file"; return 1; }
	done
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
in_box ip link set lo up
begin box rsyslogd -n -f "$WORK/rsyslog.conf" -i "$WORK/rsyslog.pid" >"$WORK/rsyslog.log" 2>&1
wait_for 5 test -e "$WORK/rsyslog.pid" || true
"$LAB" restart --config "$WORK/config"
a=$(seen a1 40101)
mapping=("local0 notice cgnatd mapping_made [nat@32473 number=" 'tenant="a"' 'inside="100.64.0.10"'
	'inside_port="40101"' "outside=\"${a%:*}\"" "outside_port=\"${a#*:}\"" 'proto="udp"' "A mapping was made.")
check "over UDP rsyslog has a1's mapping" wait_for 3 has udp "${mapping[@]}"
check "over TCP too" wait_for 3 has tcp "${mapping[@]}"
check "and the block around it" has tcp block_leased 'inside="100.64.0.10"' "outside=\"${a%:*}\""
"$LAB" ctl map clear a 100.64.0.10 >/dev/null
check "an act is there with who did it" wait_for 3 has tcp 'map_clear [event@32473' 'by="uid=0' 'tenant="a"'
check "and what it ended" has tcp mapping_ended "outside_port=\"${a#*:}\""
check "both servers have the same" equal "$(sort "$WORK/udp" | md5sum)" "$(sort "$WORK/tcp" | md5sum)"

# again: what came behind the second start.
again() {
	awk '/ cgnatd start / {n++} n > 1' "$WORK/tcp" >"$WORK/again" && has again "$@"
}
crash
check "after kill -9 the log begins anew, and the block is told again, marked" \
	wait_for 5 again 'block_leased' 'inside="100.64.0.10"' "outside=\"${a%:*}\"" 'restored="1"'
check "no block is told again without the mark" equal \
	"$(grep block_leased "$WORK/again" | grep -vc 'restored="1"')" 0
finish
