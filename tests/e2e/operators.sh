#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Who may use the telemetry socket, and what is recorded of whom: owner and root, the members of
# telemetry.group, nobody else. Acts by telemetry and by signal have the user that the kernel names,
# and beside it what the client claims.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

PUBLIC=/run/cgn-e2e-operators # the directories of the build need not be everybody's
SOCKET=/run/cgnat-lab/dpdk/cgnatd-lab/dpdk_telemetry.v2
GROUP=daemon
NOBODY=65534

public_remove() {
	rm -rf "$PUBLIC"
}

# as UID GROUPS cgnatctl WORDS: somebody without any capability.
as() {
	local uid=$1 groups=$2

	shift 3
	setpriv --reuid "$uid" --regid "$uid" "$groups" --inh-caps=-all \
		"$PUBLIC/cgnatctl" --socket "$SOCKET" "$@"
}

member() {
	as "$NOBODY" "--groups=$(getent group "$GROUP" | cut -d: -f3)" cgnatctl "$@"
}

stranger() {
	as "$NOBODY" --clear-groups cgnatctl "$@"
}

refused() {
	! "$@"
}

# newest FIELD: of the newest event.
newest() {
	"$LAB" ctl --json --limit 1 events | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0][sys.argv[1]])' "$1"
}

install -D -m 755 "${CGN_BUILD:-$TOP/build}/app/cgnatctl/cgnatctl" "$PUBLIC/cgnatctl"
chmod 755 "$PUBLIC"
AT_END+=(public_remove)
add=(map add a tcp 100.64.9.9:443 203.0.113.17:8443)

check "the daemon runs with the lab's files" lab_config a ''
check "by default a user may not even ask" refused stranger info
check "nor a member of some group" refused member info
check "root may" "$PUBLIC/cgnatctl" --socket "$SOCKET" info

printf 'telemetry: {group: %s}\n' "$GROUP" >>"$WORK/config/cgnat.yaml"
check "the daemon runs with telemetry.group" "$LAB" restart --config "$WORK/config"
check "a stranger may not ask" refused stranger info
check "and may not change anything" refused stranger "${add[@]}"
check "a member of the group may ask" member info
check "and make a mapping" member "${add[@]}"
check "which is recorded as done by the member's user" matches "$(newest by)" "^uid=$NOBODY pid=[0-9]+$"
check "with what was asked" equal "$(newest details)" \
	'tenant=a proto=tcp inside=100.64.9.9:443 outside=203.0.113.17:8443'
check "and what the client claims beside it" equal "$(newest claimed)" nobody

SUDO_USER=alice "$LAB" ctl map delete a tcp 100.64.9.9:443 >/dev/null
check "root's act by sudo is root's" matches "$(newest by)" '^uid=0 pid='
check "who claims to be alice" equal "$(newest claimed)" alice
check "a refused act is recorded too" refused "$LAB" ctl map delete a tcp 100.64.9.9:443
check "as refused" equal "$(newest outcome)" refused

# A member's connection that stays open: it cannot be told any more who of the two asks.
setpriv --reuid "$NOBODY" --regid "$NOBODY" --groups="$(getent group "$GROUP" | cut -d: -f3)" \
	/usr/bin/python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.recv(1024)
print("ready", flush=True)
time.sleep(60)' "$SOCKET" >"$WORK/holder" &
holder=$!
check "a member stays connected" wait_for 10 grep -q ready "$WORK/holder"
"$LAB" ctl map clear a 100.64.9.9 >/dev/null
check "with two users connected, an act is nobody's" equal "$(newest by)" uid=unknown
kill "$holder"
wait "$holder" 2>/dev/null || true

printf 'quota: {subscriber: {udp: 777}}\n' >>"$WORK/config/tenants/a.yaml"
kill -HUP "$(daemon_pid)"
reloaded() { matches "$(newest event)" '^reload$'; }
check "SIGHUP reloads" wait_for 10 reloaded
check "by signal" equal "$(newest via)" signal
check "of root" matches "$(newest by)" '^uid=0 pid='
check "one difference" matches "$(newest details)" '^outcome=applied live=1 '
# With sigqueue(3) the sender says itself who it is.
/usr/bin/python3 -c '
import ctypes, signal, sys
sys.exit(ctypes.CDLL(None).sigqueue(int(sys.argv[1]), signal.SIGHUP, None))' "$(daemon_pid)"
nobodys() { equal "$(newest via) $(newest by)" "signal uid=unknown"; }
check "a signal whose sender names himself is nobody's" wait_for 10 nobodys
check "with the claim said to be one" bash -c \
	"'$LAB' log | grep -q 'operator: map_delete .* via=telemetry by uid=0 pid=[0-9]* claimed=alice'"
finish
