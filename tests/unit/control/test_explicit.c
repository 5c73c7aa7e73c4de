/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/control/explicit*.c behind cgn_explicit_ops: what is all or nothing, what runs out,
 * and that nothing is left when all has ended. The rules themselves, told with packets and time,
 * are in tests/scenario/portctl*.scn.
 */
#include "explicit.h"

#include <criterion/criterion.h>

#include "control.h"
#include "pool_fixture.h"
#include "sim.h"

static struct cgn_sim *sim;
static struct cgn_control *c;
static struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
static uint32_t n_answers;

static void
start_with(const char *box, const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = 11});
	c = sim->box->control;
	cgn_sim_run(sim);
}

/* After the longest lifetime and the longest rest nothing is in use any more. */
static void
finish(void)
{
	cr_assert(pool_is_consistent(c->pool));
	cgn_sim_elapse_s(sim, 8000);
	cr_assert_eq(c->explicits.n_used, 0);
	cr_assert_eq(c->filters.n_used, 0);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(c->pool->use[0].blocks, 0);
	cr_assert_eq(c->tenants[0].explicit_mappings, 0);
	cr_assert(pool_is_consistent(c->pool));
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(explicit, .fini = finish);

static struct cgn_explicit_ask
ask_of(enum cgn_explicit_origin origin, uint32_t subscriber, uint16_t port, uint32_t lifetime_s)
{
	return (struct cgn_explicit_ask){.origin = origin,
		.inside = c->dp->dir->tenants[0].inside.runs[0].first + subscriber,
		.proto = CGN_UDP,
		.inside_port = port,
		.lifetime_s = lifetime_s,
		.nonce = {1},
		.n_ports = 1};
}

static struct cgn_explicit_ask
map_of(uint32_t subscriber, uint16_t port, uint32_t lifetime_s)
{
	return ask_of(CGN_EXPLICIT_PCP_MAP, subscriber, port, lifetime_s);
}

static enum cgn_explicit_result
ask(const struct cgn_explicit_ask *a)
{
	memset(answers, 0, sizeof(answers));
	return cgn_explicit_ops.ask(c, a, answers, &n_answers);
}

static struct cgn_explicit_ask
with_filters(struct cgn_explicit_ask a, uint8_t n, uint32_t first)
{
	a.n_filters = n;
	for (uint8_t f = 0; f < n; f++)
		a.filters[f] = (struct cgn_portctl_filter){.addr = first + f, .prefix_len = 32};
	return a;
}

static const struct cgn_filter_set *
filters_at(uint32_t subscriber, uint16_t port)
{
	struct cgn_map_key key = {
		.inside = c->dp->dir->tenants[0].inside.runs[0].first + subscriber,
		.port = rte_cpu_to_be_16(port),
		.proto = CGN_UDP};
	uint32_t i = cgn_table_find(c->table, &key);

	cr_assert_neq(i, CGN_MAPPING_NONE);
	return &c->filters.sets[cgn_table_at(c->table, i)->filter];
}

/* RFC 6887 13.3: never more rules than a set has room for, on no member. */
Test(explicit, filters_of_a_set_add_up_to_the_limit_and_no_further)
{
	struct cgn_explicit_ask a;

	start_with(NULL, NULL);
	a = with_filters(map_of(3, 100, 600), 5, 1);
	a.n_ports = 3;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].n_ports, 3);
	a = with_filters(a, 4, 10);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_TOO_MANY_FILTERS);
	a = with_filters(a, 3, 10);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	for (uint16_t p = 100; p < 103; p++)
		cr_assert_eq(filters_at(3, p)->n, 8);
	a = with_filters(a, 1, 20);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_TOO_MANY_FILTERS);
}

/* A request for one member adds its filters once to each. */
Test(explicit, filters_asked_for_a_member_are_added_once)
{
	struct cgn_explicit_ask a;

	start_with(NULL, NULL);
	a = with_filters(map_of(3, 100, 600), 4, 1);
	a.n_ports = 3;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = with_filters(map_of(3, 101, 600), 4, 10);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	for (uint16_t p = 100; p < 103; p++)
		cr_assert_eq(filters_at(3, p)->n, 8);
}

