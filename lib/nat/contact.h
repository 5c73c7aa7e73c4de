/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contacts: the peers that a mapping has sent to, for mappings whose filtering depends on them (RFC
 * 4787 section 5, address-dependent, or address and port-dependent). A mapping without such
 * filtering has none, and costs nothing here.
 *
 * Found by mapping index, peer address and, if the filtering asks for it, peer port, in one
 * index (index.h) for all tenants, which compares the key in the record. The hash is multilinear
 * over the words of the key with a secret of its own, as that of key.h: a subscriber chooses whom
 * it sends to. One contact for all ports of a peer's address when the port does not count, and for
 * ICMP queries, which have none.
 *
 * Writer: control takes, publishes, unlinks, and frees after the grace period. Workers look up, and
 * write last_use_s, at most once a second.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "index.h"
#include "mapping.h"

struct cgn_contact_key {
	uint32_t mapping;
	rte_be32_t addr;
	rte_be16_t port;   /* 0: any */
	uint16_t reserved; /* zero */
};
static_assert(sizeof(struct cgn_contact_key) == 12, "no padding in a hashed key");

struct cgn_contact {
	_Alignas(
		16) struct cgn_contact_key key; /* with the next in one line; fixed after publish */
	_Atomic uint32_t last_use_s;            /* workers, relaxed */
	/* Control only. */
	uint32_t next, prev;         /* of the same mapping; next: of the free or waiting ones */
	struct cgn_wheel_node wheel; /* timer while live */
};

/* Those of one mapping. */
struct cgn_contact_list {
	uint32_t first, n;
};

struct cgn_contacts {
	/* Fixed after init. */
	struct cgn_contact *records; /* [capacity + 1]; record 0 unused */
	struct cgn_index index;      /* of records */
	uint64_t secret[4];
	uint32_t capacity;
	/* Of the copy of explain.c: nothing is touched, and what control would add is there. */
	bool is_copy;
	struct cgn_contact_key foreseen;
	/* Control only. */
	uint32_t n_used, first_free;
	struct cgn_contact_list *lists;    /* by mapping, and one behind for one that is foreseen */
	uint32_t *of_holders, *of_tenants; /* how many each has; reserved (base/reserve.h) */
};

struct cgn_rand;
struct cgn_directory;

/*
 * n_mappings: entries of the table, those that
 * wait for reclaim included. 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. With capacity
 * 0 there are none, and next to no memory is taken.
 */
int cgn_contacts_init(struct cgn_contacts *t, uint32_t capacity, uint32_t n_mappings,
	struct cgn_rand *rand, int socket);
void cgn_contacts_fini(struct cgn_contacts *t);

/* Counts for all that dir, the next directory, has. 0 or -ENOMEM. Main thread. */
int cgn_contacts_fill(struct cgn_contacts *t, const struct cgn_directory *dir);

/* A new contact of a mapping, visible at once, or 0: there is no room for it. Control. */
uint32_t cgn_contact_add(struct cgn_contacts *t, const struct cgn_contact_key *key, uint32_t now_s);

/* Takes it from its mapping: new look-ups miss it. Control. */
void cgn_contact_unlink(struct cgn_contacts *t, uint32_t i);

/* After the grace period. Control. */
void cgn_contact_reclaim(struct cgn_contacts *t, uint32_t i);

/* Any registered thread. 0: none; of a copy CGN_CONTACT_FORESEEN, for touching only. */
enum { CGN_CONTACT_FORESEEN = INT32_MAX };
uint32_t cgn_contact_find(const struct cgn_contacts *t, const struct cgn_contact_key *key);

/*
 * Hints for a burst, which then waits for nothing: the first asks for what the second reads, and
 * returns the hash for it; the second for the record that cgn_contact_find will compare.
 */
uint32_t cgn_contact_prefetch(const struct cgn_contacts *t, const struct cgn_contact_key *key);
void cgn_contact_prefetch_record(const struct cgn_contacts *t, uint32_t hash);

/* The key of a peer under a filtering (CGN_FILTER_ADDRESS or CGN_FILTER_ADDRESS_PORT). */
static inline struct cgn_contact_key
cgn_contact_key(
	uint32_t mapping, uint32_t filtering, uint8_t proto, rte_be32_t addr, rte_be16_t port)
{
	return (struct cgn_contact_key){.mapping = mapping,
		.addr = addr,
		.port = (filtering & CGN_FILTER_ADDRESS_PORT) && proto != CGN_ICMP ? port : 0};
}

static inline void
cgn_contact_touch(const struct cgn_contacts *t, uint32_t i, uint32_t now_s)
{
	_Atomic uint32_t *last;

	if (t->is_copy)
		return;
	last = &t->records[i].last_use_s;
	if (atomic_load_explicit(last, memory_order_relaxed) != now_s)
		atomic_store_explicit(last, now_s, memory_order_relaxed);
}
