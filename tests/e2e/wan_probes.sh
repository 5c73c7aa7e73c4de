#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# NAT-PMP and PCP from the WAN in all shapes go unheard also while the daemon stops, is killed, starts and
# reloads, also with another pool (ROOT-6; JVNVU#99291862, VU#184540, R7-2014-17; RFC 6886 section 3.3).
# e2e: takes 60 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

check "the daemon runs with files of the test" lab_config a ''
wait_for 10 pings cgn-a1 192.0.2.1 || true
new_pool_route # where probes go during the reloads too
/usr/bin/python3 "$E2E/_wan_probes.py" "$WORK/wan.pcap" "$WORK/config" || E2E_FAILED=1
finish
