/* SPDX-License-Identifier: BSD-3-Clause */
/* The phases of a switch; see directory_switch.h. What becomes of a mapping: switch_sweep.c. */
#include "directory_switch.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "control.h"
#include "log.h"
#include "pool_addr.h"
#include "switch_plan.h"
#include "switch_sweep.h"

enum {
	SWEEP_SLICE = 512, /* mappings; one costs a look-up of its subscriber's run */
	ADDRESS_SLICE = 64,
	NEED_SLICE = 1024, /* addresses looked at */
	PROMISE_SLICE = 256,
	STATIC_SLICE = 32,
};

/*
 * Next hops on links that are gone lose their MAC address before the new directory is seen, so that
 * no worker writes a header of an interface that it no longer finds. Nobody is told anything on an
 * attachment that is gone.
 */
static void
switch_links(struct cgn_control *c, const struct cgn_switch_plan *plan)
{
	for (uint32_t k = 0; k < plan->links.n; k++) {
		uint32_t i = plan->links.numbers[k];

		cgn_neigh_remove(c->neigh, plan->old, i);
		if (!cgn_directory_iface_live(plan->fresh, i))
			cgn_announce_stop(&c->announces[i]);
	}
}

/* Was the address another tenant's until now? Its mappings have to end first. */
static bool
changes_hands(const struct cgn_directory *old, const struct cgn_directory *fresh, uint32_t pool)
{
	const struct cgn_range *range = cgn_range_map_find(
		&old->outside_dst, fresh->pool_addrs[pool]);

	return range != NULL && cgn_dst_class_of(range->value) == CGN_DST_POOL;
}

static void
add_address(struct cgn_control *c, uint32_t i)
{
	int rc = cgn_pool_addr_add(c->pool, i);

	if (rc == 0) {
		c->change.count.addresses_added++;
		cgn_event_address(c, CGN_EVENT_ADDRESS_ADDED,
			cgn_directory_tenant_name(c->dp->dir, c->dp->dir->pool_tenants[i]),
			c->dp->dir->pool_addrs[i]);
	} else
		cgn_err("reload", "an outside address is not in use: %s; reload again later",
			strerror(-rc));
}

/* Ports that were in use may be the next holder's only after a while (RFC 6888 REQ-8). */
static uint32_t
rest_of(const struct cgn_control *c, uint32_t tenant)
{
	return cgn_conf_of(c, tenant)->timeouts.port_rest;
}

/*
 * The tenant's subscribers get other outside addresses or ports: its state begins anew for them,
 * before any of them is told about a mapping (RFC 6887 section 8.5, PCP-27), and its attachments
 * are told when all is done (RFC 6886 section 3.2.1, PMP-36).
 */
static void
mark_lost(struct cgn_control *c, uint32_t tenant, const char *why)
{
	uint64_t *word = &c->change.lost[tenant / 64], bit = UINT64_C(1) << tenant % 64;

	if ((*word & bit) || !cgn_directory_tenant_live(c->dp->dir, tenant))
		return;
	*word |= bit;
	cgn_epoch_reset(&c->epochs[tenant], c->now);
	cgn_state_restart(c, tenant);
	cgn_event_epoch(c, tenant, why);
}

/* Addresses that take nothing new; those that had another owner come to it later. */
static void
drain(struct cgn_control *c, const struct cgn_switch_plan *plan)
{
	for (uint32_t k = 0; k < plan->drains.n; k++) {
		uint32_t i = plan->drains.numbers[k];

		if (c->pool->addrs[i].state == CGN_ADDR_OPEN) {
			cgn_pool_addr_drain(c->pool, i);
			cgn_drain_configured(c, i);
		}
	}
}

static void
next_phase(struct cgn_control *c, enum cgn_switch_phase phase)
{
	c->change.phase = phase;
	c->change.cursor = c->change.entry = 0;
	c->change.token = 0;
	if (phase == CGN_SWITCH_GRACE)
		cgn_reinject_mark(c);
}

/* What is gone takes no new flows from now on. */
static void
switch_leaving(struct cgn_control *c, const struct cgn_switch_plan *plan)
{
	for (uint32_t k = 0; k < plan->leaving.n; k++) {
		uint32_t i = plan->leaving.numbers[k], t = plan->old->pool_tenants[i];

		cgn_pool_addr_leave(c->pool, i, c->now_s + rest_of(c, t));
		c->change.count.addresses_gone++;
		cgn_event_address(c, CGN_EVENT_ADDRESS_GONE,
			cgn_directory_tenant_name(plan->old, t), plan->old->pool_addrs[i]);
		mark_lost(c, t, "a reload took an outside address away");
	}
}

