/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order in which control serves new flows and requests (docs/decisions/0013): the tenants in
 * rounds, quota.weight packets of each in its turn (deficit round robin with packets of one cost,
 * Shreedhar and Varghese), and within a tenant one packet of each lane of subscribers in turn. Who
 * has nothing waiting is not visited, so nobody's part is lost. As long as the workers' windows
 * together; what does not fit stays in the rings. Control thread.
 */
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "err.h"
#include "punt_share.h"

struct cgn_fair_lane {
	uint32_t first, last; /* nodes; valid when the lane's bit in waiting is set */
};

struct cgn_fair_tenant {
	uint64_t waiting; /* lanes with packets */
	uint32_t next;    /* tenant of the round */
	uint16_t left;    /* packets of its turn */
	uint8_t lane;     /* served last */
	struct cgn_fair_lane lanes[CGN_PUNT_LANES];
};

struct cgn_fair_node {
	struct rte_mbuf *m;
	uint32_t next;
};

struct cgn_fair_queue {
	struct cgn_fair_tenant *tenants; /* [CGN_MAX_TENANTS], reserved */
	struct cgn_fair_node *nodes;     /* [n_nodes] */
	uint32_t n_nodes, first_free;
	uint32_t first, last; /* of the round, or CGN_NONE */
	uint32_t n;           /* packets waiting; read by telemetry */
	uint32_t peak;        /* most of them; likewise */
};

/* n_nodes: packets that fit. 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_fair_init(struct cgn_fair_queue *q, uint32_t n_nodes, int socket);
void cgn_fair_fini(struct cgn_fair_queue *q);

/* Memory for tenants below n. 0 or -ENOMEM. Main thread, before there is such a packet. */
int cgn_fair_fill(struct cgn_fair_queue *q, uint32_t n_tenants);

static inline uint32_t
cgn_fair_room(const struct cgn_fair_queue *q)
{
	return q->n_nodes - q->n;
}

/* There is room. weight: packets of the tenant in a round, at least 1. */
void cgn_fair_put(struct cgn_fair_queue *q, struct rte_mbuf *m, uint16_t weight);

/* The tenant whose packet is next, or CGN_NONE. */
static inline uint32_t
cgn_fair_next(const struct cgn_fair_queue *q)
{
	return q->first;
}

/* The next packet, or NULL. weight: of the tenant that is next. */
struct rte_mbuf *cgn_fair_get(struct cgn_fair_queue *q, uint16_t weight);
