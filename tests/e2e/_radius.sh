# SPDX-License-Identifier: BSD-3-Clause
# What the tests of RADIUS accounting share. Sourced after _lib.sh and _reload.sh. Of tenant a, a1 and
# 100.64.16.0/20 are served while they have a session; a2 always is.
# shellcheck shell=bash

SECRET=testing123
ONE_ADDRESS='s|^      - {prefix: 100.64.0.0/16}|      - {prefix: 100.64.0.10/32, sessions: true}\n      - {prefix: 100.64.0.11/32}\n      - {prefix: 100.64.16.0/20, sessions: true}|'

# radius_on: the daemon has the lab's files, and by a reload sessions and a listener.
radius_on() {
	ip -n cgn-box link set lo up
	lab_config a ''
	(umask 077; echo "$SECRET" >"$WORK/secret")
	tenant a "$ONE_ADDRESS" "radius:
  listen: 127.0.0.1
  secret_file: $WORK/secret
  clients: [127.0.0.1/32]"
	"$LAB" ctl reload && finished
}

# request ATTRIBUTES: what radclient says of one request; fails without a right answer.
request() {
	in_box radclient -x -r "${TRIES:-3}" -t 2 127.0.0.1:1813 acct "$SECRET" \
		<<<"NAS-IP-Address=192.0.2.65,$1" 2>&1 | tee "$WORK/radclient"
	grep -q '^Received Accounting-Response' "$WORK/radclient"
}

# acct STATUS SESSION USER ADDRESS [ATTRIBUTES]
acct() {
	request "Acct-Status-Type=$1,Acct-Session-Id=\"$2\",User-Name=\"$3\",Framed-IP-Address=$4${5:+,$5}"
}

# counted KIND RESULT: requests of tenant a that ended so.
counted() {
	"$LAB" ctl --json radius a | /usr/bin/python3 -c 'import json, sys
said = json.load(sys.stdin)
print(sum(r["requests"] for r in said["requests"] if (r["kind"], r["result"]) == tuple(sys.argv[1:])))' "$1" "$2"
}

sessions() {
	"$LAB" ctl --json radius | /usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["sessions"])'
}
