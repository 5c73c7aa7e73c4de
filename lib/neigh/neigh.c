/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour state machine; see neigh.h. Driven by control/arp_control.c and control/loop.c. */
#include "neigh.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mem.h"
#include "reserve.h"

enum {
	ASK_TIMES = 3, /* RFC 1122 section 2.3.2.1 leaves the number open; Linux asks 3 times */
	ASK_INTERVAL_S = 1, /* RFC 1122 section 2.3.2.1: at most one a second for an address */
};

struct cgn_neigh_table *
cgn_neigh_create(const struct cgn_directory *dir, const struct cgn_neigh_ops *ops, void *ctx,
	int socket, struct cgn_errmsg *err)
{
	struct cgn_neigh_table *t = cgn_mem_zalloc("neigh", 1, sizeof(*t), socket);
	uint32_t n_held = dir->conf->arp.hold_packets;
	int rc = -ENOMEM;

	if (t == NULL)
		goto fail;
	t->dir = dir;
	t->ops = *ops;
	t->ctx = ctx;
	t->entries = cgn_reserve_create(CGN_MAX_NEIGH, sizeof(*t->entries), socket);
	t->ctl = cgn_reserve_create(CGN_MAX_NEIGH, sizeof(*t->ctl), socket);
	t->held = cgn_mem_zalloc("neigh_held", n_held, sizeof(*t->held), socket);
	if (t->entries == NULL || t->ctl == NULL || t->held == NULL)
		goto fail;
	for (uint32_t f = 0; f < dir->n_ifaces; f++)
		if (dir->ifaces[f].live && (rc = cgn_neigh_add(t, dir, f)) < 0)
			goto fail;
	for (uint32_t h = 0; h < n_held; h++)
		t->held[h].next = h + 1 < n_held ? h + 1 : CGN_NONE;
	t->first_free_held = n_held > 0 ? 0 : CGN_NONE;
	return t;
fail:
	if (rc == -EOVERFLOW)
		cgn_errmsg_set(err,
			"the on-link prefixes have %u addresses, more than %u: put subscribers "
			"behind routers (via)",
			dir->n_neigh, (unsigned int)CGN_MAX_NEIGH);
	else
		cgn_errmsg_set(err,
			"no memory for %u on-link addresses: raise memory.size_mib or free some",
			dir->n_neigh);
	cgn_neigh_destroy(t);
	errno = -rc;
	return NULL;
}

int
cgn_neigh_add(struct cgn_neigh_table *t, const struct cgn_directory *dir, uint32_t iface)
{
	uint64_t first = dir->ifaces[iface].neigh_base;
	uint64_t end = first + cgn_prefix_size(dir->ifaces[iface].onlink);
	uint64_t n = cgn_neigh_n(t);

	if (end > CGN_MAX_NEIGH)
		return -EOVERFLOW;
	if (n < end &&
		(cgn_reserve_fill(t->entries, n, end - n) < 0 ||
			cgn_reserve_fill(t->ctl, n, end - n) < 0))
		return -ENOMEM;
	for (uint64_t i = n; i < end; i++)
		t->ctl[i].first_held = t->ctl[i].last_held = CGN_NONE;
	for (uint64_t i = first; i < end; i++) {
		assert(t->ctl[i].state == CGN_NEIGH_UNKNOWN);
		t->entries[i].iface = iface;
		atomic_store_explicit(&t->entries[i].used, 0, memory_order_relaxed);
	}
	if (n < end)
		__atomic_store_n(&t->n, (uint32_t)end, __ATOMIC_RELEASE);
	return 0;
}

void
cgn_neigh_destroy(struct cgn_neigh_table *t)
{
	if (t == NULL)
		return;
	cgn_reserve_destroy(t->entries);
	cgn_reserve_destroy(t->ctl);
	cgn_mem_free(t->held);
	cgn_mem_free(t);
}

void
cgn_neigh_start(struct cgn_neigh_table *t, uint32_t now_s)
{
	cgn_wheel_init(&t->wheel, &t->ctl[0].wheel, sizeof(t->ctl[0]), now_s);
}

static void
ask(struct cgn_neigh_table *t, uint32_t i, uint32_t now_s)
{
	struct cgn_neigh_ctl *ctl = &t->ctl[i];
	uint64_t word = atomic_load_explicit(&t->entries[i].mac, memory_order_relaxed);
	struct rte_ether_addr mac;

	memcpy(&mac, &word, sizeof(mac));
	ctl->asked++;
	cgn_wheel_add(&t->wheel, i, now_s + ASK_INTERVAL_S);
	t->ops.ask(t->ctx, i, ctl->state == CGN_NEIGH_PROBING ? &mac : NULL);
}

/* Hands out the oldest packet that is held for i; there is one. */
static void
release_oldest(struct cgn_neigh_table *t, uint32_t i, enum cgn_fate fate)
{
	struct cgn_neigh_ctl *ctl = &t->ctl[i];
	uint32_t h = ctl->first_held;
	struct rte_mbuf *mbuf = t->held[h].mbuf;

	ctl->first_held = t->held[h].next;
	if (ctl->first_held == CGN_NONE)
		ctl->last_held = CGN_NONE;
	t->held[h].next = t->first_free_held;
	t->first_free_held = h;
	t->n_held--;
	ctl->n_held--;
	t->ops.release(t->ctx, mbuf, fate);
}

