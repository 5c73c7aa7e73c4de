/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log is complete: while mappings are made, asked for and removed at random, addresses change
 * their owners and configurations follow each other, the log replayed from its start is what the
 * box has, and after its reader has stood still so long that records were lost, it is so again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "natlog_model.h"
#include "sim.h"

enum { N_OPERATIONS = 200000, COMPARE_EVERY = 5000, RING = 512, N_SUBSCRIBERS = 20 };

static const char box_text[] = "table: {mappings: 12288, shards: 4}\n";
static const char a_text[] = "log: {mappings: true}\n"
			     "ports: {first: 4096, last: 12287, block_size: 64, max_blocks: 3}\n"
			     "timeouts: {port_rest_s: 5}\nquota: {subscriber: {mappings: 100}}\n";
static const char *const b_texts[] = {
	"log: {mappings: true}\npool: [203.0.113.32/31]\n"
	"ports: {first: 5120, last: 6079, block_size: 256, max_blocks: 2}\n",
	"log: {mappings: true}\npool: [203.0.113.34/31]\n"
	"ports: {first: 5120, last: 6079, block_size: 128, max_blocks: 2}\n",
};
static const char c_text[] = "log: {mappings: true, vrf: 77}\ntimeouts: {port_rest_s: 0}\n";

static struct cgn_sim *sim;
static struct cgn_control *c;
static struct cgn_rand prng;
static struct natlog_model model;
static uint32_t n_reloads;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_natlog: %s after %llu records\n", what,
		(unsigned long long)model.n_records);
	exit(1);
}

static struct cgn_flow
random_flow(void)
{
	const struct cgn_directory *dir = c->dp->dir;
	uint32_t tenant = cgn_rand_below(&prng, dir->n_tenants);

	return (struct cgn_flow){.tenant = (uint16_t)tenant,
		.inside = dir->tenants[tenant].inside.runs[0].first +
			cgn_rand_below(&prng, N_SUBSCRIBERS),
		.port = (rte_be16_t)(1 + cgn_rand_below(&prng, 1000)),
		.proto = (enum cgn_proto)cgn_rand_below(&prng, CGN_N_PROTOS)};
}

/* What punt_drain does with a first packet. */
static void
make(void)
{
	struct cgn_flow flow = random_flow();
	struct cgn_map_key key = {
		.inside = flow.inside, .port = flow.port, .proto = (uint8_t)flow.proto};
	uint32_t m = cgn_table_find(c->table, &key);
	enum cgn_fate fate;

	if (!cgn_is_served(c, flow.inside) || m != CGN_MAPPING_NONE)
		return;
	fate = cgn_admit(c, &flow);
	if (fate == CGN_FATE_NONE)
		fate = cgn_allocate(c, &flow, NULL, &m);
	if (fate == CGN_FATE_NONE)
		fate = cgn_publish(c, m);
	if (fate != CGN_FATE_NONE)
		cgn_natlog_refused(c, &flow, fate);
}

static void
ask(void)
{
	struct cgn_flow flow = random_flow();
	struct cgn_conf_static s = {.inside = cgn_directory_inside_addr(c->dp->dir, flow.inside),
		.inside_port = (uint16_t)(1 + cgn_rand_below(&prng, 50)),
		.outside_port = (uint16_t)(5120 + cgn_rand_below(&prng, 900)),
		.protocol = flow.proto == CGN_UDP ? CGN_STATIC_UDP : CGN_STATIC_TCP};
	uint32_t pool = c->subscribers[flow.inside].pool;

	if (cgn_rand_below(&prng, 3) == 0) {
		cgn_static_del(c, flow.tenant, &s);
		return;
	}
	if (!cgn_directory_pool_live(c->dp->dir, pool))
		return;
	s.outside = c->dp->dir->pool_addrs[pool];
	cgn_static_add(c, flow.tenant, &s);
}

static void
remove_random(void)
{
	uint32_t m = 1 + cgn_rand_below(&prng, c->table->capacity);

	if (cgn_table_at(c->table, m)->wheel.prev != 0)
		cgn_unlink(c, m);
}

