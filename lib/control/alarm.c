/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks at the values of all alarms, raises and clears them; called once a turn by loop.c. A turn
 * looks at one slice of tenants, and each millisecond at one of subscribers, so that thousands of
 * the former and millions of the latter keep no packet waiting.
 */
#include "alarm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control.h"
#include "deterministic.h"
#include "log.h"
#include "natlog_status.h"
#include "reserve.h"

enum {
	TENANT_SLICE = 4,
	INSIDE_SLICE = 128, /* 8 KiB side by side: below 2 µs */
	LOG_PER_S = 2,
	LOG_BURST = 50,
};

int
cgn_alarms_init(struct cgn_alarms *a, int socket)
{
	a->tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*a->tenants), socket);
	return a->tenants == NULL ? -ENOMEM : 0;
}

void
cgn_alarms_fini(struct cgn_alarms *a)
{
	cgn_reserve_destroy(a->tenants);
	memset(a, 0, sizeof(*a));
}

int
cgn_alarms_fill(struct cgn_alarms *a, uint32_t n_tenants)
{
	return cgn_reserve_fill(a->tenants, 0, n_tenants);
}

uint64_t
cgn_alarm_utc_s(void)
{
	return (uint64_t)time(NULL);
}

struct cgn_alarm_bounds
cgn_alarm_bounds(const struct cgn_conf *conf, enum cgn_alarm_kind kind, uint64_t limit)
{
	uint64_t raise = kind == CGN_ALARM_RATE ? conf->alarms.refused_per_s
						: conf->alarms.subscribers;

	if (kind == CGN_ALARM_ANY)
		return (struct cgn_alarm_bounds){.raise = 1, .clear = 1};
	if (kind != CGN_ALARM_LEVEL)
		return (struct cgn_alarm_bounds){.raise = raise, .clear = (raise + 1) / 2};
	if (limit == 0) /* nothing can be used of nothing */
		return (struct cgn_alarm_bounds){.raise = UINT64_MAX, .clear = UINT64_MAX};
	return (struct cgn_alarm_bounds){.raise = (limit * conf->alarms.raise_percent + 99) / 100,
		.clear = (limit * conf->alarms.clear_percent + 99) / 100};
}

/* One line for each change, within a rate; tenant: CGN_NONE for the box. */
static void
tell(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, const struct cgn_alarm *alarm)
{
	const struct cgn_rate rate = cgn_rate_make(LOG_PER_S, LOG_BURST);
	const struct cgn_alarm_info *info = &cgn_alarms[id];
	bool raised = alarm->state == CGN_ALARM_ACTIVE;
	struct cgn_alarms *a = &c->alarms;

	if (!cgn_rate_take(&rate, &a->log_full_at, c->now)) {
		a->n_unlogged++;
		return;
	}
	if (a->n_unlogged > 0)
		cgn_notice("alarm", "%u lines left out: see cgnatctl alarms", a->n_unlogged);
	a->n_unlogged = 0;
	cgn_log(raised ? CGN_LOG_WARNING : CGN_LOG_NOTICE, "alarm",
		"%s alarm=%s tenant=%s value=%llu limit=%llu unit=%s: %s%s%s",
		raised ? "raised" : "cleared", info->name,
		tenant == CGN_NONE ? "-" : cgn_directory_tenant_name(c->dp->dir, tenant),
		(unsigned long long)alarm->value, (unsigned long long)alarm->limit, info->unit,
		info->sentence, raised ? " What to do: " : "", raised ? info->advice : "");
}

static void
note(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, const struct cgn_alarm *alarm)
{
	struct cgn_event ev;

	cgn_event_init(&ev,
		alarm->state == CGN_ALARM_ACTIVE ? CGN_EVENT_ALARM_RAISED
						 : CGN_EVENT_ALARM_CLEARED);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_ALARM, cgn_alarms[id].name);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT,
		tenant == CGN_NONE ? "-" : cgn_directory_tenant_name(c->dp->dir, tenant));
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_VALUE, alarm->value);
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_BOUND, alarm->limit);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_UNIT, cgn_alarms[id].unit);
	cgn_event_note(&c->events, &ev);
	cgn_natlog_alarm(c, tenant, id, alarm);
}

