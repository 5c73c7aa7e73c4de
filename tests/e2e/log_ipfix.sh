#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The log by IPFIX, as collectors of others read it: mappings and port blocks of a1 and b1, which have the
# same inside address, are what nfdump and pmacct found, and tell the two apart (LOG-01 to LOG-09).
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

config() {
	cp -r "$TOP/config/lab" "$WORK/config"
	cat >>"$WORK/config/cgnat.yaml" <<-'END'
		log:
		  ipfix:
		    collectors:
		      - {address: 127.0.0.1, port: 4739}
		      - {address: 127.0.0.1, port: 4740}
	END
	printf 'log: {mappings: true, vrf: 11}\n' >>"$WORK/config/tenants/a.yaml"
	printf 'log: {mappings: true, vrf: 22}\n' >>"$WORK/config/tenants/b.yaml"
}

# Blocks need elements that pmacct has no name for.
pmacct() {
	printf 'name=first field_type=361 len=2 semantics=u_int\nname=last field_type=362 len=2 semantics=u_int\n' \
		>"$WORK/primitives"
	cat >"$WORK/pmacct.conf" <<-END
		nfacctd_ip: 127.0.0.1
		nfacctd_port: 4740
		plugins: print
		aggregate: src_host, src_port, post_nat_src_host, post_nat_src_port, proto, nat_event, first, last
		aggregate_primitives: $WORK/primitives
		print_output: csv
		print_output_file: $WORK/pmacct.csv
		print_output_file_append: true
		print_refresh_time: 1
	END
	begin box nfacctd -f "$WORK/pmacct.conf" >"$WORK/pmacct.log" 2>&1
}

# nfdump EVENT INSIDE PORT VRF: the outside end of that mapping's records.
nfdump_says() {
	nfdump -q -R "$WORK/nfcapd" -o raw | /usr/bin/python3 "$E2E/_nfdump.py" "$@"
}

# pmacct_says EVENT INSIDE PORT: likewise, address:port,first,last of each.
pmacct_says() {
	awk -F, -v event="$1" -v inside="$2" -v port="$3" '
		$1 == inside && $2 == port && $6 == event {print $4 ":" $5 "," $7 "," $8}' "$WORK/pmacct.csv"
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
config
AT_END+=(lab_config_restore)
in_box ip link set lo up
mkdir "$WORK/nfcapd"
begin box nfcapd -w "$WORK/nfcapd" -b 127.0.0.1 -p 4739 -t 2 >"$WORK/nfcapd.log" 2>&1
pmacct
"$LAB" restart --config "$WORK/config"
a=$(seen a1 40101)
b=$(seen b1 40101)

# nfdump has every file it has begun; pmacct writes once a second.
told() {
	equal "$(nfdump_says 8 100.64.0.10 40101 22)" "$b" && [[ -n $(pmacct_says 8 100.64.0.10 40101) ]]
}

# block_holds ADDRESS:PORT: a block of that address and around the port was leased to 100.64.0.10.
block_holds() {
	pmacct_says 16 100.64.0.10 0 | awk -F'[:,]' -v addr="${1%:*}" -v port="${1#*:}" '
		$1 == addr && $3 <= port && port <= $4 {found = 1} END {exit !found}'
}

check "the records arrive" wait_for 6 told
check "nfdump has a1's outside address and port" equal "$(nfdump_says 8 100.64.0.10 40101 11)" "$a"
check "and b1's, of the same inside address and port, by the tenant's number" \
	equal "$(nfdump_says 8 100.64.0.10 40101 22)" "$b"
check "pmacct has both of them" equal "$(pmacct_says 8 100.64.0.10 40101 | sort)" \
	"$(printf '%s,0,0\n' "$a" "$b" | sort)"
check "the block around a1's port, with both its ends (LOG-08, AMB-10)" block_holds "$a"
check "and around b1's" block_holds "$b"
check "its address was bound first (LOG-05)" equal "$(pmacct_says 14 100.64.0.10 0 | grep -c "^${a%:*}:")" 1
check "every record has a sequence number of its own" \
	equal "$(grep -o 'Sequence Errors: [0-9]*' "$WORK/nfcapd.log" | sort -u)" "Sequence Errors: 0"
finish