static void
change_session(void)
{
	static struct cgn_session_batch batch;
	struct cgn_session_change *change = &batch.changes[0];
	struct cgn_flow flow = random_flow(), other = random_flow();

	batch.n = 1;
	*change = (struct cgn_session_change){.kind = (uint8_t)cgn_rand_below(&prng, 3),
		.tenant = flow.tenant,
		.addr = cgn_directory_inside_addr(c->dp->dir, flow.inside),
		.to = cgn_directory_inside_addr(c->dp->dir, other.inside)};
	if (change->kind == CGN_SESSION_ADD || cgn_rand_below(&prng, 2) == 0)
		snprintf(change->id, sizeof(change->id), "s%u", cgn_rand_below(&prng, 15));
	cgn_session_batch_run(c, &batch);
}

static void
step_time(void)
{
	uint32_t kind = cgn_rand_below(&prng, 1000);

	sim->now += CGN_NS_PER_MS * (kind == 0 ? 200000 : kind < 20 ? 2000 : 20);
	if (cgn_rand_below(&prng, 2) == 0)
		cgn_sim_poll_workers(sim);
	cgn_sim_poll_control(sim);
}

static void
operate(void)
{
	uint32_t kind = cgn_rand_below(&prng, 100);

	if (kind < 75)
		make();
	else if (kind < 88)
		remove_random();
	else if (kind < 93)
		ask();
	else if (kind < 94)
		change_session();
	else
		step_time();
}

static void
reload(void)
{
	struct cgn_errmsg err;

	n_reloads++;
	must(cgn_sim_reload(sim,
		     &(struct cgn_sim_params){.box = box_text,
			     .a = a_text,
			     .b = b_texts[n_reloads % 2],
			     .c = c_text},
		     &err) == 0,
		"a reload failed");
}

/* The reader goes on until it has caught up. */
static void
compare(void)
{
	const struct cgn_natlog_feed *feed = &c->natlog;

	do {
		must(natlog_model_drain(&model, &c->natlog), "the log contradicts itself");
		cgn_sim_poll_workers(sim);
		cgn_sim_poll_control(sim);
	} while (feed->gap > 0 || feed->walk.is_on);
	must(natlog_model_drain(&model, &c->natlog), "the log contradicts itself");
	must(natlog_model_equals(&model, sim->box), "the log is not what there is");
	must(model.n_lost == feed->lost, "what is lost is not what gaps say");
}

static void
run(void)
{
	bool is_reading = true;

	for (uint32_t i = 1; i <= N_OPERATIONS; i++) {
		operate();
		if (cgn_rand_below(&prng, 1000) == 0)
			is_reading = !is_reading;
		if (is_reading)
			must(natlog_model_drain(&model, &c->natlog), "the log contradicts itself");
		if (i % COMPARE_EVERY != 0)
			continue;
		if (cgn_rand_below(&prng, 4) == 0)
			reload();
		compare();
	}
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_natlog");

	cgn_rand_init(&prng, seed | 1);
	natlog_model_init(&model);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.seed = seed | 1, .box = box_text, .a = a_text, .b = b_texts[0], .c = c_text});
	c = sim->box->control;
	must(cgn_natlog_feed_init(c, "prop", RING, 0) == 0, "no memory");
	run();
	for (int i = 0; i < CGN_N_NATLOGS; i++)
		printf("%s %llu\n", cgn_natlogs[i].name, (unsigned long long)model.n_of[i]);
	must(model.n_gaps > 0 && model.n_synced > 0 && model.n_again > 0 && n_reloads > 0 &&
			model.n_of[CGN_NATLOG_EXPLICIT_MADE] > 0 &&
			model.n_of[CGN_NATLOG_ADDRESS_UNBOUND] > 0 &&
			model.n_of[CGN_NATLOG_PORTS_EXHAUSTED] +
					model.n_of[CGN_NATLOG_SUBSCRIBER_QUOTA] >
				0,
		"something never happened: the test is too tame");
	cgn_natlog_feed_end(&c->natlog);
	must(natlog_model_drain(&model, &c->natlog), "the log contradicts itself");
	must(model.n_of[CGN_NATLOG_STOP] == 1, "the log has no end");
	cgn_natlog_feed_fini(c);
	cgn_sim_destroy(sim);
	natlog_model_fini(&model);
	return 0;
}
