/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation on the way to a running box fails once: the creator returns NULL with errno and
 * a message, and nothing is left behind. The linker puts the functions below in the place of the
 * allocators that lib/ calls.
 */
#include "box.h"

#include <errno.h>

#include <criterion/criterion.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>

#include "conf_text.h"
#include "eal_fixture.h"
#include "mem.h"

void *__real_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket);
void *__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket);
struct rte_ring *__real_rte_ring_create(
	const char *name, unsigned int count, int socket_id, unsigned int flags);
struct rte_ring *__wrap_rte_ring_create(
	const char *name, unsigned int count, int socket_id, unsigned int flags);
struct rte_hash *__real_rte_hash_create(const struct rte_hash_parameters *params);
struct rte_hash *__wrap_rte_hash_create(const struct rte_hash_parameters *params);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_cgn_reserve_create(size_t n_max, size_t size, int socket);
void *__wrap_cgn_reserve_create(size_t n_max, size_t size, int socket);
int __real_cgn_reserve_fill(void *array, size_t first, size_t n);
int __wrap_cgn_reserve_fill(void *array, size_t first, size_t n);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

static int until_failure; /* calls that still succeed; negative: all */

static bool
fails(void)
{
	if (until_failure < 0)
		return false;
	return until_failure-- == 0;
}

void *
__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return fails() ? NULL : __real_rte_zmalloc_socket(type, size, align, socket);
}

struct rte_ring *
__wrap_rte_ring_create(const char *name, unsigned int count, int socket_id, unsigned int flags)
{
	rte_errno = ENOMEM;
	return fails() ? NULL : __real_rte_ring_create(name, count, socket_id, flags);
}

struct rte_hash *
__wrap_rte_hash_create(const struct rte_hash_parameters *params)
{
	rte_errno = ENOMEM;
	return fails() ? NULL : __real_rte_hash_create(params);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

void *
__wrap_cgn_reserve_create(size_t n_max, size_t size, int socket)
{
	if (!fails())
		return __real_cgn_reserve_create(n_max, size, socket);
	errno = ENOMEM;
	return NULL;
}

int
__wrap_cgn_reserve_fill(void *array, size_t first, size_t n)
{
	return fails() ? -ENOMEM : __real_cgn_reserve_fill(array, first, n);
}

static struct cgn_conf *conf;
static struct rte_mempool *mempool;

static void
start(void)
{
	until_failure = -1;
	eal_fixture_start();
	conf = conf_text_load_one(CONF_TEXT_BOX
		"table: {mappings: 8192}\npunt: {ring: 256}\ntenants: [t0.yaml]\n",
		"tenant: a\nattachments:\n"
		"  - {port: access, address: 100.64.0.1/24, subscribers: [{prefix: "
		"100.64.0.0/24}]}\n"
		"  - {port: trunk, outer_vlan: 5, vlan: 6, address: 100.65.0.1/24, "
		"subscribers: [{prefix: 100.65.0.0/24}]}\n"
		"pool: [203.0.113.16/31]\n");
	conf->cores.n_workers = 2;
	mempool = cgn_box_mempool("packets", 2047, 2048);
}

static void
finish(void)
{
	rte_mempool_free(mempool);
	cgn_conf_free(conf);
	rte_eal_cleanup();
}

TestSuite(faults, .init = start, .fini = finish, .timeout = 60);

static size_t
heap_in_use(void)
{
	struct rte_malloc_socket_stats stats;

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static void *
create_box(struct cgn_errmsg *err)
{
	struct cgn_dev devs[3] = {
		{.n_rxq = 1, .n_txq = 1}, {.n_rxq = 1, .n_txq = 1}, {.n_rxq = 1, .n_txq = 1}};
	struct cgn_box_params params = {
		.conf = conf, .devs = devs, .mempool = mempool, .name = "test", .seed = 1};

	return cgn_box_create(&params, err);
}

static void
destroy_box(void *box)
{
	cgn_box_destroy(box);
}

static void *
create_directory(struct cgn_errmsg *err)
{
	return cgn_directory_create(conf, NULL, err);
}

static void
destroy_directory(void *dir)
{
	cgn_directory_destroy(dir);
}

/* Fails call after call until creation succeeds. Leaks of the C heap are LeakSanitizer's. */
static void
fail_each(void *(*create)(struct cgn_errmsg *), void (*destroy)(void *), int at_least)
{
	size_t before;
	int n = 0;

	destroy(create(&(struct cgn_errmsg){""}));
	before = heap_in_use();
	for (;; n++) {
		struct cgn_errmsg err = {""};
		void *made;

		errno = 0;
		until_failure = n;
		made = create(&err);
		if (made != NULL) {
			until_failure = -1;
			destroy(made);
			break;
		}
		cr_assert_lt(until_failure, 0, "call %d did not fail, yet there is nothing", n);
		cr_assert_neq(errno, 0, "no errno after call %d failed", n);
		cr_assert_gt(strlen(err.text), 10, "no message after call %d failed", n);
		cr_assert_eq(heap_in_use(), before, "memory is left after call %d failed", n);
	}
	cr_assert_geq(n, at_least, "only %d allocations: is the test blind?", n);
}

Test(faults, box_needs_each_of_its_allocations_and_leaves_nothing_without)
{
	fail_each(create_box, destroy_box, 40);
}

Test(faults, directory_needs_each_of_its_allocations)
{
	fail_each(create_directory, destroy_directory, 12);
}
