/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A FILTER holds from the first moment of its mapping (RFC 6887 section 13.3, PCP-55), and without
 * a gap when it changes: a worker turns right after the mapping has become visible from outside,
 * while control is still busy with the request (--wrap of cgn_pool_publish), and finds a packet
 * of a stranger.
 */
#include <criterion/criterion.h>

#include "control.h"
#include "sim.h"

static struct cgn_sim *sim;
static struct cgn_control *c;
static uint32_t n_published;

void __real_cgn_pool_publish(
	struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t mapping);
void __wrap_cgn_pool_publish(
	struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t mapping);

void
__wrap_cgn_pool_publish(
	struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t mapping)
{
	struct packet_spec stranger = packet_udp(
		SIM_PEER2, 53, c->dp->dir->pool_addrs[at.pool], at.port);

	__real_cgn_pool_publish(pool, at, proto, mapping);
	n_published++;
	cr_assert(cgn_sim_send_spec(sim, SIM_WAN, &stranger));
	cgn_sim_poll_workers(sim);
}

static void
start(void)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 11});
	c = sim->box->control;
	n_published = 0;
	cgn_sim_run(sim);
}

static void
finish(void)
{
	cgn_sim_run(sim);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(filter_window, .init = start, .fini = finish);

static struct cgn_explicit_ask
map_for(uint32_t peer, uint16_t n_ports)
{
	struct cgn_explicit_ask a = {.origin = CGN_EXPLICIT_PCP_MAP,
		.inside = cgn_directory_inside_find(c->dp->dir, 0, SIM_A1),
		.proto = CGN_UDP,
		.inside_port = 8080,
		.lifetime_s = 600,
		.nonce = {1},
		.n_ports = n_ports,
		.n_filters = 1};

	a.filters[0] = (struct cgn_portctl_filter){.addr = peer, .prefix_len = 32};
	return a;
}

static enum cgn_explicit_result
ask(const struct cgn_explicit_ask *a)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	uint32_t n;

	return cgn_explicit_ops.ask(c, a, answers, &n);
}

static const struct cgn_filter_set *
filters_of(uint16_t port)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, SIM_A1, port);

	cr_assert_not_null(m);
	return &c->filters.sets[m->filter];
}

Test(filter_window, stranger_is_kept_out_from_the_first_moment)
{
	struct cgn_explicit_ask a = map_for(SIM_PEER, 1);

	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(n_published, 1);
	cr_assert_eq(cgn_sim_fate(sim, "filtered"), 1);
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_n_waiting(sim, SIM_ACCESS), 0);
	cr_assert_eq(filters_of(8080)->n, 1); /* once, not once more when it is granted */
}

Test(filter_window, stranger_is_kept_out_of_each_port_of_a_set)
{
	struct cgn_explicit_ask a = map_for(SIM_PEER, 4);

	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_eq(n_published, 4);
	cr_assert_eq(cgn_sim_fate(sim, "filtered"), 4);
	for (uint16_t k = 0; k < 4; k++)
		cr_assert_eq(filters_of((uint16_t)(8080 + k))->n, 1);
}

/* Cleared and set anew in one request: from the old set to the new one in one store. */
Test(filter_window, change_goes_from_set_to_set)
{
	struct cgn_explicit_ask a = map_for(SIM_PEER, 1);
	const struct cgn_filter_set *old;

	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	old = filters_of(8080);
	a = map_for(SIM_PEER + 7, 1);
	a.filters_cleared = true;
	cr_assert_eq(ask(&a), CGN_EXPLICIT_OK);
	cr_assert_neq(filters_of(8080), old);
	cr_assert_eq(old->n, 1); /* what a worker may still look at */
	cr_assert_eq(filters_of(8080)->n, 1);
	cr_assert_eq(filters_of(8080)->rules[0].addr, rte_cpu_to_be_32(SIM_PEER + 7));
}