/* PCP-15: with fewer filter sets than members nothing changes. */
Test(explicit, too_few_filter_sets_change_nothing)
{
	struct cgn_explicit_ask a;
	uint32_t spare;

	start_with("table: {mappings: 16384, shards: 2, explicit: 16}\n", NULL);
	a = map_of(3, 100, 600);
	a.n_ports = 10;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].n_ports, 10);
	spare = c->filters.capacity - 9;
	for (uint32_t n = 0; n < spare; n++)
		cgn_filter_take(&c->filters);
	a = with_filters(a, 1, 1);
	a.lifetime_s = 7200;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NO_PORTS);
	a = with_filters(map_of(3, 105, 7200), 1, 1);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NO_PORTS);
	cr_assert_eq(filters_at(3, 100), &c->filters.sets[0]);
	cr_assert_eq(c->filters.sets[0].n, 0);
	c->filters.n_used -= spare; /* as they were taken, never to be given back */
	cgn_sim_elapse_s(sim, 600);
	cr_assert_eq(c->explicits.n_used, 0);
}

/* table.explicit full is nobody's quota; a set takes what is left. */
Test(explicit, full_table_of_records_is_no_port)
{
	struct cgn_explicit_ask a;

	start_with("table: {mappings: 16384, shards: 2, explicit: 16}\n", NULL);
	for (uint16_t p = 1; p <= 12; p++) {
		a = map_of(p, p, 600);
		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	}
	a = map_of(3, 1000, 600);
	a.n_ports = 100;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].n_ports, 4);
	a = map_of(4, 1000, 600);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NO_PORTS);
	a = ask_of(CGN_EXPLICIT_NATPMP, 4, 1000, 600);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NO_PORTS);
}

/* No block stays leased for a set that was refused. */
Test(explicit, refused_set_leaves_no_block)
{
	struct cgn_explicit_ask a;

	start_with(NULL, "quota: {subscriber: {new_per_s: 1, burst: 1}}\n");
	a = map_of(3, 100, 600);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a.lifetime_s = 0;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = map_of(3, 200, 600);
	a.proto = CGN_TCP;
	a.n_ports = 8;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_QUOTA);
	cgn_sim_elapse_s(sim, 200);
	cr_assert_eq(c->pool->use[0].blocks, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].n_ports, 1, "the rate lets one pass");
	a.inside_port = 300;
	a.inside += 1;
	c->subscribers[a.inside].use.rate_full_at = UINT64_MAX / 2;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_QUOTA);
	cr_assert_eq(c->subscribers[a.inside].n_blocks, 0);
}

/* PEER is about one flow: the other members of a set keep their lifetimes. */
Test(explicit, peer_on_a_member_is_not_for_the_set)
{
	struct cgn_explicit_ask a;

	start_with(NULL, NULL);
	a = map_of(3, 100, 600);
	a.n_ports = 4;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = ask_of(CGN_EXPLICIT_PCP_PEER, 3, 101, 3600);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cgn_sim_elapse_s(sim, 601);
	cr_assert_eq(c->explicits.n_used, 1);
	cr_assert_eq(cgn_sim_n_mappings(sim), 1);
}

/* What PEER was granted for one member does not keep the others of a deleted set. */
Test(explicit, peer_on_a_member_keeps_that_member_only)
{
	struct cgn_explicit_ask a;

	start_with(NULL, NULL);
	a = ask_of(CGN_EXPLICIT_PCP_MAP, 3, 100, 600);
	a.n_ports = 4;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = ask_of(CGN_EXPLICIT_PCP_PEER, 3, 101, 3600);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = map_of(3, 100, 0);
	a.n_ports = 4;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].lifetime_s, 3600);
	cr_assert_eq(c->explicits.n_used, 1);
	cr_assert_eq(cgn_sim_n_mappings(sim), 1);
}

