/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers that do what workers do, look up mappings and their contacts and touch these, against
 * control that makes, ends and reclaims both as fast as it can. No reader may find a contact that
 * is another mapping's or another peer's.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

enum { N_READERS = 2, N_SUBSCRIBERS = 8, N_PORTS = 8, N_PEERS = 8, BURST = 32, FULL = 1500 };

static struct cgn_sim *sim;
static struct cgn_control *c;
static atomic_bool stop;
static _Atomic uint64_t n_known, n_new;

static uint32_t
duration_s(void)
{
	const char *text = getenv("CGN_STRESS_S");

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 5;
}

static struct cgn_map_key
random_key(struct cgn_rand *rand)
{
	return (struct cgn_map_key){.inside = 10 + cgn_rand_below(rand, N_SUBSCRIBERS),
		.port = rte_cpu_to_be_16((uint16_t)(5000 + cgn_rand_below(rand, N_PORTS))),
		.proto = CGN_UDP};
}

static struct cgn_pkt
random_packet(struct cgn_rand *rand)
{
	return (struct cgn_pkt){.dir = CGN_IN2OUT,
		.proto = CGN_UDP,
		.dst = rte_cpu_to_be_32((uint32_t)SIM_PEER),
		.dport = rte_cpu_to_be_16((uint16_t)(100 + cgn_rand_below(rand, N_PEERS)))};
}

static void
look(struct cgn_rand *rand)
{
	const struct cgn_map_key key = random_key(rand);
	const struct cgn_pkt pkt = random_packet(rand);
	struct cgn_contact_key contact;
	uint32_t m, filter, r;

	cgn_table_find_bulk(c->table, &key, 1, &m);
	if (m == CGN_MAPPING_NONE)
		return;
	filter = atomic_load_explicit(&cgn_table_at(c->table, m)->filter, memory_order_acquire);
	if ((filter & CGN_FILTER_CONTACTS) == 0)
		return;
	contact = cgn_contact_key(m, filter, CGN_UDP, pkt.dst, pkt.dport);
	r = cgn_contact_find(c->dp->contacts, &contact);
	if (r == 0) {
		atomic_fetch_add_explicit(&n_new, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&n_known, 1, memory_order_relaxed);
	if (memcmp(&c->contacts.records[r].key, &contact, sizeof(contact)) != 0) {
		fprintf(stderr, "stress_contacts: contact %u is another's\n", r);
		abort();
	}
	cgn_contact_touch(c->dp->contacts, r, 1000 + cgn_rand_below(rand, 2));
}

static void *
read_all(void *arg)
{
	unsigned int id = 1 + (unsigned int)(uintptr_t)arg;
	struct cgn_rand rand;

	cgn_rand_init(&rand, 7 + id);
	rte_rcu_qsbr_thread_register(c->dp->rcu, id);
	rte_rcu_qsbr_thread_online(c->dp->rcu, id);
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		for (int k = 0; k < BURST; k++)
			look(&rand);
		rte_rcu_qsbr_quiescent(c->dp->rcu, id);
	}
	rte_rcu_qsbr_thread_offline(c->dp->rcu, id);
	rte_rcu_qsbr_thread_unregister(c->dp->rcu, id);
	return NULL;
}

static void
make(struct cgn_rand *rand)
{
	const struct cgn_map_key key = random_key(rand);
	const struct cgn_pkt pkt = random_packet(rand);
	struct cgn_flow flow = {.inside = key.inside, .port = key.port, .proto = CGN_UDP};
	uint32_t m = cgn_table_find(c->table, &key);

	if (m == CGN_MAPPING_NONE) {
		if (cgn_allocate(c, &flow, NULL, &m) != CGN_FATE_NONE)
			return;
		cgn_filtering_choose(c, cgn_table_at(c->table, m), &pkt);
		if (cgn_publish(c, m) != CGN_FATE_NONE)
			return;
	}
	cgn_contact_note(c, m, &pkt);
}

static uint64_t
write_all(uint32_t seconds)
{
	time_t end = time(NULL) + (time_t)seconds;
	struct cgn_rand rand;
	uint64_t n = 0;

	cgn_rand_init(&rand, 99);
	while (time(NULL) < end) {
		if (c->contacts.n_used > FULL) /* readers have to run for a grace period */
			sched_yield();
		for (int k = 0; k < 32 && c->contacts.n_used <= FULL; k++, n++)
			make(&rand);
		for (int k = 0; k < 4; k++) {
			const struct cgn_map_key key = random_key(&rand);
			uint32_t m = cgn_table_find(c->table, &key);

			if (m != CGN_MAPPING_NONE)
				cgn_unlink(c, m);
		}
		c->now += CGN_NS_PER_S / 4;
		c->now_s = cgn_ns_to_s(c->now);
		cgn_pool_rest_advance(c->pool, c->now_s, 1000);
		cgn_reclaim(c);
	}
	return n;
}

int
main(void)
{
	pthread_t readers[N_READERS];
	uint64_t made;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 5,
		.box = "table: {mappings: 13000, shards: 4, contacts: 2000}\n",
		.a = "timeouts: {port_rest_s: 0}\nnat: {filtering: address_and_port_dependent}\n"});
	c = sim->box->control;
	cgn_sim_run(sim);
	rte_rcu_qsbr_thread_offline(c->dp->rcu, 0); /* the box's own worker is not here */
	for (uintptr_t i = 0; i < N_READERS; i++)
		pthread_create(&readers[i], NULL, read_all, (void *)i);
	made = write_all(duration_s());
	atomic_store(&stop, true);
	for (int i = 0; i < N_READERS; i++)
		pthread_join(readers[i], NULL);
	printf("sent to %llu peers; known %llu, new %llu\n", (unsigned long long)made,
		(unsigned long long)n_known, (unsigned long long)n_new);
	rte_rcu_qsbr_thread_online(c->dp->rcu, 0);
	if (made < 10000 || n_known < 1000 || n_new < 1000) {
		fprintf(stderr, "stress_contacts: too little happened\n");
		return 1;
	}
	cgn_sim_destroy(sim);
	return 0;
}
