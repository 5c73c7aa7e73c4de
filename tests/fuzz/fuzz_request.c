/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of the whole path of NAT-PMP and PCP requests: an input is a list of datagrams of
 * three subscribers, two of them with the same address in two tenants, with packets of traffic and
 * time in between. The state lives on for some inputs. After each input the law must hold, answers
 * must go to who asked, at most as many as a request may have, and each record must belong to a
 * mapping.
 *
 * A record starts with two bytes, operation and argument:
 *   bits 0..1 of the operation: 0, 1, 2 request of that subscriber, argument bytes of payload
 *   follow, argument above 127: of a PCP request, whose header up to the client address is put in
 *   front; 3: argument even: time passes, argument / 2 seconds, odd: traffic of subscriber 0 from
 *   inside port 80 + argument / 2 % 8
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "explicit.h"
#include "fuzz.h"
#include "sim.h"

const char *__asan_default_options(void);

enum { RESET_EVERY = 200, MAX_RECORDS = 64, PAYLOAD_MAX = 160, CLIENT_END = 24 };

static struct cgn_sim *sim;
static unsigned int n_inputs;

static const struct {
	uint32_t addr;
	uint16_t port, vlan;
} clients[3] = {{SIM_A1, SIM_ACCESS, 0}, {SIM_A2, SIM_ACCESS, 0}, {SIM_B1, SIM_TRUNK, 102}};

static void
must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	cgn_sim_dump(sim, stderr);
	abort();
}

static void
reset(void)
{
	static const char portctl[] = "portctl: {natpmp: true, pcp: true, requests_per_s: 100000, "
				      "burst: 100000}\nquota: {subscriber: {explicit: 40}}\n";

	cgn_sim_eal();
	cgn_sim_destroy(sim);
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.n_mbufs = 2047, .a = portctl, .b = portctl, .c = portctl});
	cgn_sim_elapse_s(sim, 130);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
}

static struct packet_spec
request(unsigned int who, const uint8_t *payload, uint16_t len)
{
	struct packet_spec s = packet_udp(clients[who].addr, 40000, SIM_GATEWAY, 5351);

	s.n_tags = clients[who].vlan != 0;
	s.tags[0] = (struct packet_tag){0x8100, clients[who].vlan};
	s.payload = payload;
	s.payload_len = len;
	return s;
}

/* Answers only to who asked. */
static void
ask(unsigned int who, const uint8_t *payload, uint16_t len)
{
	struct packet_spec s = request(who, payload, len);
	uint16_t other = clients[who].port == SIM_ACCESS ? SIM_TRUNK : SIM_ACCESS;
	uint32_t l2 = s.n_tags != 0 ? 18 : 14;
	struct cgn_sim_frame f;
	uint32_t n = 0;

	cgn_sim_send_spec(sim, clients[who].port, &s);
	cgn_sim_run(sim);
	must(cgn_sim_n_waiting(sim, other) + cgn_sim_n_waiting(sim, SIM_WAN) == 0,
		"an answer elsewhere");
	for (; cgn_sim_receive(sim, clients[who].port, &f); n++) {
		must(f.bytes[l2 + 19] == (uint8_t)s.src && f.bytes[l2 + 22] == 40000 >> 8,
			"the answer is the sender's");
		must(f.len - l2 - 28 <= 1100 && packet_l4_csum_is_right(f.bytes + l2),
			"the answer is sound");
	}
	must(n <= CGN_EXPLICIT_MAX_ANSWERS, "not too many answers");
}

static void
traffic(uint8_t number)
{
	struct packet_spec s = packet_udp(SIM_A1, (uint16_t)(80 + number % 8), SIM_PEER, 53);

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
}

/* Takes one record off the input; returns its length. */
static size_t
record(const uint8_t *p, size_t left)
{
	uint8_t op = p[0], arg = left > 1 ? p[1] : 0, payload[PAYLOAD_MAX] = {2, 1};
	unsigned int who = op & 3;
	size_t n, head = arg > 127 ? CLIENT_END : 0;

	p += left > 1 ? 2 : 1;
	left -= left > 1 ? 2 : 1;
	if (who == 3 && arg % 2 == 0)
		cgn_sim_jump_s(sim, arg / 2);
	if (who == 3 && arg % 2 != 0)
		traffic(arg / 2);
	if (who == 3)
		return 2;
	n = arg & 127u;
	n = n < left ? n : left;
	if (head != 0) { /* opcode and lifetime from the operation's other bits */
		payload[1] = (uint8_t)(op >> 2 & 3);
		payload[6] = op & 0x80 ? 0 : (uint8_t)(op >> 4);
		payload[18] = payload[19] = 0xff;
		for (int i = 0; i < 4; i++)
			payload[20 + i] = (uint8_t)(clients[who].addr >> (24 - 8 * i));
	}
	memcpy(payload + head, p, n);
	ask(who, payload, (uint16_t)(head + n));
	return 2 + n;
}

/* Records of one mapping: its own, and those of more peers of PEER chained to it. */
static uint32_t
chain_length(const struct cgn_explicit_pool *p, uint32_t first)
{
	uint32_t n = 0;

	for (uint32_t r = first; r != 0 && n <= p->capacity; r = p->records[r].next_peer, n++)
		must(p->records[r].mapping == p->records[first].mapping, "a chain has one mapping");
	return n;
}

static void
check_records(void)
{
	const struct cgn_control *c = sim->box->control;
	const struct cgn_explicit_pool *p = &c->explicits;
	uint32_t n = 0, n_chained = 0;

	for (uint32_t t = 0; t < 3; t++)
		n += c->tenants[t].explicit_mappings;
	must(p->n_used == n, "records are counted");
	for (uint32_t i = 1; i <= c->table->capacity; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		if (m->explicit_ref == 0)
			continue;
		must(p->records[m->explicit_ref].mapping == i, "a record and its mapping agree");
		n_chained += chain_length(p, m->explicit_ref);
	}
	must(n_chained == n, "each record has a mapping");
	must(c->filters.n_used <= n, "each filter set has a record");
}

/* The box that lives on is referred to from EAL's memory, where the leak checker does not look. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	if (n_inputs++ % RESET_EVERY == 0)
		reset();
	for (int i = 0; i < MAX_RECORDS && at < size; i++)
		at += record(data + at, size - at);
	cgn_sim_run(sim);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	check_records();
	must(cgn_sim_is_sound(sim), "the box is sound");
	return 0;
}
