/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outside addresses, their ports, and the out2in index.
 *
 * Ports are kept in granules of 64 consecutive numbers. A port block (RFC 6888 REQ-14, RFC 7422) is
 * a run of granules leased to one subscriber; for each granule of a leased block there is a chunk:
 * for TCP, UDP and ICMP 64 slots each. A worker finds a mapping by
 *
 *   granules[pool index][port / 64] → chunk → slots[protocol][port % 64] → mapping index
 *
 * and must compare the mapping's outside address, port and protocol with the packet, since a chunk
 * can change hands between two of these loads. Chunk 0 is empty for ever, so that a granule that
 * is not leased needs no branch.
 *
 * A slot holds 0 (free or taken but unpublished), a mapping index, or, with CGN_SLOT_RESTING set,
 * the next port in the chain of those that rest until the same second (RFC 6888 REQ-8). With
 * CGN_SLOT_SHARED alone set it is the port of several mappings, of which it names one, and the
 * remote end decides (dependent.h).
 *
 * Writer: control. Readers: workers, of granules and slots only. Allocation looks at most at the
 * subscriber's blocks and at the granules of one block, whatever the size and fill of the pool.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "directory.h"
#include "err.h"
#include "mapping.h"
#include "rand.h"
#include "subscriber.h"

enum {
	CGN_GRANULE_PORTS = 64,
	CGN_GRANULES = 65536 / CGN_GRANULE_PORTS, /* per address */
	/* s, a power of two above the largest of a tenant's timeouts, 86 400 s: a port that is
	 * deleted rests for as long as traffic would have kept it. */
	CGN_REST_SLOTS = 131072,
	CGN_BLOCK_REST_SLOTS = 4096, /* s, likewise above the largest timeouts.port_rest_s, 3600 */
};

#define CGN_SLOT_RESTING UINT32_C(0x80000000)
#define CGN_SLOT_SHARED UINT32_C(0x40000000) /* above all mapping indices (table.mappings) */

/* The slots of all chunks, plus one, are numbered in the bits below CGN_SLOT_RESTING. */
#define CGN_MAX_CHUNKS (CGN_SLOT_RESTING / (CGN_N_PROTOS * CGN_GRANULE_PORTS) - 1)

struct cgn_chunk {
	_Atomic uint32_t slots[CGN_N_PROTOS][CGN_GRANULE_PORTS];
};

struct cgn_chunk_ctl {
	uint64_t busy[CGN_N_PROTOS]; /* ports that are mapped, resting or reserved */
	uint32_t block;              /* that holds it; free chunks: next free chunk */
	uint32_t granule;            /* of its address, while it is leased */
};

struct cgn_block {
	uint32_t inside; /* holder (cgn_directory_holder) */
	uint32_t pool;
	uint32_t next; /* of the same holder, or of the free list */
	uint16_t first_granule, n_granules;
	uint16_t busy[CGN_N_PROTOS]; /* mapped or resting */
	uint16_t resting[CGN_N_PROTOS];
	uint16_t capacity[CGN_N_PROTOS]; /* all ports but the reserved ones */
	/* Leased before the last restart: all its ports rest but those that are mapped (lease.h).
	 */
	bool is_resting;
	bool is_fixed;   /* a computed range (fixed_range.h): no journal, no record */
	bool is_dynamic; /* beyond one */
	bool is_owned;   /* half of an address that its holder has for itself: not returned */
	/* Its holder's session is over: in no chain, nothing more is taken of it, and it is
	 * returned when its ports have rested. inside says who had it (lease.h). */
	bool is_orphan;
	uint32_t
		claims_from_s; /* holder may take resting ports back from then on; 0: at any time */
	uint32_t rests_until_s, rest_next; /* rest_next as in rest_blocks */
	/* Of whom cgn_block_watch tells; zero when the block is leased. */
	struct {
		uint32_t inside_addr, outside_addr;
		uint16_t name;
	} told;
};

/* Told of every lease after it, and of every end of one before it. Control thread. */
enum cgn_block_change { CGN_BLOCK_LEASED, CGN_BLOCK_ORPHANED, CGN_BLOCK_RETURNED };
struct cgn_pool;
struct cgn_block_watch {
	void (*tell)(void *ctx, uint32_t block, enum cgn_block_change change); /* NULL: nobody */
	void *ctx;
};

