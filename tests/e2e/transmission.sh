#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Transmission opens its TCP port with NAT-PMP (libnatpmp); a peer in the Internet downloads from
# it, also after the daemon crashed. The port is shut when the client stops, and when it was killed
# and its lifetime is over. Renewal is not waited for: Transmission 3 looks at its mapping every 20
# minutes.
# e2e: takes 75 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

A1='a tcp 100.64.0.10:51413'
B1='b tcp 100.64.0.10:51414'
LIFETIME_S=60 # of tenant b; Transmission asks for an hour

# client HOST PORT: Transmission alone with its gateway, its number in $!.
client() {
	mkdir -p "$WORK/$1"
	cat >"$WORK/$1/settings.json" <<END
{"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "port-forwarding-enabled": true,
"message-level": 3, "rpc-enabled": false}
END
	begin "$1" env HOME="$WORK/$1" transmission-cli -g "$WORK/$1" -w "$WORK/seed" -m -p "$2" \
		"$WORK/file.torrent" >"$WORK/$1.said" 2>&1
}

eight_seconds_later() {
	((SECONDS > mapped + 8))
}

torrent file
check "the daemon starts with the configuration of the test" \
	lab_config b "portctl: {natpmp_max_s: $LIFETIME_S}"
client a1 51413
a1=$!
client b1 51414
b1=$!
# It reads the answer to its first request 8 s after that.
check "Transmission in a1 maps its TCP port" wait_for 20 is_mapped "$A1"
check "with NAT-PMP" equal "$(explicit ORIGIN "$A1")" natpmp
check "Transmission in b1 maps its TCP port" wait_for 20 is_mapped "$B1"
mapped=$SECONDS
a1_at=$(explicit OUTSIDE "$A1") b1_at=$(explicit OUTSIDE "$B1")
echo "# a1: $a1_at, b1: $b1_at"
check "b1's lifetime is that of its tenant" left_at_most "$LIFETIME_S" "$B1"
check "b1's port is open" opens "$b1_at"
check "a peer in the Internet downloads from a1" fetches file "$a1_at" tcp

check "the daemon is killed and starts" crash
check "a1's port is the same" equal "$(explicit OUTSIDE "$A1")" "$a1_at"
check "b1's port is the same" equal "$(explicit OUTSIDE "$B1")" "$b1_at"
check "b1's port is open there" opens "$b1_at"
kill -KILL "$b1"
wait "$b1" 2>/dev/null || true
# Another peer: Transmission turns the first one away while it has not noticed that it went.
check "another peer downloads from a1 there" fetches file "$a1_at" tcp 192.0.2.3

# It asks for nothing within 8 s of its last request, not for the end of its mapping either.
wait_for 10 eight_seconds_later
kill -INT "$a1"
check "stopping Transmission ends its mapping" wait_for 10 is_unmapped "$A1"
check "its port is shut at once" is_shut "$a1_at"
check "b1's mapping goes on without its client" is_mapped "$B1"
check "until its lifetime is over" wait_for $((mapped + LIFETIME_S + 5 - SECONDS)) is_unmapped "$B1"
check "its port is shut" is_shut "$b1_at"
finish
