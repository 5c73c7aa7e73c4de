/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fairness at the punt: while somebody floods control with first packets, the others' new flows
 * lose nothing and wait no longer than a few packets' time. Control's capacity is a number of turns
 * a millisecond of the fake clock, so the numbers depend on no machine; CGN_FAIR_SHOW=1 prints
 * them.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

enum {
	MS = 1000000,
	WARM_MS = 1000, /* bursts are used up, queues are full */
	RUN_MS = 3000,
	EVERY_MS = 10, /* the quiet ones open 100 flows/s */
	N_QUIET = RUN_MS / EVERY_MS,
	PORT_BASE = 10000,
};

/* Who floods, and who goes about his business. */
struct bed {
	const char *box, *a, *b;
	uint32_t flooders;       /* subscribers of a, one after another from first */
	uint32_t first;          /* address of the first one */
	uint32_t per_ms;         /* first packets of them, together */
	uint16_t quiet_tenant;   /* 'a' or 'b' */
	uint32_t quiet;          /* address */
	uint32_t turns_per_10ms; /* of control */
};

struct result {
	uint32_t sent, arrived;
	double mean_ms, max_ms;
	uint64_t flood_made; /* mappings of the flood: what is left is not idle */
};

static struct cgn_sim *sim;

static void
send_flood(const struct bed *bed, uint32_t *k)
{
	for (uint32_t i = 0; i < bed->per_ms; i++, ++*k) {
		struct packet_spec s = packet_udp(bed->first + *k % bed->flooders,
			(uint16_t)(1024 + *k / bed->flooders % 60000), (uint32_t)SIM_PEER, 53);

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	}
}

static void
send_quiet(const struct bed *bed, uint32_t i)
{
	struct packet_spec s = packet_udp(
		bed->quiet, (uint16_t)(20000 + i), (uint32_t)SIM_PEER2, (uint16_t)(PORT_BASE + i));

	if (bed->quiet_tenant == 'b') {
		s.n_tags = 1;
		s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	}
	cgn_sim_send_spec(sim, bed->quiet_tenant == 'b' ? SIM_TRUNK : SIM_ACCESS, &s);
}

/* Frames on the wire: those to the second peer are the quiet one's, numbered by their port. */
static void
receive(const uint64_t *sent_at, struct result *r)
{
	struct cgn_sim_frame f;

	cgn_sim_collect(sim);
	while (cgn_sim_receive(sim, SIM_WAN, &f)) {
		uint32_t i = (uint32_t)(f.bytes[36] << 8 | f.bytes[37]) - PORT_BASE;
		double ms;

		if (f.bytes[33] != (uint8_t)SIM_PEER2 || i >= N_QUIET)
			continue;
		ms = (double)(sim->now - sent_at[i]) / MS;
		r->arrived++;
		r->mean_ms += ms;
		r->max_ms = ms > r->max_ms ? ms : r->max_ms;
	}
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
}

static struct result
run(const struct bed *bed)
{
	uint64_t sent_at[N_QUIET];
	struct result r = {0};
	uint32_t k = 0, turns = 0;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = bed->box, .a = bed->a, .b = bed->b, .n_mbufs = 16383, .seed = 5});
	cgn_sim_run(sim);
	for (uint32_t ms = 0; ms < WARM_MS + RUN_MS; ms++) {
		uint32_t i = (ms - WARM_MS) / EVERY_MS;

		send_flood(bed, &k);
		/* Now before the flood of its millisecond has filled all room, now after. */
		for (uint32_t left = ms / EVERY_MS % 2 * bed->per_ms / CGN_BURST; left > 0; left--)
			cgn_sim_poll_workers(sim);
		if (ms >= WARM_MS && ms % EVERY_MS == 0) {
			sent_at[i] = sim->now;
			send_quiet(bed, i);
			r.sent++;
		}
		for (uint32_t left = bed->per_ms / CGN_BURST + 2; left > 0; left--)
			cgn_sim_poll_workers(sim);
		for (turns += bed->turns_per_10ms; turns >= 10; turns -= 10)
			cgn_sim_poll_control(sim);
		cgn_sim_poll_workers(sim);
		receive(sent_at, &r);
		sim->now += MS;
	}
	r.mean_ms /= r.arrived > 0 ? r.arrived : 1;
	r.flood_made = cgn_sim_tenant_n_mappings(sim, "a");
	if (getenv("CGN_FAIR_SHOW") != NULL)
		fprintf(stderr, "sent %u lost %u mean %.2f ms max %.2f ms; mappings of a: %llu\n",
			r.sent, r.sent - r.arrived, r.mean_ms, r.max_ms,
			(unsigned long long)r.flood_made);
	cgn_sim_run(sim);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
	return r;
}

static const char box[] = "table: {mappings: 131072, shards: 2, explicit: 64, tcp_tracked: 0}\n";
static const char quota[] = "quota: {mappings: 100000}\n";

Test(punt_fair, a_tenant_that_floods_does_not_hurt_another, .timeout = 60)
{
	/* 600 subscribers at their full 1000/s; control makes 128 a millisecond. */
	struct result r = run(&(struct bed){.box = box,
		.a = quota,
		.flooders = 600,
		.first = SIM_A1,
		.per_ms = 600,
		.quiet_tenant = 'b',
		.quiet = SIM_B1,
		.turns_per_10ms = 20});

	cr_assert_eq(r.sent, N_QUIET);
	cr_assert_eq(r.arrived, r.sent, "%u of %u lost", r.sent - r.arrived, r.sent);
	cr_assert_leq(r.max_ms, 1.0, "%.2f ms", r.max_ms);
}

