#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 100 000 mappings made by real packets: all answered, all visible, all gone on time, and whatever
# they took is given back.
# e2e: alone
. "$(dirname "$0")/_lib.sh"

# The lab's configuration, but that freed ports rest a second only: the test sees them come back.
config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	printf 'timeouts: {icmp_s: 60, port_rest_s: 1}\n' >>"$WORK/config/tenants/a.yaml"
}

lab_config_restore() {
	ip -n cgn-a1 route delete local 100.64.4.0/22 dev eth0 2>/dev/null
	"$LAB" restart --config "$before" >/dev/null
}

before=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
# Subscribers 100.64.4.0 to 100.64.7.255 are all at home in a1, which answers ARP for them.
ip -n cgn-a1 route add local 100.64.4.0/22 dev eth0
check "the daemon starts with the configuration of the test" "$LAB" restart --config "$WORK/config"
rc=0
/usr/bin/python3 "$E2E/_hundred_thousand.py" || rc=1
E2E_FAILED=$((E2E_FAILED | rc))
finish
