/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments that end here: shapes that nobody sends in good faith, first ones that are refused and
 * take the others with them, what waits too long or is too much (ADV-05, ADV-20, PCP-55, UDP-15).
 */
#include <string.h>

#include "case.h"
#include "datagram.h"

enum { UNIT = 1480, MF = PACKET_MF };

static struct datagram sent, got;

static struct cgn_sim *
create(const struct cgn_sim_params *params)
{
	struct cgn_sim *sim = cgn_sim_create(params);
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	return sim;
}

static void
make(struct cgn_sim *sim, uint8_t proto, uint16_t id, uint32_t len)
{
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	if (proto == 6)
		s = packet_tcp(SIM_A1, 5000, SIM_PEER, 80, 0x02);
	s.frag = 0;
	s.id = id;
	datagram_make(&sent, sim, SIM_ACCESS, &s, len);
}

/* Octets off … off+len-1 with these flags, taken at once. */
static void
put(struct cgn_sim *sim, uint32_t off, uint32_t len, uint16_t flags)
{
	datagram_send_as(sim, SIM_ACCESS, &sent, off, len, (uint16_t)(flags | off / 8));
	cgn_sim_run(sim);
}

static bool
is_quiet(struct cgn_sim *sim)
{
	return CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) + cgn_sim_n_waiting(sim, SIM_TRUNK) +
			cgn_sim_n_waiting(sim, SIM_WAN) ==
		0);
}

static uint32_t
n_datagrams(const struct cgn_sim *sim)
{
	return sim->box->workers[0].fragments.n;
}

/* RFC 1858, RFC 3128: the first one too short for its header, and what would write into it. */
static bool
tiny(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	bool ok;

	make(sim, 6, 1, 3000);
	put(sim, 0, 16, MF);
	put(sim, 16, 1000, MF); /* ends like the first */
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_tiny") == 2);
	make(sim, 6, 2, 3000);
	put(sim, 8, 1000, MF);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_tiny") == 3);
	make(sim, 17, 3, 3000);
	put(sim, 0, 0, MF);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_bad") == 1);
	make(sim, 17, 4, 3000);
	put(sim, 0, 8, MF); /* UDP's header is whole */
	put(sim, 8, 8, MF);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "in2out") == 3); /* one opened the flow */
	cgn_sim_flush(sim, SIM_WAN);
	return end(sim, ok && is_quiet(sim));
}

static bool
misshapen(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	bool ok;

	make(sim, 17, 1, 60000);
	put(sim, 1480, 0, MF);
	put(sim, 1480, 0, 0);
	put(sim, 1480, 1001, MF);
	sent.ip[4]++;
	datagram_send_as(sim, SIM_ACCESS, &sent, 0, 100, 0x1fff); /* 65528 + 100 */
	datagram_send_as(sim, SIM_ACCESS, &sent, 0, 1480, 8100);  /* 64800 + 1480 */
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_bad") == 5);
	ok &= CHECK(n_datagrams(sim) == 0);
	return end(sim, ok && is_quiet(sim));
}

/* The pieces of one datagram, the last of which disagrees with one of the others. */
struct overlap {
	uint32_t off[4], len[4];
	bool is_last[4];
};

static const struct overlap overlaps[] = {
	{{1480, 0, 1472}, {1480, 1480, 16}, {0}},            /* over the edge of two */
	{{1480, 0, 1488}, {1480, 1480, 8}, {0}},             /* within one */
	{{1480, 0, 1480}, {1480, 1480, 8}, {0}},             /* where one starts, shorter */
	{{1480, 0, 1480}, {1480, 1480, 2960}, {0}},          /* longer */
	{{0, 1480, 0}, {1480, 1480, 2960}, {0}},             /* two in one */
	{{1480, 2960, 0}, {1480, 8, 1480}, {true}},          /* behind the end */
	{{0, 2960, 1480}, {1480, 1480, 1480}, {0, 0, true}}, /* an end before another one */
	{{0, 1480, 1480}, {1480, 1480, 1480}, {0, 0, true}}, /* the same, now the last */
	{{1480, 1480, 0}, {1480, 1480, 1480}, {true}},       /* not the last any more */
	{{1480, 1480, 0}, {1484, 1480, 1480}, {true, true}}, /* two ends */
};

