/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FTP through the box: with alg.ftp the ends that PORT, EPRT and replies name are those of
 * mappings, and the numbers of the connection follow; without it nothing is touched (UDP-11,
 * TCP-07).
 */
#include <string.h>

#include "row.h"

enum { W1 = SIM_PEER, A1 = SIM_A1, POOL = SIM_POOL_A, SYN = 2, RST = 4, PSH_ACK = 0x18, ACK = 16 };

enum { C_PORT = 6000, C_ISN = 0xfffffff0, S_ISN = 5000, FTP = 21 };

static const char on[] = "pool: [203.0.113.16/32]\nalg: {ftp: true}\n";
static const char port_command[] = "PORT 100,64,0,10,19,137\r\n"; /* 5001 */

static bool
end(struct cgn_sim *sim, bool ok)
{
	ok &= CHECK(cgn_sim_is_sound(sim));
	if (!ok)
		cgn_sim_dump(sim, stderr);
	cgn_sim_destroy(sim);
	return ok;
}

/* A segment as it came out. */
static struct got {
	uint32_t src, dst, seq, ack;
	uint16_t sport, dport;
	char text[256];
	uint8_t opts[40];
	uint32_t n_opts;
} got;

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The next frame of the port, with right lengths and checksums. */
static bool
receive(struct cgn_sim *sim, uint16_t port)
{
	static struct cgn_sim_frame f;
	const uint8_t *ip = f.bytes + 14, *tcp = ip + 20;
	uint32_t len, headers;

	if (!CHECK(cgn_sim_receive(sim, port, &f)) || !CHECK(packet_l4_csum_is_right(ip)))
		return false;
	len = (uint32_t)(ip[2] << 8 | ip[3]);
	headers = 20 + (uint32_t)(tcp[12] >> 4) * 4;
	memset(&got, 0, sizeof(got));
	got.src = get32(ip + 12);
	got.dst = get32(ip + 16);
	got.sport = (uint16_t)(tcp[0] << 8 | tcp[1]);
	got.dport = (uint16_t)(tcp[2] << 8 | tcp[3]);
	got.seq = get32(tcp + 4);
	got.ack = get32(tcp + 8);
	got.n_opts = headers - 40;
	memcpy(got.opts, tcp + 20, got.n_opts);
	memcpy(got.text, ip + headers, len - headers);
	return CHECK(f.len == 14 + len);
}

/* From the client, so many bytes behind its first one. */
static bool
client(struct cgn_sim *sim, uint32_t off, const char *text, uint8_t flags)
{
	static const uint8_t opts[] = {2, 4, 5, 0xb4, 1, 4, 2, 1};
	struct packet_spec s = packet_tcp(A1, C_PORT, W1, FTP, flags);

	s.tcp_seq = (uint32_t)C_ISN + off;
	s.tcp_ack = flags & ACK ? S_ISN + 1 : 0;
	s.tcp_opts = opts;
	s.tcp_opts_len = flags & SYN ? sizeof(opts) : 0;
	s.payload = text;
	s.payload_len = (uint16_t)strlen(text);
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	return receive(sim, SIM_WAN);
}

static uint16_t out_port; /* of the control connection */

static bool
server(struct cgn_sim *sim, uint32_t ack)
{
	struct packet_spec s = packet_tcp(W1, FTP, POOL, out_port, ACK);

	s.tcp_seq = S_ISN + 1;
	s.tcp_ack = (uint32_t)C_ISN + ack;
	s.payload_len = 0;
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	return receive(sim, SIM_ACCESS);
}

static struct cgn_sim *
open_connection(const char *a, const char *box)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a, .box = box});

	cgn_sim_elapse_s(sim, 130);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	client(sim, 0, "", SYN);
	out_port = got.sport;
	return sim;
}

/* Where PORT's text leads now. */
static uint16_t
named_port(void)
{
	unsigned int high = 0, low = 0;

	if (!CHECK(sscanf(got.text, "PORT 203,0,113,16,%u,%u\r\n", &high, &low) == 2))
		return 0;
	return (uint16_t)(high << 8 | low);
}

