/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers that do what workers do, look up both ways and read entries, against control that makes,
 * removes, reclaims and rests as fast as it can. No reader may see an entry that is half filled or
 * another flow's.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"
#include "tcp_tell.h"

enum { N_READERS = 2, N_SUBSCRIBERS = 32, N_PORTS = 64 };

static struct cgn_sim *sim;
static struct cgn_control *c;
static atomic_bool stop;
static _Atomic uint64_t n_hits_in, n_hits_out, n_stale;

/* Plain seconds, with CGN_STRESS_S to make it longer. */
static uint32_t
duration_s(void)
{
	const char *text = getenv("CGN_STRESS_S");

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 5;
}

static void
fail(const char *what, const struct cgn_mapping *m)
{
	char buf[CGN_MAPPING_STRLEN];

	fprintf(stderr, "stress_readers: %s: %s\n", what, cgn_mapping_str(m, buf));
	abort();
}

/* Everything that is fixed after publish says the same. */
static void
check_entry(const struct cgn_mapping *m)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_mapping sealed = {.inside_addr = m->inside_addr,
		.outside_addr = m->outside_addr,
		.inside_port = m->inside_port,
		.outside_port = m->outside_port,
		.proto = m->proto};

	cgn_mapping_seal(&sealed);
	if (m->l3_delta != sealed.l3_delta || m->l4_delta != sealed.l4_delta)
		fail("deltas are another flow's", m);
	if (m->outside_addr != rte_cpu_to_be_32(dir->pool_addrs[m->pool]))
		fail("outside address is another's", m);
	if (m->inside_addr != rte_cpu_to_be_32(cgn_directory_inside_addr(dir, m->inside)))
		fail("inside address is another's", m);
	if (m->neigh != cgn_directory_inside_neigh(dir, m->inside))
		fail("next hop is another's", m);
}

static void
use_entry(struct cgn_mapping *m, struct cgn_rand *rand)
{
	static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x10, 0x11, 0x11, 0x04, 0x14};
	uint64_t r = cgn_rand_u64(rand);

	cgn_mapping_touch(m, (uint32_t)cgn_rand_u64(rand) & 3);
	if (m->proto == CGN_TCP)
		tcp_tell(c->dp->table, m, (enum cgn_dir)(r & 1), rte_be_to_cpu_32(m->outside_addr),
			(struct cgn_tcp_segment){.flags = flags[r >> 1 & 7]});
}

static struct cgn_map_key
random_key(struct cgn_rand *rand)
{
	return (struct cgn_map_key){.inside = cgn_rand_below(rand, N_SUBSCRIBERS),
		.port = (rte_be16_t)cgn_rand_below(rand, N_PORTS),
		.proto = (uint8_t)cgn_rand_below(rand, CGN_N_PROTOS)};
}

static uint32_t
read_from_inside(struct cgn_rand *rand, struct cgn_mapping *seen)
{
	struct cgn_map_key keys[CGN_TABLE_BULK];
	uint32_t found[CGN_TABLE_BULK], n = 0;

	for (uint32_t i = 0; i < CGN_TABLE_BULK; i++)
		keys[i] = random_key(rand);
	cgn_table_find_bulk(c->dp->table, keys, CGN_TABLE_BULK, found);
	for (uint32_t i = 0; i < CGN_TABLE_BULK; i++) {
		struct cgn_mapping *m = cgn_table_at(c->dp->table, found[i]);

		if (found[i] == CGN_MAPPING_NONE)
			continue;
		if (m->inside != keys[i].inside || m->inside_port != keys[i].port ||
			m->proto != keys[i].proto)
			fail("found by another's key", m);
		check_entry(m);
		use_entry(m, rand);
		seen->pool = m->pool;
		seen->proto = m->proto;
		seen->outside_port = m->outside_port;
		n++;
	}
	return n;
}

