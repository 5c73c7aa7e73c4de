/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of TCP sessions, and what a segment says about its session; see tcp_session.h. */
#include "tcp_session.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "tcp_segment.h"

/*
 * struct cgn_tcp_session.who: peer address (32 bits), its port (16), generation of the slot (8),
 * these flags (8). Of the flags by end the second is that of the peer.
 */
enum {
	NEXT_IN = 0x01, /* end[].next is known */
	NEXT_OUT = 0x02,
	ACK_IN = 0x04, /* end[].ack is known */
	ACK_OUT = 0x08,
	FIN_IN = 0x10,
	FIN_OUT = 0x20,
	RST = 0x40, /* data of the inside revives it (RFC 7857 section 2.2) */
	TAKEN = 0x80,
	FLAGS_MASK = 0xff,
	GENERATION = 0x100, /* one more with each connection that takes the slot */
	GENERATION_MASK = 0xff00,
};

struct segment {
	struct cgn_tcp_segment tcp;
	uint64_t peer; /* as in who, the rest zero */
	uint32_t now_s;
};

int
cgn_tcp_sessions_init(
	struct cgn_tcp_session_pool *p, uint32_t capacity, uint32_t n_slots, int socket)
{
	p->slots = cgn_mem_zalloc(
		"tcp_sessions", ((size_t)capacity + 1) * n_slots, sizeof(*p->slots), socket);
	p->ctl = cgn_mem_zalloc("tcp_sessions_ctl", (size_t)capacity + 1, sizeof(*p->ctl), socket);
	if (p->slots == NULL || p->ctl == NULL) {
		cgn_tcp_sessions_fini(p);
		return -ENOMEM;
	}
	p->capacity = capacity;
	p->n_slots = n_slots;
	for (uint32_t r = 1; r <= capacity; r++)
		p->ctl[r].next = r < capacity ? r + 1 : 0;
	p->first_free = capacity > 0 ? 1 : 0;
	return 0;
}

void
cgn_tcp_sessions_fini(struct cgn_tcp_session_pool *p)
{
	cgn_mem_free(p->slots);
	cgn_mem_free(p->ctl);
	memset(p, 0, sizeof(*p));
}

uint64_t
cgn_tcp_sessions_bytes(const struct cgn_tcp_session_pool *p)
{
	return (p->capacity + UINT64_C(1)) * (p->n_slots * sizeof(*p->slots) + sizeof(*p->ctl));
}

uint32_t
cgn_tcp_sessions_take(struct cgn_tcp_session_pool *p, uint32_t n)
{
	uint32_t r = p->first_free;
	struct cgn_tcp_session *at = &p->slots[(uint64_t)r * p->n_slots];

	if (r != 0) {
		p->first_free = p->ctl[r].next;
		p->ctl[r] = (struct cgn_tcp_sessions_ctl){0};
		memset(at, 0, p->n_slots * sizeof(*at));
		at->n = n == 0 || n > p->n_slots ? p->n_slots : n;
		p->n_used++;
	}
	return r;
}

void
cgn_tcp_sessions_free(struct cgn_tcp_session_pool *p, uint32_t r)
{
	p->ctl[r].next = p->first_free;
	p->first_free = r;
	p->n_used--;
}

static bool
is_over(uint64_t who)
{
	return (who & RST) || (who & (FIN_IN | FIN_OUT)) == (FIN_IN | FIN_OUT);
}

static bool
is_live(uint64_t who)
{
	return (who & (ACK_IN | ACK_OUT)) == (ACK_IN | ACK_OUT) && !is_over(who);
}

/* The same connection, whatever the flags? */
static bool
is_same(uint64_t a, uint64_t b)
{
	return ((a ^ b) & ~(uint64_t)FLAGS_MASK) == 0;
}

bool
cgn_tcp_session_is_live(const struct cgn_tcp_session *s, struct cgn_tcp_live *live)
{
	uint64_t who = atomic_load_explicit(&s->who, memory_order_acquire);

	if (!is_live(who))
		return false;
	live->peer = (rte_be32_t)(who >> 32);
	live->port = (rte_be16_t)(who >> 16);
	for (int d = CGN_IN2OUT; d <= CGN_OUT2IN; d++) {
		live->ack[d] = atomic_load_explicit(&s->end[d].ack, memory_order_acquire);
		live->next[d] = who & (NEXT_IN << d)
			? atomic_load_explicit(&s->end[d].next, memory_order_acquire)
			: atomic_load_explicit(&s->end[!d].ack, memory_order_acquire);
	}
	/* The numbers are this session's if the slot is. */
	return is_same(atomic_load_explicit(&s->who, memory_order_relaxed), who);
}

uint32_t
cgn_tcp_sessions_n_live(const struct cgn_tcp_sessions *t)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < t->n; k++)
		n += is_live(atomic_load_explicit(&t->at[k].who, memory_order_relaxed));
	return n;
}

