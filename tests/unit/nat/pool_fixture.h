/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool with its directory and subscribers, made of a tenant's YAML lines; no EAL. Random numbers
 * are seeded, so that a failing run fails again.
 */
#pragma once

#include <stdbool.h>

#include "conf.h"
#include "pool.h"

struct pool_fixture {
	struct cgn_conf *conf;
	struct cgn_directory *dir;
	struct cgn_subscriber *subscribers;
	struct cgn_rand rand;
	struct cgn_pool *pool;
};

/* Addresses drain in this test: subscribers may hold blocks on others than their paired one. */
extern bool pool_fixture_may_move;

/* pool: the tenant's "pool: […]" and further keys; its subscribers are 100.64.0.2 to .254. Ends
 * the process when it cannot. */
void pool_fixture_init(struct pool_fixture *f, const char *pool, uint64_t seed);

/* Two tenants with these lines; each has 253 subscribers. */
void pool_fixture_init_two(
	struct pool_fixture *f, const char *pool_a, const char *pool_b, uint64_t seed);
void pool_fixture_fini(struct pool_fixture *f);

/* Compares what the pool, its blocks, its chunks and the subscribers say about each other. False,
 * with the reason on standard error, when they disagree. */
bool pool_fixture_is_consistent(const struct pool_fixture *f);

/* The same for a pool that has no fixture. */
bool pool_is_consistent(const struct cgn_pool *pool);

/* Whether every port, block and chunk is free. */
bool pool_is_untouched(const struct cgn_pool *pool);
