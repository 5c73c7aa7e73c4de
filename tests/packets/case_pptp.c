/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PPTP through the box (RFC 2637): with alg.pptp several clients behind one outside address reach
 * the same server with the call ids that they like; without it nothing is read (TCP-07).
 */
#include <string.h>

#include "explain.h"
#include "pptp_bed.h"
#include "row.h"

static const char on[] = "pool: [203.0.113.16/32]\nalg: {pptp: true}\n";

/* Asks for a call; the id that the server is told, or 0. */
static uint16_t
request(struct pptp_client *c, uint16_t call)
{
	return pptp_says(c, true, OCRQ, call, 1) && CHECK(pptp_word2 == 1) ? pptp_word1 : 0;
}

/* A call that is up; the id that the server is told, or 0. */
static uint16_t
call_up(struct pptp_client *c, uint16_t call, uint16_t pac)
{
	uint16_t id = request(c, call);

	return id != 0 && pptp_says(c, false, OCRP, pac, id) && CHECK(pptp_word1 == pac) &&
			CHECK(pptp_word2 == call)
		? id
		: 0;
}

static struct packet_spec
data(uint32_t src, uint32_t dst, uint16_t call)
{
	static uint8_t gre[] = {0x30, 1, 0x88, 0x0b, 0, 4, 0, 0, 0, 0, 0, 1, 0xff, 3, 0xc0, 0x21};
	struct packet_spec s = packet_udp(src, 1, dst, 1);

	gre[6] = (uint8_t)(call >> 8);
	gre[7] = (uint8_t)call;
	s.proto = GRE;
	s.payload = gre;
	s.payload_len = sizeof(gre);
	return s;
}

/* A data packet comes out as said, with this call id. */
static bool
comes(struct cgn_sim *sim, bool out, struct packet_spec s, uint32_t host, uint16_t call)
{
	static const uint8_t rest[] = {0, 0, 0, 1, 0xff, 3, 0xc0, 0x21};

	cgn_sim_send_spec(sim, out ? SIM_ACCESS : SIM_WAN, &s);
	cgn_sim_run(sim);
	return pptp_receive(sim, out ? SIM_WAN : SIM_ACCESS) && CHECK(pptp_got_len == 36) &&
		CHECK(((uint32_t)pptp_get16(pptp_got + (out ? 12 : 16)) << 16 |
			      pptp_get16(pptp_got + (out ? 14 : 18))) == host) &&
		CHECK(pptp_get16(pptp_got + 26) == call) &&
		CHECK(memcmp(pptp_got + 28, rest, 8) == 0) && CHECK(pptp_got[8] == 63);
}