/* The session of a peer, its word in *who; or NULL. */
static struct cgn_tcp_session *
find(struct cgn_tcp_sessions *t, uint64_t peer, uint64_t *who)
{
	for (uint32_t k = 0; k < t->n; k++) {
		*who = atomic_load_explicit(&t->at[k].who, memory_order_acquire);
		if (*who != 0 && (*who ^ peer) >> 16 == 0)
			return &t->at[k];
	}
	return NULL;
}

/* How readily a slot gives way at now_s; 0: not at all. syn: the new session is half open. */
static uint32_t
readiness(uint64_t who, uint32_t idle_s, bool syn)
{
	enum { FREE = 4, OVER = 3, HALF_OPEN = 2, IDLE = 1, CLASS_SHIFT = 29 };
	uint32_t kind = who == 0 ? FREE : is_over(who) ? OVER : !is_live(who) ? HALF_OPEN : IDLE;

	if (idle_s >= 1u << CLASS_SHIFT)
		idle_s = 0; /* another worker's second is ahead */
	if ((kind == HALF_OPEN && idle_s < (syn ? CGN_TCP_SESSION_YIELD_S : 1)) ||
		(kind == IDLE && (syn || idle_s < CGN_TCP_SESSION_YIELD_S)))
		return 0;
	return kind << CLASS_SHIFT | idle_s;
}

/*
 * A new connection in a slot, in place of what was there. False when another worker was faster: the
 * next segment tries again.
 */
static bool
begin(struct cgn_tcp_session *s, uint64_t old, const struct segment *seg, uint64_t *who)
{
	*who = seg->peer | ((old + GENERATION) & GENERATION_MASK) | TAKEN;
	return atomic_compare_exchange_strong_explicit(
		&s->who, &old, *who, memory_order_acq_rel, memory_order_relaxed);
}

/* A slot for a session that the inside has just shown; NULL when none gives way. */
static struct cgn_tcp_session *
claim(struct cgn_tcp_sessions *t, const struct segment *seg, uint64_t *who)
{
	struct cgn_tcp_session *best = NULL;
	uint64_t old = 0;
	uint32_t most = 0;

	for (uint32_t k = 0; k < t->n; k++) {
		struct cgn_tcp_session *s = &t->at[k];
		uint64_t is = atomic_load_explicit(&s->who, memory_order_relaxed);
		uint32_t ready = readiness(is,
			seg->now_s - atomic_load_explicit(&s->last_use_s, memory_order_relaxed),
			seg->tcp.flags & RTE_TCP_SYN_FLAG);

		if (ready > most) {
			most = ready;
			best = s;
			old = is;
		}
	}
	return best != NULL && begin(best, old, seg, who) ? best : NULL;
}

/* Sets and clears flags of the session; false, and *who as it was, when the slot is another's. */
static bool
mark(struct cgn_tcp_session *s, uint64_t *who, uint32_t set, uint32_t clear)
{
	uint64_t is = *who, want;

	do {
		if (!is_same(is, *who))
			return false;
		want = (is & ~(uint64_t)clear) | set;
	} while (want != is &&
		!atomic_compare_exchange_weak_explicit(
			&s->who, &is, want, memory_order_acq_rel, memory_order_acquire));
	*who = want;
	return true;
}

/* a is behind b by no more than so much, or is b. */
static bool
is_within(uint32_t a, uint32_t b, uint32_t most)
{
	return b - a <= most;
}

/*
 * Notes a number: the first one, or one that moves it on, since segments may overtake each other.
 * It is loaded before the word is: when the slot changes hands meanwhile, either the word tells it
 * or the number has changed and the swap fails.
 */
static void
learn(struct cgn_tcp_session *s, uint64_t *who, _Atomic uint32_t *number, uint32_t to,
	uint32_t flag)
{
	uint32_t is = atomic_load_explicit(number, memory_order_acquire);

	do {
		uint64_t now = atomic_load_explicit(&s->who, memory_order_acquire);

		if (!is_same(now, *who))
			return;
		if (is == to || ((now & flag) && (int32_t)(to - is) < 0))
			break;
	} while (!atomic_compare_exchange_weak_explicit(
		number, &is, to, memory_order_release, memory_order_acquire));
	mark(s, who, flag, 0);
}

static void
touch(struct cgn_tcp_session *s, uint32_t now_s)
{
	if (atomic_load_explicit(&s->last_use_s, memory_order_relaxed) != now_s)
		atomic_store_explicit(&s->last_use_s, now_s, memory_order_relaxed);
}

