/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PPTP of clients inside (RFC 2637; alg.pptp). A client numbers its calls as it likes, and the
 * server sends GRE to these numbers: behind one outside address two clients would meet. So each
 * call has a mapping of GRE (nat/others.h) whose ICMP identifier, which is nobody else's on that
 * address, is what the server is told instead of the client's number, and what the server's
 * messages and GRE are mapped back from. Numbers have a fixed width, so nothing moves. The server's
 * own stay.
 *
 * A call that cannot have a mapping is dropped with its message, which TCP repeats: sent on as it
 * is, its GRE would reach whoever has that number. Called by alg_edit.c; control thread.
 */
#include "alg_segment.h"
#include "csum.h"

/* What the server may send before an acknowledgement: a message from outside changes calls only if
 * it is in it, so that who has not seen the connection has to guess a number. */
enum { WINDOW = 65536 };

static struct cgn_mapping *
mapping_of(const struct cgn_control *c, const struct cgn_pptp_call *call)
{
	return cgn_table_at(c->table, call->mapping);
}

/* By the number that the inside has for it (from_inside), or the outside; NULL: none. */
static struct cgn_pptp_call *
find(struct cgn_control *c, const struct cgn_alg_segment *s, bool from_inside, uint16_t id)
{
	for (uint32_t k = 0; s->flow != NULL && k < CGN_PPTP_CALLS; k++) {
		struct cgn_pptp_call *call = &s->flow->pptp.calls[k];
		const struct cgn_mapping *m = mapping_of(c, call);

		if (call->mapping != CGN_MAPPING_NONE &&
			(from_inside ? m->inside_port : m->outside_port) == rte_cpu_to_be_16(id))
			return call;
	}
	return NULL;
}

/* By the server's own number. */
static struct cgn_pptp_call *
find_connected(struct cgn_control *c, const struct cgn_alg_segment *s, uint16_t id)
{
	const struct cgn_mapping *control = cgn_table_at(c->table, s->mapping);
	uint32_t i = cgn_others_find_call(&c->others, CGN_IN2OUT, control->inside,
		s->pkt->dir == CGN_IN2OUT ? s->pkt->dst : s->pkt->src, rte_cpu_to_be_16(id));

	for (uint32_t k = 0; i != CGN_MAPPING_NONE && s->flow != NULL && k < CGN_PPTP_CALLS; k++)
		if (s->flow->pptp.calls[k].mapping == i)
			return &s->flow->pptp.calls[k];
	return NULL;
}

static void
end(struct cgn_control *c, struct cgn_pptp_call *call)
{
	uint32_t i = call->mapping;

	*call = (struct cgn_pptp_call){.mapping = CGN_MAPPING_NONE};
	if (i != CGN_MAPPING_NONE)
		cgn_unlink(c, i);
}

void
cgn_pptp_end(struct cgn_control *c, struct cgn_alg_flow *f)
{
	for (uint32_t k = 0; k < CGN_PPTP_CALLS; k++)
		end(c, &f->pptp.calls[k]);
}

void
cgn_pptp_call_end(struct cgn_control *c, uint32_t mapping)
{
	struct cgn_algs *a = &c->algs;
	uint32_t i = a->chains[cgn_table_at(c->table, mapping)->inside & a->mask];

	for (; i != 0; i = a->flows[i].next)
		for (uint32_t k = 0; a->flows[i].is_pptp && k < CGN_PPTP_CALLS; k++)
			if (a->flows[i].pptp.calls[k].mapping == mapping)
				a->flows[i].pptp.calls[k] = (struct cgn_pptp_call){
					.mapping = CGN_MAPPING_NONE};
}

/* A place for one more; those that the inside has cleared make room. NULL: none. */
static struct cgn_pptp_call *
take_place(struct cgn_control *c, struct cgn_alg_segment *s)
{
	if (s->flow == NULL) {
		s->flow = cgn_alg_begin(c, s);
		if (s->flow == NULL)
			return NULL;
		s->flow->is_pptp = true;
		s->flow->pptp.expected = rte_be_to_cpu_32(s->tcp->recv_ack);
	}
	for (uint32_t k = 0; k < CGN_PPTP_CALLS; k++)
		if (s->flow->pptp.calls[k].is_cleared)
			end(c, &s->flow->pptp.calls[k]);
	for (uint32_t k = 0; k < CGN_PPTP_CALLS; k++)
		if (s->flow->pptp.calls[k].mapping == CGN_MAPPING_NONE)
			return &s->flow->pptp.calls[k];
	return NULL;
}

static enum cgn_fate
make(struct cgn_control *c, struct cgn_alg_segment *s, uint16_t id, struct cgn_pptp_call **call)
{
	const struct cgn_flow flow = {.inside = s->pkt->inside,
		.tenant = s->pkt->tenant,
		.port = rte_cpu_to_be_16(id),
		.proto = CGN_ICMP,
		.other = cgn_conf_other_number(CGN_OTHER_GRE),
		.remote = s->pkt->dst,
		.is_call = true};
	enum cgn_fate fate = CGN_FATE_ALG_CALLS;
	uint32_t i;

	*call = take_place(c, s);
	if (*call != NULL)
		fate = cgn_admit(c, &flow);
	if (fate == CGN_FATE_NONE)
		fate = cgn_allocate(c, &flow, NULL, &i);
	if (fate == CGN_FATE_NONE)
		fate = cgn_publish(c, i);
	if (fate == CGN_FATE_NONE) {
		(*call)->mapping = i;
		return fate;
	}
	cgn_subscriber_of(c, s->pkt->inside)->last_refusal = (uint16_t)fate;
	cgn_natlog_refused(c, &flow, fate);
	return fate;
}

