/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Next hops: an entry for each address of each interface's on-link prefix, indexed, so that a flood
 * of strangers cannot fill a table. Control resolves (ARP, RFC 826 and RFC 1122 section 2.3.2) and
 * is the only writer; a worker reads one word for the MAC address and marks the entry as used.
 *
 *   unknown → incomplete (asking) → reachable → probing (asking the known MAC) → reachable …
 *
 * A hop that is not used between two refreshes is forgotten; one that does not answer three
 * questions is unknown again and the packets held for it are dropped.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "directory.h"
#include "err.h"
#include "wheel.h"

struct rte_mbuf;

enum cgn_neigh_state {
	CGN_NEIGH_UNKNOWN,
	CGN_NEIGH_INCOMPLETE,
	CGN_NEIGH_REACHABLE,
	CGN_NEIGH_PROBING
};

/* On-link addresses of all interfaces: as many as there can be subscribers; 640 MiB. */
enum { CGN_MAX_NEIGH = 1 << 24 };

#define CGN_NEIGH_RESOLVED (UINT64_C(1) << 63)

/* Read by workers. */
struct cgn_neigh {
	_Atomic uint64_t mac;  /* six bytes in memory order in the low 48 bits, and RESOLVED */
	uint32_t iface;        /* fixed */
	_Atomic uint32_t used; /* set by workers, cleared by control */
};

/* Control only. */
struct cgn_neigh_ctl {
	struct cgn_wheel_node wheel;
	uint32_t first_held, last_held; /* chain of held packets, CGN_NONE */
	uint32_t confirmed_s;
	uint16_t n_held;
	uint8_t state; /* enum cgn_neigh_state */
	uint8_t asked;
};

/* What the table needs done; all called on the control thread. */
struct cgn_neigh_ops {
	/* Send an ARP request for the neighbour: to mac, or broadcast when it is NULL. */
	void (*ask)(void *ctx, uint32_t neigh, const struct rte_ether_addr *mac);
	/*
	 * A held packet is free again. CGN_FATE_NONE: the neighbour is resolved; NO_NEIGHBOUR: it
	 * is not and never will be; NEIGHBOUR_HOLD_FULL: a later packet took the place.
	 */
	void (*release)(void *ctx, struct rte_mbuf *mbuf, enum cgn_fate fate);
};

struct cgn_neigh_held {
	struct rte_mbuf *mbuf;
	uint32_t next;
};

struct cgn_neigh_table {
	const struct cgn_directory *dir;
	struct cgn_neigh *entries; /* [n], reserved (base/reserve.h) */
	uint32_t n;                /* entries there are; written by the main thread, never less */
	/* Control only. */
	struct cgn_neigh_ctl *ctl; /* [n], reserved */
	struct cgn_neigh_held *held;
	uint32_t first_free_held, n_held;
	uint32_t n_known;
	struct cgn_wheel wheel;
	struct cgn_neigh_ops ops;
	void *ctx;
};

/* NULL with *err and errno set. Main thread. */
struct cgn_neigh_table *cgn_neigh_create(const struct cgn_directory *dir,
	const struct cgn_neigh_ops *ops, void *ctx, int socket, struct cgn_errmsg *err);

/* Packets still held must have been flushed. */
void cgn_neigh_destroy(struct cgn_neigh_table *t);

static inline uint32_t
cgn_neigh_n(const struct cgn_neigh_table *t)
{
	return __atomic_load_n(&t->n, __ATOMIC_ACQUIRE);
}

/*
 * Entries for an interface of dir, the next directory; unknown all of them. 0; -ENOMEM or
 * -EOVERFLOW, and nothing has changed. Main thread, while control and workers run and before they
 * can see dir: nobody looks at these entries yet. They may have been a removed interface's.
 */
int cgn_neigh_add(struct cgn_neigh_table *t, const struct cgn_directory *dir, uint32_t iface);

/*
 * Forgets the neighbours of an interface of dir that goes, and releases what is held for them as
 * unresolved. No worker may use it any more. Control thread; takes time by the size of the on-link
 * prefix as long as any neighbour is known, some 100 us for a /16.
 */
void cgn_neigh_remove(struct cgn_neigh_table *t, const struct cgn_directory *dir, uint32_t iface);

/* Forgets one neighbour, and releases what is held for it as unresolved. Control thread. */
void cgn_neigh_forget(struct cgn_neigh_table *t, uint32_t neigh);

/* Starts the clock; before the first hold or learn. */
void cgn_neigh_start(struct cgn_neigh_table *t, uint32_t now_s);

/* Worker: the MAC of a next hop into mac; false when it is not resolved. */
static inline bool
cgn_neigh_mac(struct cgn_neigh_table *t, uint32_t neigh, struct rte_ether_addr *mac)
{
	struct cgn_neigh *n = &t->entries[neigh];
	uint64_t word = atomic_load_explicit(&n->mac, memory_order_relaxed);

	if (!(word & CGN_NEIGH_RESOLVED))
		return false;
	__builtin_memcpy(mac, &word, sizeof(*mac));
	if (atomic_load_explicit(&n->used, memory_order_relaxed) == 0)
		atomic_store_explicit(&n->used, 1, memory_order_relaxed);
	return true;
}

/*
 * Holds a packet until the neighbour is resolved, asking for it if nobody does yet. When the
 * neighbour has its share, or nothing is left for anybody, its oldest packet is released for it:
 * the latest is kept (RFC 1122 section 2.3.2.2). Returns CGN_FATE_NONE (held; released later by
 * ops.release, perhaps before the call returns) or, when nothing is left and this neighbour has
 * nothing to give, CGN_FATE_NEIGHBOUR_HOLD_FULL (still the caller's).
 */
enum cgn_fate cgn_neigh_hold(
	struct cgn_neigh_table *t, uint32_t neigh, struct rte_mbuf *mbuf, uint32_t now_s);

/* A packet for the neighbour is to be expected: asks for it now if it is unknown. */
void cgn_neigh_want(struct cgn_neigh_table *t, uint32_t neigh, uint32_t now_s);

/*
 * An ARP message told where an address is. Known neighbours are updated, a changed MAC is followed;
 * unknown ones are learned only if create is set (the message was for the box).
 */
void cgn_neigh_learn(struct cgn_neigh_table *t, uint32_t neigh, const struct rte_ether_addr *mac,
	bool create, uint32_t now_s);

/* Asks again, refreshes and forgets; at most budget neighbours. */
void cgn_neigh_tick(struct cgn_neigh_table *t, uint32_t now_s, uint32_t budget);

/* Releases everything held as unresolved; at stop. */
void cgn_neigh_flush(struct cgn_neigh_table *t);

/* "unknown", "incomplete", "reachable", "probing". */
const char *cgn_neigh_state_str(enum cgn_neigh_state state);