static bool
ends(struct cgn_sim *sim, uint16_t port, struct packet_spec s, const char *fate)
{
	uint64_t was = cgn_sim_tenant_fate(sim, "a", fate);

	cgn_sim_send_spec(sim, port, &s);
	cgn_sim_run(sim);
	return CHECK(cgn_sim_tenant_fate(sim, "a", fate) == was + 1) &&
		CHECK(cgn_sim_n_waiting(sim, SIM_WAN) + cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
}

/* Both ways. */
static bool
flows(const struct pptp_client *c, uint16_t id, uint16_t call, uint16_t pac)
{
	return comes(c->sim, true, data(c->addr, c->server, pac), POOL, pac) &&
		comes(c->sim, false, data(c->server, POOL, id), c->addr, call);
}

/* The clients and the server's calls have the same numbers, whatever the server is told. */
static bool
equal_call_ids(void)
{
	struct cgn_sim *sim = pptp_create(on, NULL);
	struct pptp_client a1 = pptp_dial(sim, A1, W1), a2 = pptp_dial(sim, A2, W1),
			   other = pptp_dial(sim, A1, W2);
	uint16_t id1 = call_up(&a1, CALL, PAC), id2 = call_up(&a2, CALL, PAC),
		 id3 = call_up(&other, CALL, PAC);
	bool ok = CHECK(id1 != 0 && id2 != 0 && id3 != 0 && id1 != id2) &&
		flows(&a1, id1, CALL, PAC) && flows(&a2, id2, CALL, PAC) &&
		flows(&other, id3, CALL, PAC) && flows(&a1, id1, CALL, PAC);

	ok &= CHECK(cgn_sim_n_mappings(sim) == 5); /* a1 has one for both connections */
	/* A second call of the same connection. */
	id3 = call_up(&a1, CALL + 1, PAC + 1);
	ok &= CHECK(id3 != 0) && flows(&a1, id3, CALL + 1, PAC + 1) && flows(&a1, id1, CALL, PAC);
	/* Of nobody, and of somebody else. */
	ok &= ends(sim, SIM_WAN, data(W1, POOL, (uint16_t)(id1 ^ 0x8000)), "other_proto");
	ok &= ends(sim, SIM_WAN, data(W2, POOL, id2), "other_proto");
	ok &= ends(sim, SIM_ACCESS, data(A1, W1, PAC + 7), "other_proto");
	ok &= ends(sim, SIM_ACCESS, data(A1, POOL, PAC), "other_proto");
	return pptp_end(sim, ok);
}

/* A rule may let other connections share a port, but none that is read: the server's calls are
 * known by the outside end of the connection. */
static bool
shares_no_port(void)
{
	struct cgn_sim *sim = pptp_create(
		"pool: [203.0.113.16/32]\nalg: {pptp: true}\nnat: {rules: [{name: t, protocol: "
		"tcp, "
		"ports: [1-65535], mapping: address_and_port_dependent}]}\n",
		"table: {mappings: 16384, shards: 2, dependent: 100}\n");
	struct pptp_client a1 = pptp_dial(sim, A1, W1);
	uint16_t id = call_up(&a1, CALL, PAC);
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", IPPROTO_TCP, A1, C_PORT);
	bool ok = CHECK(id != 0) && CHECK(m != NULL && !m->dependent) && flows(&a1, id, CALL, PAC);

	return pptp_end(sim, ok);
}

/* What the operator is told about the packet that names the call, and about the call. */
static bool
is_told(const struct pptp_client *c, bool out, uint16_t id, uint16_t pac)
{
	struct cgn_control *control = c->sim->box->control;
	struct cgn_explain e = {.src = out ? c->addr : c->server,
		.dst = out ? c->server : POOL,
		.port = out ? SIM_ACCESS : SIM_WAN,
		.dport = out ? pac : id,
		.proto = CGN_OTHER,
		.ip_proto = GRE,
		.ttl = 64,
		.ip_len = 60};
	char text[CGN_MAPPING_STRLEN], want[CGN_MAPPING_STRLEN];

	cgn_explain_run(control, &e);
	if (!CHECK(e.fate == (out ? CGN_FATE_IN2OUT : CGN_FATE_OUT2IN)) ||
		!CHECK((e.reached & CGN_EXPLAIN_FOUND) != 0))
		return false;
	snprintf(want, sizeof(want), "gre 100.64.0.%u:%u -> 203.0.113.16:%u, to 192.0.2.1",
		c->addr & 255, CALL, id);
	return CHECK(strcmp(cgn_mapping_str(&e.mapping, text), want) == 0);
}

static bool
explained(void)
{
	struct cgn_sim *sim = pptp_create(on, NULL);
	struct pptp_client a1 = pptp_dial(sim, A1, W1), a2 = pptp_dial(sim, A2, W1);
	uint16_t id1 = call_up(&a1, CALL, PAC), id2 = call_up(&a2, CALL, PAC);
	struct cgn_clear clear = {.inside = CGN_NONE};
	bool ok = is_told(&a1, true, id1, PAC) && is_told(&a1, false, id1, PAC) &&
		is_told(&a2, false, id2, PAC) && is_told(&a2, true, id2, PAC);

	clear.tenant = cgn_directory_tenant_find(sim->box->dir, "a");
	while (!clear.is_over)
		cgn_clear_slice(sim->box->control, &clear);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_ACCESS);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0) && CHECK(sim->box->control->algs.n_used == 0);
	ok &= ends(sim, SIM_WAN, data(W1, POOL, id1), "other_proto");
	return pptp_end(sim, ok);
}

