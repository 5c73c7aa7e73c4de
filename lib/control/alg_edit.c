/* SPDX-License-Identifier: BSD-3-Clause */
/* Editing of connections with an ALG; see alg_edit.h and alg_segment.h. */
#include "alg_segment.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "control.h"
#include "ftp.h"
#include "mem.h"

/* Idle ones give way to new ones, those that are closing after 4 minutes, others after 2 h 4 min
 * (RFC 5382 REQ-5). Of so many a new one looks whether they are. */
enum { CLOSING_S = 240, IDLE_S = 7440, MIN_PORT = 1024, LOOK = 32 };

int
cgn_algs_init(struct cgn_algs *a, uint32_t capacity, int socket)
{
	a->marks = cgn_mem_zalloc("alg_marks", 1, sizeof(*a->marks), socket);
	a->flows = cgn_mem_zalloc("alg_flows", (size_t)capacity + 1, sizeof(*a->flows), socket);
	a->mask = rte_align32pow2(capacity + 1) - 1;
	a->chains = cgn_mem_zalloc("alg_chains", (size_t)a->mask + 1, sizeof(*a->chains), socket);
	a->of_tenant = cgn_mem_zalloc(
		"alg_tenants", CGN_MAX_TENANTS, sizeof(*a->of_tenant), socket);
	if (a->marks == NULL || a->flows == NULL || a->chains == NULL || a->of_tenant == NULL)
		return -ENOMEM;
	a->capacity = capacity;
	for (uint32_t i = capacity; i > 0; i--) {
		a->flows[i].next = a->first_free;
		a->first_free = i;
	}
	return 0;
}

void
cgn_algs_fini(struct cgn_algs *a)
{
	cgn_mem_free(a->marks);
	cgn_mem_free(a->flows);
	cgn_mem_free(a->chains);
	cgn_mem_free(a->of_tenant);
}

static void
mark(struct cgn_algs *a, const struct cgn_alg_flow *f, int16_t change)
{
	_Atomic uint16_t *n = &a->marks->n[cgn_alg_mark(f->mapping, f->peer, f->port)];

	atomic_store_explicit(n, (uint16_t)(atomic_load_explicit(n, memory_order_relaxed) + change),
		memory_order_relaxed);
}

static void
end(struct cgn_control *c, struct cgn_alg_flow *f)
{
	struct cgn_algs *a = &c->algs;
	uint32_t *link = &a->chains[f->inside & a->mask], i = (uint32_t)(f - a->flows);

	if (f->is_pptp)
		cgn_pptp_end(c, f);
	while (*link != i)
		link = &a->flows[*link].next;
	*link = f->next;
	a->of_tenant[f->tenant]--;
	mark(a, f, -1);
	*f = (struct cgn_alg_flow){.next = a->first_free};
	a->first_free = i;
	a->n_used--;
}

void
cgn_alg_end(struct cgn_control *c, uint32_t mapping)
{
	struct cgn_algs *a = &c->algs;
	uint32_t next;

	for (uint32_t i = a->chains[cgn_table_at(c->table, mapping)->inside & a->mask]; i != 0;
		i = next) {
		next = a->flows[i].next;
		if (a->flows[i].mapping == mapping)
			end(c, &a->flows[i]);
	}
}

static struct cgn_alg_flow *
find(struct cgn_algs *a, const struct cgn_alg_segment *s)
{
	bool in2out = s->pkt->dir == CGN_IN2OUT;
	rte_be32_t peer = in2out ? s->pkt->dst : s->pkt->src;
	rte_be16_t port = in2out ? s->pkt->dport : s->pkt->sport;

	if (a->marks->n[cgn_alg_mark(s->mapping, peer, port)] == 0)
		return NULL;
	for (uint32_t i = a->chains[s->pkt->inside & a->mask]; i != 0; i = a->flows[i].next) {
		struct cgn_alg_flow *f = &a->flows[i];

		if (f->mapping == s->mapping && f->peer == peer && f->port == port)
			return f;
	}
	return NULL;
}

static bool
is_over(const struct cgn_control *c, const struct cgn_alg_flow *f)
{
	return c->now_s - f->last_use_s > (uint32_t)(f->is_closing ? CLOSING_S : IDLE_S);
}

/* Of the subscriber's own, those that have been idle too long end; how many are left. */
static uint32_t
count_of(struct cgn_control *c, uint32_t inside)
{
	struct cgn_algs *a = &c->algs;
	uint32_t n = 0, next;

	for (uint32_t i = a->chains[inside & a->mask]; i != 0; i = next) {
		next = a->flows[i].next;
		if (a->flows[i].inside != inside)
			continue;
		if (is_over(c, &a->flows[i]))
			end(c, &a->flows[i]);
		else
			n++;
	}
	return n;
}

static bool
is_full(const struct cgn_algs *a, uint16_t tenant)
{
	return a->first_free == 0 || a->of_tenant[tenant] >= (a->capacity + 1) / 2;
}

