#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions by RADIUS accounting, with FreeRADIUS's radclient: Start serves an address, Stop ends it, a new
# owner's Start leaves nothing of the old one whose late Stop ends nothing (PMP-31); a wrong secret
# changes nothing; a repeated packet is answered alike; Accounting-On ends all.
# e2e: takes 40 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"
. "$E2E/_radius.sh"

A1=100.64.0.10
DAEMON=${CGN_BUILD:-$TOP/build}/app/cgnatd/cgnatd

unserved() {
	! pings cgn-a1 192.0.2.1
}

sent_twice() {
	in_box /usr/bin/python3 "$E2E/_radius.py" "$SECRET" "$@" >"$WORK/twice"
}

unanswered() {
	! acct "$@"
}

# is_bad PATTERN: cgnatd --check says so of the files of the test.
is_bad() {
	local said

	! said=$("$DAEMON" --check -c "$WORK/config/cgnat.yaml" 2>&1) || return 1
	matches "$said" "$1"
}

# The mappings of tenant a that a1 has.
a1_mappings() {
	mappings a | grep -c " $A1:" || true
}

check "a reload turns sessions and the listener on" radius_on
wait_for 10 pings cgn-a2 192.0.2.1 || true
before=$(fate no_session)
check "without a session a1 is not served" unserved
check "its packets have a fate" test "$(fate no_session)" -gt "$before"
check "a Start is answered" acct Start S1 alice $A1
check "now a1 is served" wait_for 5 pings cgn-a1 192.0.2.1
check "an Interim-Update changes nothing" acct Interim-Update S1 alice $A1
check "it is counted as that" equal "$(counted Interim-Update refreshed)" 1
check "a Stop is answered" acct Stop S1 alice $A1
check "then a1 is not served" unserved
check "and has no mappings" equal "$(a1_mappings)" 0

check "alice has the address again" acct Start S2 alice $A1
check "and a mapping" wait_for 5 pings cgn-a1 192.0.2.1
check "bob's Start takes it over" acct Start S3 bob $A1
check "nothing of alice's is left" equal "$(a1_mappings)" 0
check "alice's late Stop is answered" acct Stop S2 alice $A1
check "and ends nothing" wait_for 5 pings cgn-a1 192.0.2.1
check "each is counted" equal "$(counted Start taken_over) $(counted Stop not_owner)" "1 1"
check "a Start that is older than bob's is stale" acct Start S4 carol $A1 Acct-Delay-Time=60
check "and changes nothing" equal "$(counted Start stale)" 1

TRIES=1 SECRET=wrong
check "a wrong secret gets no answer" unanswered Stop S3 bob $A1
SECRET=testing123 TRIES=3
check "and ends nothing" pings cgn-a1 192.0.2.1
check "it is counted" test "$(counted unread wrong_secret)" -ge 1
check "the log says what to do" grep -q 'wrong_secret tenant=a client=127.0.0.1/32.*compare it' <("$LAB" log)

check "a packet that is sent twice is answered twice" sent_twice S5 dora $A1
check "the answers are the same" equal "$(sort -u "$WORK/twice" | wc -l)" 1
check "the second had no effect" equal "$(counted Start repeated)" 1

check "a Start of an address that is not the tenant's is answered" acct Start S6 eve 192.168.7.7
check "and is no session" equal "$(counted Start not_ours) $(sessions)" "1 1"
check "Accounting-On is answered" request "Acct-Status-Type=Accounting-On"
check "and ends what came by that server" unserved
check "all of it" equal "$(sessions)" 0

echo other-secret >"$WORK/secret"
check "a reload without difference reads the secret again" "$LAB" ctl reload
SECRET=other-secret
check "the new one counts" acct Start S7 frida $A1
check "for a1 too" wait_for 5 pings cgn-a1 192.0.2.1
chmod 644 "$WORK/secret"
check "a secret that everybody can read is refused" is_bad "has mode 0644"
chmod 600 "$WORK/secret"
tenant a "$ONE_ADDRESS"
check "a reload turns the listener off" "$LAB" ctl reload
finished
TRIES=1
check "nothing listens there any more" unanswered Start S8 gina $A1
finish
