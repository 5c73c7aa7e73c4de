/* SPDX-License-Identifier: BSD-3-Clause */
/* The transitions on SYN, FIN and RST, on what acknowledges them and on traffic after a RST; see
 * tcp_track.h. */
#include "tcp_track.h"

#include <stdbool.h>

#include "tcp_segment.h"

enum {
	FIN = RTE_TCP_FIN_FLAG,
	SYN = RTE_TCP_SYN_FLAG,
	RST = RTE_TCP_RST_FLAG,
	ACK = RTE_TCP_ACK_FLAG,
	ENDS = CGN_TCP_ENDS_IN | CGN_TCP_ENDS_OUT,
	FINS = CGN_TCP_FIN_IN | CGN_TCP_FIN_OUT,
	PEER_SHIFT = 12,
};
static_assert(CGN_TCP_AFTER < 1 << PEER_SHIFT, "state and peer share a word");

/* One segment, and what its mapping's numbers were before it. */
struct step {
	struct cgn_tcp_segment seg;
	struct cgn_mapping *m;
	struct cgn_mapping_side *side;
	uint32_t peer;      /* mark */
	uint32_t next, ack; /* of the inside */
	enum cgn_dir dir;
	bool has_learnt;
};

/* 20 bits that differ for different peers nearly always, and never 0: no word of a peer is 0. */
static uint32_t
peer_mark(rte_be32_t peer, rte_be16_t port)
{
	uint64_t x = ((uint64_t)peer << 16 | port) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t mark = (uint32_t)(x >> (32 + PEER_SHIFT));

	return (mark != 0 ? mark : 1) << PEER_SHIFT;
}

static bool
is_same(uint32_t tcp, uint32_t peer)
{
	return tcp >> PEER_SHIFT == peer >> PEER_SHIFT;
}

static uint32_t
state_of(uint32_t tcp)
{
	return tcp & CGN_TCP_STATE_MASK;
}

static uint32_t
with_state(uint32_t tcp, enum cgn_tcp_state state)
{
	return (tcp & ~(uint32_t)CGN_TCP_STATE_MASK) | state;
}

static uint32_t
established(uint32_t tcp)
{
	return with_state(tcp & ~(uint32_t)(CGN_TCP_AFTER | CGN_TCP_RST), CGN_TCP_ESTABLISHED) |
		CGN_TCP_OPENED;
}

static bool
is_ahead(uint32_t a, uint32_t of)
{
	return a - of < CGN_TCP_WINDOW;
}

static bool
is_near(uint32_t a, uint32_t b)
{
	return is_ahead(a, b) || is_ahead(b, a);
}

/* Does the outside acknowledge what the inside has sent, its SYN at least? */
static bool
acknowledges(const struct step *s)
{
	return (s->seg.flags & ACK) && is_ahead(s->next, s->seg.ack);
}

/*
 * Does a RST, or what revives after one, belong to the connection? The known numbers may be a
 * second old: then a fast direction has left its one behind, and the other direction's tells.
 */
static bool
fits(uint32_t tcp, const struct step *s)
{
	uint32_t next = s->dir == CGN_IN2OUT ? s->seg.seq : s->seg.ack;
	uint32_t expected = s->dir == CGN_IN2OUT ? s->seg.ack : s->seg.seq;
	bool has_ack = (s->seg.flags & ACK) != 0;

	if (s->dir == CGN_IN2OUT)
		return is_near(next, s->next) ||
			(has_ack && (tcp & CGN_TCP_KNOWN) && is_near(expected, s->ack));
	if (tcp & CGN_TCP_KNOWN)
		return is_ahead(expected, s->ack) || (has_ack && is_near(next, s->next));
	return acknowledges(s); /* RFC 9293 section 3.10.7.3 */
}

/*
 * A FIN that fits waits until the other end acknowledges it, and no other number: then it was in
 * the window, whatever that is.
 */
static uint32_t
on_fin(uint32_t tcp, const struct step *s)
{
	uint32_t ends = s->dir == CGN_IN2OUT ? CGN_TCP_ENDS_IN : CGN_TCP_ENDS_OUT;
	uint32_t fin = s->dir == CGN_IN2OUT ? CGN_TCP_FIN_IN : CGN_TCP_FIN_OUT;

	if ((tcp & fin) || state_of(tcp) == CGN_TCP_CLOSING || !fits(tcp, s))
		return tcp;
	atomic_store_explicit(&s->side->fin[s->dir], s->seg.end, memory_order_release);
	return tcp | ends;
}