/* Around a port that was just seen: it is likely to have an owner, or to be changing it. */
static uint32_t
read_from_outside(struct cgn_rand *rand, const struct cgn_mapping *seen)
{
	uint32_t n = 0;

	for (int k = 0; k < 64; k++) {
		uint32_t pool = seen->pool;
		uint16_t port =
			(uint16_t)(rte_be_to_cpu_16(seen->outside_port) + cgn_rand_below(rand, 32));
		enum cgn_proto proto = (enum cgn_proto)cgn_rand_below(rand, CGN_N_PROTOS);
		uint32_t i = cgn_pool_find(c->dp->pool, pool, proto, port);
		struct cgn_mapping *m = cgn_table_at(c->dp->table, i);

		if (i == CGN_MAPPING_NONE)
			continue;
		check_entry(m); /* complete, if perhaps another port's: see pool.h */
		if (m->pool != pool || m->proto != proto ||
			rte_be_to_cpu_16(m->outside_port) != port) {
			atomic_fetch_add_explicit(&n_stale, 1, memory_order_relaxed);
			continue;
		}
		use_entry(m, rand);
		n++;
	}
	return n;
}

static void *
read_all(void *arg)
{
	uint32_t id = 1 + (uint32_t)(uintptr_t)arg;
	struct cgn_mapping seen = {0};
	struct cgn_rand rand;

	cgn_rand_init(&rand, id);
	rte_rcu_qsbr_thread_register(c->dp->rcu, id);
	rte_rcu_qsbr_thread_online(c->dp->rcu, id);
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		atomic_fetch_add(&n_hits_in, read_from_inside(&rand, &seen));
		atomic_fetch_add(&n_hits_out, read_from_outside(&rand, &seen));
		rte_rcu_qsbr_quiescent(c->dp->rcu, id);
	}
	rte_rcu_qsbr_thread_offline(c->dp->rcu, id);
	rte_rcu_qsbr_thread_unregister(c->dp->rcu, id);
	return NULL;
}

static void
make(struct cgn_rand *rand)
{
	struct cgn_map_key key = random_key(rand);
	struct cgn_flow flow = {
		.inside = key.inside, .port = key.port, .proto = (enum cgn_proto)key.proto};
	uint32_t m;

	if (cgn_table_find(c->table, &key) == CGN_MAPPING_NONE &&
		cgn_allocate(c, &flow, NULL, &m) == CGN_FATE_NONE)
		cgn_publish(c, m);
}

/* Time runs a thousand times as fast, so that ports rest and come back meanwhile. */
static void
write_all(uint32_t seconds)
{
	struct cgn_rand rand;
	time_t end = time(NULL) + (time_t)seconds;

	cgn_rand_init(&rand, 99);
	for (uint32_t turn = 0; time(NULL) < end; turn++) {
		for (int k = 0; k < 32; k++)
			make(&rand);
		for (int k = 0; k < 64; k++) {
			uint32_t m = 1 + cgn_rand_below(&rand, c->table->capacity);

			if (c->table->sides[m].wheel.prev != 0)
				cgn_unlink(c, m);
		}
		c->now += CGN_NS_PER_S / 4;
		c->now_s = cgn_ns_to_s(c->now);
		cgn_pool_rest_advance(c->pool, c->now_s, 1000);
		cgn_reclaim(c);
	}
}

int
main(void)
{
	pthread_t readers[N_READERS];
	uint64_t made;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 5,
		.box = "table: {mappings: 13000, shards: 4}\n",
		.a = "pool: [203.0.113.16/30]\ntimeouts: {port_rest_s: 3}\n"
		     "ports: {block_size: 64, max_blocks: 4}\n"});
	c = sim->box->control;
	cgn_sim_run(sim);
	rte_rcu_qsbr_thread_offline(c->dp->rcu, 0); /* the box's own worker is not here */
	for (uintptr_t i = 0; i < N_READERS; i++)
		pthread_create(&readers[i], NULL, read_all, (void *)i);
	write_all(duration_s());
	atomic_store(&stop, true);
	for (int i = 0; i < N_READERS; i++)
		pthread_join(readers[i], NULL);
	made = c->tenants[0].made;
	printf("made %llu, found from inside %llu, from outside %llu, stale %llu\n",
		(unsigned long long)made, (unsigned long long)n_hits_in,
		(unsigned long long)n_hits_out, (unsigned long long)n_stale);
	if (made < 10000 || n_hits_in < 10000 || n_hits_out < 1000) {
		fprintf(stderr, "stress_readers: too little happened\n");
		return 1;
	}
	rte_rcu_qsbr_thread_online(c->dp->rcu, 0);
	cgn_sim_destroy(sim);
	return 0;
}
