/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log is complete: while mappings are made, asked for and removed at random, addresses change
 * their owners, configurations follow each other and the daemon stops or is killed and started
 * again, the log replayed from its start is what the box has, and after its reader has stood still
 * so long that records were lost, it is so again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "natlog_model.h"
#include "restart.h"
#include "steps.h"

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

static struct restart box = {.log_ring = RING};
static struct cgn_sim *sim;
static struct cgn_control *c;
static struct cgn_rand prng;
static struct natlog_model model;
static uint32_t n_reloads, n_stops, n_kills;

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

/* A subscriber does, by one protocol or the other; every fourth time he wants it no more. */
static void
request(void)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	struct cgn_flow flow = random_flow();
	struct cgn_explicit_ask q = {.origin = cgn_rand_below(&prng, 2) == 0 ? CGN_EXPLICIT_NATPMP
									     : CGN_EXPLICIT_PCP_MAP,
		.tenant = flow.tenant,
		.inside = flow.inside,
		.proto = flow.proto == CGN_UDP ? CGN_UDP : CGN_TCP,
		.inside_port = (uint16_t)(1 + cgn_rand_below(&prng, 8)),
		.lifetime_s = cgn_rand_below(&prng, 4) == 0 ? 0 : 120 + cgn_rand_below(&prng, 600),
		.nonce = {7},
		.n_ports = 1};
	uint32_t n;

	if (cgn_is_served(c, flow.inside))
		cgn_explicit_ops.ask(c, &q, answers, &n);
}

static void
change_session(void)
{
	static struct cgn_session_batch batch;
	struct cgn_session_change *change = &batch.changes[0];
	struct cgn_flow flow = random_flow(), other = random_flow();

	batch.n = 1;
	step_session(change, &prng, flow.tenant, cgn_directory_inside_addr(c->dp->dir, flow.inside),
		cgn_directory_inside_addr(c->dp->dir, other.inside));
	cgn_session_batch_run(c, &batch);
}

static void
operate(void)
{
	uint32_t kind = cgn_rand_below(&prng, 100);

	if (kind < 75)
		make();
	else if (kind < 88)
		step_remove(c, &prng);
	else if (kind < 91)
		ask();
	else if (kind < 93)
		request();
	else if (kind < 94)
		change_session();
	else
		step_time(sim, &prng);
}

static struct cgn_sim_params
params(void)
{
	return (struct cgn_sim_params){
		.box = box_text, .a = a_text, .b = b_texts[n_reloads % 2], .c = c_text};
}

static void
reload(void)
{
	struct cgn_sim_params p;
	struct cgn_errmsg err;

	n_reloads++;
	p = params();
	must(cgn_sim_reload(sim, &p, &err) == 0, "a reload failed");
}

static void
start(void)
{
	struct cgn_sim_params p = params();

	p.seed = cgn_rand_u64(&prng) | 1;
	restart_start(&box, &p);
	sim = box.sim;
	c = sim->box->control;
}

/* A stop is told; after a kill some of the log has not been read, and some of the journal not
 * written. */
static void
start_again(void)
{
	bool is_kill = cgn_rand_below(&prng, 2) == 0;

	if (!is_kill || cgn_rand_below(&prng, 2) == 0)
		restart_run_and_export(&box);
	n_kills += is_kill;
	n_stops += !is_kill;
	if (!is_kill) {
		cgn_natlog_feed_end(&c->natlog);
		must(natlog_model_drain(&model, &c->natlog), "the log contradicts itself");
	}
	restart_kill(&box);
	start();
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
		if (cgn_rand_below(&prng, 4) == 0) {
			start_again();
			compare();
		}
	}
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_natlog");

	cgn_rand_init(&prng, seed | 1);
	natlog_model_init(&model);
	start();
	run();
	for (int i = 0; i < CGN_N_NATLOGS; i++)
		printf("%s %llu\n", cgn_natlogs[i].name, (unsigned long long)model.n_of[i]);
	must(model.n_gaps > 0 && model.n_synced > 0 && model.n_again > 0 && n_reloads > 0 &&
			n_stops > 0 && n_kills > 0 && model.n_restored > 0 &&
			model.n_of[CGN_NATLOG_EXPLICIT_MADE] > 0 &&
			model.n_of[CGN_NATLOG_EXPLICIT_CHANGED] > 0 &&
			model.n_of[CGN_NATLOG_ADDRESS_UNBOUND] > 0 &&
			model.n_of[CGN_NATLOG_PORTS_EXHAUSTED] +
					model.n_of[CGN_NATLOG_SUBSCRIBER_QUOTA] >
				0,
		"something never happened: the test is too tame");
	cgn_natlog_feed_end(&c->natlog);
	must(natlog_model_drain(&model, &c->natlog), "the log contradicts itself");
	must(model.n_of[CGN_NATLOG_STOP] == n_stops + 1, "the log has no end");
	restart_fini(&box);
	natlog_model_fini(&model);
	return 0;
}