/* A record for a segment from inside; those that have been idle too long make room. */
struct cgn_alg_flow *
cgn_alg_begin(struct cgn_control *c, const struct cgn_alg_segment *s)
{
	struct cgn_algs *a = &c->algs;
	uint32_t *chain = &a->chains[s->pkt->inside & a->mask], i;
	struct cgn_alg_flow *f;

	if (count_of(c, s->pkt->inside) >= CGN_ALG_OF_SUBSCRIBER)
		return NULL;
	for (uint32_t n = 0; is_full(a, s->pkt->tenant) && n < a->capacity && n < LOOK; n++) {
		a->cursor = a->cursor % a->capacity + 1;
		if (a->flows[a->cursor].mapping != CGN_MAPPING_NONE &&
			is_over(c, &a->flows[a->cursor]))
			end(c, &a->flows[a->cursor]);
	}
	if (is_full(a, s->pkt->tenant))
		return NULL;
	i = a->first_free;
	f = &a->flows[i];
	a->first_free = f->next;
	a->n_used++;
	*f = (struct cgn_alg_flow){.mapping = s->mapping,
		.next = *chain,
		.inside = s->pkt->inside,
		.tenant = s->pkt->tenant,
		.peer = s->pkt->dst,
		.port = s->pkt->dport,
		.last_use_s = c->now_s};
	*chain = i;
	a->of_tenant[f->tenant]++;
	mark(a, f, 1);
	return f;
}

/* The outside end of the sender's port, made if need be. CGN_MAPPING_NONE: it cannot have one. */
static uint32_t
map_data_port(struct cgn_control *c, const struct cgn_pkt *pkt, uint16_t port)
{
	const struct cgn_flow flow = {.inside = pkt->inside,
		.tenant = pkt->tenant,
		.port = rte_cpu_to_be_16(port),
		.proto = CGN_TCP};
	uint32_t i = cgn_flow_find(c, &flow);
	enum cgn_fate fate;

	if (i != CGN_MAPPING_NONE) {
		cgn_contacts_end(c, i); /* open as one that is asked for: the server comes */
		return i;
	}
	fate = cgn_admit(c, &flow);
	if (fate == CGN_FATE_NONE)
		fate = cgn_allocate(c, &flow, NULL, &i);
	if (fate == CGN_FATE_NONE)
		fate = cgn_publish(c, i);
	if (fate == CGN_FATE_NONE)
		return i;
	cgn_subscriber_of(c, pkt->inside)->last_refusal = (uint16_t)fate;
	return CGN_MAPPING_NONE;
}

static uint32_t
seq_of(const struct cgn_alg_segment *s)
{
	return rte_be_to_cpu_32(s->tcp->sent_seq);
}

/* What the segment says for the first time is noted as an edit, if it says anything. */
static void
read_text(struct cgn_control *c, struct cgn_alg_segment *s)
{
	bool is_server = s->pkt->sport == RTE_BE16(CGN_PORT_FTP);
	struct cgn_ftp_end e;
	const struct cgn_mapping *m;
	char text[CGN_FTP_TEXT];
	uint32_t n, i;

	if (!cgn_ftp_find(s->payload, s->len, is_server, &e) || e.port < MIN_PORT ||
		(e.form != CGN_FTP_EPSV && rte_cpu_to_be_32(e.addr) != s->pkt->src))
		return;
	if (s->flow != NULL && cgn_edits_find(&s->flow->edits, seq_of(s) + e.at) != NULL)
		return; /* sent again */
	i = map_data_port(c, s->pkt, e.port);
	if (i == CGN_MAPPING_NONE)
		return;
	m = cgn_table_at(c->table, i);
	n = cgn_ftp_write(
		&e, rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port), text);
	if (n == e.len && memcmp(text, s->payload + e.at, n) == 0)
		return;
	if (s->flow == NULL)
		s->flow = cgn_alg_begin(c, s);
	if (s->flow != NULL)
		cgn_edits_add(&s->flow->edits, seq_of(s) + e.at, e.len, text, n);
}

static void
set_seq(struct cgn_alg_segment *s, uint32_t seq)
{
	rte_be32_t fresh = rte_cpu_to_be_32(seq);

	s->tcp->cksum = cgn_csum_update(s->tcp->cksum, cgn_csum_delta32(s->tcp->sent_seq, fresh));
	s->tcp->sent_seq = fresh;
}

/* The edited payload into the packet; false when there is no room for it. */
static bool
put_payload(struct cgn_alg_segment *s, const uint8_t *payload, uint32_t len)
{
	uint32_t off = (uint32_t)(s->payload - rte_pktmbuf_mtod(s->m, uint8_t *));
	uint16_t ip_len = (uint16_t)(s->pkt->ip_len - s->len + len);

	if (off + len > s->m->data_len + (uint32_t)rte_pktmbuf_tailroom(s->m))
		return false;
	memcpy(s->payload, payload, len);
	s->m->data_len = (uint16_t)(off + len); /* padding is gone */
	s->m->pkt_len = s->m->data_len;
	s->ip->hdr_checksum = cgn_csum_update(s->ip->hdr_checksum,
		cgn_csum_delta16(s->ip->total_length, rte_cpu_to_be_16(ip_len)));
	s->ip->total_length = rte_cpu_to_be_16(ip_len);
	s->pkt->ip_len = ip_len;
	s->tcp->cksum = 0;
	s->tcp->cksum = rte_ipv4_udptcp_cksum(s->ip, s->tcp);
	return true;
}