/* Granules of an address at which a block was leased or returned (lease.h). */
struct cgn_pool_notes {
	uint64_t granules[CGN_GRANULES / 64];
	uint32_t next; /* address of the queue, + 1 */
	bool is_queued;
};

/* The most there was since start, and when, in seconds as pool->rest_now_s. */
struct cgn_peak {
	uint32_t n, at_s;
};

static inline void
cgn_peak_see(struct cgn_peak *peak, uint32_t n, uint32_t now_s)
{
	if (n > peak->n)
		*peak = (struct cgn_peak){n, now_s};
}

struct cgn_span {
	uint16_t first, last; /* granules, inclusive */
};

enum cgn_addr_state {
	CGN_ADDR_NONE, /* no address has this pool index */
	CGN_ADDR_OPEN,
	CGN_ADDR_DRAINING, /* leased blocks stay; no more are leased */
};

/*
 * A leased block may be older than the range and block size in force (pool_addr.h). What may be
 * leased is counted in n_blocks together with what is.
 */
struct cgn_pool_addr {
	uint16_t tenant;
	uint16_t state;                       /* enum cgn_addr_state */
	uint16_t first_granule, last_granule; /* of blocks to be leased, inclusive */
	uint16_t block_granules;
	uint16_t n_blocks, n_free; /* leased and free; free */
	struct cgn_span fixed;     /* places beside them that are computed (pool_layout.h) */
	uint16_t fixed_block;      /* granules of each; 0: none */
	uint16_t n_idle;           /* computed ranges that nobody has leased, beside n_blocks */
	uint16_t kept_chunks, kept_blocks; /* its part of those of the pool */
	uint32_t avail_pos;    /* place in the tenant's list of addresses with free blocks */
	uint32_t mapped, busy; /* ports of all protocols: mapped; mapped or resting */
	struct cgn_peak mapped_peak, busy_peak, blocks_peak;
	uint64_t leased[CGN_GRANULES / 64];      /* granules of leased blocks */
	uint64_t free_blocks[CGN_GRANULES / 64]; /* block 0 begins at first_granule */
	struct cgn_pool_notes notes;
};

/* Addresses of one tenant; in C library memory, since it moves when it grows. */
struct cgn_pool_list {
	uint32_t *addrs; /* [use.n_avail] those with a free block */
	uint32_t n_addrs, cap;
};

/* Sizes for which memory is there: numbers below these can be used (pool_addr.h). */
struct cgn_pool_need {
	uint32_t n_pool, n_tenants, n_chunks, n_blocks;
	/* While it is being found: addresses looked at so far, and what they need. */
	uint32_t n_seen;
	uint64_t chunks, blocks;
};

/* Gauges of one tenant; control writes, telemetry asks control. */
struct cgn_pool_use {
	uint32_t blocks, blocks_peak;
	uint32_t n_blocks;           /* leased, and those that could be */
	uint32_t busy[CGN_N_PROTOS]; /* mapped or resting */
	uint32_t resting[CGN_N_PROTOS];
	struct cgn_peak busy_peak; /* of all protocols */
	uint32_t n_avail;          /* addresses with a free block */
	uint32_t blocks_resting;   /* of blocks */
};

/*
 * A port that its own subscriber took back while it rested (RFC 6887 section 15, AMB-12): its slot
 * holds a mapping, so the link of the chain it is still in is kept here.
 */
struct cgn_claim {
	uint32_t number, next; /* slot numbers as in rest_heads */
	uint32_t until_s;      /* end of its later rest */
	bool has_rested_again; /* has had a later rest, perhaps with time left: until_s holds */
	bool is_resting;
};

enum { CGN_MAX_CLAIMS = 256 };

