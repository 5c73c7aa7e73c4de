#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A tenant with two attachments, the second with a gateway of RFC 1918, the only kind that Apple's and
# Tailscale's clients ask: its subscribers are answered from that address, and nobody is answered by
# the service address of the other attachment.
# e2e: takes 25 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

PRIVATE=10.64.0.1 # b1's gateway here
SHARED=100.64.0.1 # a1's

# Tenant b gives its VLAN to tenant a, which has one pool for both attachments.
config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	sed -i 's/^tenants:.*/tenants: [tenants\/a.yaml]/' "$WORK/config/cgnat.yaml"
	sed -i "s/^pool:/  - port: trunk\n    vlan: 102\n    address: $PRIVATE\/16\n    subscribers:\n      - {prefix: 10.64.0.0\/16}\n    binding: access\n&/" \
		"$WORK/config/tenants/a.yaml"
}

b1_moves() {
	ip -n cgn-b1 address flush dev eth0
	ip -n cgn-b1 address add 10.64.0.10/16 dev eth0
	ip -n cgn-b1 route add default via "$PRIVATE"
}

b1_returns() {
	ip -n cgn-b1 address flush dev eth0
	ip -n cgn-b1 address add 100.64.0.10/16 dev eth0
	ip -n cgn-b1 route add default via "$SHARED"
}

# capture HOST: what comes to it from NAT-PMP's and PCP's port.
capture() {
	begin "$1" tcpdump -l -n -Q in -i eth0 'udp src port 5351' >"$WORK/$1.dump" 2>"$WORK/$1.tcpdump"
	wait_for 5 grep -q 'listening on' "$WORK/$1.tcpdump" || true
}

heard_announcement() {
	grep -q "IP $2.5351 > 224.0.0.1.5350: UDP, length 24" "$WORK/$1.dump"
}

# heard_others HOST GATEWAY: what came from another address than that.
heard_others() {
	grep -v "IP $2.5351 > " "$WORK/$1.dump" || true
}

# silent HOST GATEWAY: neither NAT-PMP nor PCP is answered by it.
silent() {
	! "in_$1" timeout 2 natpmpc -g "$2" | grep 'Public IP address' || return 1
	! "in_$1" /usr/bin/python3 "$E2E/_pcp.py" "$2" map udp 9010 300 2>"$WORK/silent" || return 1
	grep 'no answer' "$WORK/silent"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(b1_returns lab_config_restore)
b1_moves
capture a1
capture b1
check "the daemon starts with two attachments of one tenant" "$LAB" restart --config "$WORK/config"
check "b1 reaches the Internet" wait_for 10 pings cgn-b1 192.0.2.1
check "b1 hears the announcement of $PRIVATE" wait_for 10 heard_announcement b1 "$PRIVATE"
check "a1 hears that of $SHARED" wait_for 10 heard_announcement a1 "$SHARED"

# Without -g it asks the default gateway.
said=$(in_b1 timeout 5 natpmpc -a 9000 9000 udp 300 2>&1 || true)
address=$(sed -n 's/^Public IP address : //p' <<<"$said")
check "natpmpc in b1 is told a pool address by its default gateway" \
	matches "$address" '^203\.0\.113\.(1[6-9]|2[0-9]|3[01])$'
outside=$(explicit OUTSIDE "a udp 10.64.0.10:9000")
check "it maps a UDP port there" matches "$outside" "^$address:"
begin b1 /usr/bin/python3 "$E2E/_udp.py" serve 10.64.0.10 9000 >"$WORK/ready"
wait_for 5 grep -q ready "$WORK/ready"
check "which the Internet reaches" in_wan /usr/bin/python3 "$E2E/_udp.py" ask "$address" "${outside#*:}" 3
said=$(in_b1 /usr/bin/python3 "$E2E/_pcp.py" "$PRIVATE" map tcp 9001 300 || true)
check "PCP maps a TCP port" matches "$said" "^result 0 life 300 .* address $address port "

torrent file
begin b1 /usr/bin/python3 "$E2E/_bittorrent.py" seed "$WORK/file.torrent" "$WORK/seed" 6881 \
	>"$WORK/seed.said" 2>&1
check "libtorrent in b1 maps its ports" wait_for 10 is_mapped "a udp 10.64.0.10:6881"
check "a peer in the Internet downloads from it" fetches file \
	"$(explicit OUTSIDE "a tcp 10.64.0.10:6881")" tcp

said=$(in_a1 timeout 5 natpmpc -a 9000 9000 udp 300 2>&1 || true)
check "a1 is served by its own gateway" matches "$said" 'Mapped public port [1-9]'

explicits=$("$LAB" ctl explicit | awk '{print $1, $2, $3, $4, $5}')
before=$(fate natpmp_external)
check "b1 is not answered by $SHARED" silent b1 "$SHARED"
check "a1 is not answered by $PRIVATE" silent a1 "$PRIVATE"
check "which is counted" test "$(fate natpmp_external)" -ge $((before + 8))
check "and maps nothing" equal "$("$LAB" ctl explicit | awk '{print $1, $2, $3, $4, $5}')" "$explicits"
check "all that b1 heard came from $PRIVATE" equal "$(heard_others b1 "$PRIVATE")" ''
check "all that a1 heard came from $SHARED" equal "$(heard_others a1 "$SHARED")" ''
finish
