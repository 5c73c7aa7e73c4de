/* SPDX-License-Identifier: BSD-3-Clause */
/* Outside ports that several mappings of a subscriber share, and when they are to; see dependent.h.
 * Called by control/share.c; control thread. */
#include <assert.h>

#include "dependent.h"
#include "fixed_range.h"
#include "port_block.h"

uint32_t
cgn_shared_port_add(
	struct cgn_dependents *d, uint32_t holder, enum cgn_proto proto, struct cgn_port at)
{
	struct cgn_shared_ring *ring = &d->rings[holder][proto];
	uint32_t s = d->first_free_port;
	struct cgn_shared_port *port = &d->ports[s];

	assert(s != 0); /* each one has a record */
	d->first_free_port = port->next;
	d->n_ports++;
	*port = (struct cgn_shared_port){
		.at = at, .holder = holder, .proto = (uint8_t)proto, .next = s, .prev = s};
	if (ring->n++ > 0) {
		port->next = ring->at;
		port->prev = d->ports[ring->at].prev;
		d->ports[port->prev].next = s;
		d->ports[ring->at].prev = s;
	}
	ring->at = s;
	return s;
}

void
cgn_shared_port_del(struct cgn_dependents *d, uint32_t s)
{
	struct cgn_shared_port *port = &d->ports[s];
	struct cgn_shared_ring *ring = &d->rings[port->holder][port->proto];

	assert(port->n == 0);
	d->ports[port->prev].next = port->next;
	d->ports[port->next].prev = port->prev;
	if (ring->at == s)
		ring->at = port->next;
	if (--ring->n == 0)
		ring->at = 0;
	*port = (struct cgn_shared_port){.next = d->first_free_port};
	d->first_free_port = s;
	d->n_ports--;
}

void
cgn_shared_port_join(struct cgn_dependents *d, struct cgn_dependent *r, uint32_t s)
{
	struct cgn_shared_port *port = &d->ports[s];
	uint32_t i = (uint32_t)(r - d->records);

	r->shared = s;
	r->prev = 0;
	r->next = port->first;
	if (port->first != 0)
		d->records[port->first].prev = i;
	port->first = i;
	port->n++;
}

uint32_t
cgn_shared_port_leave(struct cgn_dependents *d, struct cgn_dependent *r)
{
	struct cgn_shared_port *port = &d->ports[r->shared];

	if (r->prev != 0)
		d->records[r->prev].next = r->next;
	else
		port->first = r->next;
	if (r->next != 0)
		d->records[r->next].prev = r->prev;
	r->shared = r->next = r->prev = 0;
	return --port->n;
}

/* Free ports of a block that cgn_pool_take_for may take. */
static uint32_t
n_free(const struct cgn_pool *pool, const struct cgn_pool_wish *wish, uint32_t holder, uint32_t b)
{
	const struct cgn_block *block = &pool->blocks[b];

	if (block->pool != pool->subscribers[holder].pool || cgn_block_is_low(block) ||
		(block->is_resting && !cgn_block_may_claim(pool, block)) ||
		!cgn_fixed_may_use(pool, holder, wish->tenant, b, wish->proto))
		return 0;
	return (uint32_t)(block->capacity[wish->proto] - block->busy[wish->proto]);
}

bool
cgn_pool_is_short(const struct cgn_pool *pool, const struct cgn_pool_wish *wish, uint32_t left)
{
	const uint32_t holder = cgn_directory_holder(pool->dir, wish->inside);
	uint32_t n = 0, address;

	for (uint32_t b = pool->subscribers[holder].first_block; b != CGN_NONE && n <= left;
		b = pool->blocks[b].next)
		n += n_free(pool, wish, holder, b);
	return n <= left &&
		cgn_block_foresee(pool, holder, wish->tenant, &address) != CGN_FATE_NONE;
}