bool
cgn_alg_csum_is_right(const struct cgn_alg_segment *s)
{
	rte_be16_t was = s->tcp->cksum, is;

	s->tcp->cksum = 0;
	is = rte_ipv4_udptcp_cksum(s->ip, s->tcp);
	s->tcp->cksum = was;
	return is == was;
}

/* From inside. False: it cannot go as it is. */
static bool
edit(struct cgn_control *c, struct cgn_alg_segment *s)
{
	bool is_right = s->len > 0 && s->len <= CGN_ALG_PAYLOAD && cgn_alg_csum_is_right(s);
	uint32_t seq = seq_of(s);
	int32_t n;

	if (is_right)
		read_text(c, s);
	if (s->flow == NULL)
		return true;
	s->flow->last_use_s = c->now_s;
	n = !is_right && s->len > 0 ? -1
				    : cgn_edits_apply(&s->flow->edits, seq, s->payload, s->len,
					      c->algs.payload, CGN_ALG_PAYLOAD);
	if (n < 0)
		return false;
	set_seq(s, cgn_edits_seq(&s->flow->edits, seq));
	return s->len == 0 || put_payload(s, c->algs.payload, (uint32_t)n);
}

/* From outside: what it confirms is counted as the inside counts. */
static void
translate_ack(struct cgn_control *c, struct cgn_alg_segment *s)
{
	rte_be32_t ack;

	if (s->flow == NULL || !(s->tcp->tcp_flags & RTE_TCP_ACK_FLAG))
		return;
	s->flow->last_use_s = c->now_s;
	ack = rte_cpu_to_be_32(cgn_edits_ack(&s->flow->edits, rte_be_to_cpu_32(s->tcp->recv_ack)));
	s->tcp->cksum = cgn_csum_update(s->tcp->cksum, cgn_csum_delta32(s->tcp->recv_ack, ack));
	s->tcp->recv_ack = ack;
}

/* False: it is not whole in one buffer, or its mapping has gone; nothing can be said of it. */
static bool
read_segment(struct cgn_control *c, struct rte_mbuf *m, struct cgn_alg_segment *s)
{
	struct cgn_flow flow = cgn_flow_of(cgn_pkt_of(m));
	uint32_t end, off;
	uint8_t *frame;

	*s = (struct cgn_alg_segment){.m = m, .pkt = cgn_pkt_of(m)};
	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) < 0)
		return false;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	s->ip = (struct rte_ipv4_hdr *)(frame + s->pkt->l3_off);
	s->tcp = (struct rte_tcp_hdr *)(frame + s->pkt->l4_off);
	off = s->pkt->l4_off + (uint32_t)(s->tcp->data_off >> 4) * 4;
	end = (uint32_t)s->pkt->l3_off + s->pkt->ip_len;
	if (off > end || end > m->data_len)
		return false;
	s->payload = frame + off;
	s->len = end - off;
	s->mapping = s->pkt->dir == CGN_IN2OUT
		? cgn_flow_find(c, &flow)
		: cgn_pool_find(c->pool, s->pkt->neigh, CGN_TCP, rte_be_to_cpu_16(s->pkt->dport));
	if (s->mapping == CGN_MAPPING_NONE)
		return false;
	s->flow = find(&c->algs, s);
	return true;
}

static bool
is_pptp(const struct cgn_pkt *pkt)
{
	return (pkt->dir == CGN_IN2OUT ? pkt->dport : pkt->sport) == RTE_BE16(CGN_PORT_PPTP);
}

/* The segment is edited; NONE: it may go. */
static enum cgn_fate
input(struct cgn_control *c, struct cgn_alg_segment *s)
{
	enum cgn_fate fate = CGN_FATE_NONE;

	if (s->flow != NULL && (s->tcp->tcp_flags & RTE_TCP_SYN_FLAG)) {
		end(c, s->flow); /* another connection of the same ends */
		s->flow = NULL;
	}
	if (is_pptp(s->pkt))
		fate = cgn_pptp_input(c, s);
	else if (s->pkt->dir == CGN_IN2OUT)
		fate = edit(c, s) ? CGN_FATE_NONE : CGN_FATE_ALG_SPLIT;
	else
		translate_ack(c, s);
	if (s->flow != NULL && (s->tcp->tcp_flags & (RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG)))
		s->flow->is_closing = true;
	return fate;
}

void
cgn_alg_input(struct cgn_control *c, struct rte_mbuf *m)
{
	struct cgn_alg_segment s;
	enum cgn_fate fate = CGN_FATE_NONE;

	if (read_segment(c, m, &s))
		fate = input(c, &s);
	if (fate == CGN_FATE_NONE)
		cgn_reinject(c, m, CGN_ACT_RESUME);
	else
		cgn_control_drop(c, m, fate);
}
