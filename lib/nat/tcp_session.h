/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TCP connections over one explicit mapping: what is needed to end them from the middle. When
 * the mapping ends, each live one is reset at both ends (RFC 6886 section 3.4), with the numbers
 * that the ends themselves have named as next (RFC 9293 section 3.10.7.4, RFC 5961 section 3.2).
 *
 * A session takes a slot when the inside answers or opens, never by a packet from outside alone, so
 * that a scan or a flood of the port takes none. Numbers from outside count only when they fit
 * what the inside has sent. Of more sessions than slots, one that has ended gives way, then
 * a half-open one after a second, then the one that is idle longest, if that is
 * CGN_TCP_SESSION_YIELD_S or more. To a SYN only what is half open that long gives way, so that
 * a flood of them, answered by the inside, displaces no live one.
 *
 * Writers: the workers, several at one time. Slot and state are one word, changed by compare and
 * swap; a number is stored with release order before the flag that says it is known, and is only
 * moved on after the word has been seen to be still the same session's (tcp_session.c). Records are
 * taken and freed by control, freed after the grace period.
 */
#pragma once

#include <stdbool.h>

#include "mapping.h"

enum {
	CGN_TCP_SESSION_YIELD_S = 10, /* far above a round trip: two busy ones do not take turns */
	/* How far a RST, FIN or first number may be from what is expected: the largest window
	 * without scaling (RFC 9293 section 3.1). A forged one fits with probability 2^-16. */
	CGN_TCP_SESSION_WINDOW = 65536,
	CGN_TCP_SESSION_AHEAD = 1 << 20, /* data of the outside that the inside has not confirmed */
};

/* What one end has said last, host order. */
struct cgn_tcp_end {
	_Atomic uint32_t next; /* its next sequence number, SND.NXT */
	_Atomic uint32_t ack;  /* what it expects, RCV.NXT */
};

struct cgn_tcp_session {
	_Atomic uint64_t who;      /* peer and state, see tcp_session.c; 0: free */
	struct cgn_tcp_end end[2]; /* of the inside (CGN_IN2OUT), of the peer (CGN_OUT2IN) */
	_Atomic uint32_t last_use_s;
	uint32_t n; /* first slot of a record: slots in use; fixed while the record is taken */
};
static_assert(sizeof(struct cgn_tcp_session) == 32, "two to a cache line");

/* The slots of one record. */
struct cgn_tcp_sessions {
	struct cgn_tcp_session *at;
	uint32_t n;
};

/* What control keeps beside a record, to reset when the mapping's entry has been reclaimed. */
struct cgn_tcp_sessions_ctl {
	rte_be32_t inside_addr, outside_addr;
	rte_be16_t inside_port, outside_port;
	uint32_t neigh; /* next hop towards the inside */
	uint16_t tenant;
	uint16_t at;   /* next slot to reset */
	uint32_t next; /* chain of free, ending or waiting records */
};

struct cgn_tcp_session_pool {
	struct cgn_tcp_session *slots;    /* [capacity + 1][n_slots]; record 0 unused */
	struct cgn_tcp_sessions_ctl *ctl; /* [capacity + 1] */
	uint32_t capacity, n_slots, n_used, first_free;
};

/* n_slots: of a record, at least 1. 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_tcp_sessions_init(
	struct cgn_tcp_session_pool *p, uint32_t capacity, uint32_t n_slots, int socket);
void cgn_tcp_sessions_fini(struct cgn_tcp_session_pool *p);

/* Bytes of all records. Any thread. */
uint64_t cgn_tcp_sessions_bytes(const struct cgn_tcp_session_pool *p);

/*
 * An empty record with room for n sessions, or for as many as there are slots when n is 0 or more;
 * 0 when all are taken. free: the grace period is over. Control.
 */
uint32_t cgn_tcp_sessions_take(struct cgn_tcp_session_pool *p, uint32_t n);
void cgn_tcp_sessions_free(struct cgn_tcp_session_pool *p, uint32_t r);

static inline struct cgn_tcp_sessions
cgn_tcp_sessions_at(const struct cgn_tcp_session_pool *p, uint32_t r)
{
	struct cgn_tcp_session *at = &p->slots[(uint64_t)r * p->n_slots];

	return (struct cgn_tcp_sessions){.at = at, .n = at->n};
}

/* A live session for who ends it; host order but for peer and port. */
struct cgn_tcp_live {
	rte_be32_t peer;
	rte_be16_t port;
	uint32_t next[2], ack[2]; /* by end, as in struct cgn_tcp_end */
};

/* Is the session live: has each end confirmed something of the other, and none ended? Control. */
bool cgn_tcp_session_is_live(const struct cgn_tcp_session *s, struct cgn_tcp_live *live);

/* Live sessions of a record. Control. */
uint32_t cgn_tcp_sessions_n_live(const struct cgn_tcp_sessions *t);

/*
 * Takes note of one segment; frame: where pkt's offsets count from, kind FLOW and CGN_TCP. False
 * when it is a SYN, FIN or RST from outside that does not fit its session: then it must not change
 * what the mapping knows either. The worker that forwards it.
 */
bool cgn_tcp_sessions_note_slow(struct cgn_tcp_sessions *t, const struct cgn_pkt *pkt,
	const uint8_t *frame, enum cgn_dir dir, uint32_t now_s);

/* The common case, a mapping that traffic has made, reads one word. */
static inline bool
cgn_tcp_sessions_note(const struct cgn_tcp_session_pool *p, struct cgn_mapping *m,
	const struct cgn_pkt *pkt, const uint8_t *frame, enum cgn_dir dir, uint32_t now_s)
{
	uint32_t r = atomic_load_explicit(&m->sessions, memory_order_acquire);
	struct cgn_tcp_sessions t;

	if (r == 0)
		return true;
	t = cgn_tcp_sessions_at(p, r);
	return cgn_tcp_sessions_note_slow(&t, pkt, frame, dir, now_s);
}