static bool
data_arrives(struct cgn_sim *sim, uint16_t port)
{
	struct packet_spec s = packet_tcp(W1, 20, POOL, port, SYN);

	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	return receive(sim, SIM_ACCESS) && CHECK(got.dst == A1) && CHECK(got.dport == 5001);
}

static bool
active(void)
{
	struct cgn_sim *sim = open_connection(on, NULL);
	const uint32_t len = sizeof(port_command) - 1;
	uint32_t longer;
	uint16_t port;
	char first[256];
	bool ok = CHECK(got.seq == (uint32_t)C_ISN) && CHECK(got.n_opts == 8) &&
		CHECK(memcmp(got.opts, (uint8_t[]){2, 4, 5, 0xb4, 1, 1, 1, 1}, 8) == 0);

	ok &= client(sim, 1, "USER x\r\n", PSH_ACK) && CHECK(strcmp(got.text, "USER x\r\n") == 0);
	ok &= client(sim, 9, port_command, PSH_ACK) && CHECK(got.seq == (uint32_t)C_ISN + 9);
	port = named_port();
	longer = (uint32_t)strlen(got.text) - len;
	memcpy(first, got.text, sizeof(first));
	ok &= CHECK(cgn_sim_n_mappings(sim) == 2) && data_arrives(sim, port);
	/* Acknowledged in part, and as a whole. */
	ok &= server(sim, 9) && CHECK(got.ack == (uint32_t)C_ISN + 9);
	ok &= server(sim, 9 + 7) && CHECK(got.ack == (uint32_t)C_ISN + 9 + 5);
	ok &= server(sim, 9 + len + longer) && CHECK(got.ack == (uint32_t)C_ISN + 9 + len);
	/* Again, alone and with what follows; then more. */
	ok &= client(sim, 9, port_command, PSH_ACK) && CHECK(strcmp(got.text, first) == 0);
	ok &= client(sim, 1, "USER x\r\nPORT 100,64,0,10,19,137\r\n", PSH_ACK) &&
		CHECK(strncmp(got.text, "USER x\r\n", 8) == 0) &&
		CHECK(strcmp(got.text + 8, first) == 0) && CHECK(got.seq == (uint32_t)C_ISN + 1);
	ok &= client(sim, 9 + len, "RETR y\r\n", PSH_ACK) &&
		CHECK(strcmp(got.text, "RETR y\r\n") == 0) &&
		CHECK(got.seq == (uint32_t)C_ISN + 9 + len + longer);
	ok &= client(sim, 9 + len + 8, "", ACK) &&
		CHECK(got.seq == (uint32_t)C_ISN + 9 + len + longer + 8);
	ok &= server(sim, 9 + len + longer + 8) && CHECK(got.ack == (uint32_t)C_ISN + 9 + len + 8);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 2);
	ok &= CHECK(sim->box->control->algs.n_used == 1);
	cgn_sim_elapse_s(sim, 9000);
	ok &= CHECK(sim->box->control->algs.n_used == 0);
	return end(sim, ok);
}

static bool
is_untouched(const char *a, const char *box, const char *text)
{
	struct cgn_sim *sim = open_connection(a, box);
	bool ok = client(sim, 1, text, PSH_ACK) && CHECK(strcmp(got.text, text) == 0) &&
		CHECK(got.seq == (uint32_t)C_ISN + 1) && CHECK(cgn_sim_n_mappings(sim) == 1);

	ok &= CHECK(sim->box->control->algs.n_used == 0);
	return end(sim, ok);
}