static void
switch_address(struct cgn_control *c, const struct cgn_switch_plan *plan, uint32_t i)
{
	const struct cgn_directory *old = plan->old, *fresh = plan->fresh;

	/* One that comes back may have ports that rest; what was reserved last is not known. */
	cgn_pool_addr_reserve(c->pool, i,
		cgn_directory_pool_live(old, i) ? old->tenants[old->pool_tenants[i]].reserved
						: NULL);
	if (!cgn_directory_pool_live(old, i)) {
		if (!changes_hands(old, fresh, i))
			add_address(c, i);
	} else if (old->pool_drains[i] && !fresh->pool_drains[i] && !cgn_drain_holds(c, i))
		cgn_pool_addr_add(c->pool, i); /* comes back */
	else
		cgn_pool_addr_layout(c->pool, i);
}

/* What is nobody else's serves at once. */
static uint32_t
pools_turn(struct cgn_control *c)
{
	const struct cgn_switch_plan *plan = c->plan;
	struct cgn_switch *s = &c->change;
	uint32_t n = 0;

	for (; n < ADDRESS_SLICE && s->cursor < plan->addresses.n; n++, s->cursor++)
		switch_address(c, plan, plan->addresses.numbers[s->cursor]);
	if (s->cursor == plan->addresses.n) {
		drain(c, plan);
		next_phase(c, CGN_SWITCH_PROMISES);
	}
	return n;
}

/* Numbers that have had another owner, whose last port has rested long since. */
static void
switch_subscribers(struct cgn_control *c, const struct cgn_switch_plan *plan)
{
	for (uint32_t r = 0; r < plan->n_reused; r++)
		cgn_subscribers_init(c->subscribers, plan->reused[r].first, plan->reused[r].n);
}

/* Has any address of a run another number now? It has, where its subscriber has another mask. */
static bool
is_renumbered(const struct cgn_range_map *now, const struct cgn_inside_run *run)
{
	uint64_t last = run->first_addr + (uint64_t)run->n - 1, at = run->first_addr;
	const struct cgn_range *range;

	for (uint32_t end; at <= last; at = (uint64_t)end + 1) {
		end = cgn_range_piece(now, (uint32_t)at, (uint32_t)last, &range);
		if (range != NULL &&
			range->value + ((uint32_t)at - range->origin) !=
				run->first_index + ((uint32_t)at - run->first_addr))
			return true;
	}
	return false;
}

/* What is counted under another number begins anew, and all that was asked for has to be again. */
static void
switch_holders(
	struct cgn_control *c, const struct cgn_directory *old, const struct cgn_directory *fresh)
{
	if (!old->has_masks && !fresh->has_masks)
		return; /* an address keeps its number then */
	for (uint32_t r = 0; r < old->n_inside_runs; r++) {
		const struct cgn_inside_run *run = &old->inside_runs[r];
		uint32_t t = old->ifaces[run->iface].tenant;

		if (cgn_directory_tenant_live(fresh, t) &&
			is_renumbered(&fresh->tenants[t].subscribers, run))
			mark_lost(c, t, "a reload made other addresses one subscriber");
	}
}

/* Computed ranges: recorded before anything is leased in new ones. */
static void
switch_computed(struct cgn_control *c, const struct cgn_switch_plan *plan)
{
	for (uint32_t k = 0; k < plan->moved.n; k++)
		mark_lost(c, plan->moved.numbers[k], "a reload moved computed port ranges");
	for (uint32_t k = 0; k < plan->computed.n; k++) {
		const uint32_t t = plan->computed.numbers[k];

		if (cgn_directory_tenant_live(plan->fresh, t))
			cgn_det_log_add(c, t);
		else /* its name is known now only */
			cgn_det_log_end(c, cgn_directory_tenant_name(plan->old, t));
	}
	cgn_det_log_turn(c);
}

