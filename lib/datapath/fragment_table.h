/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker knows of datagrams that came in fragments: which octets it has seen, what became of
 * the first fragment, and the fragments that wait for it. Found by a keyed hash; removed when whole
 * or too old. Everything is taken at start and owned by one worker. docs/decisions/0018.
 *
 * Memory for a datagram: one struct and 2 KiB of bits, one for each 8 octets seen and one for each
 * place where a fragment starts, so that any number of fragments in any order is judged exactly.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "clock.h"

struct rte_mbuf;

/* Multilinear, keyed, strongly universal in the upper 32 bits; see nat/key.h. */
struct cgn_fragment_secret {
	uint64_t s[4];
};

/* seed 0: from the kernel. Main thread. */
void cgn_fragment_secret_draw(struct cgn_fragment_secret *secret, uint64_t seed);

static inline uint32_t
cgn_fragment_hash(const struct cgn_fragment_secret *secret, uint32_t a, uint32_t b, uint32_t c)
{
	const uint64_t *s = secret->s;

	return (uint32_t)((s[0] + s[1] * a + s[2] * b + s[3] * c) >> 32);
}

/* Before any translation. RFC 791 section 3.2, and the host's own address space. */
struct cgn_fragment_key {
	uint32_t host;   /* in2out: inside index of the source; out2in: the destination */
	rte_be32_t peer; /* the address on the other side */
	rte_be16_t id;
	uint8_t ip_proto;
	uint8_t dir; /* enum cgn_dir */
};
static_assert(sizeof(struct cgn_fragment_key) == 12, "no padding in a hashed key");

enum cgn_datagram_state {
	CGN_DATAGRAM_WAITS,   /* for its first fragment to be translated */
	CGN_DATAGRAM_GOES,    /* as the first one did */
	CGN_DATAGRAM_REFUSED, /* ends with fate */
};

struct cgn_fragment_link {
	uint32_t older, newer; /* datagrams, 0: none */
};

enum { CGN_FRAGMENT_BY_AGE, CGN_FRAGMENT_OF_TENANT, CGN_FRAGMENT_N_LISTS };

struct cgn_datagram {
	struct cgn_fragment_key key;
	uint32_t next; /* of the same bucket, or free */
	cgn_ns_t made;
	struct cgn_fragment_link links[CGN_FRAGMENT_N_LISTS];
	uint32_t first_held, last_held; /* in the order in which they came */
	uint32_t use;                   /* whose share it takes: holder's or pool index */
	uint16_t n_held, tenant;
	uint8_t state;               /* enum cgn_datagram_state */
	uint8_t fate;                /* REFUSED: why; GOES: what is counted when sent */
	uint8_t first_word, n_words; /* bits are set in these words alone */
	uint16_t n_units;            /* of 8 octets, seen */
	uint16_t to_tenant;
	uint32_t end; /* octets of the whole, 0: not known yet */
	/* GOES: what the first fragment looks like now, and where it went. */
	rte_be32_t src, dst;
	uint32_t inside, to_inside, neigh;
	uint32_t next_released;
	rte_be16_t id;
	bool is_released; /* in the list `released` */
};

struct cgn_fragment_list {
	uint32_t oldest, newest;
};

/* Of a subscriber or of an outside address: datagrams, and packets held. Telemetry reads it. */
struct cgn_fragment_use {
	uint16_t n, n_held;
};

struct cgn_fragment_tenant {
	uint32_t n, n_held; /* telemetry reads them */
	struct cgn_fragment_list list;
};

struct cgn_fragment_held {
	struct rte_mbuf *m;
	uint32_t next;
};

enum { CGN_FRAGMENT_WORDS = 65536 / 8 / 64 };

struct cgn_fragment_bits {
	uint64_t seen[CGN_FRAGMENT_WORDS], starts[CGN_FRAGMENT_WORDS];
};

struct cgn_fragments {
	uint32_t capacity, hold, mask;
	uint32_t n;        /* datagrams; telemetry reads it */
	uint32_t released; /* first of those whose held fragments may go now, 0: none */
	uint32_t free, free_held;
	uint64_t n_held;            /* packets; telemetry reads it */
	uint32_t n_peak, held_peak; /* most of them since start; telemetry reads them */
	struct cgn_fragment_list by_age;
	struct cgn_datagram *datagrams;      /* [capacity + 1]; 0 unused */
	struct cgn_fragment_bits *bits;      /* reserved; [capacity + 1] */
	struct cgn_fragment_held *held;      /* [hold + 1]; 0 unused */
	uint32_t *buckets;                   /* [mask + 1] */
	struct cgn_fragment_tenant *tenants; /* reserved; by tenant number */
	struct cgn_fragment_use *uses[2];    /* reserved; by enum cgn_dir, then index */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct, and what has failed to be made. Main thread. */
int cgn_fragments_init(struct cgn_fragments *t, uint32_t capacity, uint32_t hold, int socket);
void cgn_fragments_fini(struct cgn_fragments *t);

/* Makes room for shares up to these numbers, while the worker runs. 0 or -ENOMEM. Main thread. */
int cgn_fragments_fill(
	struct cgn_fragments *t, uint32_t n_tenants, uint32_t n_inside, uint32_t n_pool);

/* A datagram's number, or 0. */
uint32_t cgn_fragments_find(const struct cgn_fragments *t, const struct cgn_fragment_secret *secret,
	const struct cgn_fragment_key *key);

/* Takes a datagram that is not there yet; there must be a free one. use: holder's or pool index. */
uint32_t cgn_fragments_add(struct cgn_fragments *t, const struct cgn_fragment_secret *secret,
	const struct cgn_fragment_key *key, uint16_t tenant, uint32_t use, cgn_ns_t now);

/* Forgets a datagram that holds nothing and is not in the list `released`. */
void cgn_fragments_del(
	struct cgn_fragments *t, const struct cgn_fragment_secret *secret, uint32_t i);

/* Keeps a packet; there must be room. take: the one that came first of those that are left. */
void cgn_fragments_hold(struct cgn_fragments *t, uint32_t i, struct rte_mbuf *m);
struct rte_mbuf *cgn_fragments_take(struct cgn_fragments *t, uint32_t i);

enum cgn_fragment_novelty { CGN_FRAGMENT_NEW, CGN_FRAGMENT_AGAIN, CGN_FRAGMENT_OVERLAPS };

/* Notes octets off … off+len-1; off is a multiple of 8, so is len unless is_last; len > 0. */
enum cgn_fragment_novelty cgn_fragments_note(
	struct cgn_fragments *t, uint32_t i, uint32_t off, uint32_t len, bool is_last);

/* Have all octets been seen? */
static inline bool
cgn_datagram_is_whole(const struct cgn_datagram *d)
{
	return d->end != 0 && d->n_units == (d->end + 7) / 8;
}