/* Switched off, of somebody else (bounce), a port of the system, in two segments, beyond quotas. */
static bool
untouched(void)
{
	bool ok = is_untouched("pool: [203.0.113.16/32]\n", NULL, port_command);

	ok &= is_untouched(on, NULL, "PORT 100,64,0,11,19,137\r\n");
	ok &= is_untouched(on, NULL, "PORT 192,0,2,1,19,137\r\n");
	ok &= is_untouched(on, NULL, "EPRT |1|100.64.0.11|5001|\r\n");
	ok &= is_untouched(on, NULL, "PORT 100,64,0,10,0,25\r\n");
	ok &= is_untouched(on, NULL, "PORT 100,64,0,10,19");
	ok &= is_untouched(on, NULL, "227 Entering Passive Mode (100,64,0,10,19,137)\r\n");
	ok &= is_untouched("pool: [203.0.113.16/32]\nalg: {ftp: true}\n"
			   "quota: {subscriber: {tcp: 1}}\n",
		NULL, port_command);
	return ok;
}

/* With the table of connections full the mapping is made, and the text stays. */
static bool
table_full(void)
{
	struct cgn_sim *sim = open_connection(on, "table: {mappings: 16384, alg: 0}\n");
	bool ok = client(sim, 1, port_command, PSH_ACK) &&
		CHECK(strcmp(got.text, port_command) == 0);

	return end(sim, ok);
}

/* Connections of a1 to so many servers; how many of them are edited. */
static uint32_t
n_edited(struct cgn_sim *sim, uint32_t n)
{
	uint32_t edited = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_tcp(A1, C_PORT, W1 + i, FTP, SYN);

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
		cgn_sim_flush(sim, SIM_WAN);
		s.tcp_flags = PSH_ACK;
		s.tcp_seq = 1;
		s.payload = port_command;
		s.payload_len = sizeof(port_command) - 1;
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
		if (!receive(sim, SIM_WAN))
			return 0;
		edited += strcmp(got.text, port_command) != 0;
	}
	return edited;
}

/* Records are shared: nobody takes all of them, and they come back when the mapping ends. */
static bool
shares(void)
{
	static const struct {
		const char *box;
		uint32_t n;
	} limits[] = {{"table: {mappings: 16384, alg: 8}\n", 4}, /* of a tenant: half */
		{"table: {mappings: 16384, alg: 1024}\n", CGN_ALG_OF_SUBSCRIBER}};
	bool all = true;

	for (int k = 0; k < 2; k++) {
		struct cgn_sim *sim = open_connection(on, limits[k].box);
		bool ok = CHECK(n_edited(sim, limits[k].n + 3) == limits[k].n) &&
			CHECK(sim->box->control->algs.n_used == limits[k].n);

		cgn_sim_elapse_s(sim, 7500);
		ok &= CHECK(sim->box->control->algs.n_used == 0);
		all &= end(sim, ok);
	}
	return all;
}

/* Those that have been closed for 4 minutes make room, though the mapping lives on. */
static bool
closed_make_room(void)
{
	struct cgn_sim *sim = open_connection(on, "table: {mappings: 16384, alg: 8}\n");
	bool ok = CHECK(n_edited(sim, 5) == 4);

	for (uint32_t i = 0; i < 5; i++) {
		struct packet_spec s = packet_tcp(A1, C_PORT, W1 + i, FTP, RST | ACK);

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	}
	for (uint32_t i = 0; i < 241; i += 60) {
		struct packet_spec s = packet_tcp(A1, C_PORT, W1, 80, SYN);

		ok &= CHECK(sim->box->control->algs.n_used == 4);
		cgn_sim_elapse_s(sim, 60);
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
	}
	cgn_sim_flush(sim, SIM_WAN);
	ok &= CHECK(n_edited(sim, 1) == 1) && CHECK(sim->box->control->algs.n_used == 1);
	return end(sim, ok);
}

