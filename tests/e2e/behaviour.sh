#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a STUN client finds out about the box (RFC 5780, coturn's turnutils_natdiscovery): the same mapping
# for all destinations whatever the filtering, which is as configured (UDP-01, UDP-09). Two hosts behind the
# strictest filtering reach each other by UDP hole punching, of one tenant and of two. And where ports are
# shared by destination (UPD-04), each mapping lets its remote end in alone.
# e2e: takes 20 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

WAYS=(endpoint_independent address_dependent address_and_port_dependent)
SAID=("Endpoint Independent" "Address Dependent" "Address and Port Dependent")

configure() {
	local tenant

	for tenant in a b; do
		{ cat "$TOP/config/lab/tenants/$tenant.yaml"; echo "nat: {$1}"; } \
			>"$WORK/config/tenants/$tenant.yaml"
	done
}

# discovers WHAT WAY: what natdiscovery says from a1.
discovers() {
	in_a1 timeout 20 turnutils_natdiscovery "$1" 192.0.2.1 >"$WORK/said" 2>&1 || true
	grep -qF "$2" "$WORK/said" || { cat "$WORK/said"; return 1; }
}

# Both ends learn their outside end from the server, exchange it and send to each other until they have heard
# from the other.
punches() {
	local one=$WORK/one.$2 other=$WORK/other.$2

	begin a1 /usr/bin/python3 "$E2E/_punch.py" 192.0.2.1 3478 "$one" "$other"
	local pid=$!
	ip netns exec "cgn-$1" /usr/bin/python3 "$E2E/_punch.py" 192.0.2.1 3478 "$other" "$one" && wait "$pid"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
AT_END+=(lab_config_restore)
begin wan turnserver -n --stun-only --no-cli --no-tls --no-dtls --no-tcp -m 1 -L 192.0.2.1 -L 192.0.2.2 \
	--db "$WORK/turndb" --pidfile "$WORK/turnserver.pid" --log-file "$WORK/turnserver.log" --simple-log \
	>"$WORK/turnserver.out" 2>&1
cp -r "$TOP/config/lab" "$WORK/config"
sed -i 's/^table: {/table: {contacts: 1000, dependent: 1000, /' "$WORK/config/cgnat.yaml"
configure "filtering: ${WAYS[0]}"
check "the daemon starts with room for contacts" "$LAB" restart --config "$WORK/config"
wait_for 10 pings cgn-a1 192.0.2.1
wait_for 5 in_wan bash -c "ss -Hlun | grep -q 192.0.2.2:3479"

for i in "${!WAYS[@]}"; do
	configure "filtering: ${WAYS[i]}"
	check "a reload brings ${WAYS[i]} filtering" "$LAB" ctl reload
	check "STUN finds endpoint-independent mapping then" discovers -m "NAT with Endpoint Independent Mapping"
	check "and ${WAYS[i]} filtering" discovers -f "NAT with ${SAID[i]} Filtering"
done
check "a1 and a2 punch holes to each other" punches a2 a2
check "a1 and b1, of another tenant, too" punches b1 b1
check "and the filter was in their way" test "$(fate no_contact)" -gt 0

configure "rules: [{name: stun, protocol: udp, ports: [3478-3479], mapping: address_and_port_dependent}]"
check "a reload brings ports that are shared by destination" "$LAB" ctl reload
check "STUN finds that only the remote end may send" discovers -f "NAT with ${SAID[2]} Filtering"
check "and answers that come by mappings of three remote ends" discovers -m Mapping
"$LAB" ctl info >"$WORK/info"
count() { sed -n "s/^$1  *\([0-9]*\).*/\1/p" "$WORK/info"; }
check "fewer ports are shared than there are mappings" test "$(count shared_ports)" -lt "$(count dependent)"
finish