static bool
messages(void)
{
	struct cgn_sim *sim = pptp_create(on, NULL);
	struct pptp_client c = pptp_dial(sim, A1, W1);
	uint16_t id = request(&c, CALL), in_id;
	bool ok = CHECK(id != 0);

	/* Asked again, as TCP does, it is the same call. */
	c.seq -= 168;
	ok &= CHECK(request(&c, CALL) == id) && CHECK(cgn_sim_n_mappings(sim) == 2);
	ok &= ends(sim, SIM_ACCESS, data(A1, W1, PAC), "other_proto"); /* no reply yet */
	ok &= comes(sim, false, data(W1, POOL, id), A1, CALL);
	ok &= pptp_says(&c, false, OCRP, PAC, id) && CHECK(pptp_word1 == PAC && pptp_word2 == CALL);
	ok &= flows(&c, id, CALL, PAC);
	ok &= pptp_says(&c, false, WEN, id, 0) && CHECK(pptp_word1 == CALL);
	ok &= pptp_says(&c, false, SLI, id, 0) && CHECK(pptp_word1 == CALL);
	ok &= pptp_says(&c, true, SLI, PAC, 0) && CHECK(pptp_word1 == PAC);
	ok &= pptp_says(&c, false, WEN, (uint16_t)(id + 1), 0) &&
		CHECK(pptp_word1 == (uint16_t)(id + 1));
	/* A call that the server has begun. */
	ok &= pptp_says(&c, true, ICRP, CALL + 1, PAC + 1);
	in_id = pptp_word1;
	ok &= CHECK(in_id != id && in_id != CALL + 1 && pptp_word2 == PAC + 1);
	ok &= pptp_says(&c, false, ICCN, in_id, 0) && CHECK(pptp_word1 == CALL + 1);
	ok &= flows(&c, in_id, CALL + 1, PAC + 1) && CHECK(cgn_sim_n_mappings(sim) == 3);
	/* The first one ends, and its number is used again. */
	ok &= pptp_says(&c, true, CCR, CALL, 0) && CHECK(pptp_word1 == id);
	ok &= pptp_says(&c, false, CDN, PAC, 0) && CHECK(pptp_word1 == PAC);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 2);
	ok &= ends(sim, SIM_WAN, data(W1, POOL, id), "other_proto");
	ok &= ends(sim, SIM_ACCESS, data(A1, W1, PAC), "other_proto");
	ok &= flows(&c, in_id, CALL + 1, PAC + 1);
	id = call_up(&c, CALL, PAC);
	ok &= CHECK(id != 0) && flows(&c, id, CALL, PAC);
	/* Cleared without an answer, the number may be used again as well. */
	ok &= pptp_says(&c, true, CCR, CALL, 0);
	in_id = call_up(&c, CALL, PAC + 2);
	ok &= CHECK(in_id != 0 && in_id != id) && flows(&c, in_id, CALL, PAC + 2);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 3);
	return pptp_end(sim, ok);
}

/* Two messages in one segment, one in two, one with a wrong checksum, one to another port. */
static bool
segments(void)
{
	struct cgn_sim *sim = pptp_create(on, NULL);
	struct pptp_client c = pptp_dial(sim, A1, W1);
	uint8_t text[256];
	uint16_t len = pptp_message(text, 5, 1, 2);
	struct packet_spec s = packet_tcp(A1, C_PORT, W1, PPTP, PSH_ACK);
	bool ok;

	len = (uint16_t)(len + pptp_message(text + len, OCRQ, CALL, 1));
	ok = pptp_send(&c, true, PSH_ACK, text, len) && CHECK(pptp_got_len == 40u + len) &&
		CHECK(memcmp(pptp_got + 40, text, 28) == 0) &&
		CHECK(pptp_get16(pptp_got + 68) != CALL) && CHECK(cgn_sim_n_mappings(sim) == 2);
	c.seq += len;
	len = pptp_message(text, OCRQ, CALL + 1, 1);
	ok &= pptp_send(&c, true, PSH_ACK, text, 100) &&
		CHECK(memcmp(pptp_got + 40, text, 100) == 0);
	s.tcp_seq = c.seq;
	s.payload = text;
	s.payload_len = len;
	s.l4_csum_xor = 1;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	s = packet_tcp(A1, C_PORT, W1, 80, PSH_ACK);
	s.payload = text;
	s.payload_len = len;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok &= pptp_receive(sim, SIM_WAN) && CHECK(memcmp(pptp_got + 40, text, len) == 0);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 2);
	return pptp_end(sim, ok);
}

/* Switched off, nothing goes to control but the first packet. */
static bool
off(void)
{
	struct cgn_sim *sim = pptp_create("pool: [203.0.113.16/32]\n", NULL);
	struct pptp_client c = pptp_dial(sim, A1, W1);
	uint64_t punted = cgn_counter_read(&sim->box->dp.workers[0]->counters.punted);
	bool ok = CHECK(request(&c, CALL) == CALL) && pptp_says(&c, false, OCRP, PAC, CALL) &&
		CHECK(pptp_word1 == PAC && pptp_word2 == CALL) &&
		CHECK(cgn_sim_n_mappings(sim) == 1);

	ok &= CHECK(cgn_counter_read(&sim->box->dp.workers[0]->counters.punted) == punted);
	ok &= ends(sim, SIM_ACCESS, data(A1, W1, PAC), "other_proto");
	ok &= ends(sim, SIM_WAN, data(W1, POOL, CALL), "other_proto");
	return pptp_end(sim, ok);
}

