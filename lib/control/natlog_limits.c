/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits in the log: one record when somebody reaches one, one when nothing was refused for it for
 * a minute, so that a flood of refused flows makes two records and no more (LOG-06, LOG-07).
 */
#include <netinet/in.h>
#include <string.h>

#include "alarm.h"
#include "control.h"

enum { CLEAR_S = 60, BELOW_PERCENT = 10, PROBES = 8, SWEEP_SLICE = 64 };

static uint32_t
subscriber_limit(const struct cgn_conf_quota_subscriber *quota, enum cgn_fate fate)
{
	switch (fate) {
	case CGN_FATE_QUOTA_SUBSCRIBER_TCP:
		return quota->tcp;
	case CGN_FATE_QUOTA_SUBSCRIBER_UDP:
		return quota->udp;
	case CGN_FATE_QUOTA_SUBSCRIBER_ICMP:
		return quota->icmp;
	default:
		return quota->mappings;
	}
}

/* -1: not of the log; rates and the table have alarms. */
static int
kind_of(enum cgn_fate fate)
{
	switch (fate) {
	case CGN_FATE_QUOTA_TENANT_MAPPINGS:
		return CGN_NATLOG_TENANT_QUOTA;
	case CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS:
	case CGN_FATE_QUOTA_SUBSCRIBER_TCP:
	case CGN_FATE_QUOTA_SUBSCRIBER_UDP:
	case CGN_FATE_QUOTA_SUBSCRIBER_ICMP:
		return CGN_NATLOG_SUBSCRIBER_QUOTA;
	case CGN_FATE_NO_ADDRESS:
		return CGN_NATLOG_ADDRESSES_EXHAUSTED;
	case CGN_FATE_NO_PORTS:
		return CGN_NATLOG_PORTS_EXHAUSTED;
	default:
		return -1;
	}
}

static struct cgn_natlog_record
record_of(struct cgn_control *c, enum cgn_natlog_id id, const struct cgn_flow *flow,
	enum cgn_fate fate)
{
	static const uint8_t ip_protos[] = {
		[CGN_TCP] = IPPROTO_TCP, [CGN_UDP] = IPPROTO_UDP, [CGN_ICMP] = IPPROTO_ICMP};
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_subscriber *sub = cgn_subscriber_of(c, flow->inside);
	struct cgn_natlog_record r = cgn_natlog_of_tenant(c, id, flow->tenant);
	struct cgn_class own;

	if (id == CGN_NATLOG_TENANT_QUOTA) {
		r.value = cgn_conf_mappings_max(&cgn_conf_of(c, flow->tenant)->quota.tenant);
		return r;
	}
	r.inside_addr = cgn_directory_inside_addr(dir, flow->inside);
	if (id == CGN_NATLOG_SUBSCRIBER_QUOTA)
		r.value = subscriber_limit(
			&cgn_class_of(dir, flow->tenant, sub, flow->inside, &own)->quota, fate);
	if (id != CGN_NATLOG_PORTS_EXHAUSTED)
		return r;
	r.proto = ip_protos[flow->proto];
	if (cgn_directory_pool_live(dir, sub->pool))
		r.outside_addr = dir->pool_addrs[sub->pool];
	return r;
}

static bool
is_same(const struct cgn_natlog_limit *limit, uint32_t who, const struct cgn_natlog_record *r)
{
	return limit->is_used && limit->who == who && limit->reached.id == r->id &&
		limit->reached.proto == r->proto && limit->reached.value == r->value;
}

/* The place of the limit; *is_new: one that was free. NULL when all that it may have are taken. */
static struct cgn_natlog_limit *
place_of(struct cgn_natlog_feed *f, uint32_t who, const struct cgn_natlog_record *r, bool *is_new)
{
	uint32_t hash = (who * UINT32_C(2654435761)) ^ (uint32_t)r->id << 20;
	struct cgn_natlog_limit *spare = NULL;

	*is_new = false;
	for (uint32_t i = 0; i < PROBES; i++) {
		struct cgn_natlog_limit *limit = &f->limits[((hash >> 16) + i) % CGN_NATLOG_LIMITS];

		if (is_same(limit, who, r))
			return limit;
		if (!limit->is_used && spare == NULL)
			spare = limit;
	}
	*is_new = true;
	return spare;
}

/* Tells of a limit that nobody was told of, and keeps it from being cleared. */
static void
put_limit(struct cgn_control *c, uint32_t who, struct cgn_natlog_record *r)
{
	struct cgn_natlog_feed *f = &c->natlog;
	bool is_new;
	struct cgn_natlog_limit *limit = place_of(f, who, r, &is_new);

	if (limit == NULL) {
		f->limits_untold++;
		return;
	}
	limit->last_s = c->now_s;
	if (!is_new)
		return;
	limit->is_used = true;
	limit->who = who;
	limit->reached = *r;
	cgn_natlog_put(f, r);
}

