/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules of nat.rules, and the peers that tenants with filtering are guaranteed. Called by
 * validate.c on the main thread.
 */
#include "validate.h"

#include <string.h>

enum { MAX_RULES = 64, N_PORTS = 65536, N_PROTOCOLS = 2 };

static void
check_names(struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	struct cgn_named named[MAX_RULES];
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->nat.n_rules && i < MAX_RULES; i++)
		if (cgn_rule_may(v, t->nat.rules[i].name))
			named[n++] = (struct cgn_named){
				t->nat.rules[i].name, t->nat.rules[i].name, false};
	cgn_named_check(v, named, n, CGN_RULE_NAT_RULE_TWICE, "rename one of them");
}

/* Marks the ports of a range; false when one of them was marked before: *at. */
static bool
claim(uint64_t *ports, struct cgn_port_range range, uint32_t *at)
{
	for (*at = range.first; *at <= range.last; (*at)++) {
		const uint64_t bit = UINT64_C(1) << (*at % 64);

		if (ports[*at / 64] & bit)
			return false;
		ports[*at / 64] |= bit;
	}
	return true;
}

/* The first one that is in two places; what follows it may be a consequence. */
static void
check_overlap(struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	uint64_t ports[N_PROTOCOLS][N_PORTS / 64] = {0};
	uint32_t at;

	for (uint32_t i = 0; i < t->nat.n_rules; i++) {
		const struct cgn_conf_nat_rule *rule = &t->nat.rules[i];

		if (!cgn_rule_may(v, &rule->protocol))
			return;
		for (uint32_t k = 0; k < rule->n_ports; k++) {
			const struct cgn_port_range *range = &rule->ports[k].range;

			if (!cgn_rule_may(v, range) || claim(ports[rule->protocol], *range, &at))
				continue;
			cgn_rule_break(v, CGN_RULE_NAT_RULES_OVERLAP, range,
				"port %u of this protocol stands before it already; leave it out "
				"in one place",
				at);
			return;
		}
	}
}

void
cgn_validate_nat(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	check_names(v, tenant);
	check_overlap(v, tenant);
}

void
cgn_validate_contacts(struct cgn_validation *v)
{
	const uint32_t *room = &v->conf->table.contacts;
	uint64_t asked = 0, n_equal = 0;

	if (!cgn_rule_may(v, room))
		return;
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		const struct cgn_conf_tenant *tenant = &v->conf->tenants[t];

		asked += tenant->quota.tenant.contacts;
		n_equal += tenant->quota.tenant.contacts == 0 && cgn_conf_filters(tenant);
	}
	if (asked > *room)
		cgn_rule_break(v, CGN_RULE_CONTACTS_TOTAL, room,
			"%u peers, but the tenants' quota.contacts add up to %llu; raise it, or "
			"lower them",
			*room, (unsigned long long)asked);
	else if (n_equal > 0 && (*room - asked) / n_equal == 0)
		cgn_rule_break(v, CGN_RULE_CONTACTS_TOTAL, room,
			"%u peers, of which nothing is left for %llu tenants whose nat.filtering "
			"or nat.rules remember peers; raise it",
			*room, (unsigned long long)n_equal);
	else
		for (uint32_t t = 0; n_equal > 0 && t < v->conf->n_tenants; t++) {
			uint32_t *contacts = &v->conf->tenants[t].quota.tenant.contacts;

			if (*contacts == 0 && cgn_conf_filters(&v->conf->tenants[t]))
				*contacts = (uint32_t)((*room - asked) / n_equal);
		}
}
