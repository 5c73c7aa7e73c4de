#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The operator's console: cgnatctl top as text and on a terminal, --watch, and views of lists.
# e2e: takes 40 s
. "$(dirname "$0")/_lib.sh"

ctl() { "$LAB" ctl "$@"; }

# udp HOST N: flows of N source ports from 41001 on.
udp() {
	"in_$1" /usr/bin/python3 -c "import socket
for i in range($2):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', 41001 + i))
    s.sendto(b'x', ('192.0.2.1', 7009))"
}

udp a1 40
udp b1 5
ours=(-f proto=udp -f 'inside > 100.64.0.10:41000' -f 'inside <= 100.64.0.10:41040' -f 'left_s > 60')
check "--count counts what --filter leaves" equal \
	"$(ctl mappings --count "${ours[@]}" -f outside=203.0.113.32/28)" 5
ctl mappings --sort -inside -c inside --no-header tenant=a "${ours[@]}" >"$WORK/sorted"
check "--sort goes by ports as numbers" equal "$(head -n 2 "$WORK/sorted" | xargs)" \
	"100.64.0.10:41040 100.64.0.10:41039"
check "all of them" equal "$(wc -l <"$WORK/sorted")" 40
check "--limit shows the first" equal "$(ctl mappings --sort inside -c inside --no-header -n 1 \
	tenant=a "${ours[@]}")" 100.64.0.10:41001
ctl mappings --csv -c tenant,proto,inside -f tenant=b "${ours[@]}" >"$WORK/csv"
check "--csv has a line for each row and one of names" equal "$(wc -l <"$WORK/csv")" 6
check "the names are as they were asked for" equal "$(head -n 1 "$WORK/csv")" tenant,proto,inside
rc=0
ctl mappings --sort nside 2>"$WORK/unknown" || rc=$?
check "an unknown column is wrong usage" equal "$rc" 2
check "and the nearest is named" grep -q 'did you mean inside?' "$WORK/unknown"

rc=0
ctl top --batch 2 --interval 0.3 >"$WORK/top" || rc=$?
check "top --batch 2 ends with status 0" equal "$rc" 0
check "after two pictures" equal "$(grep -c '^TENANT ' "$WORK/top")" 2
check "with both tenants" equal "$(grep -cE '^[ab] ' "$WORK/top")" 4
check "as plain text" matches "$(tr -d '[:print:]\n' <"$WORK/top" | wc -c)" '^0$'
check "top subscribers shows who has asked" grep -qE '^a +100\.64\.0\.10 ' \
	<(ctl top subscribers --once --interval 0.2)
check "top without a terminal says what to do" grep -q -- '--once' <(ctl top 2>&1 >"$WORK/nothing")

"$LAB" ctl tenants --watch=0.3 >"$WORK/watch" &
watch=$!
wait_for 20 grep -q '^  a ' "$WORK/watch"
in_a1 ping -n -q -c 1 192.0.2.1 >"$WORK/ping"
check "--watch marks a row that has changed" wait_for 20 grep -q '^\* a ' "$WORK/watch"
"$LAB" stop >"$WORK/stop" 2>&1
check "it says that the daemon is gone" wait_for 20 grep -q 'hung up\|nobody listens\|no such' "$WORK/watch"
lines=$(grep -c '^  a \|^\* a \|^+ a ' "$WORK/watch")
"$LAB" start >"$WORK/start" 2>&1
more() { (($(grep -c '^  a \|^\* a \|^+ a ' "$WORK/watch") > lines)); }
check "and goes on when it is back" wait_for 20 more
kill -INT "$watch"
rc=0
wait "$watch" || rc=$?
check "^C ends it with status 0" equal "$rc" 0
# Of another user, who must be able to run it, wherever the build is.
chmod 755 "$WORK"
install -m 755 "${CGN_BUILD:-$TOP/build}/app/cgnatctl/cgnatctl" "$WORK/cgnatctl"
socket=$(compgen -G '/run/cgnat-lab/dpdk/*/dpdk_telemetry.v2')
rc=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/cgnatctl" -s "$socket" info 2>"$WORK/denied" || rc=$?
check "another user gets status 3" equal "$rc" 3
check "and is told what to do" grep -q 'permission denied; run as root' "$WORK/denied"

rc=0
ctl map delete a tcp 100.64.0.10:1 --watch 2>"$WORK/refused" || rc=$?
check "what changes the box is not watched" equal "$rc" 2

udp a1 20
udp b1 5
/usr/bin/python3 "$E2E/_top_screen.py" "$LAB" || E2E_FAILED=1
finish