/* A part of a text that was replaced cannot be sent again as it is; the rest of it can. */
static bool
split(void)
{
	struct cgn_sim *sim = open_connection(on, NULL);
	struct packet_spec s = packet_tcp(A1, C_PORT, W1, FTP, PSH_ACK);
	bool ok = client(sim, 1, port_command, PSH_ACK);

	s.tcp_seq = (uint32_t)C_ISN + 1;
	s.payload = port_command;
	s.payload_len = 12;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	s.l4_csum_xor = 1;
	s.payload_len = sizeof(port_command) - 1;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "alg_split") == 2);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	/* The next connection of the same ends begins anew. */
	ok &= client(sim, 0, "", SYN) && CHECK(sim->box->control->algs.n_used == 0);
	ok &= client(sim, 100, "NOOP\r\n", PSH_ACK) && CHECK(got.seq == (uint32_t)C_ISN + 100);
	return end(sim, ok);
}

/* The server comes from a port that the client has not sent to: strict filtering is no obstacle, be
 * the mapping new, or of a port that the client has used before. */
static bool
open_to_the_server(bool is_used)
{
	static const char strict[] = "pool: [203.0.113.16/32]\nalg: {ftp: true}\n"
				     "nat: {filtering: address_and_port_dependent}\n";
	struct cgn_sim *sim = open_connection(strict, "table: {mappings: 16384, contacts: 100}\n");
	struct packet_spec s = packet_tcp(A1, 5001, W1, 80, SYN);
	bool ok = true;

	if (is_used) {
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
		ok = receive(sim, SIM_WAN);
		s = packet_tcp(W1, 20, POOL, got.sport, SYN);
		cgn_sim_send_spec(sim, SIM_WAN, &s);
		cgn_sim_run(sim);
		ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "no_contact") == 1);
	}
	ok &= client(sim, 1, port_command, PSH_ACK) && data_arrives(sim, named_port());
	return end(sim, ok);
}

static bool
filtered(void)
{
	bool ok = open_to_the_server(false);

	return open_to_the_server(true) && ok;
}

/* A server inside, reached by a port forward. */
static bool
passive(void)
{
	struct cgn_sim *sim = open_connection(
		"pool: [203.0.113.16/32]\nalg: {ftp: true}\n"
		"static: [{protocol: tcp, inside: 100.64.0.10, inside_port: 21, "
		"outside: 203.0.113.16, outside_port: 2121}]\n",
		NULL);
	static const char reply[] = "227 Entering Passive Mode (100,64,0,10,19,137).\r\n";
	struct packet_spec s = packet_tcp(W1, 3000, POOL, 2121, SYN);
	unsigned int high, low;
	bool ok;

	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	ok = receive(sim, SIM_ACCESS) && CHECK(got.dport == FTP);
	s = packet_tcp(A1, FTP, W1, 3000, PSH_ACK);
	s.tcp_seq = 1;
	s.payload = reply;
	s.payload_len = sizeof(reply) - 1;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok &= receive(sim, SIM_WAN);
	ok &= CHECK(sscanf(got.text, "227 Entering Passive Mode (203,0,113,16,%u,%u).\r\n", &high,
			    &low) == 2);
	ok &= data_arrives(sim, (uint16_t)(high << 8 | low));
	return end(sim, ok);
}

const struct row_case row_cases_alg[] = {
	{"ftp_data_of_an_active_client_arrives", CGN_FATE_IN2OUT, active},
	{"ftp_data_of_a_passive_server_arrives", CGN_FATE_OUT2IN, passive},
	{"ftp_data_passes_strict_filtering", CGN_FATE_OUT2IN, filtered},
	{"ftp_texts_are_left_alone", CGN_FATE_IN2OUT, untouched},
	{"ftp_beyond_the_table_is_left_alone", CGN_FATE_IN2OUT, table_full},
	{"ftp_connections_are_shared_out", CGN_FATE_IN2OUT, shares},
	{"ftp_connections_that_are_closed_make_room", CGN_FATE_IN2OUT, closed_make_room},
	{"a_part_of_a_replaced_text_is_dropped", CGN_FATE_ALG_SPLIT, split},
};
const uint32_t row_n_cases_alg = sizeof(row_cases_alg) / sizeof(row_cases_alg[0]);