/* Who does not see the connection changes nothing of its calls. */
static bool
forged(void)
{
	struct cgn_sim *sim = pptp_create(on, NULL);
	struct pptp_client c = pptp_dial(sim, A1, W1), blind = c;
	uint16_t id = request(&c, CALL);
	bool ok = CHECK(id != 0);

	blind.ack = c.ack + 0x40000000;
	blind.seq = c.seq;
	ok &= pptp_says(&blind, false, OCRP, PAC + 1, id);
	ok &= ends(sim, SIM_ACCESS, data(A1, W1, PAC + 1), "other_proto");
	/* That the client has acknowledged it is not said again: its next one counts. */
	ok &= pptp_send(&c, true, ACK, NULL, 0);
	ok &= pptp_says(&c, false, OCRP, PAC, id) && flows(&c, id, CALL, PAC);
	blind.ack = c.ack + 0x40000000;
	blind.seq = c.seq;
	ok &= pptp_send(&c, true, ACK, NULL, 0);
	{
		uint8_t text[256];
		uint16_t len = pptp_message(text, CDN, PAC, 0);

		ok &= pptp_send(&blind, false, PSH_ACK, text, len);
	}
	ok &= flows(&c, id, CALL, PAC);
	/* From another address. */
	ok &= ends(sim, SIM_WAN, data(W2, POOL, id), "other_proto");
	return pptp_end(sim, ok);
}

static bool
refused_at(const char *a, const char *box, uint32_t n, const char *fate)
{
	struct cgn_sim *sim = pptp_create(a, box);
	struct pptp_client c = pptp_dial(sim, A1, W1);
	struct packet_spec s = packet_tcp(A1, C_PORT, W1, PPTP, PSH_ACK);
	uint8_t text[256];
	bool ok = true;

	for (uint16_t k = 0; k < n; k++)
		ok &= CHECK(call_up(&c, (uint16_t)(CALL + k), (uint16_t)(PAC + k)) != 0);
	s.payload_len = pptp_message(text, OCRQ, 1, 1);
	s.payload = text;
	s.tcp_seq = c.seq;
	s.tcp_ack = c.ack;
	ok &= ends(sim, SIM_ACCESS, s, fate) && CHECK(cgn_sim_n_mappings(sim) == n + 1);
	if (n > 0) { /* until another one has ended */
		ok &= pptp_says(&c, true, CCR, CALL, 0) && pptp_says(&c, false, CDN, PAC, 0);
		ok &= CHECK(request(&c, 1) != 0);
	}
	return pptp_end(sim, ok);
}

/* As other protocols are; and those of one connection. */
static bool
limits(void)
{
	bool ok = refused_at(
		"pool: [203.0.113.16/32]\nalg: {pptp: true}\nquota: {subscriber: {other: 2}}\n",
		NULL, 2, "quota_subscriber_other");

	ok &= refused_at(on, "table: {mappings: 16384, other_protocols: 1}\n", 1, "table_full");
	ok &= refused_at(on, "table: {mappings: 16384, alg: 0}\n", 0, "alg_calls");
	ok &= refused_at(on, NULL, CGN_PPTP_CALLS, "alg_calls");
	return ok;
}

