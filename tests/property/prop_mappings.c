/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A million random operations on control's own functions: mappings are made, used, removed and left
 * to expire, addresses change their owners, while time moves and everything runs out. The audit
 * holds throughout, and after all is over the box is as it was made.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "lifetime.h"
#include "sim.h"
#include "steps.h"

enum { N_OPERATIONS = 1000000, AUDIT_EVERY = 20000, N_SUBSCRIBERS = 20 };

static struct cgn_sim *sim;
static struct cgn_control *c;
static struct cgn_rand prng;
static uint64_t n_made, n_sessions[CGN_N_SESSION_RESULTS], n_refused[CGN_N_FATES];

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_mappings: %s after %llu mappings\n", what,
		(unsigned long long)n_made);
	exit(1);
}

static struct cgn_pkt
random_packet(void)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t tenant = cgn_rand_below(&prng, dir->n_tenants);
	uint32_t inside = dir->tenants[tenant].inside.runs[0].first +
		cgn_rand_below(&prng, N_SUBSCRIBERS);

	return (struct cgn_pkt){.tenant = (uint16_t)tenant,
		.inside = inside,
		.src = rte_cpu_to_be_32(cgn_directory_inside_addr(dir, inside)),
		.sport = (rte_be16_t)cgn_rand_below(&prng, 2000),
		.proto = (uint8_t)cgn_rand_below(&prng, CGN_N_PROTOS)};
}

/* What punt_drain does with a first packet. */
static void
make(void)
{
	struct cgn_pkt pkt = random_packet();
	struct cgn_flow flow = cgn_flow_of(&pkt);
	struct cgn_map_key key = {.inside = pkt.inside, .port = pkt.sport, .proto = pkt.proto};
	uint32_t m = cgn_table_find(c->table, &key);
	enum cgn_fate fate;

	if (!cgn_is_served(c, pkt.inside)) /* punt_drain.c drops it */
		return;

	if (m != CGN_MAPPING_NONE) {
		cgn_mapping_touch(cgn_table_at(c->table, m), c->now_s);
		return;
	}
	fate = cgn_admit(c, &flow);
	if (fate == CGN_FATE_NONE)
		fate = cgn_allocate(c, &flow, NULL, &m);
	if (fate == CGN_FATE_NONE && cgn_rand_below(&prng, 50) == 0) {
		cgn_unallocate(c, m);
		return;
	}
	if (fate == CGN_FATE_NONE)
		fate = cgn_publish(c, m);
	if (fate == CGN_FATE_NONE)
		n_made++;
	else
		n_refused[fate]++;
}

/* PMP-31: an owner comes, moves or goes; what goes on in slices is left to control's turns. */
static void
change_session(void)
{
	static struct cgn_session_batch batch;
	struct cgn_session_change *change = &batch.changes[0];
	struct cgn_pkt pkt = random_packet(), other = random_packet();

	batch.n = 1;
	step_session(
		change, &prng, pkt.tenant, rte_be_to_cpu_32(pkt.src), rte_be_to_cpu_32(other.src));
	if (change->kind != CGN_SESSION_ADD && change->id[0] != '\0')
		change->addr = 0;
	cgn_session_batch_run(c, &batch);
	n_sessions[change->result]++;
	if (change->result == CGN_SESSION_REMOVED && change->addr != 0) {
		const struct cgn_subscriber *sub = &c->subscribers[pkt.inside];

		must(sub->n_blocks == 0 && cgn_use_total(&sub->use) == 0 && sub->use.session == 0,
			"an owner has left something behind");
	}
}

static void
operate(void)
{
	uint32_t kind = cgn_rand_below(&prng, 100);

	if (kind < 85)
		make();
	else if (kind < 94)
		step_remove(c, &prng);
	else if (kind < 95)
		change_session();
	else
		step_time(sim, &prng);
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_mappings");

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = seed | 1,
		.box = "table: {mappings: 12288, shards: 4}\n",
		.a = "ports: {first: 4096, last: 12287, block_size: 64, max_blocks: 2}\n"
		     "timeouts: {port_rest_s: 30}\nquota: {subscriber: {mappings: 500}}\n",
		.b = "pool: [203.0.113.32/31]\n"
		     "ports: {first: 5120, last: 6079, block_size: 256, max_blocks: 2}\n",
		.c = "timeouts: {port_rest_s: 0}\n"});
	c = sim->box->control;
	cgn_sim_run(sim);
	must(audit_is_empty(sim->box), "a new box is not empty");
	for (uint32_t i = 0; i < N_OPERATIONS; i++) {
		operate();
		if (i % AUDIT_EVERY == 0)
			must(audit_is_sound(sim->box), "the audit failed");
	}
	for (int f = 0; f < CGN_N_FATES; f++)
		if (n_refused[f] > 0)
			printf("refused %s %llu\n", cgn_fates[f].name,
				(unsigned long long)n_refused[f]);
	for (int r = 0; r < CGN_N_SESSION_RESULTS; r++)
		if (n_sessions[r] > 0)
			printf("session %s %llu\n", cgn_session_result_names[r],
				(unsigned long long)n_sessions[r]);
	must(n_sessions[CGN_SESSION_ADDED] > 0 && n_sessions[CGN_SESSION_MOVED] > 0 &&
			n_sessions[CGN_SESSION_REMOVED] > 0 && n_sessions[CGN_SESSION_PENDING] > 0,
		"owners never changed: the test is too tame");
	printf("made %llu\n", (unsigned long long)n_made);
	must(n_refused[CGN_FATE_NO_PORTS] > 0 && n_refused[CGN_FATE_NO_ADDRESS] > 0,
		"ports never ran out: the test is too tame");
	cgn_sim_elapse_s(sim, 9000);
	must(audit_is_empty(sim->box), "something is left after everything has expired");
	cgn_sim_destroy(sim);
	return 0;
}