/* The arrays are reserved (base/reserve.h) and never move. */
struct cgn_pool {
	const struct cgn_directory *dir; /* in force; control sets the next one */
	struct cgn_subscriber *subscribers;
	_Atomic uint32_t *granules; /* [n_pool][CGN_GRANULES] → chunk */
	struct cgn_chunk *chunks;
	_Atomic uint32_t *owners; /* [n_pool], see cgn_pool_owner; 0: none, else inside index + 1 */
	uint32_t n_owners;        /* indices that may have one; fixed: those of the start */
	struct cgn_pool_need ready; /* written by the main thread, handed over to control */
	bool on_demand; /* control fills chunks as they are first leased; fixed: no hugepages */
	/* Control only. */
	struct cgn_chunk_ctl *ctl;
	uint32_t n_chunks, first_free_chunk; /* chunk 0 and those that are leased or free */
	struct cgn_pool_addr *addrs;
	struct cgn_pool_list *avail; /* [n_tenants] */
	struct cgn_block *blocks;
	uint32_t n_blocks, first_free_block; /* that are leased or free */
	uint32_t kept_chunks, kept_blocks;   /* by all addresses */
	struct cgn_pool_use *use;            /* [n_tenants] */
	uint32_t rest_now_s;
	uint32_t rest_heads[CGN_REST_SLOTS];        /* slot number + 1, by second */
	uint32_t rest_blocks[CGN_BLOCK_REST_SLOTS]; /* block + 1, by second */
	uint32_t first_noted, last_noted;           /* queue of addresses, + 1; 0: empty */
	struct cgn_claim claims[CGN_MAX_CLAIMS];
	uint32_t n_claims;
	bool restores; /* mappings of before a restart are taken back: where they were */
	struct cgn_rand *rand;
	struct cgn_block_watch watch; /* set before the first lease */
};

/* Is the block one of the subscriber's? Control. */
static inline bool
cgn_block_is_of(const struct cgn_block *block, uint32_t inside)
{
	return block->inside == inside && !block->is_orphan;
}

/* An outside transport address without its protocol. */
struct cgn_port {
	uint32_t pool; /* pool index */
	uint16_t port; /* host order */
};

/*
 * Inside index of the subscriber that has the address for itself (static_addresses), with inside
 * port = outside port, or CGN_NONE. Any thread.
 */
static inline uint32_t
cgn_pool_owner(const struct cgn_pool *pool, uint32_t pool_index)
{
	return atomic_load_explicit(&pool->owners[pool_index], memory_order_relaxed) - 1;
}

/* Does the subscriber have its outside address for itself? Control. */
static inline bool
cgn_pool_owns(const struct cgn_pool *pool, uint32_t inside)
{
	uint32_t paired = pool->subscribers[inside].pool;

	return paired != CGN_NONE && cgn_pool_owner(pool, paired) == inside;
}

static inline struct cgn_port
cgn_mapping_port(const struct cgn_mapping *m)
{
	return (struct cgn_port){.pool = m->pool, .port = rte_be_to_cpu_16(m->outside_port)};
}

/* subscribers: [dir->n_inside], outlives the pool. NULL with *err and errno set. Main thread. */
struct cgn_pool *cgn_pool_create(const struct cgn_directory *dir,
	struct cgn_subscriber *subscribers, struct cgn_rand *rand, int socket,
	struct cgn_errmsg *err);
void cgn_pool_destroy(struct cgn_pool *pool);

/* Bytes of memory it has taken. Any thread. */
uint64_t cgn_pool_bytes(const struct cgn_pool *pool);

/*
 * Inside indices first … first+n-1, filled and held by nobody, are new subscribers': nothing used,
 * no address, no block. Control thread, or main before the index can be seen.
 */
void cgn_subscribers_init(struct cgn_subscriber *subscribers, uint32_t first, uint32_t n);

/* What the slot of an outside port holds. Any thread; port: host order. */
static inline uint32_t
cgn_pool_slot(const struct cgn_pool *pool, uint32_t pool_index, enum cgn_proto proto, uint16_t port)
{
	uint32_t chunk = atomic_load_explicit(
		&pool->granules[(uint64_t)pool_index * CGN_GRANULES + port / CGN_GRANULE_PORTS],
		memory_order_acquire);

	return atomic_load_explicit(
		&pool->chunks[chunk].slots[proto][port % CGN_GRANULE_PORTS], memory_order_acquire);
}

/* The mapping that has a port for all remote ends, by its slot, or CGN_MAPPING_NONE. */
static inline uint32_t
cgn_slot_mapping(uint32_t slot)
{
	return slot >= CGN_SLOT_SHARED ? CGN_MAPPING_NONE : slot;
}

/* Worker: mapping at an outside port, or CGN_MAPPING_NONE. */
static inline uint32_t
cgn_pool_find(const struct cgn_pool *pool, uint32_t pool_index, enum cgn_proto proto, uint16_t port)
{
	return cgn_slot_mapping(cgn_pool_slot(pool, pool_index, proto, port));
}

