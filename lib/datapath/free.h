/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers back to their pool, many at a time. Worker threads. */
#pragma once

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
	"one load has both");

/*
 * Zero if rte_pktmbuf_free would put m into the pool as it is: one segment (then next is NULL), one
 * user, and no other's data. Reads the first line of the buffer alone.
 */
static inline uint64_t
cgn_free_is_special(const struct rte_mbuf *m, const struct rte_mempool *pool)
{
	uint32_t refcnt_segs;

	memcpy(&refcnt_segs, (const uint8_t *)m + offsetof(struct rte_mbuf, refcnt),
		sizeof(refcnt_segs));
	return (refcnt_segs ^ 0x00010001) |
		(m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) |
		((uintptr_t)m->pool ^ (uintptr_t)pool);
}

/* As rte_pktmbuf_free_bulk: n packets, each its caller's. */
static inline void
cgn_free_bulk(struct rte_mbuf **mbufs, uint32_t n)
{
	uint64_t special = 0;

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		special |= cgn_free_is_special(mbufs[i], mbufs[0]->pool);
	if (likely(special == 0))
		rte_mempool_put_bulk(mbufs[0]->pool, (void *const *)mbufs, n);
	else
		rte_pktmbuf_free_bulk(mbufs, n);
}