static void
switch_tenants(struct cgn_control *c, const struct cgn_switch_plan *plan)
{
	for (uint32_t t = 0; t < plan->old->n_tenants; t++)
		if (cgn_directory_tenant_live(plan->old, t) &&
			!cgn_directory_tenant_live(plan->fresh, t))
			cgn_event_tenant(c, CGN_EVENT_TENANT_REMOVED,
				cgn_directory_tenant_name(plan->old, t));
	for (uint32_t k = 0; k < plan->tenants.n; k++) {
		uint32_t t = plan->tenants.numbers[k];

		cgn_event_tenant(
			c, CGN_EVENT_TENANT_ADDED, cgn_directory_tenant_name(plan->fresh, t));
		cgn_epoch_reset(&c->epochs[t], c->now);
		cgn_state_epoch(c, t);
	}
}

/* Addresses of one subscriber are leased at start, so their tenants come and go by restarts. */
int
cgn_switch_check(
	const struct cgn_directory *old, const struct cgn_directory *fresh, struct cgn_errmsg *err)
{
	for (uint32_t t = 0; t < fresh->n_tenants; t++) {
		const struct cgn_conf_tenant *was = t < old->n_tenants ? old->tenants[t].conf
								       : NULL;
		const struct cgn_conf_tenant *is = fresh->tenants[t].conf;
		const struct cgn_conf_tenant *one = is != NULL ? is : was;

		if (one == NULL || (is != NULL && was != NULL) || one->n_addresses == 0)
			continue;
		cgn_errmsg_set(err,
			"tenant %s has static_addresses: it can be added or removed by a restart "
			"only",
			one->name);
		return -ENOTSUP;
	}
	return 0;
}

int
cgn_switch_need(struct cgn_control *c, const struct cgn_directory *fresh,
	struct cgn_pool_need *need, struct cgn_errmsg *err)
{
	if (!cgn_switch_is_over(&c->change)) {
		cgn_errmsg_set(err, "the reload before is not finished; try again");
		return -EBUSY;
	}
	return cgn_pool_need_more(c->pool, fresh, NEED_SLICE, need, err);
}

static int
make_plan(struct cgn_control *c, const struct cgn_directory *fresh, struct cgn_errmsg *err)
{
	cgn_switch_retire(c);
	c->plan = cgn_switch_plan_create(c->dp->dir, fresh);
	if (c->plan != NULL)
		return 0;
	cgn_errmsg_set(err, "not enough memory to compare the directories");
	return -ENOMEM;
}

int
cgn_switch_prepare(struct cgn_control *c, const struct cgn_directory *fresh,
	const struct cgn_pool_need *need, struct cgn_errmsg *err)
{
	const struct cgn_directory *old = c->dp->dir;
	int rc = cgn_control_fill(c, fresh, err);

	if (rc == 0) {
		rc = cgn_pool_fill(c->pool, need);
		if (rc < 0)
			cgn_errmsg_set(err, "no memory for the ports of new outside addresses");
	}
	for (uint32_t i = 0; rc == 0 && i < fresh->n_ifaces; i++) {
		if (!cgn_directory_iface_live(fresh, i) || cgn_switch_link_is_same(old, fresh, i))
			continue;
		rc = cgn_neigh_add(c->neigh, fresh, i);
		if (rc < 0)
			cgn_errmsg_set(
				err, "no memory for the on-link addresses of new attachments");
	}
	/* Numbers that nobody has had. */
	if (rc == 0 && fresh->n_inside > old->n_inside)
		cgn_subscribers_init(
			c->subscribers, old->n_inside, fresh->n_inside - old->n_inside);
	return rc == 0 ? make_plan(c, fresh, err) : rc;
}

void
cgn_switch_retire(struct cgn_control *c)
{
	cgn_switch_plan_destroy(c->plan);
	c->plan = NULL;
}

void
cgn_switch_drain(struct cgn_control *c)
{
	const struct cgn_directory *dir = c->dp->dir;

	for (uint32_t i = 0; i < dir->n_pool; i++)
		if (dir->pool_drains[i] && c->pool->addrs[i].state == CGN_ADDR_OPEN) {
			cgn_pool_addr_drain(c->pool, i);
			cgn_drain_configured(c, i);
		}
}

int
cgn_switch_begin(struct cgn_control *c, const struct cgn_directory *fresh)
{
	const struct cgn_switch_plan *plan = c->plan;
	struct cgn_switch *s = &c->change;

	if (!cgn_switch_is_over(s))
		return -EBUSY;
	assert(plan != NULL && plan->old == c->dp->dir && plan->fresh == fresh);
	cgn_punt_purge(c);
	*s = (struct cgn_switch){
		.old = plan->old, .phase = CGN_SWITCH_POOLS, .number = s->number + 1};
	cgn_error_rates_set(&c->error_rates, fresh);
	c->pool->dir = fresh;
	c->neigh->dir = fresh;
	switch_links(c, plan);
	atomic_store_explicit(&c->dp->dir, fresh, memory_order_release);
	switch_subscribers(c, plan);
	switch_holders(c, plan->old, plan->fresh);
	switch_tenants(c, plan);
	cgn_drains_switch(c, plan->old, plan->fresh);
	switch_leaving(c, plan);
	switch_computed(c, plan);
	pools_turn(c);
	return 0;
}