static void
set_state(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, struct cgn_alarm *alarm,
	enum cgn_alarm_state state)
{
	alarm->state = (uint8_t)state;
	alarm->since_utc_s = cgn_alarm_utc_s();
	if (state == CGN_ALARM_ACTIVE) {
		alarm->n_raised++;
		c->alarms.n_raised++;
		c->alarms.n_active++;
	} else
		c->alarms.n_active--;
	note(c, tenant, id, alarm);
	tell(c, tenant, id, alarm);
}

/* What one look has found. */
struct look {
	uint64_t value, limit;
	uint64_t highest; /* since start, when somebody counts it exactly; or 0 */
};

static void
judge(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, struct cgn_alarm *alarm,
	const struct look *look)
{
	const struct cgn_conf *conf = c->dp->dir->conf;
	struct cgn_alarm_bounds bounds = cgn_alarm_bounds(conf, cgn_alarms[id].kind, look->limit);
	uint64_t highest = look->highest > look->value ? look->highest : look->value;

	alarm->value = look->value;
	alarm->limit = look->limit;
	alarm->looked_s = c->now_s;
	if (highest > alarm->peak) {
		alarm->peak = highest;
		alarm->peak_utc_s = cgn_alarm_utc_s();
	}
	if (alarm->value >= bounds.clear)
		alarm->high_s = c->now_s;
	if (alarm->state != CGN_ALARM_ACTIVE && alarm->value >= bounds.raise)
		set_state(c, tenant, id, alarm, CGN_ALARM_ACTIVE);
	else if (alarm->state == CGN_ALARM_ACTIVE &&
		c->now_s - alarm->high_s >= conf->alarms.clear_s)
		set_state(c, tenant, id, alarm, CGN_ALARM_CLEARED);
}

static struct cgn_alarm *
alarm_at(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id)
{
	return (int)id < (int)CGN_N_BOX_ALARMS
		? &c->alarms.box[id]
		: &c->alarms.tenants[tenant].each[id - CGN_N_BOX_ALARMS];
}

static void
judge_level(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, struct look look)
{
	judge(c, tenant, id, alarm_at(c, tenant, id), &look);
}

/* The count since the last look, a second. */
static void
judge_rate(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, uint64_t counted)
{
	struct cgn_alarm *alarm = alarm_at(c, tenant, id);
	uint32_t span_s = c->now_s - alarm->looked_s;
	struct look look = {0};

	if (alarm->is_counting && span_s > 0)
		look.value = (counted - alarm->counted) / span_s;
	alarm->is_counting = true;
	alarm->counted = counted;
	judge(c, tenant, id, alarm, &look);
}

/* Of the worker that has the least left: each has room of its own. */
static void
look_at_fragments(struct cgn_control *c)
{
	const struct cgn_conf *conf = c->dp->dir->conf;
	struct look held = {.limit = conf->fragments.hold};
	struct look datagrams = {.limit = conf->fragments.datagrams};

	for (uint16_t i = 0; i < c->dp->n_workers; i++) {
		const struct cgn_fragments *t = &c->dp->workers[i]->fragments;
		const uint32_t n = __atomic_load_n(&t->n, __ATOMIC_RELAXED);
		const uint32_t n_peak = __atomic_load_n(&t->n_peak, __ATOMIC_RELAXED);
		const uint32_t held_peak = __atomic_load_n(&t->held_peak, __ATOMIC_RELAXED);

		held.value = RTE_MAX(held.value, cgn_counter_read(&t->n_held));
		held.highest = RTE_MAX(held.highest, held_peak);
		datagrams.value = RTE_MAX(datagrams.value, n);
		datagrams.highest = RTE_MAX(datagrams.highest, n_peak);
	}
	judge_level(c, CGN_NONE, CGN_ALARM_FRAGMENTS, held);
	judge_level(c, CGN_NONE, CGN_ALARM_DATAGRAMS, datagrams);
}