static uint32_t
on_ack(uint32_t tcp, const struct step *s)
{
	enum cgn_dir other = s->dir == CGN_IN2OUT ? CGN_OUT2IN : CGN_IN2OUT;
	uint32_t ends = s->dir == CGN_IN2OUT ? CGN_TCP_ENDS_OUT : CGN_TCP_ENDS_IN;
	uint32_t fin = s->dir == CGN_IN2OUT ? CGN_TCP_FIN_OUT : CGN_TCP_FIN_IN;

	if ((tcp & ends) &&
		atomic_load_explicit(&s->side->fin[other], memory_order_acquire) == s->seg.ack)
		tcp = (tcp & ~ends) | fin;
	return (tcp & FINS) == FINS ? with_state(tcp, CGN_TCP_CLOSING) : tcp;
}

/* A RST has not ended it after all (RFC 7857 section 2.2). */
static uint32_t
revived(uint32_t tcp)
{
	if (!(tcp & CGN_TCP_RST))
		return tcp;
	tcp &= ~(uint32_t)CGN_TCP_RST;
	return with_state(tcp, tcp & CGN_TCP_OPENED ? CGN_TCP_ESTABLISHED : CGN_TCP_OPENING);
}

static uint32_t
opening(const struct step *s)
{
	/* What acknowledges, SYN or not, answers a SYN that has come: a stray segment may open a
	 * mapping (nat.tcp_loose). */
	return s->peer | CGN_TCP_OPENING |
		(s->seg.flags & ACK ? CGN_TCP_SYN_OUT | CGN_TCP_KNOWN : 0);
}

/* A segment from inside, no RST, to a peer that is not tracked. */
static uint32_t
to_another(uint32_t tcp, const struct step *s)
{
	bool syn = (s->seg.flags & SYN) != 0;

	if (tcp == 0 || (state_of(tcp) == CGN_TCP_CLOSING && !(s->seg.flags & FIN)))
		return opening(s) | (tcp != 0 ? CGN_TCP_AFTER : 0);
	if (state_of(tcp) == CGN_TCP_OPENING && !(s->seg.flags & FIN))
		return tcp | CGN_TCP_SHARED;
	if (state_of(tcp) == CGN_TCP_ESTABLISHED && syn)
		return (tcp & ~(uint32_t)ENDS) | CGN_TCP_KNOWN | CGN_TCP_SHARED;
	return tcp;
}

/* The inside is believed when it opens and when it goes on. */
static uint32_t
from_inside(uint32_t tcp, const struct step *s)
{
	const uint32_t known = s->seg.flags & ACK ? CGN_TCP_KNOWN : 0;

	if (s->seg.flags & SYN) {
		if (state_of(tcp) == CGN_TCP_CLOSING) /* another one may be closing still */
			return opening(s) | (tcp & CGN_TCP_AFTER);
		if (state_of(tcp) == CGN_TCP_OPENING && known)
			tcp |= CGN_TCP_SYN_OUT;
		return (tcp & ~(uint32_t)(CGN_TCP_KNOWN | ENDS | FINS)) | known;
	}
	if ((s->seg.flags & FIN) && !fits(tcp, s))
		return tcp;
	tcp = on_ack(revived(tcp) | known, s);
	return s->seg.flags & FIN ? on_fin(tcp, s) : tcp;
}

/* The outside is believed when it knows what the inside has sent. */
static uint32_t
from_outside(uint32_t tcp, const struct step *s)
{
	if (s->seg.flags & SYN) {
		if (state_of(tcp) != CGN_TCP_OPENING)
			return tcp; /* the inside decides about a new connection */
		if (!(s->seg.flags & ACK))
			return tcp | CGN_TCP_SYN_OUT;
		return acknowledges(s) ? established(tcp | CGN_TCP_SYN_OUT) : tcp;
	}
	if (fits(tcp, s))
		tcp = revived(tcp);
	if (state_of(tcp) == CGN_TCP_OPENING && (tcp & CGN_TCP_SYN_OUT) && acknowledges(s))
		tcp = established(tcp);
	tcp = on_ack(tcp, s);
	return s->seg.flags & FIN ? on_fin(tcp, s) : tcp;
}

