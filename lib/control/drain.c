/* SPDX-License-Identifier: BSD-3-Clause */
/* Draining by the operator; see drain.h. Called by requests (manage/), loop.c, directory_switch.c.
 */
#include "drain.h"

#include <errno.h>
#include <string.h>

#include "control.h"
#include "pool_addr.h"
#include "reserve.h"
#include "switch_sweep.h"

enum { LOOK_SLICE = 64, SWEEP_SLICE = 512 };

int
cgn_drains_init(struct cgn_drains *d, int socket)
{
	d->pools = cgn_reserve_create(CGN_MAX_POOL, sizeof(*d->pools), socket);
	d->tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*d->tenants), socket);
	return d->pools != NULL && d->tenants != NULL ? 0 : -ENOMEM;
}

void
cgn_drains_fini(struct cgn_drains *d)
{
	cgn_reserve_destroy(d->pools);
	cgn_reserve_destroy(d->tenants);
	memset(d, 0, sizeof(*d));
}

int
cgn_drains_fill(struct cgn_drains *d, const struct cgn_directory *dir)
{
	if (cgn_reserve_fill(d->pools, 0, dir->n_pool) < 0 ||
		cgn_reserve_fill(d->tenants, 0, dir->n_tenants) < 0)
		return -ENOMEM;
	return 0;
}

static void
turn_on(struct cgn_control *c, struct cgn_drain *drain)
{
	if (drain->is_on)
		return;
	drain->is_on = true;
	drain->since_utc_s = cgn_alarm_utc_s();
	c->drains.n_on++;
}

static void
turn_off(struct cgn_control *c, struct cgn_drain *drain)
{
	c->drains.n_on -= drain->is_on;
	*drain = (struct cgn_drain){0};
}

/* Addresses of the tenant that take what is new; at most as many as one box has. */
static uint32_t
n_open(const struct cgn_control *c, uint32_t tenant)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->dp->dir->n_pool; i++)
		n += cgn_directory_pool_live(c->dp->dir, i) &&
			c->dp->dir->pool_tenants[i] == tenant &&
			c->pool->addrs[i].state == CGN_ADDR_OPEN;
	return n;
}

const char *
cgn_drain_pool(struct cgn_control *c, uint32_t pool, uint32_t after_s, uint32_t *open)
{
	struct cgn_drain *drain = &c->drains.pools[pool];

	if (cgn_pool_owner(c->pool, pool) != CGN_NONE)
		return "the address is one subscriber's by static_addresses";
	if (c->pool->addrs[pool].state == CGN_ADDR_NONE)
		return "the address is not in use yet; a reload goes on";
	if (c->pool->addrs[pool].state == CGN_ADDR_OPEN)
		cgn_pool_addr_drain(c->pool, pool);
	turn_on(c, drain);
	drain->has_end = after_s > 0;
	drain->ends_s = c->now_s + after_s;
	*open = n_open(c, c->dp->dir->pool_tenants[pool]);
	return NULL;
}

/* Port forwards of the configuration that have ended with the address have a place again. */
static void
restore_statics(struct cgn_control *c, uint32_t pool)
{
	const uint32_t t = c->dp->dir->pool_tenants[pool];
	const struct cgn_conf_tenant *conf = c->dp->dir->tenants[t].conf;

	for (uint32_t i = 0; i < conf->n_statics; i++)
		if (conf->statics[i].outside == c->dp->dir->pool_addrs[pool] &&
			!cgn_static_is_set(c, t, &conf->statics[i]))
			cgn_static_configure(c, t, i);
}

const char *
cgn_undrain_pool(struct cgn_control *c, uint32_t pool, uint32_t *open)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_drain *drain = &c->drains.pools[pool];
	uint64_t since_utc_s = drain->since_utc_s;

	if (!drain->is_on)
		return dir->pool_drains[pool]
			? "the configuration drains it: change the file and reload"
			: "it does not drain";
	if (drain->is_ending) /* some of its mappings have gone */
		cgn_portctl_announce_start(c, dir->pool_tenants[pool]);
	if (!dir->pool_drains[pool] && cgn_pool_addr_add(c->pool, pool) < 0)
		return "there is no memory for its port blocks";
	turn_off(c, drain);
	if (dir->pool_drains[pool])
		drain->since_utc_s = since_utc_s;
	else
		restore_statics(c, pool);
	*open = n_open(c, dir->pool_tenants[pool]);
	return NULL;
}

static const char *
set(struct cgn_control *c, struct cgn_drain *drain, bool on)
{
	if (!on && !drain->is_on)
		return "it does not drain";
	if (on)
		turn_on(c, drain);
	else
		turn_off(c, drain);
	return NULL;
}

const char *
cgn_drain_tenant(struct cgn_control *c, uint32_t tenant, bool on)
{
	return set(c, &c->drains.tenants[tenant], on);
}

const char *
cgn_drain_box(struct cgn_control *c, bool on)
{
	return set(c, &c->drains.box, on);
}

