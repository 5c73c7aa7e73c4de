#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The local log: who had an outside port is answered after a restart and after kill -9, by the daemon and
# without it, of two tenants with one inside address too. Who asked is recorded, and the files are not for all.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

at() {
	"$LAB" ctl --json trace "$1/udp" --at "$2" |
		/usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)['$3'])"
}

# On this side of the lab: the files need no daemon.
offline() {
	"${CGN_BUILD:-$TOP/build}/app/cgnatctl/cgnatctl" trace "$1/udp" --at "$2" --store "$WORK/store"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
cp -r "$TOP/config/lab" "$WORK/config"
mkdir "$WORK/store"
printf 'log:\n  store: {directory: %s}\n' "$WORK/store" >>"$WORK/config/cgnat.yaml"
AT_END+=(lab_config_restore)
"$LAB" restart --config "$WORK/config"
a=$(seen a1 40111)
b=$(seen b1 40111)
sleep 0.1
check "a1's port is a1's" equal "$(at "$a" now inside)" 100.64.0.10
check "in tenant a" equal "$(at "$a" now tenant)" a
check "b1's port, of the same inside address, is tenant b's" equal "$(at "$b" now tenant)" b
sleep 1
t=$(date -u "+%Y-%m-%d %H:%M:%SZ")
sleep 1.1
"$LAB" restart --config "$WORK/config"
check "after a restart a1 is still who had it" equal "$(at "$a" "$t" inside)" 100.64.0.10
check "for sure" equal "$(at "$a" "$t" sure)" yes
check "who asked is recorded" matches "$("$LAB" ctl --json events)" "trace_at"
a=$(seen a1 40112)
sleep 1
t=$(date -u "+%Y-%m-%d %H:%M:%SZ")
sleep 1.1
kill -KILL "$("$LAB" status | sed -n 's/^cgnatd: running, pid //p')"
check "without a daemon the files answer" matches "$(offline "$a" "$t")" "100.64.0.10 of tenant a had it"
"$LAB" restart --config "$WORK/config"
check "after kill -9 a1 is who had it" equal "$(at "$a" "$t" inside)" 100.64.0.10
check "files are not for everybody" equal "$(find "$WORK/store" -name '*.log' ! -perm 0640)" ""
rc=0
"$LAB" ctl trace "$a/udp" --at 2099-01-01T00:00:00Z 2>"$WORK/future" || rc=$?
check "a time to come is refused" equal "$rc" 1
check "with the reason" grep -q "still to come" "$WORK/future"
finish
