/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of new flows and requests; called by punt_drain.c on the control thread. */
#include "fair_queue.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "burst.h"
#include "directory.h"
#include "mem.h"
#include "reserve.h"

int
cgn_fair_init(struct cgn_fair_queue *q, uint32_t n_nodes, int socket)
{
	q->tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*q->tenants), socket);
	q->nodes = cgn_mem_zalloc("fair", n_nodes, sizeof(*q->nodes), socket);
	if (q->tenants == NULL || q->nodes == NULL)
		return -ENOMEM;
	q->n_nodes = n_nodes;
	for (uint32_t i = 0; i < n_nodes; i++)
		q->nodes[i].next = i + 1;
	q->first = q->last = CGN_NONE;
	return 0;
}

void
cgn_fair_fini(struct cgn_fair_queue *q)
{
	cgn_reserve_destroy(q->tenants);
	cgn_mem_free(q->nodes);
	memset(q, 0, sizeof(*q));
}

int
cgn_fair_fill(struct cgn_fair_queue *q, uint32_t n_tenants)
{
	return cgn_reserve_fill(q->tenants, 0, n_tenants);
}

static void
count(struct cgn_fair_queue *q, uint32_t n)
{
	__atomic_store_n(&q->n, n, __ATOMIC_RELAXED);
	if (n > q->peak)
		__atomic_store_n(&q->peak, n, __ATOMIC_RELAXED);
}

/* The tenant is the last of the round. */
static void
append(struct cgn_fair_queue *q, uint32_t t, uint16_t weight)
{
	q->tenants[t].next = CGN_NONE;
	q->tenants[t].left = weight;
	*(q->first == CGN_NONE ? &q->first : &q->tenants[q->last].next) = t;
	q->last = t;
}

void
cgn_fair_put(struct cgn_fair_queue *q, struct rte_mbuf *m, uint16_t weight)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	struct cgn_fair_tenant *tenant = &q->tenants[pkt->tenant];
	/* Below the number of lanes anyway; the compiler of the sanitizer build has to see it. */
	uint32_t l = pkt->lane % CGN_PUNT_LANES, i = q->first_free;
	struct cgn_fair_lane *lane = &tenant->lanes[l];

	assert(q->n < q->n_nodes);
	q->first_free = q->nodes[i].next;
	q->nodes[i] = (struct cgn_fair_node){.m = m, .next = CGN_NONE};
	if (tenant->waiting == 0)
		append(q, pkt->tenant, weight);
	*(tenant->waiting >> l & 1 ? &q->nodes[lane->last].next : &lane->first) = i;
	lane->last = i;
	tenant->waiting |= UINT64_C(1) << l;
	count(q, q->n + 1);
}

/* The lane after the last one that has packets. */
static uint8_t
next_lane(const struct cgn_fair_tenant *tenant)
{
	uint32_t from = (tenant->lane + 1u) % CGN_PUNT_LANES;
	uint64_t after = tenant->waiting >> from << from;

	return (uint8_t)__builtin_ctzll(after != 0 ? after : tenant->waiting);
}

struct rte_mbuf *
cgn_fair_get(struct cgn_fair_queue *q, uint16_t weight)
{
	uint32_t t = q->first, i;
	struct cgn_fair_tenant *tenant;
	struct cgn_fair_lane *lane;

	if (t == CGN_NONE)
		return NULL;
	tenant = &q->tenants[t];
	tenant->lane = next_lane(tenant);
	lane = &tenant->lanes[tenant->lane];
	i = lane->first;
	lane->first = q->nodes[i].next;
	if (lane->first == CGN_NONE)
		tenant->waiting &= ~(UINT64_C(1) << tenant->lane);
	if (--tenant->left == 0 || tenant->waiting == 0) {
		q->first = tenant->next;
		if (tenant->waiting != 0)
			append(q, t, weight);
	}
	q->nodes[i].next = q->first_free;
	q->first_free = i;
	count(q, q->n - 1);
	return q->nodes[i].m;
}