bool
cgn_drain_refuses(const struct cgn_control *c, uint32_t tenant)
{
	return c->drains.n_on > 0 && (c->drains.box.is_on || c->drains.tenants[tenant].is_on);
}

bool
cgn_drain_holds(const struct cgn_control *c, uint32_t pool)
{
	return c->drains.pools[pool].is_on;
}

void
cgn_drain_configured(struct cgn_control *c, uint32_t pool)
{
	if (!c->drains.pools[pool].is_on)
		c->drains.pools[pool] = (struct cgn_drain){.since_utc_s = cgn_alarm_utc_s()};
}

void
cgn_drains_switch(
	struct cgn_control *c, const struct cgn_directory *old, const struct cgn_directory *fresh)
{
	for (uint32_t i = 0; i < old->n_pool; i++)
		if (!cgn_directory_pool_live(fresh, i) ||
			(old->pool_drains[i] && !fresh->pool_drains[i] &&
				!c->drains.pools[i].is_on))
			turn_off(c, &c->drains.pools[i]);
	for (uint32_t t = 0; t < old->n_tenants; t++)
		if (!cgn_directory_tenant_live(fresh, t))
			turn_off(c, &c->drains.tenants[t]);
}

static uint32_t
n_leased(const struct cgn_pool_addr *addr)
{
	return (uint32_t)addr->n_blocks - addr->n_free;
}

/*
 * The tenant's state begins anew before any of its clients is told of another address (RFC 6887
 * section 8.5), as in a reload.
 */
static void
begin_ending(struct cgn_control *c, uint32_t pool)
{
	const uint32_t t = c->dp->dir->pool_tenants[pool];
	struct cgn_drain *drain = &c->drains.pools[pool];

	drain->has_end = false;
	drain->is_ending = true;
	c->drains.sweep_at = 1; /* once more, if one was under way */
	cgn_epoch_reset(&c->epochs[t], c->now);
	cgn_state_restart(c, t);
	cgn_event_epoch(c, t, "the time of a draining outside address is over");
}

static void
look_at(struct cgn_control *c, uint32_t pool)
{
	struct cgn_drain *drain = &c->drains.pools[pool];
	const struct cgn_directory *dir = c->dp->dir;

	if (!cgn_directory_pool_live(dir, pool) || c->pool->addrs[pool].state != CGN_ADDR_DRAINING)
		return;
	if (drain->has_end && (int32_t)(c->now_s - drain->ends_s) >= 0)
		begin_ending(c, pool);
	if (n_leased(&c->pool->addrs[pool]) == 0 && !drain->told_empty) {
		drain->told_empty = true;
		cgn_event_address(c, CGN_EVENT_ADDRESS_DRAINED,
			cgn_directory_tenant_name(dir, dir->pool_tenants[pool]),
			dir->pool_addrs[pool]);
	}
}

static void
finish_ending(struct cgn_control *c)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_drains *d = &c->drains;
	struct cgn_event ev;

	for (uint32_t i = 0; i < dir->n_pool; i++) {
		if (!d->pools[i].is_ending || !cgn_directory_pool_live(dir, i))
			continue;
		d->pools[i].is_ending = false;
		cgn_portctl_announce_start(c, dir->pool_tenants[i]);
	}
	cgn_event_init(&ev, CGN_EVENT_DRAIN_OVER);
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_MAPPINGS, d->n_ended);
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_MOVED, d->n_moved);
	cgn_event_change(c, &ev);
	d->sweep_at = d->n_ended = d->n_moved = 0;
}

/* Looks for mappings on addresses that are ending. */
static uint32_t
sweep(struct cgn_control *c)
{
	struct cgn_drains *d = &c->drains;
	uint32_t n = 0;

	/* A port begins to rest now: not while the clock of those that rest is behind. */
	if (d->sweep_at == 0 || c->pool->rest_now_s != c->now_s)
		return 0;
	for (; n < SWEEP_SLICE && d->sweep_at <= c->table->capacity; n++, d->sweep_at++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, d->sweep_at);

		if (!cgn_switch_is_published(c, d->sweep_at) || !d->pools[m->pool].is_ending)
			continue;
		if (cgn_switch_move(c, d->sweep_at))
			d->n_moved++;
		else
			d->n_ended++;
	}
	if (d->sweep_at > c->table->capacity)
		finish_ending(c);
	return n;
}

uint32_t
cgn_drains_turn(struct cgn_control *c)
{
	struct cgn_drains *d = &c->drains;

	if (!cgn_switch_is_over(&c->change)) /* it holds all mappings against another directory */
		return 0;
	for (uint32_t n = 0; n < LOOK_SLICE && d->look_at < c->dp->dir->n_pool; n++)
		look_at(c, d->look_at++);
	if (d->look_at >= c->dp->dir->n_pool && d->looked_s != c->now_s) {
		d->looked_s = c->now_s;
		d->look_at = 0;
	}
	return sweep(c);
}
