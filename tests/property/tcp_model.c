/* SPDX-License-Identifier: BSD-3-Clause */
/* See tcp_model.h. */
#include "tcp_model.h"

static void
begin(struct model_connection *c, const struct model_segment *s)
{
	*c = (struct model_connection){.state = M_INIT,
		.syn_of_outside = (s->flags & M_ACK) != 0,
		.syn_end = s->end,
		.last_s = c->last_s};
}

/* SYN in an open connection: its end has begun anew, and its FINs are of the past. */
static void
pass_syn(struct model_connection *c, const struct model_segment *s)
{
	if (s->by == M_OUTSIDE) {
		if (c->state != M_INIT)
			return;
		c->syn_of_outside = true;
		if ((s->flags & M_ACK) && s->ack == c->syn_end)
			c->state = M_ESTABLISHED;
		return;
	}
	if (c->state == M_CLOSED || c->state == M_TRANS) {
		begin(c, s);
		return;
	}
	c->syn_of_outside |= (s->flags & M_ACK) != 0;
	c->syn_end = s->end;
	for (int by = M_INSIDE; by <= M_OUTSIDE; by++)
		c->fin[by] = c->fin_acknowledged[by] = false;
}

static void
pass_ends(struct model_connection *c, const struct model_segment *s, uint32_t now_s)
{
	int other = !s->by;

	if (c->fin[other] && s->ack == c->fin_end[other])
		c->fin_acknowledged[other] = true;
	if (c->fin_acknowledged[M_INSIDE] && c->fin_acknowledged[M_OUTSIDE]) {
		c->state = M_CLOSED;
		c->was_open = true;
		c->ended_s = now_s;
	} else if (s->flags & M_FIN) {
		c->fin[s->by] = true;
		c->fin_end[s->by] = s->end;
	}
}

void
model_pass(struct model_connection *c, const struct model_segment *s, uint32_t now_s)
{
	if (s->by == M_INSIDE && !(s->flags & M_RST))
		c->last_s = now_s;
	if (s->flags & M_RST) {
		if (c->state == M_INIT || c->state == M_ESTABLISHED) {
			c->before_rst = c->state;
			c->state = M_TRANS;
			c->ended_s = now_s;
		}
		return;
	}
	if (s->flags & M_SYN) {
		pass_syn(c, s);
		return;
	}
	if (c->state == M_TRANS)
		c->state = c->before_rst;
	if (c->state == M_INIT && s->by == M_OUTSIDE && c->syn_of_outside)
		c->state = M_ESTABLISHED;
	if (c->state != M_CLOSED)
		pass_ends(c, s, now_s);
}

uint32_t
model_needs_s(const struct model_connection *c, const struct model_times *t)
{
	switch (c->state) {
	case M_INIT:
		return t->opening;
	case M_ESTABLISHED:
		return t->established;
	case M_TRANS:
		return t->closing;
	default:
		return c->was_open ? t->closing : 0;
	}
}
