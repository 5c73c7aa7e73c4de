/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of packets into the rings of the tap; see tap.h. Worker threads, and control's drops. */
#include "tap.h"

#include <string.h>

#include "verdict.h"

bool
cgn_tap_matches(const struct cgn_tap_filter *f, const struct cgn_tap_record *r)
{
	uint32_t tenant = atomic_load_explicit(&f->tenant, memory_order_relaxed);
	uint32_t inside = atomic_load_explicit(&f->inside, memory_order_relaxed);
	uint32_t peer = atomic_load_explicit(&f->peer, memory_order_relaxed);
	uint32_t proto = atomic_load_explicit(&f->ip_proto, memory_order_relaxed);
	uint32_t sides = atomic_load_explicit(&f->sides, memory_order_relaxed);

	if (!(sides >> r->side & 1) || (proto != 0 && proto != r->ip_proto) ||
		(peer != 0 && peer != r->peer))
		return false;
	return (r->tenant == tenant && (inside == CGN_NONE || inside == r->inside)) ||
		(r->to_tenant == tenant && (inside == CGN_NONE || inside == r->to_inside));
}

static uint8_t
find_taps(const struct cgn_tap *tap, uint32_t active, const struct cgn_tap_record *head)
{
	uint8_t taps = 0;

	for (; active != 0; active &= active - 1) {
		int i = __builtin_ctz(active);

		if (cgn_tap_matches(&tap->filters[i], head))
			taps |= (uint8_t)(1 << i);
	}
	return taps;
}

static uint32_t
find_snaplen(const struct cgn_tap *tap, uint32_t taps)
{
	uint32_t most = 0;

	for (; taps != 0; taps &= taps - 1) {
		const struct cgn_tap_filter *f = &tap->filters[__builtin_ctz(taps)];

		most = RTE_MAX(most, atomic_load_explicit(&f->snaplen, memory_order_relaxed));
	}
	return RTE_MIN(most, (uint32_t)CGN_TAP_DATA);
}

static void
lose(struct cgn_tap_source *source, const struct cgn_tap_record *head)
{
	for (uint32_t taps = head->taps; taps != 0; taps &= taps - 1)
		cgn_counter_add(&source->lost[__builtin_ctz(taps)][head->side], 1);
}

static struct cgn_tap_record *
record_at(const struct rte_ring_zc_data *room, uint32_t i)
{
	return i < room->n1 ? (struct cgn_tap_record *)room->ptr1 + i
			    : (struct cgn_tap_record *)room->ptr2 + (i - room->n1);
}

static void
fill(const struct cgn_tap *tap, struct cgn_tap_record *to, const struct cgn_tap_record *head,
	const struct rte_mbuf *m)
{
	const void *bytes;

	memcpy(to, head, CGN_TAP_HEAD);
	to->len = m->pkt_len;
	to->cap_len = RTE_MIN(m->pkt_len, find_snaplen(tap, head->taps));
	bytes = rte_pktmbuf_read(m, 0, to->cap_len, to->bytes);
	if (bytes != to->bytes)
		memcpy(to->bytes, bytes, to->cap_len);
}

static void
put(struct cgn_tap *tap, uint16_t source, const struct cgn_tap_record *head,
	const struct rte_mbuf *m)
{
	struct cgn_tap_source *s = &tap->sources[source];
	struct rte_ring_zc_data room;

	if (rte_ring_enqueue_zc_burst_elem_start(s->ring, CGN_TAP_RECORD, 1, &room, NULL) == 0) {
		lose(s, head);
		return;
	}
	fill(tap, room.ptr1, head, m);
	rte_ring_enqueue_zc_elem_finish(s->ring, 1);
}

static enum cgn_tap_side
side_of_port(const struct cgn_directory *dir, uint16_t port)
{
	return dir->ports[port].role == CGN_ROLE_OUTSIDE ? CGN_TAP_OUTSIDE : CGN_TAP_INSIDE;
}

