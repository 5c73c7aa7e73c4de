/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings of one remote end that tenants with port overloading are guaranteed. Called by
 * validate_tenants.c on the main thread. */
#include "validate.h"

static void
share_out(struct cgn_conf *conf, uint32_t each)
{
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		uint32_t *own = &conf->tenants[t].quota.tenant.dependent;

		if (*own == 0 && cgn_conf_overloads(&conf->tenants[t]))
			*own = each;
	}
}

void
cgn_validate_dependent(struct cgn_validation *v)
{
	const uint32_t *room = &v->conf->table.dependent;
	uint64_t asked = 0, n_equal = 0;

	if (!cgn_rule_may(v, room))
		return;
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		const struct cgn_conf_tenant *tenant = &v->conf->tenants[t];

		asked += tenant->quota.tenant.dependent;
		n_equal += tenant->quota.tenant.dependent == 0 && cgn_conf_overloads(tenant);
	}
	if (asked > *room)
		cgn_rule_break(v, CGN_RULE_DEPENDENT_TOTAL, room,
			"%u mappings, but the tenants' quota.dependent add up to %llu; raise it, "
			"or lower them",
			*room, (unsigned long long)asked);
	else if (n_equal > 0 && (*room - asked) / n_equal == 0)
		cgn_rule_break(v, CGN_RULE_DEPENDENT_TOTAL, room,
			"%u mappings, of which nothing is left for %llu tenants that share ports "
			"(nat.rules, nat.overload_when_full); raise it",
			*room, (unsigned long long)n_equal);
	else if (n_equal > 0)
		share_out(v->conf, (uint32_t)((*room - asked) / n_equal));
}