/* A port that left its set is its new owner's alone. */
Test(explicit, port_that_left_its_set_is_not_touched_with_it)
{
	struct cgn_conf_static port = {.protocol = CGN_STATIC_UDP, .inside_port = 100};
	struct cgn_explicit_ask a;

	start_with(NULL, NULL);
	a = map_of(3, 100, 600);
	a.n_ports = 4;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	port.inside = cgn_directory_inside_addr(c->dp->dir, a.inside);
	cr_assert_null(cgn_static_del(c, 0, &port));
	a = map_of(3, 100, 1200);
	a.nonce[0] = 9;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = map_of(3, 102, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(c->explicits.n_used, 1);
	a = map_of(3, 100, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NOT_OWNER);
	cr_assert_eq(answers[0].lifetime_s, 1200);
}

/* PMP-44: 64 subscribers, one port, one moment. */
Test(explicit, sixty_four_subscribers_ask_for_one_port)
{
	struct cgn_explicit_answer first[64];

	start_with(NULL, "pool: [203.0.113.16/30]\n");
	for (uint32_t s = 0; s < 64; s++) {
		struct cgn_explicit_ask a = ask_of(CGN_EXPLICIT_NATPMP, s, 80, 600);

		a.suggested_port = 45000;
		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
		first[s] = answers[0];
		for (uint32_t t = 0; t < s; t++)
			cr_assert(first[t].addr != first[s].addr || first[t].port != first[s].port);
	}
	for (uint32_t s = 0; s < 64; s++) {
		struct cgn_explicit_ask a = ask_of(CGN_EXPLICIT_NATPMP, s, 80, 600);

		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
		cr_assert(first[s].addr == answers[0].addr && first[s].port == answers[0].port);
	}
}

/* Delete-all while blocks go away under it: each port is the last of its block. */
Test(explicit, delete_all_over_blocks_that_go_away)
{
	start_with(NULL, "timeouts: {port_rest_s: 0}\nports: {block_size: 64}\n");
	for (uint16_t p = 1; p <= 128; p++) {
		struct cgn_explicit_ask a = ask_of(CGN_EXPLICIT_NATPMP, 3, p, 600);

		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	}
	cr_assert_eq(cgn_explicit_ops.delete_all(
			     c, 0, c->dp->dir->tenants[0].inside.runs[0].first + 3, CGN_UDP),
		CGN_EXPLICIT_OK);
	cr_assert_eq(c->explicits.n_used, 0);
	cr_assert_eq(c->pool->use[0].blocks, 0);
}

static uint32_t
next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void
ask_anything(uint32_t *x)
{
	uint32_t r = next_random(x);
	struct cgn_explicit_ask a = ask_of((enum cgn_explicit_origin)(r % 3), r / 3 % 6,
		(uint16_t)(100 + r / 32 % 24), r & 1 ? 1 + r / 1024 % 900 : 0);

	a.proto = r & 2 ? CGN_TCP : CGN_UDP;
	a.nonce[0] = (uint8_t)(r >> 13 & 1);
	a.suggested_port = r & 4 ? (uint16_t)(40000 + r % 64) : 0;
	a.prefer_failure = (r & 0x30) == 0x30 && a.suggested_port != 0 && a.lifetime_s != 0;
	if (a.origin == CGN_EXPLICIT_PCP_MAP && !a.prefer_failure)
		a.n_ports = (uint16_t)(1 + (r >> 20) % 9);
	a.parity = r >> 9 & 1;
	if (a.origin == CGN_EXPLICIT_PCP_MAP && a.lifetime_s != 0)
		a = with_filters(a, (uint8_t)(r >> 25 & 3), r >> 27);
	a.filters_cleared = a.n_filters > 0 && (r >> 8 & 1);
	ask(&a);
	if (r % 61 == 0)
		cgn_explicit_ops.delete_all(c, 0, a.inside, a.proto);
}

/* Anything in any order: counts agree with the tables all the time, and all of it ends. */
Test(explicit, random_requests_leave_nothing_behind)
{
	uint32_t x = 2463534242;

	start_with("table: {mappings: 16384, shards: 2, explicit: 64}\n",
		"quota: {subscriber: {explicit: 24, new_per_s: 1000, burst: 100000}}\n"
		"pool: [203.0.113.16/31]\n");
	for (uint32_t n = 0; n < 20000; n++) {
		ask_anything(&x);
		cr_assert_leq(c->filters.n_used, c->filters.capacity);
		cr_assert_leq(c->explicits.n_used, 64);
		if (n % 16 == 0)
			cgn_sim_elapse_s(sim, next_random(&x) % 8);
		if (n % 500 == 0)
			cr_assert(pool_is_consistent(c->pool));
	}
}
