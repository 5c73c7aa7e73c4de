/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An address loses its owner (PMP-31): what he had on it ends, and what is left of it, ports that
 * rest, is nobody's. Called by session.c; control thread.
 */
#include "control.h"
#include "lease.h"

/*
 * The peers are told that the connections are over, not the address: whoever has it next knows
 * nothing of them.
 */
static void
tell_peers_alone(struct cgn_control *c, uint32_t sessions)
{
	if (sessions != 0)
		c->tcp_sessions.ctl[sessions].neigh = CGN_NONE;
}

/* A port forward of the configuration stays, its connections do not. */
static void
renew_forward(struct cgn_control *c, struct cgn_mapping *m)
{
	uint32_t sessions = atomic_load_explicit(&m->sessions, memory_order_relaxed);

	if (sessions == 0)
		return;
	cgn_tcp_sessions_end(c, m);
	tell_peers_alone(c, sessions);
	cgn_tcp_sessions_begin(c, m);
}

static void
end_mapping(struct cgn_control *c, uint32_t i)
{
	uint32_t sessions = atomic_load_explicit(
		&cgn_table_at(c->table, i)->sessions, memory_order_relaxed);

	cgn_unlink(c, i);
	tell_peers_alone(c, sessions);
}

/* The mappings of a block, as the budget allows; *stay: some are of the configuration. */
static bool
end_block(struct cgn_control *c, uint32_t b, uint32_t *budget, bool *stay)
{
	uint32_t place = 0, i;
	bool is_done = true;

	*stay = false;
	cgn_block_keep(c->pool, b, true); /* while it is looked at */
	while (is_done && (i = cgn_block_next_mapping(c->pool, b, &place)) != CGN_MAPPING_NONE) {
		struct cgn_mapping *m = cgn_table_at(c->table, i);
		const struct cgn_explicit *e = cgn_explicit_of(c, m);

		if (e != NULL && e->configured) {
			renew_forward(c, m);
			*stay = true;
		} else if (*budget > 0) {
			end_mapping(c, i);
			--*budget;
		} else {
			is_done = false;
		}
	}
	cgn_block_keep(c->pool, b, false);
	return is_done;
}

/* As of a subscriber that has never been there; what is left is the configuration's. */
static void
begin_anew(struct cgn_control *c, uint32_t inside)
{
	struct cgn_subscriber *sub = &c->subscribers[inside];
	uint32_t total = cgn_use_total(&sub->use);

	cgn_refusals_disown(&c->refusals, c->subscribers, inside);
	sub->use.session = 0;
	cgn_session_class_set(c, inside, 0);
	sub->use.peak = total;
	sub->use.made = total;
	sub->use.refused = 0;
	sub->use.rate_full_at = 0;
	sub->last_refusal = CGN_FATE_NONE;
	if (sub->n_blocks == 0)
		sub->pool = CGN_NONE;
}

/* On a link of its own the next owner has another MAC address. */
static void
forget_neighbour(struct cgn_control *c, uint32_t inside)
{
	const struct cgn_directory *dir = c->dp->dir;

	if (cgn_directory_inside_live(dir, inside) && cgn_directory_run_at(dir, inside)->onlink)
		cgn_neigh_forget(c->neigh, cgn_directory_inside_neigh(dir, inside));
}

static void
set_served(struct cgn_control *c, uint32_t inside, bool is_served, uint8_t owner)
{
	owner &= (uint8_t)~CGN_UNSERVED;
	atomic_store_explicit(&c->sessions.owners[inside],
		is_served ? owner : (uint8_t)(owner | CGN_UNSERVED), memory_order_relaxed);
}

bool
cgn_owner_end(struct cgn_control *c, uint32_t inside, bool is_first, uint32_t *budget)
{
	uint8_t owner = atomic_load_explicit(&c->sessions.owners[inside], memory_order_relaxed);
	uint32_t b = c->subscribers[inside].first_block, next;

	if (is_first)
		set_served(c, inside, false, ++owner);
	/* A port begins to rest now: not while the clock of those that rest is behind. */
	if (c->pool->rest_now_s != c->now_s)
		return false;
	for (; b != CGN_NONE; b = next) {
		bool stay;

		next = c->pool->blocks[b].next;
		if (!end_block(c, b, budget, &stay))
			return false;
		if (stay || c->pool->blocks[b].is_owned || cgn_block_stays(c->pool, b))
			cgn_block_renew(c->pool, b);
		else
			cgn_block_orphan(c->pool, b);
	}
	begin_anew(c, inside);
	forget_neighbour(c, inside);
	set_served(c, inside, !cgn_directory_wants_session(c->dp->dir, inside), owner);
	return true;
}
