/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring to the log thread, both ends; see natlog_feed.h. */
#include "natlog_feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "control.h"

enum {
	SLOT = sizeof(struct cgn_natlog_record),
	MAX_NAMES = 2 * CGN_MAX_TENANTS, /* of one run of the daemon; a block has 16 bits for one */
};

/* An event behind its record. */
union event_slots {
	struct cgn_natlog_record slots[CGN_NATLOG_EVENT_SLOTS];
	struct {
		struct cgn_natlog_record record;
		struct cgn_event event;
	};
};
static_assert(sizeof(union event_slots) == CGN_NATLOG_EVENT_SLOTS * SLOT, "an event fits");

int
cgn_natlog_feed_init(struct cgn_control *c, const char *name, uint32_t n_records, int socket)
{
	struct cgn_natlog_feed *f = &c->natlog;
	char full[RTE_RING_NAMESIZE];

	snprintf(full, sizeof(full), "%.12s_natlog", name);
	f->ring = rte_ring_create_elem(
		full, SLOT, n_records, socket, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	f->names = calloc(MAX_NAMES, sizeof(*f->names));
	f->name_of = calloc(CGN_MAX_TENANTS, sizeof(*f->name_of));
	f->origins = calloc((size_t)c->explicits.capacity + 1, sizeof(*f->origins));
	f->limits = calloc(CGN_NATLOG_LIMITS, sizeof(*f->limits));
	if (f->ring == NULL || f->names == NULL || f->name_of == NULL || f->origins == NULL ||
		f->limits == NULL) {
		cgn_natlog_feed_fini(c);
		return -ENOMEM;
	}
	f->n_names = 1;
	c->events.feed = f;
	cgn_natlog_put(f, &(struct cgn_natlog_record){.id = CGN_NATLOG_START});
	return 0;
}

void
cgn_natlog_feed_fini(struct cgn_control *c)
{
	struct cgn_natlog_feed *f = &c->natlog;

	c->events.feed = NULL;
	rte_ring_free(f->ring);
	free(f->names);
	free(f->name_of);
	free(f->origins);
	free(f->limits);
	memset(f, 0, sizeof(*f));
}

void
cgn_natlog_feed_end(struct cgn_natlog_feed *f)
{
	f->has_time = false;
	cgn_natlog_put(f, &(struct cgn_natlog_record){.id = CGN_NATLOG_STOP});
}

static void
stamp(struct cgn_natlog_feed *f, struct cgn_natlog_record *r)
{
	struct timespec utc;

	if (!f->has_time) {
		clock_gettime(CLOCK_REALTIME, &utc); /* the vDSO: no system call */
		f->utc_ms = (uint64_t)utc.tv_sec * 1000 + (uint64_t)utc.tv_nsec / 1000000;
		f->has_time = true;
	}
	r->utc_ms = f->utc_ms;
	r->number = ++f->number;
}

/* While a gap lasts everything is part of it, so that it is one. */
static void
put_slots(struct cgn_natlog_feed *f, const struct cgn_natlog_record *slots, uint32_t n)
{
	if (f->gap == 0 && rte_ring_sp_enqueue_bulk_elem(f->ring, slots, SLOT, n, NULL) == n)
		return;
	f->gap++;
	f->lost++;
}

void
cgn_natlog_put(struct cgn_natlog_feed *f, struct cgn_natlog_record *r)
{
	stamp(f, r);
	put_slots(f, r, 1);
}

void
cgn_natlog_event(struct cgn_natlog_feed *f, const struct cgn_event *event)
{
	union event_slots put;

	if (f == NULL)
		return;
	memset(&put, 0, sizeof(put));
	put.record.id = CGN_NATLOG_EVENT;
	put.event = *event;
	stamp(f, &put.record);
	put_slots(f, put.slots, CGN_NATLOG_EVENT_SLOTS);
}

static bool
is_half_free(const struct cgn_natlog_feed *f)
{
	return rte_ring_count(f->ring) <= rte_ring_get_capacity(f->ring) / 2;
}

static void
end_gap(struct cgn_natlog_feed *f)
{
	struct cgn_natlog_record r;

	memset(&r, 0, sizeof(r));
	r.id = CGN_NATLOG_GAP;
	r.value = f->gap;
	f->gap = 0;
	cgn_natlog_put(f, &r);
	f->walk.is_on = f->walk.has_all = true;
	f->walk.block = f->walk.mapping = 0;
}

void
cgn_natlog_turn(struct cgn_control *c)
{
	struct cgn_natlog_feed *f = &c->natlog;

	if (f->ring == NULL)
		return;
	f->has_time = false;
	if (f->dir != c->dp->dir && cgn_switch_is_over(&c->change)) {
		f->dir = c->dp->dir;
		f->walk.block = 0; /* tenants whose blocks are logged from now on */
		f->walk.is_on = true;
	}
	cgn_natlog_limits(c);
	if ((f->gap > 0 || f->walk.is_on) && is_half_free(f)) {
		if (f->gap > 0)
			end_gap(f);
		cgn_natlog_walk(c);
	}
}

bool
cgn_natlog_take(struct cgn_natlog_feed *f, struct cgn_natlog_record *r, struct cgn_event *event)
{
	union event_slots took;

	if (rte_ring_sc_dequeue_elem(f->ring, r, SLOT) != 0)
		return false;
	if (r->id == CGN_NATLOG_EVENT) { /* the rest was put with it */
		rte_ring_sc_dequeue_bulk_elem(
			f->ring, took.slots + 1, SLOT, CGN_NATLOG_EVENT_SLOTS - 1, NULL);
		*event = took.event;
	}
	return true;
}

uint16_t
cgn_natlog_name(struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_conf_tenant *conf = cgn_conf_of(c, tenant);
	struct cgn_natlog_feed *f = &c->natlog;
	uint32_t vrf = conf->log.vrf != 0 ? conf->log.vrf : tenant + 1;
	struct cgn_natlog_name *name = &f->names[f->name_of[tenant]];

	if (f->name_of[tenant] != 0 && name->vrf == vrf && strcmp(name->tenant, conf->name) == 0)
		return f->name_of[tenant];
	if (f->n_names == MAX_NAMES)
		return 0; /* its records have no name; a restart helps */
	name = &f->names[f->n_names];
	name->vrf = vrf;
	memcpy(name->tenant, conf->name, sizeof(name->tenant));
	f->name_of[tenant] = (uint16_t)f->n_names;
	return (uint16_t)f->n_names++;
}

struct cgn_natlog_record
cgn_natlog_of_tenant(struct cgn_control *c, enum cgn_natlog_id id, uint32_t tenant)
{
	struct cgn_natlog_record r = {.id = (uint8_t)id};
	const struct cgn_natlog_name *name = &c->natlog.names[cgn_natlog_name(c, tenant)];

	r.vrf = name->vrf;
	memcpy(r.tenant, name->tenant, sizeof(r.tenant));
	return r;
}
