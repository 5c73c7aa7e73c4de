#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The log over TLS (LOG-10): rsyslog by GnuTLS, which wants a certificate of the box, and an end by OpenSSL,
# whose stream of IPFIX tshark decodes, have the mapping that a1's traffic made; a server with a certificate of
# another CA gets nothing, and the daemon says why. The daemon is confined as always.
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"
. "$E2E/_certs.sh"

certs() {
	certs_ca ca
	certs_ca other
	certs_make server ca IP:127.0.0.1
	certs_make box ca DNS:box
	certs_make stranger other IP:127.0.0.1
}

config() {
	local ours="ca_file: $WORK/ca.pem, cert_file: $WORK/box.pem, key_file: $WORK/box.key"

	cp -r "$TOP/config/lab" "$WORK/config"
	cat >>"$WORK/config/cgnat.yaml" <<-END
		log:
		  ipfix:
		    collectors: [{address: 127.0.0.1, protocol: tls, ca_file: $WORK/ca.pem}]
		  syslog:
		    servers:
		      - {address: 127.0.0.1, protocol: tls, $ours}
		      - {address: 127.0.0.1, port: 6515, protocol: tls, $ours}
	END
	printf 'log: {mappings: true}\n' >>"$WORK/config/tenants/a.yaml"
	cat >"$WORK/rsyslog.conf" <<-END
		global(workDirectory="$WORK" defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="$WORK/ca.pem"
			defaultNetstreamDriverCertFile="$WORK/server.pem" defaultNetstreamDriverKeyFile="$WORK/server.key")
		module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
		template(name="parts" type="string" string="%msgid% %structured-data% %msg%\n")
		input(type="imtcp" address="127.0.0.1" port="6514")
		action(type="omfile" file="$WORK/syslog" template="parts")
	END
}

# serves NAME PORT: an end by OpenSSL with that certificate; what it gets is in NAME.out. It would close at the
# end of its input, and a pipe that it holds open itself has none.
serves() {
	# shellcheck disable=SC2016
	begin box sh -c 'exec openssl s_server -quiet -accept "127.0.0.1:$1" -cert "$2.pem" -key "$2.key" <>"$3"' \
		serves "$2" "$WORK/$1" "$WORK/silence" >"$WORK/$1.out" 2>"$WORK/$1.err"
}

has() {
	local word found

	found=$(<"$WORK/syslog")
	for word in "$@"; do
		found=$(grep -F -- "$word" <<<"$found") || { echo "no $word"; tail -n 5 "$WORK/syslog"; return 1; }
	done
}

# tshark_says: "event inside port outside port protocol" of each binding, as tshark reads the stream.
tshark_says() {
	/usr/bin/python3 "$E2E/_ipfix_stream.py" "$WORK/server.out" "$WORK/stream.pcap"
	tshark -r "$WORK/stream.pcap" -Y cflow -T fields -E separator=' ' -E occurrence=a -E aggregator=' ' \
		-e cflow.nat_event -e cflow.srcaddr -e cflow.srcport -e cflow.post_natsource_ipv4_address \
		-e cflow.post_naptsource_transport_port -e cflow.protocol 2>/dev/null
}

tshark_has() {
	tshark_says | grep -q -- "$1" || { tshark_says; return 1; }
}

LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
certs
config
AT_END+=(lab_config_restore)
in_box ip link set lo up
mkfifo "$WORK/silence"
serves server 4740
serves stranger 6515
begin box rsyslogd -n -f "$WORK/rsyslog.conf" -i "$WORK/rsyslog.pid" >"$WORK/rsyslog.log" 2>&1
wait_for 5 test -e "$WORK/rsyslog.pid" || true
"$LAB" restart --config "$WORK/config"
a=$(seen a1 40101)
check "rsyslog has a1's mapping over TLS" wait_for 5 has mapping_made 'inside="100.64.0.10"' \
	'inside_port="40101"' "outside=\"${a%:*}\"" "outside_port=\"${a#*:}\""
check "tshark reads the same in what OpenSSL got" wait_for 5 tshark_has "8 .* 40101 .*${a%:*} ${a#*:} 17\$"
check "a certificate of another CA is refused, with what to do" grep -E \
	'port=6515 protocol=tls: certificate "CN=stranger" of CA "CN=other".*issuer is unknown.*ca_file' \
	/run/cgnat-lab/cgnatd.log
check "and nothing went there" test ! -s "$WORK/stranger.out"
finish
