/* SPDX-License-Identifier: BSD-3-Clause */
/* See happens_before.h. The __wrap functions stand between lib/nat/others.c, contact.c and
 * librte_hash. */
#include "happens_before.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

enum { N_POINTS = 1 << 20 };

static char points[N_POINTS]; /* one for each mapping index */

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *point);
void __tsan_release(void *point);
#else
#define __tsan_acquire(point) (void)(point)
#define __tsan_release(point) (void)(point)
#endif

int __real_rte_hash_add_key_with_hash_data(
	const struct rte_hash *h, const void *key, hash_sig_t sig, void *data);
int __wrap_rte_hash_add_key_with_hash_data(
	const struct rte_hash *h, const void *key, hash_sig_t sig, void *data);
int __real_rte_hash_lookup_with_hash_data(
	const struct rte_hash *h, const void *key, hash_sig_t sig, void **data);
int __wrap_rte_hash_lookup_with_hash_data(
	const struct rte_hash *h, const void *key, hash_sig_t sig, void **data);
int __real_rte_hash_lookup_with_hash_bulk_data(const struct rte_hash *h, const void **keys,
	hash_sig_t *sig, uint32_t n, uint64_t *hits, void *data[]);
int __wrap_rte_hash_lookup_with_hash_bulk_data(const struct rte_hash *h, const void **keys,
	hash_sig_t *sig, uint32_t n, uint64_t *hits, void *data[]);

static void *
point_of(const void *data)
{
	return &points[(uintptr_t)data % N_POINTS];
}

int
__wrap_rte_hash_add_key_with_hash_data(
	const struct rte_hash *h, const void *key, hash_sig_t sig, void *data)
{
	__tsan_release(point_of(data));
	return __real_rte_hash_add_key_with_hash_data(h, key, sig, data);
}

int
__wrap_rte_hash_lookup_with_hash_data(
	const struct rte_hash *h, const void *key, hash_sig_t sig, void **data)
{
	int position = __real_rte_hash_lookup_with_hash_data(h, key, sig, data);

	if (position >= 0)
		__tsan_acquire(point_of(*data));
	return position;
}

int
__wrap_rte_hash_lookup_with_hash_bulk_data(const struct rte_hash *h, const void **keys,
	hash_sig_t *sig, uint32_t n, uint64_t *hits, void *data[])
{
	int rc = __real_rte_hash_lookup_with_hash_bulk_data(h, keys, sig, n, hits, data);

	for (uint32_t i = 0; i < n; i++)
		if (*hits >> i & 1)
			__tsan_acquire(point_of(data[i]));
	return rc;
}

/* A stack of buffers behind a mutex. */
struct stack {
	pthread_mutex_t lock;
	unsigned int n;
	void *objects[];
};

static int
stack_alloc(struct rte_mempool *mp)
{
	struct stack *s = calloc(1, sizeof(*s) + mp->size * sizeof(void *));

	if (s == NULL)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	mp->pool_data = s;
	return 0;
}

static void
stack_free(struct rte_mempool *mp)
{
	free(mp->pool_data);
}

static int
stack_put(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	struct stack *s = mp->pool_data;

	pthread_mutex_lock(&s->lock);
	memcpy(&s->objects[s->n], objects, n * sizeof(*objects));
	s->n += n;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int
stack_get(struct rte_mempool *mp, void **objects, unsigned int n)
{
	struct stack *s = mp->pool_data;
	int rc = -ENOBUFS;

	pthread_mutex_lock(&s->lock);
	if (s->n >= n) {
		s->n -= n;
		memcpy(objects, &s->objects[s->n], n * sizeof(*objects));
		rc = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static unsigned int
stack_count(const struct rte_mempool *mp)
{
	struct stack *s = mp->pool_data;
	unsigned int n;

	pthread_mutex_lock(&s->lock);
	n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static const struct rte_mempool_ops locked_ops = {.name = "locked",
	.alloc = stack_alloc,
	.free = stack_free,
	.enqueue = stack_put,
	.dequeue = stack_get,
	.get_count = stack_count};

void
happens_before_for_buffers(void)
{
	if (rte_mempool_register_ops(&locked_ops) < 0 ||
		rte_mbuf_set_user_mempool_ops("locked") != 0)
		abort();
}