/* RFC 5722 section 4 for IPv4: the datagram is lost, nobody can choose what it says. */
static bool
overlap(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	uint32_t n = sizeof(overlaps) / sizeof(overlaps[0]);
	bool ok = true;

	for (uint32_t k = 0; k < n && ok; k++) {
		const struct overlap *o = &overlaps[k];
		uint64_t before = cgn_sim_fate(sim, "fragment_overlap");

		make(sim, 17, (uint16_t)(100 + k), 8000);
		for (int i = 0; i < 3; i++)
			put(sim, o->off[i], o->len[i], o->is_last[i] ? 0 : MF);
		ok = CHECK(cgn_sim_fate(sim, "fragment_overlap") > before);
		before = cgn_sim_fate(sim, "fragment_overlap");
		put(sim, 4440, 1480, MF);
		ok &= CHECK(cgn_sim_fate(sim, "fragment_overlap") == before + 1);
		if (!ok)
			printf("# overlap %u\n", k);
		cgn_sim_flush(sim, SIM_WAN);
	}
	cgn_sim_jump_s(sim, 2);
	ok &= CHECK(n_datagrams(sim) == 0);
	return end(sim, ok && is_quiet(sim));
}

/* Two seconds (RFC 8512), then they are forgotten; a later first one goes alone. */
static bool
timeout(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	bool ok;

	make(sim, 17, 1, 4000);
	put(sim, 1480, 1480, MF);
	put(sim, 2960, 1048, 0);
	cgn_sim_jump_ms(sim, 1999);
	ok = CHECK(cgn_sim_fate(sim, "fragment_timeout") == 0);
	cgn_sim_jump_ms(sim, 1);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_timeout") == 2);
	ok &= CHECK(n_datagrams(sim) == 0);
	put(sim, 0, 1480, MF);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 1);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_jump_s(sim, 2);
	ok &= CHECK(n_datagrams(sim) == 0);
	return end(sim, ok && is_quiet(sim));
}

static bool
timeout_of_the_operator(void)
{
	struct cgn_sim *sim = create(
		&(struct cgn_sim_params){.box = "fragments: {timeout_s: 5}\n"});
	bool ok;

	make(sim, 17, 1, 4000);
	put(sim, 1480, 1480, MF);
	cgn_sim_jump_ms(sim, 4999);
	ok = CHECK(cgn_sim_fate(sim, "fragment_timeout") == 0);
	cgn_sim_jump_ms(sim, 1);
	ok &= CHECK(cgn_sim_fate(sim, "fragment_timeout") == 1);
	return end(sim, ok && is_quiet(sim));
}

static bool
unfragmented_goes(struct cgn_sim *sim, uint32_t src)
{
	struct packet_spec s = packet_udp(src, 5000, SIM_PEER, 53);
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 1);
	cgn_sim_flush(sim, SIM_WAN);
	return ok;
}

static bool
in_order_goes(struct cgn_sim *sim, uint32_t src)
{
	struct packet_spec s = packet_udp(src, 5000, SIM_PEER, 53);
	bool ok;

	s.frag = 0;
	s.id = 0x7777;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	for (uint32_t off = 0; off < 4000; off += UNIT)
		datagram_send(sim, SIM_ACCESS, &sent, off, UNIT);
	cgn_sim_run(sim);
	ok = CHECK(datagram_collect(sim, SIM_WAN, &got, NULL) == 1);
	return ok && CHECK(datagram_is_translated(&got, &sent));
}

/* One subscriber's lone fragments end at its share, whatever else it and others send. */
static bool
subscriber_share(void)
{
	struct cgn_sim *sim = create(
		&(struct cgn_sim_params){.a = "quota: {subscriber: {fragments: 4}}\n"});
	bool ok;

	for (uint16_t i = 0; i < 10; i++) {
		make(sim, 17, i, 4000);
		put(sim, 1480, 1480, MF);
	}
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_share") == 6);
	ok = ok && unfragmented_goes(sim, SIM_A1) && in_order_goes(sim, SIM_A2);
	cgn_sim_jump_s(sim, 2);
	ok = ok && CHECK(cgn_sim_fate(sim, "fragment_timeout") == 4) && in_order_goes(sim, SIM_A1);
	make(sim, 17, 99, 12000);
	for (uint32_t off = 8 * UNIT; off > 0; off -= UNIT)
		put(sim, off, off == 8 * UNIT ? datagram_payload(&sent) - off : UNIT,
			off == 8 * UNIT ? 0 : MF);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_share") == 10); /* held: 4 of 8 */
	return end(sim, ok && is_quiet(sim));
}

/* The same for an outside address. */
static bool
address_share(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){.box = "fragments: {address: 3}\n"});
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);
	struct packet_spec s = packet_udp(SIM_PEER2, 7, rte_be_to_cpu_32(m->outside_addr), 7);
	bool ok;

	for (uint16_t i = 0; i < 10; i++) {
		s.id = i;
		s.frag = 0;
		datagram_make(&sent, sim, SIM_WAN, &s, 4000);
		datagram_send(sim, SIM_WAN, &sent, 1480, 1480);
		cgn_sim_run(sim);
	}
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_share") == 7);
	s = packet_udp(SIM_PEER, 53, s.dst, rte_be_to_cpu_16(m->outside_port));
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 1);
	cgn_sim_flush(sim, SIM_ACCESS);
	return end(sim, ok && is_quiet(sim));
}

