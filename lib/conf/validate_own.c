/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of static_addresses. Called by validate.c on the main thread. */
#include "validate.h"

static bool
is_assigned(const struct cgn_conf_tenant *tenant, uint32_t addr)
{
	for (uint32_t a = 0; a < tenant->n_attachments; a++)
		for (uint32_t s = 0; s < tenant->attachments[a].n_subscribers; s++)
			if (cgn_prefix_has(tenant->attachments[a].subscribers[s].prefix, addr))
				return true;
	return false;
}

static bool
is_pool(const struct cgn_conf_tenant *tenant, uint32_t addr)
{
	for (uint32_t p = 0; p < tenant->n_pools; p++)
		if (cgn_prefix_has(tenant->pools[p].prefix, addr))
			return true;
	return false;
}

/* Reports the field when an earlier entry has the same address. */
static void
check_twice(struct cgn_validation *v, const uint32_t *field, const uint32_t *earlier)
{
	char where[CGN_WHERE_LEN];

	if (*field == *earlier && cgn_rule_may(v, earlier))
		cgn_rule_break(v, CGN_RULE_OWN_ADDRESS_TWICE, field,
			"stands at %s too; remove one of the entries",
			cgn_rule_where(v, earlier, where));
}

void
cgn_validate_own(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	char text[CGN_IP4_STRLEN];

	for (uint32_t i = 0; i < tenant->n_addresses; i++) {
		const struct cgn_conf_own_address *own = &tenant->addresses[i];
		bool inside = cgn_rule_may(v, &own->inside),
		     outside = cgn_rule_may(v, &own->outside);

		if (inside && !is_assigned(tenant, own->inside))
			cgn_rule_break(v, CGN_RULE_OWN_ADDRESS_INSIDE, &own->inside,
				"%s is in no subscriber prefix of the tenant; write an assigned "
				"address",
				cgn_ip4_str(own->inside, text));
		if (outside && !is_pool(tenant, own->outside))
			cgn_rule_break(v, CGN_RULE_OWN_ADDRESS_POOL, &own->outside,
				"%s is in no pool of the tenant; write one of its pool addresses, "
				"or add it to pool",
				cgn_ip4_str(own->outside, text));
		for (uint32_t k = 0; k < i; k++) {
			if (inside)
				check_twice(v, &own->inside, &tenant->addresses[k].inside);
			if (outside)
				check_twice(v, &own->outside, &tenant->addresses[k].outside);
		}
	}
}