/* One of the mappings that share a port, by its slot, or CGN_MAPPING_NONE: nobody shares it. */
static inline uint32_t
cgn_slot_sharer(uint32_t slot)
{
	return (slot & (CGN_SLOT_RESTING | CGN_SLOT_SHARED)) == CGN_SLOT_SHARED
		? slot & ~CGN_SLOT_SHARED
		: CGN_MAPPING_NONE;
}

/*
 * From here to cgn_pool_is_bound_elsewhere: inside is an inside index of the subscriber, of
 * whichever of its addresses; what it holds is kept under its holder's (cgn_directory_holder).
 *
 * Takes a free port for a subscriber on its paired address: a random one of a block it holds, else
 * of a new block (RFC 6888 REQ-2, REQ-15; RFC 6056), else of a resting block of its own (lease.h).
 * Returns CGN_FATE_NONE and *out, or the reason.
 */
struct cgn_pool_wish {
	uint32_t inside, tenant;
	enum cgn_proto proto;
	uint16_t port; /* inside, for ports.parity and ports.keep_range; 0: of no matter */
	uint64_t draw; /* random bits to choose the port by; 0: the pool draws */
};
enum cgn_fate cgn_pool_take_for(
	struct cgn_pool *pool, const struct cgn_pool_wish *wish, struct cgn_port *out);

/* The same where the inside port is of no matter. */
enum cgn_fate cgn_pool_take(struct cgn_pool *pool, uint32_t inside, uint32_t tenant,
	enum cgn_proto proto, struct cgn_port *out);

/*
 * What cgn_pool_take_for would do, memory permitting: block it takes the port of, CGN_NONE for a
 * new one; address of that, CGN_NONE for one of the tenant's, drawn at random. Changes nothing.
 */
struct cgn_pool_choice {
	uint32_t block, address;
};
enum cgn_fate cgn_pool_foresee(
	const struct cgn_pool *pool, const struct cgn_pool_wish *wish, struct cgn_pool_choice *out);

/*
 * Takes a given port that is free, or rests after the same subscriber had it: of a block it holds,
 * or of a free block that it may lease, on its paired address, or on any address of its tenant when
 * it has none yet. Never on an address that the directory has lost, whatever the subscriber holds
 * or rests there. CGN_FATE_NONE or NO_PORTS.
 */
enum cgn_fate cgn_pool_take_at(struct cgn_pool *pool, uint32_t inside, uint32_t tenant,
	enum cgn_proto proto, struct cgn_port at);

/*
 * The subscriber's paired address as a pool index, choosing one if it has none; CGN_NONE when no
 * address of the tenant has a free block. Holds nothing: a promise for as long as there is room.
 */
uint32_t cgn_pool_pair(struct cgn_pool *pool, uint32_t inside, uint32_t tenant);

/*
 * Does the subscriber hold blocks on an address other than this one? Those on an address that
 * drains, or that the tenant has lost, bind nobody.
 */
bool cgn_pool_is_bound_elsewhere(const struct cgn_pool *pool, uint32_t inside, uint32_t pool_index);

/* Undoes cgn_pool_take of a port that was never published: free at once. */
void cgn_pool_untake(struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto);

/* Makes the mapping reachable from outside (release). */
void cgn_pool_publish(
	struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t mapping);

/* Unlinks the mapping and lets the port rest until the second until_s, then be free (port_rest.c).
 */
void cgn_pool_rest(
	struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto, uint32_t until_s);

/* Frees ports and blocks whose rest is over, some budget of ports, or of granules of blocks, at a
 * time; returns how many. */
uint32_t cgn_pool_rest_advance(struct cgn_pool *pool, uint32_t now_s, uint32_t budget);

/*
 * Until when a port rests, in seconds as pool->rest_now_s: nothing says so at the port itself,
 * so that the chains are searched, at most `budget` places of them a call. Control thread.
 * s: zeroed at first, then as it was left. 0 and *until_s; -EAGAIN: not found yet; -ENOENT: the
 * port does not rest (any more).
 */
struct cgn_rest_search {
	uint32_t second, number; /* the chain; slot number + 1 at which to go on, 0: its head */
};
int cgn_pool_rest_until(const struct cgn_pool *pool, struct cgn_port at, enum cgn_proto proto,
	struct cgn_rest_search *s, uint32_t budget, uint32_t *until_s);