/* A tenant's flood takes half of what there is; its oldest make room; the others have the rest. */
static bool
flood(void)
{
	struct cgn_sim *sim = create(
		&(struct cgn_sim_params){.box = "fragments: {datagrams: 64, hold: 32}\n"});
	const struct cgn_fragments *t = &sim->box->workers[0].fragments;
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	bool ok = true;

	for (uint32_t i = 0; i < 2000; i++) {
		s.src = SIM_A1 + i % 200;
		s.id = (uint16_t)i;
		s.frag = 0;
		datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
		put(sim, 1480, 1480, MF);
		ok &= t->n_held <= 16 && t->n <= 32;
	}
	ok = CHECK(ok) && CHECK(t->n_held == 16);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment_hold_full") == 2000 - 16);
	ok = ok && unfragmented_goes(sim, SIM_A1) && in_order_goes(sim, SIM_A2);
	s = packet_udp(SIM_B1, 5000, SIM_PEER, 53);
	s.frag = 0;
	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	datagram_make(&sent, sim, SIM_TRUNK, &s, 4000);
	for (uint32_t i = 3; i-- > 0;)
		datagram_send(sim, SIM_TRUNK, &sent, i * UNIT, UNIT);
	cgn_sim_run(sim);
	ok = ok && CHECK(datagram_collect(sim, SIM_WAN, &got, NULL) == 1);
	return end(sim, ok && is_quiet(sim));
}

/* Seed rule 1: the first fragment shows UDP 5351; those before it and behind it end with it. */
static bool
wan_request(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){.a = "portctl: {pcp: true}\n"});
	struct packet_spec s = packet_udp(SIM_PEER, 5000, SIM_POOL_A, 5351);
	uint64_t before;
	bool ok;

	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
	s.frag = 0;
	datagram_make(&sent, sim, SIM_WAN, &s, 4000);
	before = cgn_sim_fate(sim, "wan_natpmp");
	for (uint32_t i = 0; i < 3; i++) {
		datagram_send(sim, SIM_WAN, &sent, (i + 2) % 3 * UNIT, UNIT);
		cgn_sim_run(sim);
		ok = CHECK(cgn_sim_fate(sim, "wan_natpmp") == before + (i > 0 ? i + 1 : 0));
	}
	s.dport = 5350;
	s.id++;
	datagram_make(&sent, sim, SIM_WAN, &s, 4000);
	datagram_send_as(sim, SIM_WAN, &sent, 0, 8, MF);
	datagram_send(sim, SIM_WAN, &sent, 8, 8);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "wan_natpmp") == before + 5);
	return end(sim, ok && is_quiet(sim));
}

/* Inside: never put together; to an outside address all end like the first (seed rule 2). */
static bool
inside_request(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_POOL_A, 5351);
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	put(sim, 1480, 1480, MF);
	put(sim, 0, 1480, MF);
	put(sim, 2960, 1048, 0);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "natpmp_external") == 3);
	s.dst = SIM_GATEWAY;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	put(sim, 1480, 1480, MF);
	put(sim, 0, 1480, MF);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "fragment") == 2);
	return end(sim, ok && is_quiet(sim));
}

/* PCP-55: the filter is asked about the first; the others end with it. */
static bool
filtered(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	struct cgn_filters *filters = &sim->box->control->filters;
	uint32_t set = cgn_filter_take(filters);
	struct cgn_mapping *m = (struct cgn_mapping *)(uintptr_t)cgn_sim_mapping(
		sim, "a", 17, SIM_A1, 5000);
	struct packet_spec s = packet_udp(SIM_PEER2, 53, rte_be_to_cpu_32(m->outside_addr),
		rte_be_to_cpu_16(m->outside_port));
	bool ok;

	filters->sets[set].n = 1;
	filters->sets[set].rules[0] = (struct cgn_filter_rule){
		.addr = RTE_BE32(SIM_PEER), .mask = UINT32_MAX};
	atomic_store(&m->filter, set);
	s.frag = 0;
	datagram_make(&sent, sim, SIM_WAN, &s, 4000);
	for (uint32_t i = 0; i < 3; i++)
		datagram_send(sim, SIM_WAN, &sent, (i + 1) % 3 * UNIT, UNIT);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "filtered") == 3) && is_quiet(sim);
	s.src = SIM_PEER;
	datagram_make(&sent, sim, SIM_WAN, &s, 4000);
	for (uint32_t i = 0; i < 3; i++)
		datagram_send(sim, SIM_WAN, &sent, (i + 1) % 3 * UNIT, UNIT);
	cgn_sim_run(sim);
	ok = ok && CHECK(datagram_collect(sim, SIM_ACCESS, &got, NULL) == 1);
	atomic_store(&m->filter, 0);
	cgn_filter_free(filters, set);
	return end(sim, ok);
}