/* Below the bound, but not so far that it is over. */
static void
keep_limit(struct cgn_control *c, uint32_t who, const struct cgn_natlog_record *r)
{
	bool is_new;
	struct cgn_natlog_limit *limit = place_of(&c->natlog, who, r, &is_new);

	if (limit != NULL && !is_new)
		limit->last_s = c->now_s;
}

void
cgn_natlog_subscriber(
	struct cgn_control *c, uint32_t tenant, uint32_t who, uint64_t used, uint32_t limit)
{
	uint32_t percent;
	struct cgn_natlog_record r;
	uint64_t raise, clear;

	if (c->natlog.ring == NULL)
		return;
	percent = cgn_conf_of(c, tenant)->log.subscriber_percent;
	raise = ((uint64_t)limit * percent + 99) / 100;
	clear = (uint64_t)limit * (percent - RTE_MIN(percent, (uint32_t)BELOW_PERCENT)) / 100;
	if (percent == 0 || used < clear || used == 0)
		return;
	r = cgn_natlog_of_tenant(c, CGN_NATLOG_SUBSCRIBER_HIGH, tenant);
	r.inside_addr = cgn_directory_inside_addr(c->dp->dir, who);
	r.value = raise;
	if (used >= raise)
		put_limit(c, who, &r);
	else
		keep_limit(c, who, &r);
}

void
cgn_natlog_refused(struct cgn_control *c, const struct cgn_flow *flow, enum cgn_fate fate)
{
	struct cgn_natlog_feed *f = &c->natlog;
	int id = f->ring != NULL ? kind_of(fate) : -1;
	bool is_tenants = id == CGN_NATLOG_TENANT_QUOTA || id == CGN_NATLOG_ADDRESSES_EXHAUSTED;
	struct cgn_natlog_record r;
	uint32_t who;

	if (id < 0)
		return;
	r = record_of(c, (enum cgn_natlog_id)id, flow, fate);
	who = is_tenants ? flow->tenant : cgn_holder_of(c, flow->inside);
	if (fate == CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS) /* the threshold comes first (LOG-07) */
		cgn_natlog_subscriber(c, flow->tenant, who, r.value, (uint32_t)r.value);
	put_limit(c, who, &r);
}

/* Each kind of limit is followed by that of its end (natlog.def). */
static_assert(CGN_NATLOG_TENANT_QUOTA_CLEARED == CGN_NATLOG_TENANT_QUOTA + 1 &&
		CGN_NATLOG_SUBSCRIBER_QUOTA_CLEARED == CGN_NATLOG_SUBSCRIBER_QUOTA + 1 &&
		CGN_NATLOG_ADDRESSES_CLEARED == CGN_NATLOG_ADDRESSES_EXHAUSTED + 1 &&
		CGN_NATLOG_SUBSCRIBER_HIGH_CLEARED == CGN_NATLOG_SUBSCRIBER_HIGH + 1 &&
		CGN_NATLOG_PORTS_CLEARED == CGN_NATLOG_PORTS_EXHAUSTED + 1,
	"pairs");

void
cgn_natlog_limits(struct cgn_control *c)
{
	struct cgn_natlog_feed *f = &c->natlog;

	if (f->limit_cursor == 0 && f->limits_s == c->now_s)
		return;
	f->limits_s = c->now_s;
	for (uint32_t n = 0; n < SWEEP_SLICE; n++) {
		struct cgn_natlog_limit *limit = &f->limits[f->limit_cursor++];

		if (!limit->is_used || c->now_s - limit->last_s < CLEAR_S)
			continue;
		limit->is_used = false;
		limit->reached.id++;
		cgn_natlog_put(f, &limit->reached);
	}
	f->limit_cursor %= CGN_NATLOG_LIMITS;
}

/* --- Thresholds: alarms that are part of a limit (RFC 8158 section 5.2) --- */

void
cgn_natlog_alarm(
	struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id, const struct cgn_alarm *alarm)
{
	struct cgn_alarm_bounds bounds = cgn_alarm_bounds(
		c->dp->dir->conf, cgn_alarms[id].kind, alarm->limit);
	bool is_raised = alarm->state == CGN_ALARM_ACTIVE;
	struct cgn_natlog_record r = {.id = CGN_NATLOG_TABLE_HIGH};

	if (c->natlog.ring == NULL)
		return;
	if (id == CGN_ALARM_BLOCKS || id == CGN_ALARM_ADDRESSES)
		r = cgn_natlog_of_tenant(
			c, is_raised ? CGN_NATLOG_POOL_HIGH : CGN_NATLOG_POOL_LOW, tenant);
	else if (is_raised && id == CGN_ALARM_MAPPINGS)
		r = cgn_natlog_of_tenant(c, CGN_NATLOG_MAPPINGS_HIGH, tenant);
	else if (!is_raised || id != CGN_ALARM_TABLE)
		return;
	r.value = is_raised ? bounds.raise : bounds.clear;
	cgn_natlog_put(&c->natlog, &r);
}
