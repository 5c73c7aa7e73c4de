#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# While one subscriber floods with new flows, one tenant is out of ports, or one subscriber sweeps
# PCP, the other subscriber and the other tenant lose no packet of what they have, and get every
# new flow; what it costs them is printed.
# e2e: alone
# e2e: takes 60 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

# One address, 63 blocks: one for a2, the rest is what the attack can take.
check "the daemon runs with one outside address for a" lab_config a 'ports: {block_size: 1024, max_blocks: 1}
portctl: {pcp: true}' b 'portctl: {pcp: true}'
sed -i 's|^pool:.*|pool: [203.0.113.16/32]|' "$WORK/config/tenants/a.yaml"
check "the daemon has read it" "$LAB" restart --config "$WORK/config"
/usr/bin/python3 "$E2E/_isolation.py" || E2E_FAILED=1
# The journal would bring what the sweep has asked for into the next test.
check "what was asked for ends" "$LAB" ctl map clear a
finish
