/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of drain. Called by validate.c on the main thread. */
#include "validate.h"

static bool
covers(const struct cgn_prefix *outer, const struct cgn_prefix *inner)
{
	return outer->len <= inner->len && cgn_prefix_has(*outer, inner->addr);
}

static bool
is_in_pool(const struct cgn_conf_tenant *tenant, const struct cgn_prefix *drain)
{
	for (uint32_t p = 0; p < tenant->n_pools; p++)
		if (covers(&tenant->pools[p].prefix, drain))
			return true;
	return false;
}

static void
check_own(struct cgn_validation *v, const struct cgn_conf_tenant *tenant,
	const struct cgn_prefix *drain)
{
	char text[CGN_IP4_STRLEN];

	for (uint32_t i = 0; i < tenant->n_addresses; i++)
		if (cgn_prefix_has(*drain, tenant->addresses[i].outside))
			cgn_rule_break(v, CGN_RULE_DRAIN_OWN, drain,
				"%s belongs to one subscriber by static_addresses; drain around it",
				cgn_ip4_str(tenant->addresses[i].outside, text));
}

/* Addresses of the prefix that do not drain; prefixes of drain may lie in each other. */
static bool
has_other(const struct cgn_conf_tenant *tenant, const struct cgn_prefix *pool)
{
	uint64_t at = cgn_prefix_first(*pool), last = cgn_prefix_last(*pool);

	while (at <= last) {
		uint64_t next = at;

		for (uint32_t d = 0; d < tenant->n_drains; d++)
			if (cgn_prefix_has(tenant->drains[d].prefix, (uint32_t)at) &&
				cgn_prefix_last(tenant->drains[d].prefix) + UINT64_C(1) > next)
				next = cgn_prefix_last(tenant->drains[d].prefix) + UINT64_C(1);
		if (next == at)
			return true;
		at = next;
	}
	return false;
}

void
cgn_validate_drain(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	bool is_left = tenant->n_drains == 0;

	for (uint32_t d = 0; d < tenant->n_drains; d++) {
		const struct cgn_prefix *drain = &tenant->drains[d].prefix;

		if (!cgn_rule_may(v, drain))
			return;
		if (!is_in_pool(tenant, drain))
			cgn_rule_break(v, CGN_RULE_DRAIN_POOL, drain,
				"is in no prefix of pool; write a part of the pool");
		check_own(v, tenant, drain);
	}
	for (uint32_t p = 0; p < tenant->n_pools && !is_left; p++)
		is_left = !cgn_rule_may(v, &tenant->pools[p].prefix) ||
			has_other(tenant, &tenant->pools[p].prefix);
	if (!is_left)
		cgn_rule_break(v, CGN_RULE_DRAIN_ALL, &tenant->drains[0].prefix,
			"all of the pool would drain; add addresses to pool first");
}