/* What the description of a packet says; its fate is a forward's as soon as it is translated. */
static void
describe(struct cgn_tap_record *head, const struct cgn_directory *dir, const struct cgn_pkt *pkt)
{
	bool is_hairpin = pkt->fate == CGN_FATE_HAIRPIN;

	head->tenant = pkt->tenant;
	head->inside = pkt->inside;
	head->to_tenant = is_hairpin ? pkt->to_tenant : pkt->tenant;
	head->to_inside = is_hairpin ? pkt->to_inside : pkt->inside;
	head->ip_proto = pkt->ip_proto;
	head->originated = pkt->originated != 0;
	head->side = (uint8_t)side_of_port(dir, pkt->in_port);
	head->fate = CGN_FATE_NONE;
	if (!head->originated)
		head->peer = rte_be_to_cpu_32(head->side == CGN_TAP_OUTSIDE ? pkt->src : pkt->dst);
}

void
cgn_tap_received(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_tap_record head = {.at = w->burst.now, .event = CGN_TAP_RECEIVED};

	describe(&head, w->dir, cgn_pkt_of(m));
	head.taps = find_taps(w->dp->tap, w->tapping, &head);
	if (head.taps != 0)
		put(w->dp->tap, w->id, &head, m);
}

/* A packet that was translated already is lost on the side where it was to leave. */
static void
describe_end(struct cgn_tap_record *head, const struct cgn_pkt *pkt, enum cgn_fate fate)
{
	head->fate = (uint8_t)fate;
	head->event = CGN_TAP_DROPPED;
	if (pkt->fate == CGN_FATE_NONE || !cgn_fate_is_forward((enum cgn_fate)pkt->fate))
		return;
	head->leaves = 1;
	head->side = pkt->fate != CGN_FATE_HAIRPIN &&
			cgn_fate_dir((enum cgn_fate)pkt->fate) == CGN_IN2OUT
		? CGN_TAP_OUTSIDE
		: CGN_TAP_INSIDE;
}

void
cgn_tap_dropped_at(struct cgn_tap *tap, uint16_t source, const struct cgn_directory *dir,
	cgn_ns_t now, const struct rte_mbuf *m, enum cgn_fate fate)
{
	const struct cgn_pkt *pkt = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	struct cgn_tap_record head = {.at = now};

	if (pkt->originated != 0)
		return; /* nobody sent it; counted among the originated */
	describe(&head, dir, pkt);
	describe_end(&head, pkt, fate);
	head.taps = find_taps(tap, cgn_tap_active(tap), &head);
	if (head.taps != 0)
		put(tap, source, &head, m);
}

void
cgn_tap_dropped(struct cgn_worker *w, const struct rte_mbuf *m, enum cgn_fate fate)
{
	cgn_tap_dropped_at(w->dp->tap, w->id, w->dir, w->burst.now, m, fate);
}

static void
describe_sent(struct cgn_tap_record *head, const struct cgn_worker *w, uint16_t port,
	const struct cgn_pkt *pkt)
{
	describe(head, w->dir, pkt);
	head->side = (uint8_t)side_of_port(w->dir, port);
	head->fate = pkt->originated != 0 ? (uint8_t)CGN_FATE_NONE : pkt->fate;
}

void
cgn_tap_sending_begin(struct cgn_worker *w, uint16_t port, const struct cgn_tx_buffer *buf,
	struct cgn_tap_sending *s)
{
	struct cgn_tap *tap = w->dp->tap;
	struct cgn_tap_source *source = &tap->sources[w->id];

	s->n = 0;
	s->n_room = rte_ring_enqueue_zc_burst_elem_start(
		source->ring, CGN_TAP_RECORD, buf->n, &s->room, NULL);
	for (uint16_t i = 0; i < buf->n; i++) {
		struct cgn_tap_record head = {
			.at = w->burst.now, .event = CGN_TAP_SENT, .leaves = 1};

		describe_sent(&head, w, port, cgn_pkt_of(buf->mbufs[i]));
		head.taps = find_taps(tap, w->tapping, &head);
		if (head.taps == 0)
			continue;
		if (s->n == s->n_room) {
			lose(source, &head);
			continue;
		}
		s->of[s->n] = (uint8_t)i;
		fill(tap, record_at(&s->room, s->n++), &head, buf->mbufs[i]);
	}
}

void
cgn_tap_sending_end(struct cgn_worker *w, struct cgn_tap_sending *s, uint16_t n)
{
	while (s->n > 0 && s->of[s->n - 1] >= n)
		s->n--;
	if (s->n_room > 0)
		rte_ring_enqueue_zc_elem_finish(w->dp->tap->sources[w->id].ring, s->n);
}
