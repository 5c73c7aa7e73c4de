#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 5 000 Starts and Stops a second while another subscriber's traffic goes on: nothing of it is lost, every
# request is answered, and no session is left. The delays are printed for people.
# e2e: takes 40 s
# e2e: alone
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"
. "$E2E/_radius.sh"

LOAD=${CGN_BUILD:-$TOP/build}/tests/lab/cgn-radius-load

# median FILE: of ping's times, in ms.
median() {
	sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$1" | sort -n | awk '{t[NR] = $1} END {print t[int((NR + 1) / 2)]}'
}

load() {
	in_box "$LOAD" 127.0.0.1 1813 "$SECRET" 100.64.16.0 "$@" >"$WORK/load" || { cat "$WORK/load"; return 1; }
}

check "a reload turns sessions and the listener on" radius_on
wait_for 10 pings cgn-a2 192.0.2.1 || true
pinging a2 0.01
sleep 3
check "a2's traffic loses nothing before" no_loss a2
echo "# a2 before: median $(median "$WORK/ping.a2") ms"
pinging a2 0.01
check "every Start and Stop is answered, and rightly" load 2500 5000 6
check "a2's traffic loses nothing meanwhile" no_loss a2
echo "# a2 meanwhile: median $(median "$WORK/ping.a2") ms"
echo "# requests: $(cat "$WORK/load")"
check "no session is left" equal "$(sessions)" 0
check "each Start has made one" equal "$(counted Start added)" "$(counted Stop ended)"
finish
