#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A subscriber that floods the box with requests and new flows does not keep another one waiting for
# its answers.
# e2e: alone
. "$(dirname "$0")/_lib.sh"

daemon_afresh() {
	"$LAB" restart >/dev/null
}

AT_END+=(daemon_afresh) # a1's flows would fill its quota for minutes
/usr/bin/python3 "$E2E/_request_latency.py" || E2E_FAILED=1
finish