/* The log's outputs, and what never got to them. */
static void
look_at_log(struct cgn_control *c)
{
	const struct cgn_natlog_status *status = c->natlog.status;
	struct look away = {0};
	uint64_t lost = c->natlog.lost;

	if (status != NULL) {
		away.value = __atomic_load_n(&status->n_away, __ATOMIC_RELAXED);
		away.limit = __atomic_load_n(&status->n_outputs, __ATOMIC_RELAXED);
		lost += __atomic_load_n(&status->n_lost, __ATOMIC_RELAXED);
	}
	judge_level(c, CGN_NONE, CGN_ALARM_LOG_AWAY, away);
	judge_rate(c, CGN_NONE, CGN_ALARM_LOG_LOST, lost);
}

static void
look_at_box(struct cgn_control *c)
{
	const struct cgn_conf *conf = c->dp->dir->conf;
	struct look punt = {0};

	for (uint16_t w = 0; w < c->dp->n_workers; w++) {
		const struct cgn_worker *worker = c->dp->workers[w];
		uint32_t n = cgn_punt_under_way(&worker->punt_sent.all, &worker->punt_done.all);

		punt.value = RTE_MAX(punt.value, n);
		punt.limit = worker->punt_window;
	}
	judge_level(c, CGN_NONE, CGN_ALARM_TABLE,
		(struct look){cgn_table_n_used(c->table), conf->table.mappings, 0});
	judge_level(c, CGN_NONE, CGN_ALARM_EXPLICIT,
		(struct look){c->explicits.n_used, c->explicits.capacity, 0});
	judge_level(c, CGN_NONE, CGN_ALARM_PUNT, punt);
	judge_level(c, CGN_NONE, CGN_ALARM_MBUFS,
		(struct look){rte_mempool_in_use_count(c->mempool), c->mempool->size, 0});
	look_at_fragments(c);
	judge_rate(c, CGN_NONE, CGN_ALARM_JOURNAL, c->state.resyncs + c->state.lease_waits);
	look_at_log(c);
}

/* On the way to control; for want of room for fragments. */
static const uint8_t punt_fates[] = {CGN_FATE_PUNT_SUBSCRIBER_RATE, CGN_FATE_PUNT_TENANT_SHARE,
	CGN_FATE_PUNT_SUBSCRIBER_SHARE, CGN_FATE_PUNT_RING_FULL};
static const uint8_t fragment_fates[] = {CGN_FATE_FRAGMENT_SHARE, CGN_FATE_FRAGMENT_HOLD_FULL};

/* Packets of the tenant that workers have refused with one of these fates. */
static uint64_t
refusals(const struct cgn_control *c, uint32_t tenant, const uint8_t *fates, uint32_t n_fates)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < c->dp->n_workers; w++)
		for (uint32_t i = 0; i < n_fates; i++)
			sum += cgn_counter_read(
				&c->dp->workers[w]->counters.fates[(uint64_t)tenant * CGN_N_FATES +
					fates[i]]);
	return sum;
}

/* What a complete pass over the subscribers has counted holds until the next one is complete. */
static void
roll(const struct cgn_alarms *a, struct cgn_tenant_alarms *tenant)
{
	if (tenant->pass == a->pass)
		return;
	tenant->n_at_limit = tenant->pass + 1 == a->pass ? tenant->n_at_limit_so_far : 0;
	tenant->n_at_limit_so_far = 0;
	tenant->pass = a->pass;
}

/* A computed range is its subscriber's whether leased or not (ports.deterministic): then only what
 * is beyond can run out. */
static void
judge_blocks(struct cgn_control *c, uint32_t t, const struct cgn_tenant *tenant)
{
	const struct cgn_pool_use *pool = &c->pool->use[t];
	bool has_blocks = tenant->det == NULL || tenant->det->n_dynamic > 0;
	uint32_t n_full = tenant->n_pool - RTE_MIN(tenant->n_pool, pool->n_avail);

	judge_level(c, t, CGN_ALARM_BLOCKS,
		(struct look){tenant->det == NULL ? pool->blocks : 0, pool->n_blocks,
			tenant->det == NULL ? pool->blocks_peak : 0});
	judge_level(c, t, CGN_ALARM_ADDRESSES,
		(struct look){has_blocks ? n_full : 0, tenant->n_pool, 0});
}

