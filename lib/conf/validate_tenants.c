/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules about ports, quotas and the room in the tables, and the equal share of tenants that name no
 * quota: what a tenant is given is there by construction. Called by validate.c on the main thread.
 */
#include "validate.h"

/* Bitmaps of ports are made of 64-bit words. */
enum { PORT_UNIT = 64 };

static void
check_ports(struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	const uint16_t *first = &t->ports.first, *last = &t->ports.last;
	const uint16_t *block = &t->ports.block_size, *max = &t->ports.max_blocks;
	bool is_range = cgn_rule_may(v, first) && cgn_rule_may(v, last);
	char where[CGN_WHERE_LEN];
	uint32_t n_blocks;

	if (cgn_rule_may(v, first) && *first % PORT_UNIT != 0)
		cgn_rule_break(v, CGN_RULE_PORTS_ALIGNED, first,
			"%u is not a multiple of 64; write %u", *first,
			*first / PORT_UNIT * PORT_UNIT);
	if (cgn_rule_may(v, last) && (*last + 1) % PORT_UNIT != 0)
		cgn_rule_break(v, CGN_RULE_PORTS_ALIGNED, last,
			"the port after %u is not a multiple of 64; write %u", *last,
			*last / PORT_UNIT * PORT_UNIT + PORT_UNIT - 1);
	if (cgn_rule_may(v, block) && *block % PORT_UNIT != 0)
		cgn_rule_break(v, CGN_RULE_BLOCK_ALIGNED, block,
			"%u is not a multiple of 64; write %u", *block,
			(*block + PORT_UNIT - 1) / PORT_UNIT * PORT_UNIT);
	if (is_range && *first >= *last) {
		cgn_rule_break(v, CGN_RULE_PORTS_ORDER, first,
			"%u is not below ports.last, %u (%s); exchange them", *first, *last,
			cgn_rule_where(v, last, where));
		return;
	}
	if (!is_range || !cgn_rule_may(v, block) || !cgn_rule_may(v, max))
		return;
	n_blocks = ((uint32_t)*last - *first + *block) / *block; /* the last one may be partial */
	if (*max > n_blocks)
		cgn_rule_break(v, CGN_RULE_BLOCKS_RANGE, max,
			"%u blocks of %u ports, but ports %u to %u of one address make %u; lower "
			"max_blocks or block_size",
			*max, *block, *first, *last, n_blocks);
}

static void
check_subscribers_total(struct cgn_validation *v)
{
	const uint32_t *room = &v->conf->table.subscribers;
	uint64_t n = 0;

	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		const struct cgn_conf_tenant *tenant = &v->conf->tenants[t];

		for (uint32_t i = 0; i < tenant->n_attachments; i++)
			for (uint32_t k = 0; k < tenant->attachments[i].n_subscribers; k++) {
				const struct cgn_prefix *p =
					&tenant->attachments[i].subscribers[k].prefix;

				n += cgn_rule_may(v, p) ? cgn_prefix_size(*p) : 0;
			}
	}
	if (cgn_rule_may(v, room) && n > *room)
		cgn_rule_break(v, CGN_RULE_SUBSCRIBERS_TOTAL, room,
			"%u addresses, but the subscriber prefixes of all tenants hold %llu; raise "
			"it, "
			"or shorten the prefixes",
			*room, (unsigned long long)n);
}