/* Nobody's end counts, but when none is open yet; whoever has acknowledged something is. */
static uint32_t
shared(uint32_t tcp, const struct step *s)
{
	if (state_of(tcp) != CGN_TCP_OPENING)
		return tcp;
	if (s->seg.flags & RST)
		return tcp | CGN_TCP_AFTER;
	if (s->dir == CGN_OUT2IN && (s->seg.flags & ACK))
		return (established(tcp) & ~(uint32_t)ENDS) | CGN_TCP_KNOWN;
	return tcp;
}

static uint32_t
next_of(uint32_t tcp, const struct step *s)
{
	if (tcp & CGN_TCP_SHARED)
		return shared(tcp, s);
	if (s->seg.flags & RST) {
		if (!is_same(tcp, s->peer) || state_of(tcp) == CGN_TCP_CLOSING || !fits(tcp, s))
			return tcp;
		return with_state(tcp | CGN_TCP_RST, CGN_TCP_CLOSING);
	}
	if (s->dir == CGN_OUT2IN)
		return is_same(tcp, s->peer) ? from_outside(tcp, s) : tcp;
	return is_same(tcp, s->peer) ? from_inside(tcp, s) : to_another(tcp, s);
}

static void
recall(struct step *s)
{
	uint64_t inside;

	if (s->dir == CGN_IN2OUT && s->has_learnt)
		return; /* it would be what this very segment has told */
	inside = atomic_load_explicit(&s->m->tcp_inside, memory_order_acquire);
	s->next = (uint32_t)(inside >> 32);
	s->ack = (uint32_t)inside;
}

/* The first segment of a second, and each one while the state is not settled. */
static void
learn(uint32_t tcp, struct step *s)
{
	if (s->dir == CGN_OUT2IN || !is_same(tcp, s->peer) || (tcp & CGN_TCP_SHARED) ||
		(s->seg.flags & RST) || ((s->seg.flags & FIN) && !fits(tcp, s)))
		return;
	s->has_learnt = true;
	atomic_store_explicit(
		&s->m->tcp_inside, (uint64_t)s->seg.end << 32 | s->seg.ack, memory_order_release);
}

static bool
has_closing_time(uint32_t tcp)
{
	return state_of(tcp) == CGN_TCP_CLOSING || (tcp & CGN_TCP_AFTER);
}

/*
 * The two directions may be on two workers: neither may undo what the other has noted. Numbers are
 * stored before the word that speaks of them. Who sees a word older than the numbers finds that a
 * RST does not fit: then the end is late.
 */
bool
cgn_tcp_track(const struct cgn_table *t, struct cgn_mapping *m, const struct cgn_pkt *pkt,
	const uint8_t *frame, enum cgn_dir dir)
{
	struct step s = {.dir = dir};
	uint32_t old, tcp;

	if (t->sides == NULL)
		return false;
	s.seg = cgn_tcp_segment_of(pkt, frame);
	s.m = m;
	s.side = &t->sides[m - t->entries];
	s.peer = dir == CGN_IN2OUT ? peer_mark(pkt->dst, pkt->dport)
				   : peer_mark(pkt->src, pkt->sport);
	if (cgn_tcp_is_calm(m, pkt->tcp_flags)) { /* only due to tell its numbers */
		learn(atomic_load_explicit(&m->tcp, memory_order_relaxed), &s);
		return false;
	}
	do {
		old = atomic_load_explicit(&m->tcp, memory_order_acquire);
		recall(&s);
		tcp = next_of(old, &s);
		learn(tcp, &s);
	} while (tcp != old &&
		!atomic_compare_exchange_strong_explicit(
			&m->tcp, &old, tcp, memory_order_acq_rel, memory_order_relaxed));
	return has_closing_time(tcp) && !has_closing_time(old);
}

const char *
cgn_tcp_state_str(uint32_t tcp)
{
	static const char *const names[] = {"opening", "established", "closing", "-"};

	return names[tcp & CGN_TCP_STATE_MASK];
}