static void
release_held(struct cgn_neigh_table *t, uint32_t i, enum cgn_fate fate)
{
	while (t->ctl[i].first_held != CGN_NONE)
		release_oldest(t, i, fate);
}

static void
forget(struct cgn_neigh_table *t, uint32_t i)
{
	atomic_store_explicit(&t->entries[i].mac, 0, memory_order_relaxed);
	cgn_wheel_del(&t->wheel, i);
	t->ctl[i].state = CGN_NEIGH_UNKNOWN;
	t->n_known--;
	release_held(t, i, CGN_FATE_NO_NEIGHBOUR);
}

void
cgn_neigh_remove(struct cgn_neigh_table *t, const struct cgn_directory *dir, uint32_t iface)
{
	uint32_t first = dir->ifaces[iface].neigh_base;
	uint64_t end = first + cgn_prefix_size(dir->ifaces[iface].onlink);

	for (uint32_t i = first; i < end && t->n_known > 0; i++)
		if (t->ctl[i].state != CGN_NEIGH_UNKNOWN)
			forget(t, i);
}

void
cgn_neigh_forget(struct cgn_neigh_table *t, uint32_t i)
{
	if (t->ctl[i].state != CGN_NEIGH_UNKNOWN)
		forget(t, i);
}

enum cgn_fate
cgn_neigh_hold(struct cgn_neigh_table *t, uint32_t i, struct rte_mbuf *mbuf, uint32_t now_s)
{
	const uint32_t share = t->dir->conf->arp.hold_packets_per_neighbour; /* at least 1 */
	struct cgn_neigh_ctl *ctl = &t->ctl[i];
	uint32_t h;

	if (ctl->state == CGN_NEIGH_REACHABLE || ctl->state == CGN_NEIGH_PROBING) {
		/* resolved while the packet was on its way here */
		t->ops.release(t->ctx, mbuf, CGN_FATE_NONE);
		return CGN_FATE_NONE;
	}
	while (ctl->n_held >= share || (t->first_free_held == CGN_NONE && ctl->n_held > 0))
		release_oldest(t, i, CGN_FATE_NEIGHBOUR_HOLD_FULL);
	h = t->first_free_held;
	if (h == CGN_NONE)
		return CGN_FATE_NEIGHBOUR_HOLD_FULL;
	t->first_free_held = t->held[h].next;
	t->held[h] = (struct cgn_neigh_held){.mbuf = mbuf, .next = CGN_NONE};
	if (ctl->last_held == CGN_NONE)
		ctl->first_held = h;
	else
		t->held[ctl->last_held].next = h;
	ctl->last_held = h;
	ctl->n_held++;
	t->n_held++;
	cgn_neigh_want(t, i, now_s);
	return CGN_FATE_NONE;
}

void
cgn_neigh_want(struct cgn_neigh_table *t, uint32_t i, uint32_t now_s)
{
	struct cgn_neigh_ctl *ctl = &t->ctl[i];

	if (ctl->state != CGN_NEIGH_UNKNOWN)
		return;
	ctl->state = CGN_NEIGH_INCOMPLETE;
	ctl->asked = 0;
	t->n_known++;
	ask(t, i, now_s);
}

void
cgn_neigh_learn(struct cgn_neigh_table *t, uint32_t i, const struct rte_ether_addr *mac,
	bool create, uint32_t now_s)
{
	struct cgn_neigh_ctl *ctl = &t->ctl[i];
	uint64_t word = CGN_NEIGH_RESOLVED;

	if (ctl->state == CGN_NEIGH_UNKNOWN) {
		if (!create)
			return;
		t->n_known++;
	}
	memcpy(&word, mac, sizeof(*mac));
	atomic_store_explicit(&t->entries[i].mac, word, memory_order_relaxed);
	ctl->state = CGN_NEIGH_REACHABLE;
	ctl->asked = 0;
	ctl->confirmed_s = now_s;
	cgn_wheel_del(&t->wheel, i);
	cgn_wheel_add(&t->wheel, i, now_s + t->dir->conf->arp.refresh);
	release_held(t, i, CGN_FATE_NONE);
}

static void
on_due(struct cgn_neigh_table *t, uint32_t i, uint32_t now_s)
{
	struct cgn_neigh_ctl *ctl = &t->ctl[i];

	if (ctl->state == CGN_NEIGH_REACHABLE) {
		if (atomic_exchange_explicit(&t->entries[i].used, 0, memory_order_relaxed) == 0) {
			forget(t, i);
			return;
		}
		ctl->state = CGN_NEIGH_PROBING;
	}
	if (ctl->asked == ASK_TIMES)
		forget(t, i);
	else
		ask(t, i, now_s);
}

void
cgn_neigh_tick(struct cgn_neigh_table *t, uint32_t now_s, uint32_t budget)
{
	for (; budget > 0; budget--) {
		uint32_t i = cgn_wheel_next_due(&t->wheel, now_s);

		if (i == CGN_NONE)
			return;
		on_due(t, i, now_s);
	}
}

void
cgn_neigh_flush(struct cgn_neigh_table *t)
{
	for (uint32_t i = 0; t->n_held > 0 && i < cgn_neigh_n(t); i++)
		release_held(t, i, CGN_FATE_NO_NEIGHBOUR);
}

const char *
cgn_neigh_state_str(enum cgn_neigh_state state)
{
	static const char *const names[] = {"unknown", "incomplete", "reachable", "probing"};

	return names[state];
}
