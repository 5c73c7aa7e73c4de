/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of static_addresses. Called by validate.c on the main thread. */
#include "validate.h"

/* The subscriber prefix that an address is of, or NULL. */
static const struct cgn_conf_subscribers *
subscribers_of(const struct cgn_conf_tenant *tenant, uint32_t addr)
{
	for (uint32_t a = 0; a < tenant->n_attachments; a++)
		for (uint32_t s = 0; s < tenant->attachments[a].n_subscribers; s++)
			if (cgn_prefix_has(tenant->attachments[a].subscribers[s].prefix, addr))
				return &tenant->attachments[a].subscribers[s];
	return NULL;
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

/* All ports of the outside address are for one inside address, so that no other can share it. */
static void
check_inside(struct cgn_validation *v, const struct cgn_conf_tenant *tenant, const uint32_t *inside)
{
	const struct cgn_conf_subscribers *s = subscribers_of(tenant, *inside);
	char text[CGN_IP4_STRLEN], where[CGN_WHERE_LEN];

	if (s == NULL)
		cgn_rule_break(v, CGN_RULE_OWN_ADDRESS_INSIDE, inside,
			"%s is in no subscriber prefix of the tenant; write an assigned address",
			cgn_ip4_str(*inside, text));
	else if (s->subscriber_mask != 32 && cgn_rule_may(v, &s->subscriber_mask))
		cgn_rule_break(v, CGN_RULE_OWN_ADDRESS_MASK, inside,
			"%s is one of several addresses of its subscriber (%s); give it a prefix "
			"of its own without subscriber_mask",
			cgn_ip4_str(*inside, text), cgn_rule_where(v, &s->subscriber_mask, where));
}

void
cgn_validate_own(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	char text[CGN_IP4_STRLEN];

	for (uint32_t i = 0; i < tenant->n_addresses; i++) {
		const struct cgn_conf_own_address *own = &tenant->addresses[i];
		bool inside = cgn_rule_may(v, &own->inside),
		     outside = cgn_rule_may(v, &own->outside);

		if (inside)
			check_inside(v, tenant, &own->inside);
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