/* What tenants are promised, which a change of one can make another for all. */
static uint32_t
promises_turn(struct cgn_control *c)
{
	struct cgn_switch *s = &c->change;
	uint32_t n = 0;

	for (; n < PROMISE_SLICE && s->cursor < c->dp->dir->n_tenants; n++, s->cursor++)
		cgn_promise_set(c, s->cursor);
	if (s->cursor == c->dp->dir->n_tenants)
		next_phase(c, CGN_SWITCH_SESSIONS);
	return n;
}

/* Who is served by the new directory; then mappings are held against it, entry 0 is none. */
static uint32_t
sessions_turn(struct cgn_control *c)
{
	uint32_t n = cgn_sessions_switch(c, &c->change.cursor);

	if (c->change.cursor < c->dp->dir->n_inside)
		return n;
	next_phase(c, CGN_SWITCH_SWEEP);
	c->change.cursor = 1;
	return n;
}

static uint32_t
sweep_turn(struct cgn_control *c)
{
	struct cgn_switch *s = &c->change;
	uint32_t n = 0;

	/* A port begins to rest now: not while the clock of those that rest is behind. */
	if (c->pool->rest_now_s != c->now_s)
		return 0;
	for (; n < SWEEP_SLICE && s->cursor <= c->table->last; n++, s->cursor++)
		cgn_switch_sweep(c, s->cursor);
	s->count.swept += n;
	if (s->cursor > c->table->last)
		next_phase(c, CGN_SWITCH_ADDRESSES);
	return n;
}

/* Those that had another owner: nothing of his is on them now. */
static uint32_t
addresses_turn(struct cgn_control *c)
{
	const struct cgn_switch_plan *plan = c->plan;
	struct cgn_switch *s = &c->change;
	uint32_t n = 0;

	for (; n < ADDRESS_SLICE && s->cursor < plan->addresses.n; n++, s->cursor++) {
		uint32_t i = plan->addresses.numbers[s->cursor];

		if (!cgn_directory_pool_live(plan->old, i) &&
			changes_hands(plan->old, plan->fresh, i))
			add_address(c, i);
	}
	if (s->cursor == plan->addresses.n) {
		drain(c, plan); /* those that had another owner */
		next_phase(c, CGN_SWITCH_STATICS);
	}
	return n;
}

static uint32_t
statics_turn(struct cgn_control *c)
{
	uint32_t n = cgn_switch_statics(c, STATIC_SLICE);

	if (n > 0)
		return n;
	cgn_switch_announce(c);
	next_phase(c, CGN_SWITCH_GRACE);
	return 1;
}

static uint32_t
grace_turn(struct cgn_control *c)
{
	struct cgn_switch *s = &c->change;

	/* Packets on their way back to a worker name next hops of the old directory, whose numbers
	 * may be others' with the next one. */
	if (s->token == 0) {
		if (!cgn_reinject_is_taken(c))
			return 0;
		s->token = rte_rcu_qsbr_start(c->dp->rcu);
		return 1;
	}
	if (rte_rcu_qsbr_check(c->dp->rcu, s->token, false) == 0)
		return 0;
	s->phase = CGN_SWITCH_OVER;
	s->old = NULL;
	return 1;
}

uint32_t
cgn_switch_turn(struct cgn_control *c)
{
	switch (c->change.phase) {
	case CGN_SWITCH_POOLS:
		return pools_turn(c);
	case CGN_SWITCH_PROMISES:
		return promises_turn(c);
	case CGN_SWITCH_SESSIONS:
		return sessions_turn(c);
	case CGN_SWITCH_SWEEP:
		return sweep_turn(c);
	case CGN_SWITCH_ADDRESSES:
		return addresses_turn(c);
	case CGN_SWITCH_STATICS:
		return statics_turn(c);
	case CGN_SWITCH_GRACE:
		return grace_turn(c);
	default:
		return 0;
	}
}
