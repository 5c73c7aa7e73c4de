#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A whole tenant comes with a VLAN of its own, moves to another VLAN and goes, while the others have
# traffic and notice nothing.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

TAGGER=${CGN_BUILD:-$TOP/build}/tests/lab/cgn-vlan-tagger

# cgn-c1: a subscriber with the same address as a1 and b1, on the trunk.
c1_make() {
	AT_END+=(c1_remove)
	ip netns add cgn-c1
	ip -n cgn-box link add w-c1 type veth peer name eth0 netns cgn-c1
	for end in "cgn-box w-c1" "cgn-c1 eth0"; do
		# shellcheck disable=SC2086
		ip netns exec ${end% *} ethtool -K ${end#* } rx off tx off sg off tso off gso off \
			gro off >/dev/null
		ip -n "${end% *}" link set "${end#* }" up
	done
	ip -n cgn-c1 link set lo up
	ip -n cgn-c1 address add 100.64.0.10/16 dev eth0
	ip -n cgn-c1 route add default via 100.64.0.1
}

c1_remove() {
	ip netns delete cgn-c1
	ip -n cgn-box link delete w-c1 2>/dev/null
}

# c1_tagged VID: the VLAN by which c1 enters from now on.
c1_tagged() {
	if [[ -n ${TAGGER_PID:-} ]]; then
		kill "$TAGGER_PID"
		wait "$TAGGER_PID" || true
	fi
	begin box "$TAGGER" cgn-trunk "w-c1:$1" >"$WORK/tagger"
	TAGGER_PID=$!
	wait_for 5 grep -q ready "$WORK/tagger"
}

# tenant_c VID
tenant_c() {
	sed "s/^tenant: b/tenant: c/; s/vlan: 102/vlan: $1/; s|^pool:.*|pool: [$NEW_POOL]|" \
		"$TOP/config/lab/tenants/b.yaml" >"$WORK/config/tenants/c.yaml"
}

tenants() {
	appliance "s|^tenants:.*|tenants: [$1]|"
}

no_answer() {
	! pings "$@"
}

in_c1_natpmp() {
	ip netns exec cgn-c1 timeout 5 natpmpc -g 100.64.0.1 -a 0 "$1" udp 300
}

check "the daemon runs with files of the test" lab_config a ''
for host in a1 b1; do
	wait_for 10 pings "cgn-$host" 192.0.2.1 || true
done
new_pool_route
c1_make
c1_tagged 103
mappings a >"$WORK/before.a"
pinging a1
pinging b1
check "c1's VLAN is unknown to the box" no_answer cgn-c1 192.0.2.1

tenant_c 103
tenants 'tenants/a.yaml, tenants/b.yaml, tenants/c.yaml'
reloads "tenant c is added" 'live +added +tenants.c:'
check "c1 gets out at once" wait_for 2 pings cgn-c1 192.0.2.1
c1=$(outside_of c1)
check "with an address of its tenant" matches "$c1" '^203\.0\.113\.(6[4-9]|7[0-9])$'
check "c1 has a port by NAT-PMP" in_c1_natpmp 7001
mappings c >"$WORK/before.c"

tenant_c 104
reloads "tenant c moves to another VLAN" 'tenants.c.attachments.trunk:104'
check "c1's old VLAN is unknown now" no_answer cgn-c1 192.0.2.1
c1_tagged 104
check "c1 gets out by the new one" wait_for 2 pings cgn-c1 192.0.2.1
check "its mappings, also the one by NAT-PMP, have moved with it" all_there "$WORK/before.c" c
check "and it has the address that it had" equal "$(outside_of c1)" "$c1"

tenants 'tenants/b.yaml, tenants/c.yaml, tenants/a.yaml'
reloads "the order of the tenants changes nothing" 'in another order'
check "c1 gets out" pings cgn-c1 192.0.2.1

tenants 'tenants/a.yaml, tenants/b.yaml'
reloads "tenant c is taken away" 'drain +removed +tenants.c:'
finished
check "c1 does not get out any more" no_answer cgn-c1 192.0.2.1
check "the box does not know its name" bash -c "! '$LAB' ctl tenant c"
check "nor has a mapping of it" equal "$("$LAB" ctl --json mappings | grep -c "$c1" || true)" 0

tenants 'tenants/a.yaml, tenants/b.yaml, tenants/c.yaml'
reloads "it comes again" 'live +added +tenants.c:'
check "and c1 gets out" wait_for 2 pings cgn-c1 192.0.2.1
check "a's mappings are where they were" all_there "$WORK/before.a" a
for host in a1 b1; do
	check "$host has lost no ping" no_loss "$host"
	ping_report "$host"
done
difference=$("$LAB" ctl --json info | sed -n 's/^ *"difference": \([-0-9]*\).*/\1/p')
check "received = fates + held" equal "$difference" 0
finish