/* The subscriber's own segments are believed. A SYN is a new connection in place of an old one. */
static void
from_inside(struct cgn_tcp_sessions *t, const struct segment *seg)
{
	const uint32_t ended = seg->tcp.flags & RTE_TCP_FIN_FLAG ? FIN_IN : 0;
	uint64_t who;
	struct cgn_tcp_session *s = find(t, seg->peer, &who);

	if (seg->tcp.flags & RTE_TCP_RST_FLAG) {
		if (s != NULL)
			mark(s, &who, RST, 0);
		return;
	}
	if (s != NULL && (seg->tcp.flags & RTE_TCP_SYN_FLAG))
		s = begin(s, who, seg, &who) ? s : NULL;
	else if (s == NULL && !ended)
		s = claim(t, seg, &who);
	if (s == NULL)
		return;
	touch(s, seg->now_s);
	if (!mark(s, &who, ended, RST))
		return;
	if (seg->tcp.flags & RTE_TCP_ACK_FLAG)
		learn(s, &who, &s->end[CGN_IN2OUT].ack, seg->tcp.ack, ACK_IN);
	learn(s, &who, &s->end[CGN_IN2OUT].next, seg->tcp.end, NEXT_IN);
}

/* Does the segment confirm something that the inside has sent, and nothing older than known? */
static bool
ack_fits(const struct cgn_tcp_session *s, uint64_t who, const struct segment *seg)
{
	uint32_t next = atomic_load_explicit(&s->end[CGN_IN2OUT].next, memory_order_acquire);
	uint32_t most = CGN_TCP_SESSION_WINDOW;

	if (!(seg->tcp.flags & RTE_TCP_ACK_FLAG) || !(who & NEXT_IN))
		return false;
	if (who & ACK_OUT)
		most = next - atomic_load_explicit(&s->end[CGN_OUT2IN].ack, memory_order_acquire);
	return is_within(seg->tcp.ack, next, most);
}

/* Is the segment about where the inside expects one? */
static bool
seq_fits(const struct cgn_tcp_session *s, uint64_t who, const struct segment *seg)
{
	uint32_t ack = atomic_load_explicit(&s->end[CGN_IN2OUT].ack, memory_order_acquire);

	if (!(who & ACK_IN))
		return false;
	if (is_within(ack, seg->tcp.seq, CGN_TCP_SESSION_WINDOW - 1))
		return true;
	return (who & NEXT_OUT) &&
		seg->tcp.seq ==
		atomic_load_explicit(&s->end[CGN_OUT2IN].next, memory_order_acquire);
}

/* In answer to a SYN a RST proves itself by its acknowledgement (RFC 9293 section 3.10.7.3). */
static bool
rst_fits(const struct cgn_tcp_session *s, uint64_t who, const struct segment *seg)
{
	if (who & ACK_IN)
		return seq_fits(s, who, seg);
	return ack_fits(s, who, seg);
}

static bool
from_outside(struct cgn_tcp_sessions *t, const struct segment *seg)
{
	uint64_t who;
	struct cgn_tcp_session *s = find(t, seg->peer, &who);
	bool fits;

	if (s == NULL)
		return true;
	if (seg->tcp.flags & RTE_TCP_RST_FLAG)
		return rst_fits(s, who, seg) && mark(s, &who, RST, 0);
	fits = ack_fits(s, who, seg);
	if (fits)
		learn(s, &who, &s->end[CGN_OUT2IN].ack, seg->tcp.ack, ACK_OUT);
	if (seg->tcp.flags & RTE_TCP_SYN_FLAG) {
		if (fits)
			learn(s, &who, &s->end[CGN_OUT2IN].next, seg->tcp.end, NEXT_OUT);
		return fits || !is_live(who); /* the inside decides about a new connection */
	}
	if (fits && (who & ACK_IN) &&
		is_within(atomic_load_explicit(&s->end[CGN_IN2OUT].ack, memory_order_acquire),
			seg->tcp.end, CGN_TCP_SESSION_AHEAD)) {
		touch(s, seg->now_s);
		learn(s, &who, &s->end[CGN_OUT2IN].next, seg->tcp.end, NEXT_OUT);
	}
	if (seg->tcp.flags & RTE_TCP_FIN_FLAG)
		return seq_fits(s, who, seg) && mark(s, &who, FIN_OUT, 0);
	return true;
}

bool
cgn_tcp_sessions_note_slow(struct cgn_tcp_sessions *t, const struct cgn_pkt *pkt,
	const uint8_t *frame, enum cgn_dir dir, uint32_t now_s)
{
	struct segment seg = {.now_s = now_s};

	seg.tcp = cgn_tcp_segment_of(pkt, frame);
	seg.peer = dir == CGN_IN2OUT ? (uint64_t)pkt->dst << 32 | (uint64_t)pkt->dport << 16
				     : (uint64_t)pkt->src << 32 | (uint64_t)pkt->sport << 16;
	if (dir == CGN_OUT2IN)
		return from_outside(t, &seg);
	from_inside(t, &seg);
	return true;
}