/* A server that gives a number again has ended the call that had it. */
static void
connect_call(struct cgn_control *c, const struct cgn_pptp_call *call, uint16_t pac)
{
	rte_be16_t id = rte_cpu_to_be_16(pac);
	struct cgn_mapping *m = mapping_of(c, call);
	uint32_t old = cgn_others_find_call(&c->others, CGN_IN2OUT, m->inside, m->remote, id);

	if (old != CGN_MAPPING_NONE && old != call->mapping)
		cgn_unlink(c, old);
	/* One that has a number keeps it: -EEXIST. */
	(void)cgn_others_connect(&c->others, call->mapping, m, id);
}

static void
put(struct cgn_alg_segment *s, uint32_t at, rte_be16_t id)
{
	rte_be16_t was;

	memcpy(&was, s->payload + at, sizeof(was));
	memcpy(s->payload + at, &id, sizeof(id));
	s->tcp->cksum = cgn_csum_update(s->tcp->cksum, cgn_csum_delta16(was, id));
}

static enum cgn_fate
from_inside(struct cgn_control *c, struct cgn_alg_segment *s, const struct cgn_pptp_message *msg)
{
	struct cgn_pptp_call *call = find(c, s, true, msg->pns);
	bool opens = msg->type == CGN_PPTP_OUT_REQUEST || msg->type == CGN_PPTP_IN_REPLY;
	enum cgn_fate fate;

	if (call != NULL && call->is_cleared && opens) { /* the same number for the next call */
		end(c, call);
		call = NULL;
	}
	if (call == NULL && opens) {
		fate = make(c, s, msg->pns, &call);
		if (fate != CGN_FATE_NONE)
			return fate;
	}
	if (call == NULL)
		return CGN_FATE_NONE;
	if (msg->accepts)
		connect_call(c, call, msg->pac);
	if (msg->type == CGN_PPTP_CLEAR_REQUEST)
		call->is_cleared = true;
	put(s, msg->pns_at, mapping_of(c, call)->outside_port);
	return CGN_FATE_NONE;
}

/* May the segment change calls? */
static bool
is_believed(const struct cgn_alg_segment *s)
{
	return s->pkt->dir == CGN_IN2OUT ||
		(s->flow != NULL &&
			rte_be_to_cpu_32(s->tcp->sent_seq) - s->flow->pptp.expected < WINDOW);
}

static void
from_outside(struct cgn_control *c, struct cgn_alg_segment *s, const struct cgn_pptp_message *msg)
{
	struct cgn_pptp_call *call;

	if (msg->type == CGN_PPTP_DISCONNECT_NOTIFY) {
		call = find_connected(c, s, msg->pac);
		if (call != NULL && is_believed(s))
			end(c, call);
		return;
	}
	call = find(c, s, false, msg->pns);
	if (call == NULL)
		return;
	if (msg->accepts && is_believed(s))
		connect_call(c, call, msg->pac);
	put(s, msg->pns_at, mapping_of(c, call)->inside_port);
}

/* The client is there: its calls live as long as their connection. */
static void
renew(struct cgn_control *c, const struct cgn_alg_flow *f)
{
	for (uint32_t k = 0; k < CGN_PPTP_CALLS; k++)
		if (f->pptp.calls[k].mapping != CGN_MAPPING_NONE && !f->pptp.calls[k].is_cleared)
			cgn_mapping_touch(mapping_of(c, &f->pptp.calls[k]), c->now_s);
}

enum cgn_fate
cgn_pptp_input(struct cgn_control *c, struct cgn_alg_segment *s)
{
	bool in2out = s->pkt->dir == CGN_IN2OUT;
	struct cgn_pptp_message msg;
	enum cgn_fate fate = CGN_FATE_NONE;
	uint32_t at = 0;

	if (!cgn_conf_of(c, s->pkt->tenant)->alg.pptp)
		return CGN_FATE_NONE;
	if (s->flow != NULL) {
		s->flow->last_use_s = c->now_s;
		if (in2out && (s->tcp->tcp_flags & RTE_TCP_ACK_FLAG))
			s->flow->pptp.expected = rte_be_to_cpu_32(s->tcp->recv_ack);
	}
	if (s->flow != NULL && (s->tcp->tcp_flags & RTE_TCP_RST_FLAG) && is_believed(s))
		cgn_pptp_end(c, s->flow);
	if (s->len == 0 || !cgn_alg_csum_is_right(s))
		return CGN_FATE_NONE;
	while (fate == CGN_FATE_NONE && cgn_pptp_next(s->payload, s->len, in2out, &at, &msg)) {
		if (in2out && msg.pns_at != 0)
			fate = from_inside(c, s, &msg);
		else if (!in2out)
			from_outside(c, s, &msg);
	}
	if (in2out && s->flow != NULL)
		renew(c, s->flow);
	return fate;
}