/* With its connection's mapping, on a reset, when the operator clears, and when it is idle. */
static bool
call_ends(void)
{
	struct cgn_sim *sim = pptp_create(on, NULL);
	struct pptp_client c = pptp_dial(sim, A1, W1);
	uint16_t id = call_up(&c, CALL, PAC);
	struct cgn_errmsg err;
	bool ok = CHECK(id != 0);

	/* A keepalive of the connection is enough. */
	for (int i = 0; i < 15; i++) {
		cgn_sim_elapse_s(sim, 60);
		ok &= pptp_says(&c, true, 5, 1, 2);
	}
	ok &= flows(&c, id, CALL, PAC) && pptp_send(&c, true, RST | ACK, NULL, 0);
	ok &= ends(sim, SIM_WAN, data(W1, POOL, id), "other_proto");
	/* Closed: GRE alone keeps nothing that the mapping of the connection does not. */
	c = pptp_dial(sim, A1, W1);
	id = call_up(&c, CALL, PAC);
	ok &= CHECK(id != 0) && pptp_send(&c, true, ACK | 1, NULL, 0);
	c.seq++;
	ok &= pptp_send(&c, false, ACK | 1, NULL, 0);
	c.ack++;
	ok &= pptp_send(&c, true, ACK, NULL, 0);
	for (int i = 0; i < 4; i++) {
		ok &= flows(&c, id, CALL, PAC);
		cgn_sim_elapse_s(sim, 59);
	}
	cgn_sim_elapse_s(sim, 10);
	ok &= ends(sim, SIM_ACCESS, data(A1, W1, PAC), "other_proto");
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0) && CHECK(sim->box->control->algs.n_used == 0);
	/* Nothing is heard of the client for timeouts.other_s. */
	c = pptp_dial(sim, A1, W1);
	id = call_up(&c, CALL, PAC);
	cgn_sim_elapse_s(sim, 590);
	ok &= CHECK(id != 0) && comes(sim, false, data(W1, POOL, id), A1, CALL);
	cgn_sim_elapse_s(sim, 12);
	ok &= ends(sim, SIM_WAN, data(W1, POOL, id), "other_proto");
	/* Switched off: the connection stays. */
	id = call_up(&c, CALL, PAC);
	ok &= CHECK(id != 0) && CHECK(cgn_sim_n_mappings(sim) == 2);
	ok &= CHECK(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = "pool: [203.0.113.16/32]\n"},
			    &err) == 0);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 1);
	ok &= ends(sim, SIM_WAN, data(W1, POOL, id), "other_proto");
	ok &= pptp_says(&c, true, 5, 1, 2);
	return pptp_end(sim, ok);
}

/* GRE that is nobody's call goes by address, if nat.protocols says so. */
static bool
beside_pairs(void)
{
	struct cgn_sim *sim = pptp_create(
		"pool: [203.0.113.16/32]\nalg: {pptp: true}\nnat: {protocols: [gre]}\n", NULL);
	struct pptp_client a1 = pptp_dial(sim, A1, W1);
	uint16_t id = call_up(&a1, CALL, PAC);
	struct packet_spec s = packet_udp(A2, 1, W1, 1);
	bool ok = CHECK(id != 0);

	s.proto = GRE;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok &= pptp_receive(sim, SIM_WAN) && flows(&a1, id, CALL, PAC);
	s.src = W1;
	s.dst = POOL;
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	ok &= pptp_receive(sim, SIM_ACCESS) && CHECK(pptp_got[19] == 11);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 3);
	return pptp_end(sim, ok);
}

/* An address of one's own has call ids of its own too. */
static bool
own_address(void)
{
	struct cgn_sim *sim = pptp_create(
		"alg: {pptp: true}\n"
		"static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.16}]\n",
		NULL);
	struct pptp_client c = pptp_dial(sim, A1, W1);
	uint16_t id = call_up(&c, CALL, PAC);
	bool ok = CHECK(id != 0) && flows(&c, id, CALL, PAC);

	return pptp_end(sim, ok);
}

const struct row_case row_cases_pptp[] = {
	{"a_connection_that_is_read_shares_no_port", CGN_FATE_NONE, shares_no_port},
	{"two_clients_with_equal_call_ids_reach_one_server", CGN_FATE_OUT2IN, equal_call_ids},
	{"call_ids_of_all_messages_are_translated", CGN_FATE_IN2OUT, messages},
	{"calls_are_explained_listed_and_cleared", CGN_FATE_OTHER_PROTO, explained},
	{"messages_are_read_whole_and_right", CGN_FATE_IN2OUT, segments},
	{"pptp_that_is_off_costs_no_detour", CGN_FATE_OTHER_PROTO, off},
	{"forged_messages_change_no_call", CGN_FATE_OTHER_PROTO, forged},
	{"calls_beyond_the_limits_are_dropped", CGN_FATE_ALG_CALLS, limits},
	{"calls_end_with_their_connection", CGN_FATE_OTHER_PROTO, call_ends},
	{"calls_and_other_gre_live_together", CGN_FATE_OUT2IN, beside_pairs},
	{"calls_of_an_own_address", CGN_FATE_OUT2IN, own_address},
};
const uint32_t row_n_cases_pptp = sizeof(row_cases_pptp) / sizeof(row_cases_pptp[0]);