/* What each tenant without a number gets; 0 and reported if the table is too small. */
static uint32_t
find_share(struct cgn_validation *v)
{
	const uint32_t *room = &v->conf->table.mappings;
	uint64_t asked = 0, n_equal = 0;

	if (!cgn_rule_may(v, room))
		return 0;
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		const uint32_t *mappings = &v->conf->tenants[t].quota.tenant.mappings;

		if (cgn_rule_may(v, mappings)) {
			asked += *mappings;
			n_equal += *mappings == 0;
		}
	}
	if (asked > *room)
		cgn_rule_break(v, CGN_RULE_MAPPINGS_TOTAL, room,
			"%u mappings, but the tenants' quota.mappings add up to %llu; raise it, or "
			"lower them",
			*room, (unsigned long long)asked);
	else if (n_equal > 0 && (*room - asked) / n_equal == 0)
		cgn_rule_break(v, CGN_RULE_MAPPINGS_TOTAL, room,
			"%u mappings, of which the tenants with a quota.mappings take %llu and "
			"leave "
			"nothing for %llu without one; raise it, or lower them",
			*room, (unsigned long long)asked, (unsigned long long)n_equal);
	else if (n_equal > 0)
		return (uint32_t)((*room - asked) / n_equal);
	return 0;
}

static void
give_share(struct cgn_validation *v, struct cgn_conf_tenant *tenant, uint32_t share)
{
	uint32_t *mappings = &tenant->quota.tenant.mappings;
	const uint32_t *each = &tenant->quota.subscriber.mappings;
	const uint32_t *max = &tenant->quota.tenant.mappings_max;
	bool is_equal = *mappings == 0;
	uint32_t most;

	if (!cgn_rule_may(v, mappings))
		return;
	if (is_equal)
		*mappings = share;
	if (!cgn_rule_may(v, max))
		return;
	if (*max != 0 && *max < *mappings)
		cgn_rule_break(v, CGN_RULE_QUOTA_ORDER, max,
			"%u is below the %u that quota.mappings guarantees%s; raise it, or lower "
			"quota.mappings",
			*max, *mappings, is_equal ? " (its equal share of table.mappings)" : "");
	most = cgn_conf_mappings_max(&tenant->quota.tenant);
	if (most != 0 && cgn_rule_may(v, each) && *each > most)
		cgn_rule_break(v, CGN_RULE_SUBSCRIBER_QUOTA, each,
			"%u for one subscriber is more than the tenant's %u%s; lower it, or raise "
			"%s",
			*each, most,
			is_equal && *max == 0 ? " (its equal share of table.mappings)" : "",
			is_equal && *max == 0 ? "table.mappings" : "quota.mappings");
}

/* Guaranteed explicit mappings: not more than the tenant may have, nor all than there are. */
static void
check_explicit(struct cgn_validation *v)
{
	const uint32_t *room = &v->conf->table.explicit_mappings;
	uint64_t n = 0;

	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		const struct cgn_conf_quota_tenant *quota = &v->conf->tenants[t].quota.tenant;
		const uint32_t *min = &quota->explicit_min, *max = &quota->explicit_mappings;

		if (!cgn_rule_may(v, min) || !cgn_rule_may(v, max))
			continue;
		n += *min;
		if (*min > *max)
			cgn_rule_break(v, CGN_RULE_QUOTA_ORDER, min,
				"%u is more than quota.explicit, %u; lower it, or raise that", *min,
				*max);
	}
	if (cgn_rule_may(v, room) && n > *room)
		cgn_rule_break(v, CGN_RULE_EXPLICIT_TOTAL, room,
			"%u mappings, but the tenants' quota.explicit_min add up to %llu; raise "
			"it, or lower them",
			*room, (unsigned long long)n);
}

void
cgn_validate_tenants(struct cgn_validation *v)
{
	uint32_t share = find_share(v);

	check_subscribers_total(v);
	check_explicit(v);
	cgn_validate_contacts(v);
	cgn_validate_dependent(v);
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		check_ports(v, &v->conf->tenants[t]);
		give_share(v, &v->conf->tenants[t], share);
		cgn_validate_classes(v, &v->conf->tenants[t]);
		cgn_validate_listed(v, &v->conf->tenants[t]);
		cgn_validate_own(v, &v->conf->tenants[t]);
		cgn_validate_drain(v, &v->conf->tenants[t]);
		cgn_validate_deterministic(v, &v->conf->tenants[t]);
		cgn_validate_nat(v, &v->conf->tenants[t]);
	}
}
