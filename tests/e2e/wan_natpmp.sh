#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# No NAT-PMP or PCP packet from the WAN is ever answered, acted upon or let in, whatever it looks
# like (JVNVU#99291862, VU#184540, R7-2014-17; RFC 6886 section 3.3).
# e2e: takes 20 s
. "$(dirname "$0")/_lib.sh"

frames wan_natpmp
