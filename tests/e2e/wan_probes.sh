#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# NAT-PMP and PCP from the WAN in all shapes go unheard also while the daemon stops, is killed and
# starts (JVNVU#99291862, VU#184540, R7-2014-17; RFC 6886 section 3.3).
. "$(dirname "$0")/_lib.sh"

/usr/bin/python3 "$E2E/_wan_probes.py" "$WORK/wan.pcap" || E2E_FAILED=1
finish