/* A reload takes the tenant away; another one's stay. */
static bool
tenant_goes(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_B1, 5000, SIM_PEER, 53);
	struct cgn_errmsg err;
	bool ok;

	make(sim, 17, 1, 4000);
	put(sim, 1480, 1480, MF);
	put(sim, 2960, 1048, 0);
	s.frag = 0;
	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	datagram_make(&got, sim, SIM_TRUNK, &s, 4000);
	datagram_send(sim, SIM_TRUNK, &got, 1480, 1480);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_reload(
			   sim, &(struct cgn_sim_params){.box = "tenants: [a, c]\n"}, &err) == 0);
	ok &= CHECK(cgn_sim_fate(sim, "reconfigured") == 1);
	put(sim, 0, 1480, MF);
	ok = ok && CHECK(datagram_collect(sim, SIM_WAN, &got, NULL) == 1) &&
		CHECK(datagram_is_translated(&got, &sent));
	return end(sim, ok);
}

/* What is held when the box stops ends then; cgn_sim_destroy checks the law. */
static bool
box_stops(void)
{
	struct cgn_sim *sim = create(&(struct cgn_sim_params){0});
	bool ok;

	make(sim, 17, 1, 4000);
	put(sim, 1480, 1480, MF);
	ok = CHECK(n_datagrams(sim) == 1) && is_quiet(sim);
	return end(sim, ok);
}

/* A device that hashes first fragments by their ports: some datagrams are lost, none is wrong. */
static bool
spread_over_workers(void)
{
	struct cgn_sim *sim = create(
		&(struct cgn_sim_params){.n_workers = 4, .spread_fragments = true});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	uint32_t n_whole = 0, n_right = 0;
	bool ok;

	for (uint16_t i = 0; i < 64; i++) {
		s.sport = (uint16_t)(5000 + i);
		s.id = i;
		s.frag = 0;
		datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
		for (uint32_t k = 0; k < 3; k++)
			datagram_send(sim, SIM_ACCESS, &sent, k * UNIT, UNIT);
		cgn_sim_run(sim);
		if (datagram_collect(sim, SIM_WAN, &got, NULL) == 1) {
			n_whole++;
			n_right += datagram_is_translated(&got, &sent);
		}
	}
	cgn_sim_jump_s(sim, 3);
	ok = CHECK(n_whole == n_right) && CHECK(n_whole > 0) && CHECK(n_whole < 64);
	ok &= CHECK(cgn_sim_fate(sim, "fragment_timeout") == 2 * (64 - n_whole));
	return end(sim, ok);
}

const struct row_case row_cases_fragments_refused[] = {
	{"tiny_fragments_are_dropped", CGN_FATE_FRAGMENT_TINY, tiny},
	{"misshapen_fragments_are_dropped", CGN_FATE_FRAGMENT_BAD, misshapen},
	{"overlap_ends_the_datagram", CGN_FATE_FRAGMENT_OVERLAP, overlap},
	{"fragments_wait_two_seconds", CGN_FATE_FRAGMENT_TIMEOUT, timeout},
	{"the_operator_chooses_the_timeout", CGN_FATE_FRAGMENT_TIMEOUT, timeout_of_the_operator},
	{"a_subscriber_has_its_share_of_fragments", CGN_FATE_FRAGMENT_SHARE, subscriber_share},
	{"an_outside_address_has_its_share_of_fragments", CGN_FATE_FRAGMENT_SHARE, address_share},
	{"a_flood_of_later_fragments_hurts_itself", CGN_FATE_FRAGMENT_HOLD_FULL, flood},
	{"requests_from_outside_in_fragments_end_first_of_all", CGN_FATE_WAN_NATPMP, wan_request},
	{"requests_from_inside_in_fragments_are_dropped", CGN_FATE_FRAGMENT, inside_request},
	{"the_filter_holds_for_all_fragments", CGN_FATE_FILTERED, filtered},
	{"held_fragments_of_a_tenant_that_goes_end", CGN_FATE_RECONFIGURED, tenant_goes},
	{"held_fragments_end_when_the_box_stops", CGN_FATE_STOPPED, box_stops},
	{"fragments_spread_over_workers_are_lost", CGN_FATE_FRAGMENT_TIMEOUT, spread_over_workers},
};
const uint32_t row_n_cases_fragments_refused = sizeof(row_cases_fragments_refused) /
	sizeof(row_cases_fragments_refused[0]);
