/* SPDX-License-Identifier: BSD-3-Clause */
/* The floor under the benches; see floor.h. */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_hash.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <rte_random.h>

#include "machine.h"
#include "report.h"

enum { ROUND = 8192, BURST = 64, MAX_ROUNDS = 65536 };

struct entry {
	uint64_t words[8];
};

struct floor {
	struct rte_hash *hash;
	struct entry *entries;
	uint32_t n;
	double add_ns;
	uint64_t sum; /* so that nothing is optimised away */
	uint64_t keys[ROUND];
};

static uint64_t
key_of(uint32_t i)
{
	return (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15); /* spread, all different */
}

static void
fill(struct floor *floor)
{
	uint64_t began = machine_cpu_ns();

	for (uint32_t i = 0; i < floor->n; i++) {
		uint64_t key = key_of(i);

		if (rte_hash_add_key_data(floor->hash, &key, (void *)(uintptr_t)i) < 0)
			machine_die("the floor's table is full");
		floor->entries[i].words[0] = i;
	}
	floor->add_ns = (double)machine_cpu_span(began) / floor->n;
}

struct floor *
floor_create(uint32_t n)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	static uint32_t number;
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {.name = name,
		.entries = n + n / 4 < 64 ? 64 : n + n / 4,
		.key_len = sizeof(uint64_t),
		.socket_id = (int)rte_socket_id(),
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF};

	if (floor == NULL)
		machine_die("no memory for the floor");
	snprintf(name, sizeof(name), "floor%u", number++ % 1000);
	floor->n = n;
	floor->hash = rte_hash_create(&params);
	floor->entries = rte_zmalloc("floor", (size_t)n * sizeof(struct entry), 64);
	if (floor->hash == NULL || floor->entries == NULL)
		machine_die("no memory for the floor of %u entries", n);
	fill(floor);
	return floor;
}

void
floor_destroy(struct floor *floor)
{
	if (floor == NULL)
		return;
	rte_hash_free(floor->hash);
	rte_free(floor->entries);
	free(floor);
}

static __attribute__((noinline)) void
look_up(struct floor *floor)
{
	for (uint32_t at = 0; at < ROUND; at += BURST) {
		const void *keys[BURST];
		void *found[BURST];
		uint64_t hits;

		for (uint32_t i = 0; i < BURST; i++)
			keys[i] = &floor->keys[at + i];
		if (rte_hash_lookup_bulk_data(floor->hash, keys, BURST, &hits, found) != BURST)
			machine_die("the floor's table has lost a key");
		for (uint32_t i = 0; i < BURST; i++)
			rte_prefetch0(&floor->entries[(uintptr_t)found[i]]);
		for (uint32_t i = 0; i < BURST; i++)
			floor->sum += floor->entries[(uintptr_t)found[i]].words[0];
	}
}

double
floor_run(struct floor *floor, uint32_t ms)
{
	static double rounds[MAX_ROUNDS];
	double spent = 0;
	uint32_t n = 0;

	while (spent < ms * 1e6 && n < MAX_ROUNDS) {
		uint64_t began;
		double ns;

		for (uint32_t i = 0; i < ROUND; i++)
			floor->keys[i] = key_of((uint32_t)rte_rand_max(floor->n));
		began = machine_tsc();
		look_up(floor);
		ns = machine_ns(machine_tsc() - began);
		spent += ns;
		rounds[n++] = ns / ROUND;
	}
	return quantile(rounds, n, 0.5);
}

double
floor_add_ns(const struct floor *floor)
{
	return floor->add_ns;
}
