/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/control/explicit_set.c: PORT_SET requests over many existing mappings (RFC 7753
 * section 4.4.1), what they may cost, and that they are all or nothing.
 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "clock.h"
#include "control.h"
#include "pool_fixture.h"
#include "sim.h"

enum { FIRST = 100, LIFE_S = 600 };

static struct cgn_sim *sim;
static struct cgn_control *c;
static struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
static uint32_t n_answers;

static void
start_with(const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = a, .seed = 13});
	c = sim->box->control;
	cgn_sim_run(sim);
}

static void
finish(void)
{
	cr_assert(pool_is_consistent(c->pool));
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(explicit_set, .fini = finish);

static struct cgn_explicit_ask
map_of(uint16_t port, uint16_t n_ports, uint32_t lifetime_s)
{
	return (struct cgn_explicit_ask){.origin = CGN_EXPLICIT_PCP_MAP,
		.inside = cgn_directory_inside_find(c->dp->dir, 0, SIM_A1),
		.proto = CGN_UDP,
		.inside_port = port,
		.lifetime_s = lifetime_s,
		.nonce = {1},
		.n_ports = n_ports};
}

static enum cgn_explicit_result
ask(const struct cgn_explicit_ask *a)
{
	memset(answers, 0, sizeof(answers));
	c->why = (struct cgn_why){0};
	return cgn_explicit_ops.ask(c, a, answers, &n_answers);
}

static void
make_singles(uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		struct cgn_explicit_ask a = map_of((uint16_t)(FIRST + k), 1, LIFE_S);

		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	}
	cr_assert_eq(c->explicits.n_used, n);
}

/* PSET-09, ADV-24 */
Test(explicit_set, a_request_over_a_hundred_mappings_renews_and_deletes_all_of_them)
{
	struct cgn_explicit_ask a;

	start_with(NULL);
	make_singles(100);
	a = map_of(FIRST, 100, 2 * LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(n_answers, CGN_EXPLICIT_MAX_ANSWERS, "no more packets than that");
	for (uint16_t k = 0; k < n_answers; k++) {
		cr_expect_eq(answers[k].inside_port, FIRST + k);
		cr_expect_eq(answers[k].lifetime_s, 2 * LIFE_S);
	}
	cgn_sim_elapse_s(sim, 2 * LIFE_S - 1);
	cr_assert_eq(c->explicits.n_used, 100);
	a = map_of(1, 65535, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(c->explicits.n_used, 0);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
}

/* PSET-09: both ways to find what is there (the blocks, the ports) find the same. */
Test(explicit_set, ranges_of_every_length_touch_what_is_in_them_and_nothing_else)
{
	start_with(NULL);
	make_singles(60);
	for (uint16_t n = 2; n < 3000; n = (uint16_t)(n < 64 ? n + 1 : n * 3)) {
		uint16_t first = (uint16_t)(FIRST + 30 - (n < 60 ? n / 2 : 30));
		uint32_t in = n < 60 ? n : 60, renewed = 0;
		struct cgn_explicit_ask a = map_of(first, n, LIFE_S);

		cgn_sim_jump_s(sim, 1);
		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
		for (uint32_t r = 1; r <= 60; r++)
			renewed += c->explicits.records[r].ends_s == c->now_s + LIFE_S;
		cr_assert_eq(renewed, in, "%u ports from %u: %u", n, first, renewed);
		cr_assert_eq(c->explicits.n_used, 60);
	}
}

/* PCP-15, PCP-35: also when the stranger is the last of many. */
Test(explicit_set, one_mapping_of_another_nonce_refuses_the_whole)
{
	struct cgn_explicit_ask a;

	start_with(NULL);
	make_singles(80);
	a = map_of(FIRST + 80, 1, LIFE_S);
	a.nonce[0] = 9;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cgn_sim_elapse_s(sim, 100);
	a = map_of(FIRST, 200, 7200);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NOT_OWNER);
	cr_assert_eq(answers[0].lifetime_s, LIFE_S - 100);
	a = map_of(FIRST, 200, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NOT_OWNER);
	cr_assert_eq(c->explicits.n_used, 81);
	cgn_sim_elapse_s(sim, LIFE_S - 100);
	cr_assert_eq(c->explicits.n_used, 0);
}

/* PCP-36, PCP-67 */
Test(explicit_set, the_operators_mapping_in_the_range_is_told_and_not_deleted)
{
	const struct cgn_conf_static port = {.protocol = CGN_STATIC_UDP,
		.inside = SIM_A1,
		.inside_port = FIRST + 5,
		.outside = SIM_POOL_A + 1,
		.outside_port = 20000};
	struct cgn_explicit_ask a;

	start_with(NULL);
	cr_assert_null(cgn_static_add(c, 0, &port));
	for (uint16_t p = FIRST; p < FIRST + 3; p++) {
		a = map_of(p, 1, LIFE_S);
		cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	}
	a = map_of(FIRST, 50, 2 * LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(n_answers, 4);
	cr_expect_eq(answers[2].lifetime_s, 2 * LIFE_S);
	cr_expect_eq(answers[3].lifetime_s, UINT32_MAX);
	cr_expect_eq(answers[3].port, 20000);
	a = map_of(FIRST, 50, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_STATIC);
	cr_assert_eq(c->explicits.n_used, 4);
	a = map_of(FIRST, 4, 0);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(c->explicits.n_used, 1);
}

/* ADV-24: what one request may cost the control core is bounded, whatever the quota. */
Test(explicit_set, one_request_makes_and_changes_a_thousand_mappings_at_most)
{
	const uint32_t most = 1024;
	struct cgn_explicit_ask a;
	cgn_ns_t began, took;

	start_with("quota: {mappings: 8000, burst: 100000, new_per_s: 100000, explicit: 5000, "
		   "subscriber: {mappings: 5000, udp: 5000, explicit: 5000, burst: 100000, "
		   "new_per_s: 100000}}\nports: {block_size: 4096, max_blocks: 3}\n");
	a = map_of(1, 65535, LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(answers[0].n_ports, most);
	began = cgn_clock_now();
	a = map_of(1, 65535, 2 * LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	took = cgn_clock_now() - began;
	printf("# renewing %u mappings with one request: %u us\n", most,
		(unsigned int)(took / 1000));
	cr_assert_eq(n_answers, 1);
	cr_assert_eq(answers[0].n_ports, most);
	a = map_of(2000, 1, LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	a = map_of(1, 65535, 4 * LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_NO_PORTS);
	cr_assert_str_eq(c->why.text, "more mappings in the range than one request may change");
	a = map_of(1025, 60000, LIFE_S);
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cgn_sim_elapse_s(sim, 2 * LIFE_S);
	cr_assert_eq(c->explicits.n_used, 0, "what was refused has changed nothing");
}
