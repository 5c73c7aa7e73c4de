#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Syncthing (go-nat-pmp, as in other programs in Go) opens its TCP port, is reached there also after the
# daemon crashed, and renews it. It deletes nothing when it stops.
# e2e: takes 80 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

MAPPING='a tcp 100.64.0.11:22000'
HOME_DIR=$WORK/syncthing
LIFETIME_S=120 # Syncthing can be told no less and still renew it; it does so every minute

# Alone with its gateway: no servers that help it to find others, and nobody whom it reports to.
syncthing_configure() {
	in_a2 syncthing generate --home "$HOME_DIR" --no-default-folder
	sed -i 's#<listenAddress>.*</listenAddress>#<listenAddress>tcp4://0.0.0.0:22000</listenAddress>#
		s#<\(globalAnnounceEnabled\|localAnnounceEnabled\|relaysEnabled\|crashReportingEnabled\)>true#<\1>false#
		s#<urAccepted>0#<urAccepted>-1#
		s#<natLeaseMinutes>60#<natLeaseMinutes>2#
		s#<natTimeoutSeconds>10#<natTimeoutSeconds>3#
		s#<natRenewalMinutes>30#<natRenewalMinutes>1#' "$HOME_DIR/config.xml"
	grep -c '<natLeaseMinutes>2<' "$HOME_DIR/config.xml"
}

# reaches_it ADDRESS:PORT: a host of the Internet is shown the certificate of this very Syncthing.
reaches_it() {
	local shown

	shown=$(in_wan timeout 10 /usr/bin/python3 -c "import ssl, sys
print(ssl.get_server_certificate((sys.argv[1], int(sys.argv[2])), timeout=5).strip())" \
		"${1%:*}" "${1#*:}") || return 1
	equal "$shown" "$(<"$HOME_DIR/cert.pem")"
}

left_at_least() {
	local left

	left=$(explicit LEFT_S "$2")
	((${left:--1} >= $1)) || { echo "$left s left"; return 1; }
}

check "Syncthing is configured" syncthing_configure
begin a2 env HOME="$HOME_DIR" STNOUPGRADE=1 syncthing serve --home "$HOME_DIR" --no-browser \
	--no-restart --gui-address=127.0.0.1:8384 >"$WORK/said" 2>&1
client=$!
check "Syncthing maps its TCP port" wait_for 40 is_mapped "$MAPPING"
outside=$(explicit OUTSIDE "$MAPPING")
check "with NAT-PMP" equal "$(explicit ORIGIN "$MAPPING")" natpmp
check "for its lifetime" left_at_most "$LIFETIME_S" "$MAPPING"
check "it is told the outside port that is listed" wait_for 5 grep -q "external TCP address $outside " \
	"$WORK/said"
check "the Internet reaches it there" reaches_it "$outside"
check "the daemon is killed and starts" crash
check "the Internet reaches it there again" reaches_it "$outside"
check "half of its lifetime passes" wait_for 65 left_at_most $((LIFETIME_S - 50)) "$MAPPING"
check "Syncthing renews it" wait_for 30 left_at_least $((LIFETIME_S - 10)) "$MAPPING"
check "the outside port is the same" equal "$(explicit OUTSIDE "$MAPPING")" "$outside"
check "the Internet reaches it there" reaches_it "$outside"
kill -INT "$client"
wait "$client" || true
check "without Syncthing the mapping is kept for no more than its lifetime" left_at_most "$LIFETIME_S" \
	"$MAPPING"
finish
