#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A scene in steps: tenant a's pool gains an address, has its blocks cut anew, drains an address and loses
# it, tenant c comes and goes, a wrong file is refused. Meanwhile a2, on another address of tenant a, and
# b1 have pings and TCP. It prints a table of what each step was and what was lost in it.
# e2e: takes 40 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_reload.sh"

GAINED=203.0.113.64
FAR=192.0.2.1
STEP_S=2     # of traffic after each step
IPERF_S=40   # longer than all steps; ended by hand
STEPS=()     # rows of the table
IPERF_PIDS=()

# lost HOST: pings up to the last answer that have none.
lost() {
	awk -F'icmp_seq=' 'NF > 1 {n++; if ($2 + 0 > last) last = $2 + 0} END {print last - n}' "$WORK/ping.$1"
}

# step NAME PATTERN: reloads, lets traffic go on, notes what it said and what was lost since the start.
step() {
	local began ended said

	began=$(date +%s%N)
	said=$("$LAB" ctl reload 2>&1) || true
	ended=$(date +%s%N)
	said=$(tail -n 1 <<<"$said")
	check "$1" matches "$said" "$2"
	[[ $2 = *refused* || $2 = *error* ]] || finished
	sleep "$STEP_S"
	STEPS+=("$(printf '%-34s %6s ms  %6s %6s   %s' "$1" $(((ended - began) / 1000000)) "$(lost a2)" \
		"$(lost b1)" "${said:0:60}")")
}

# pool_without ADDRESS: tenant a's, as a list of prefixes.
pool_without() {
	/usr/bin/python3 - "$1" "$GAINED" <<'END'
import ipaddress, sys
gone = ipaddress.ip_network(sys.argv[1])
left = []
for net in (ipaddress.ip_network("203.0.113.16/28"), ipaddress.ip_network(sys.argv[2])):
    left += net.address_exclude(gone) if gone.subnet_of(net) and gone != net else [net] * (gone != net)
print(", ".join(map(str, left)))
END
}

# a_has POOL [LINES]
a_has() {
	tenant a "s|^pool:.*|pool: [$1]|" "${2:-}"
}

tenants() {
	appliance "s|^tenants:.*|tenants: [$1]|"
}

# What the box is set to and who has which port.
box_state() {
	"$LAB" ctl --json tenants | /usr/bin/python3 -c 'import json, sys
for t in json.load(sys.stdin):
    print([(k, v) for k, v in t.items() if k.endswith(("_max", "_min"))], t["tenant"], t["addresses"],
          t["subscribers"], t["block_ports"])'
	"$LAB" ctl pools | awk '{print $1, $2, $3}'
	mappings a
	mappings b
}

# The least interval of iperf3's run until it was ended, and what it sent again.
tcp_report() {
	/usr/bin/python3 - "$WORK/iperf.$1" <<'END'
import json, sys
got = json.load(open(sys.argv[1]))
intervals = [i["sum"] for i in got["intervals"]][:-1]
print(f"TCP: {sum(i['bytes'] for i in intervals) / 1e6:.0f} MB, least in {intervals[0]['seconds']:.0f} s: "
      f"{min(i['bytes'] for i in intervals) / 1e3:.0f} kB, "
      f"{sum(i['retransmits'] for i in intervals)} segments again")
sys.exit(min(i["bytes"] for i in intervals) == 0)
END
}

check "the daemon runs with files of the test" lab_config a ''
for host in a1 a2 b1; do
	wait_for 10 pings "cgn-$host" "$FAR" || true
done
new_pool_route
a1=$(outside_of a1) a2=$(outside_of a2) b1=$(outside_of b1)
going=$a1 # the address that drains and goes; never a2's
[[ $going != "$a2" ]] || going=$GAINED
for host in a2 b1; do
	[[ $host = a2 ]] && port=5301 || port=5302
	begin wan iperf3 -s -1 -p "$port" >/dev/null 2>&1
	wait_for 5 in_wan ss -Hltn "sport = $port" | grep -q . || true
	begin "$host" iperf3 -J -i 1 -c "$FAR" -p "$port" -b 10M -t "$IPERF_S" >"$WORK/iperf.$host"
	IPERF_PIDS+=($!)
	pinging "$host" 0.01
done
sleep 1
mappings b >"$WORK/before.b"

a_has "203.0.113.16/28, $GAINED/32"
step "a gains an address" '1 live, 0 drain, 0 restart: applied'
a_has "203.0.113.16/28, $GAINED/32" 'ports: {block_size: 256}'
step "a's blocks are cut to 256 ports" 'applied'
a_has "203.0.113.16/28, $GAINED/32" "ports: {block_size: 256}
drain: [$going/32]"
step "address $going drains" 'applied'
check "it is shown as draining" bash -c "'$LAB' ctl pools a | grep -E '$going +draining'"
a_has "$(pool_without "$going/32")" 'ports: {block_size: 256}'
step "it is gone" 'applied'
check "a1 gets out, by another address" bash -c "[[ \$(ip netns exec cgn-a1 curl -sS --retry 2 --max-time 5 \
	http://$FAR/ip) != $going ]]"
sed "s/^tenant: b/tenant: c/; s/vlan: 102/vlan: 103/; s|^pool:.*|pool: [203.0.113.80/28]|" \
	"$TOP/config/lab/tenants/b.yaml" >"$WORK/config/tenants/c.yaml"
tenants 'tenants/a.yaml, tenants/b.yaml, tenants/c.yaml'
step "tenant c is added" '[0-9] live, 0 drain, 0 restart: applied'
tenants 'tenants/a.yaml, tenants/b.yaml'
step "tenant c is removed" '[0-9] live, 1 drain, 0 restart: applied'
box_state >"$WORK/state.before"
a_has "203.0.113.32/28" 'ports: {block_size: 256}'
step "a wrong file: b's pool for a" 'error.* nothing has changed'
wrong=$("$LAB" ctl reload 2>&1 || true)
box_state >"$WORK/state.after"
check "the message says where, what and what to do" matches "$wrong" \
	'tenants/[ab].yaml:[0-9]+:[0-9]+: pool.0.: shares 203.0.113.32-203.0.113.47 .* remove it from one pool'
check "settings, pools and mappings are what they were" diff "$WORK/state.before" "$WORK/state.after"

echo "# step                                  reload    a2     b1    it says      (pings lost since the start)"
printf '# %s\n' "${STEPS[@]}"
grep -m1 'pool\[' <<<"$wrong" | sed 's/^/# the message: /'
kill -INT "${IPERF_PIDS[@]}"
wait "${IPERF_PIDS[@]}" || true
check "b's mappings are where they were" all_there "$WORK/before.b" b
check "b1 has the address that it had" equal "$(outside_of b1)" "$b1"
check "a2 has the address that it had" equal "$(outside_of a2)" "$a2"
for host in a2 b1; do
	check "$host has lost no ping" no_loss "$host"
	ping_report "$host"
	check "TCP of $host has never stopped" tcp_report "$host"
	echo "# $host: $(tcp_report "$host" || true)"
done
difference=$("$LAB" ctl --json info | sed -n 's/^ *"difference": \([-0-9]*\).*/\1/p')
check "received = fates + held" equal "$difference" 0
finish
