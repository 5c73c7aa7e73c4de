/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of one remote end (address and port-dependent, RFC 4787 section 4.1), several of which
 * may have the same outside port as long as their remote ends differ (RFC 7857 section 3). The
 * entries are those of table.h, with all that goes with it; here is how packets find them: in a
 * hash of its own under (inside index, inside port, protocol, remote end) and (pool index, outside
 * port, protocol, remote end), which is asked only by packets that no endpoint-independent mapping
 * is found for. Where there is room for none, that is never.
 *
 * A port is shared by mappings of one subscriber, its block's, and has no endpoint-independent
 * mapping meanwhile: its slot says so (CGN_SLOT_SHARED). An inside end that has such mappings may
 * get an endpoint-independent one as well; that one lies in the table under a key that is asked
 * for last (cgn_map_key.beside), so that the others go on being found. TCP and UDP only.
 *
 * Life of an entry, threads and the grace period are as in table.h. Files: dependent.c, ports and
 * who shares them shared_port.c. Called by control/share.c, find by workers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "key.h"
#include "pool.h"

enum { CGN_N_SHARED_PROTOS = 2 }; /* CGN_TCP, CGN_UDP */

/* proto: enum cgn_proto or CGN_OTHER. */
static inline bool
cgn_proto_may_share(uint8_t proto)
{
	return proto < CGN_N_SHARED_PROTOS;
}

struct rte_hash;

/* Two for each mapping. */
struct cgn_dependent_key {
	uint32_t end; /* inside index (IN2OUT), pool index (OUT2IN) */
	rte_be32_t remote;
	rte_be16_t port, remote_port; /* port: of end */
	uint8_t proto;                /* enum cgn_proto */
	uint8_t dir;                  /* enum cgn_dir */
	uint16_t reserved;            /* zero */
};
static_assert(sizeof(struct cgn_dependent_key) == 16, "no padding in a hashed key");

/* Of one mapping. Control only. */
struct cgn_dependent {
	uint32_t mapping;
	rte_be32_t remote;
	rte_be16_t remote_port;
	bool is_published;
	uint32_t shared;      /* its port; 0: of none */
	uint32_t next, prev;  /* of the same port; next: of the free records */
	int32_t positions[2]; /* of its keys, by enum cgn_dir, while unlinked */
};

/* Control only. */
struct cgn_shared_port {
	struct cgn_port at;
	uint32_t holder;     /* of its block */
	uint32_t first, n;   /* records that share it */
	uint32_t next, prev; /* ring of those of the holder; next: of the free ones */
	uint8_t proto;
};

/* Ports that one holder shares. */
struct cgn_shared_ring {
	uint32_t at, n; /* where the next search begins */
};

struct cgn_dependents {
	/* Fixed after init. */
	struct rte_hash *hash; /* NULL: room for none */
	uint64_t secret[5];
	uint32_t capacity;
	/* Control only. */
	struct rte_hash *ends; /* inside ends that have some → how many */
	struct cgn_map_secret ends_secret;
	struct cgn_dependent *records; /* [capacity + 1]; record 0 unused */
	struct cgn_shared_port *ports; /* [capacity + 1]; 0 unused */
	uint32_t *record_of;           /* [entries of the table + 1] by mapping */
	uint32_t first_free, first_free_port;
	uint32_t n, n_live, n_ports; /* records until they are reclaimed; published; ports */
	struct cgn_shared_ring (*rings)[CGN_N_SHARED_PROTOS]; /* [n_inside] by holder, reserved */
	uint32_t *of_tenants;                                 /* published ones of each; reserved */
};

struct cgn_rand;
struct cgn_directory;

/*
 * name: at most 12 characters, unique in the process; n_mappings: entries of the table, those that
 * wait for reclaim included. 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. With capacity
 * 0 nothing is taken.
 */
int cgn_dependents_init(struct cgn_dependents *d, const char *name, uint32_t capacity,
	uint32_t n_mappings, struct cgn_rand *rand, int socket);
void cgn_dependents_fini(struct cgn_dependents *d);

/* Rings and counts for all that dir, the next directory, has. 0 or -ENOMEM. Main thread. */
int cgn_dependents_fill(struct cgn_dependents *d, const struct cgn_directory *dir);

/* Mapping index or CGN_MAPPING_NONE. Workers, online at control's RCU variable; control. */
uint32_t cgn_dependent_find(const struct cgn_dependents *d, const struct cgn_dependent_key *key);

/* --- Control from here on. --- */

static inline struct cgn_dependent *
cgn_dependent_of(const struct cgn_dependents *d, uint32_t mapping)
{
	return &d->records[d->record_of[mapping]];
}

/* How many an inside end has; key: that of the table. */
uint32_t cgn_dependents_at(const struct cgn_dependents *d, const struct cgn_map_key *key);

/* A record for an entry that was taken, of no port yet; NULL: all are used. free: the entry was
 * never published, or its grace period is over. */
struct cgn_dependent *cgn_dependent_take(struct cgn_dependents *d, uint32_t mapping);
void cgn_dependent_free(struct cgn_dependents *d, uint32_t mapping);

/* m: the entry of the record, filled; its keys are nobody's. New look-ups find it, or miss it. */
void cgn_dependent_publish(struct cgn_dependents *d, const struct cgn_mapping *m, uint32_t mapping);
void cgn_dependent_unlink(struct cgn_dependents *d, const struct cgn_mapping *m, uint32_t mapping);

/* After the grace period: its keys and its record. */
void cgn_dependent_reclaim(struct cgn_dependents *d, uint32_t mapping);

/* The key of a mapping from one side. */
struct cgn_dependent_key cgn_dependent_key_of(const struct cgn_dependents *d,
	const struct cgn_mapping *m, uint32_t mapping, enum cgn_dir dir);

/* A port that was taken of the pool is shared by nobody yet; there is room for as many as for
 * records. del: nobody shares it any more. */
uint32_t cgn_shared_port_add(
	struct cgn_dependents *d, uint32_t holder, enum cgn_proto proto, struct cgn_port at);
void cgn_shared_port_del(struct cgn_dependents *d, uint32_t shared);

/* The record shares the port, or does so no more; leave returns how many still do. */
void cgn_shared_port_join(struct cgn_dependents *d, struct cgn_dependent *r, uint32_t shared);
uint32_t cgn_shared_port_leave(struct cgn_dependents *d, struct cgn_dependent *r);

/* What the slot of the port holds while mappings share it. */
static inline uint32_t
cgn_shared_port_slot(const struct cgn_dependents *d, uint32_t shared)
{
	return CGN_SLOT_SHARED | d->records[d->ports[shared].first].mapping;
}

/*
 * Are no more than left ports of the protocol free in the blocks of the subscriber, and may it have
 * no other block? Computed ranges, rest and reserved ports count as cgn_pool_take_for has it.
 */
bool cgn_pool_is_short(
	const struct cgn_pool *pool, const struct cgn_pool_wish *wish, uint32_t left);