static void
look_at_tenant(struct cgn_control *c, uint32_t t)
{
	const struct cgn_tenant *tenant = &c->dp->dir->tenants[t];
	const struct cgn_use *use = &c->tenants[t];

	roll(&c->alarms, &c->alarms.tenants[t]);
	judge_level(c, t, CGN_ALARM_MAPPINGS,
		(struct look){cgn_use_total(use),
			cgn_conf_mappings_max(&tenant->conf->quota.tenant), use->peak});
	judge_level(c, t, CGN_ALARM_ASKED,
		(struct look){
			use->explicit_mappings, tenant->conf->quota.tenant.explicit_mappings, 0});
	judge_blocks(c, t, tenant);
	judge_level(
		c, t, CGN_ALARM_SUBSCRIBERS, (struct look){c->alarms.tenants[t].n_at_limit, 0, 0});
	judge_rate(c, t, CGN_ALARM_REFUSED, use->refused);
	judge_rate(c, t, CGN_ALARM_PUNT_REFUSED, refusals(c, t, punt_fates, RTE_DIM(punt_fates)));
	judge_rate(c, t, CGN_ALARM_FRAGMENTS_REFUSED,
		refusals(c, t, fragment_fates, RTE_DIM(fragment_fates)));
}

/* The tenant is gone: so is the reason. */
static void
forget_tenant(struct cgn_control *c, uint32_t t)
{
	struct cgn_tenant_alarms *tenant = &c->alarms.tenants[t];

	for (uint32_t i = 0; i < CGN_N_TENANT_ALARMS; i++)
		if (tenant->each[i].state == CGN_ALARM_ACTIVE)
			c->alarms.n_active--;
	memset(tenant, 0, sizeof(*tenant));
}

static void
tenants_turn(struct cgn_control *c)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_alarms *a = &c->alarms;

	for (uint32_t n = 0; n < TENANT_SLICE && a->tenant_cursor < dir->n_tenants; n++) {
		uint32_t t = a->tenant_cursor++;

		if (cgn_directory_tenant_live(dir, t))
			look_at_tenant(c, t);
		else
			forget_tenant(c, t);
	}
}

static bool
is_at_limit(const struct cgn_class *limits, const struct cgn_subscriber *sub)
{
	const struct cgn_conf_quota_subscriber *quota = &limits->quota;
	const struct cgn_use *use = &sub->use;

	return cgn_use_total(use) >= quota->mappings || use->mappings[CGN_TCP] >= quota->tcp ||
		use->mappings[CGN_UDP] >= quota->udp || use->mappings[CGN_ICMP] >= quota->icmp ||
		(use->explicit_mappings > 0 && use->explicit_mappings >= quota->explicit_mappings);
}

static void
subscribers_turn(struct cgn_control *c)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_alarms *a = &c->alarms;

	for (uint32_t n = 0; n < INSIDE_SLICE && a->inside_cursor < dir->n_inside; n++) {
		uint32_t inside = a->inside_cursor++, t;
		const struct cgn_subscriber *sub = &c->subscribers[inside];
		const struct cgn_class *limits;
		struct cgn_class own;

		if (sub->n_blocks == 0 || !cgn_directory_inside_live(dir, inside))
			continue;
		t = dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant;
		limits = cgn_class_of(dir, t, sub, inside, &own);
		roll(a, &a->tenants[t]);
		a->tenants[t].n_at_limit_so_far += is_at_limit(limits, sub);
		cgn_natlog_subscriber(
			c, t, inside, cgn_use_total(&sub->use), limits->quota.mappings);
	}
	if (a->inside_cursor >= dir->n_inside) {
		a->inside_cursor = 0;
		a->pass++;
	}
}

void
cgn_alarms_turn(struct cgn_control *c)
{
	struct cgn_alarms *a = &c->alarms;

	if (c->now >= a->inside_at) {
		a->inside_at = c->now + CGN_NS_PER_MS;
		subscribers_turn(c);
	}
	if (a->tenant_cursor < c->dp->dir->n_tenants)
		tenants_turn(c);
	else if (a->pass_s != c->now_s) {
		a->pass_s = c->now_s;
		a->tenant_cursor = 0;
		look_at_box(c);
	}
}