Test(punt_fair, a_subscriber_that_floods_does_not_hurt_another_of_its_tenant, .timeout = 60)
{
	/* One at its full 1000/s and more; control makes less than that. */
	struct result r = run(&(struct bed){
		.box = "table: {mappings: 131072, shards: 2, explicit: 64, tcp_tracked: 0}\n"
		       "punt: {subscriber_per_s: 100000, subscriber_burst: 10000}\n",
		.a = quota,
		.flooders = 1,
		.first = SIM_A2,
		.per_ms = 300,
		.quiet_tenant = 'a',
		.quiet = SIM_A1,
		.turns_per_10ms = 5});

	cr_assert_eq(r.sent, N_QUIET);
	cr_assert_eq(r.arrived, r.sent, "%u of %u lost", r.sent - r.arrived, r.sent);
	cr_assert_leq(r.max_ms, 2.0, "%.2f ms", r.max_ms);
}

/* n packets of a tenant, each of another subscriber. */
static void
put(struct cgn_fair_queue *q, uint16_t tenant, uint32_t n, uint16_t weight)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(sim->mempool);

		*cgn_pkt_of(m) = (struct cgn_pkt){
			.tenant = tenant, .lane = (uint8_t)cgn_punt_lane(i)};
		cgn_fair_put(q, m, weight);
	}
}

Test(punt_fair, weights_divide_control_and_nothing_is_left_idle, .timeout = 60)
{
	const uint16_t weights[] = {3, 1};
	struct cgn_fair_queue q = {0};
	uint32_t n[2] = {0};

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 5});
	cr_assert_eq(cgn_fair_init(&q, 600, 0), 0);
	cr_assert_eq(cgn_fair_fill(&q, 2), 0);
	put(&q, 0, 300, weights[0]);
	put(&q, 1, 300, weights[1]);
	cr_assert_eq(cgn_fair_room(&q), 0);
	for (uint32_t i = 0; i < 600; i++) {
		struct rte_mbuf *m = cgn_fair_get(&q, weights[cgn_fair_next(&q)]);

		n[cgn_pkt_of(m)->tenant]++;
		rte_pktmbuf_free(m);
		if (i == 199)
			cr_assert_eq(n[0], 150, "%u of 200", n[0]);
	}
	cr_assert_eq(n[1], 300, "alone it gets all there is");
	cr_assert_eq(cgn_fair_next(&q), CGN_NONE);
	cr_assert_eq(cgn_fair_room(&q), 600);
	cgn_fair_fini(&q);
	cgn_sim_destroy(sim);
}

/* First packets of tenant c, n/4 of each of four subscribers, as far as the workers' rings. */
static void
punt_of_c(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_udp(
			0x6442000a + i % 4, (uint16_t)(5000 + i), (uint32_t)SIM_PEER, 53);

		s.n_tags = 2;
		s.tags[0] = (struct packet_tag){.tpid = 0x88a8, .tci = 200};
		s.tags[1] = (struct packet_tag){.tpid = 0x8100, .tci = 7};
		cgn_sim_send_spec(sim, SIM_TRUNK, &s);
		if (i % CGN_BURST == CGN_BURST - 1)
			cgn_sim_poll_workers(sim);
	}
	cgn_sim_poll_workers(sim);
}

/* The attachment moves to another VLAN and back, faster than the queue gets empty. */
Test(punt_fair, what_waits_outlives_no_second_reload, .timeout = 60)
{
	static const char small[] =
		"table: {mappings: 1024, shards: 1, explicit: 64, tcp_tracked: 0}\n";
	static const char few[] = "quota: {subscriber: {mappings: 64}}\n";
	static const char other_vlan[] = "quota: {subscriber: {mappings: 64}}\n"
					 "attachments: [{port: trunk, outer_vlan: 200, vlan: 8, "
					 "address: 100.66.0.1/24, "
					 "subscribers: [{prefix: 100.66.0.0/24}]}]\n";
	const struct cgn_sim_params first = {.box = small, .a = few, .b = few, .c = few};
	const struct cgn_sim_params moved = {.box = small, .a = few, .b = few, .c = other_vlan};
	const struct cgn_fair_queue *queue;
	struct cgn_errmsg err = {0};
	uint64_t ended;

	cgn_sim_eal();
	sim = cgn_sim_create(&first);
	queue = &sim->box->control->queue;
	cgn_sim_run(sim);
	punt_of_c(1200);
	cgn_sim_poll_control(sim);
	cgn_sim_poll_workers(sim); /* what control has made itself is on its way out */
	cr_assert_eq(queue->n, 1200 - CGN_BURST);
	cr_assert(cgn_sim_conserves(sim), "what waits is held");
	cr_assert_eq(cgn_sim_reload_begin(sim, &moved, &err), 0, "%s", err.text);
	cr_assert_eq(queue->n, 1200 - CGN_BURST, "is told by and by");
	while (!cgn_switch_is_over(&sim->box->control->change)) {
		cgn_sim_poll_workers(sim);
		cgn_sim_poll_control(sim);
	}
	cr_assert_gt(queue->n, 0);
	ended = cgn_sim_fate(sim, "reconfigured") + queue->n;
	cgn_punt_purge(sim->box->control); /* as the next switch does before it begins */
	cr_assert_eq(queue->n, 0);
	cr_assert_eq(cgn_sim_fate(sim, "reconfigured"), ended);
	cgn_sim_reload_end(sim);
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_reload(sim, &first, &err), 0, "%s", err.text);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}
