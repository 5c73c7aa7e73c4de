/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of nat.bypass. Called by validate.c on the main thread. */
#include "err.h"
#include "validate.h"

/* As never_dst of directory_maps.c, and what no router forwards (RFC 3927 section 7). */
static const struct cgn_prefix never[] = {
	{0x00000000, 8}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xe0000000, 3}, {0x64400000, 10}};

static void
check_never(struct cgn_validation *v, const struct cgn_prefix *bypass)
{
	char a[CGN_PREFIX_STRLEN], b[CGN_PREFIX_STRLEN];

	for (uint32_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (cgn_prefix_overlaps(*bypass, never[i])) {
			cgn_rule_break(v, CGN_RULE_BYPASS_RESERVED, bypass,
				"%s overlaps %s, which is never forwarded; write addresses that "
				"hosts outside have",
				cgn_prefix_str(*bypass, a), cgn_prefix_str(never[i], b));
			return;
		}
}

/* True, and reported, when the destination shares addresses with the field. */
static bool
check_apart(struct cgn_validation *v, enum cgn_rule rule, const struct cgn_prefix *bypass,
	const struct cgn_prefix *other, const char *advice)
{
	char a[CGN_PREFIX_STRLEN], where[CGN_WHERE_LEN];

	if (!cgn_rule_may(v, other) || !cgn_prefix_overlaps(*bypass, *other))
		return false;
	cgn_rule_break(v, rule, bypass, "%s shares addresses with the prefix at %s; %s",
		cgn_prefix_str(*bypass, a), cgn_rule_where(v, other, where), advice);
	return true;
}

static bool
check_inside(struct cgn_validation *v, const struct cgn_prefix *bypass,
	const struct cgn_conf_attachment *a)
{
	static const char advice[] = "leave inside addresses out: nobody outside may have them";

	if (check_apart(v, CGN_RULE_BYPASS_INSIDE, bypass, &a->address, advice))
		return true;
	for (uint32_t k = 0; k < a->n_subscribers; k++)
		if (check_apart(
			    v, CGN_RULE_BYPASS_INSIDE, bypass, &a->subscribers[k].prefix, advice))
			return true;
	return false;
}

/* One message about each side is enough. */
static void
check_sides(struct cgn_validation *v, const struct cgn_prefix *bypass)
{
	const struct cgn_conf *conf = v->conf;
	bool is_inside = false, is_pool = false;

	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		const struct cgn_conf_tenant *tenant = &conf->tenants[t];

		for (uint32_t a = 0; a < tenant->n_attachments && !is_inside; a++)
			is_inside = check_inside(v, bypass, &tenant->attachments[a]);
		for (uint32_t p = 0; p < tenant->n_pools && !is_pool; p++)
			is_pool = check_apart(v, CGN_RULE_BYPASS_POOL, bypass,
				&tenant->pools[p].prefix,
				"subscribers reach each other there by hairpin: leave it out");
	}
}

/* An inside prefix of b that shares addresses with one of a's, or NULL. */
static const struct cgn_prefix *
find_shared_inside(const struct cgn_validation *v, const struct cgn_conf_attachment *a,
	const struct cgn_conf_tenant *b)
{
	for (uint32_t k = 0; k < a->n_subscribers; k++)
		for (uint32_t i = 0; i < b->n_attachments; i++)
			for (uint32_t n = 0; n < b->attachments[i].n_subscribers; n++) {
				const struct cgn_prefix
					*x = &a->subscribers[k].prefix,
					*y = &b->attachments[i].subscribers[n].prefix;

				if (cgn_rule_may(v, x) && cgn_rule_may(v, y) &&
					cgn_prefix_overlaps(*x, *y))
					return y;
			}
	return NULL;
}

/* A destination of a that is, at least in part, one of b too; or NULL. */
static const struct cgn_prefix *
find_shared_bypass(const struct cgn_validation *v, const struct cgn_conf_tenant *a,
	const struct cgn_conf_tenant *b)
{
	for (uint32_t i = 0; i < a->nat.n_bypasses; i++)
		for (uint32_t k = 0; k < b->nat.n_bypasses; k++) {
			const struct cgn_prefix *x = &a->nat.bypasses[i].prefix;
			const struct cgn_prefix *y = &b->nat.bypasses[k].prefix;

			if (cgn_rule_may(v, x) && cgn_rule_may(v, y) && cgn_prefix_overlaps(*x, *y))
				return x;
		}
	return NULL;
}

static void
check_ambiguous(struct cgn_validation *v, const struct cgn_conf_tenant *tenant,
	const struct cgn_conf_tenant *before)
{
	const struct cgn_prefix *bypass = find_shared_bypass(v, tenant, before), *inside = NULL;
	char text[CGN_PREFIX_STRLEN], where[CGN_WHERE_LEN];

	for (uint32_t a = 0; a < tenant->n_attachments && bypass != NULL && inside == NULL; a++)
		inside = find_shared_inside(v, &tenant->attachments[a], before);
	if (inside != NULL)
		cgn_rule_break(v, CGN_RULE_BYPASS_AMBIGUOUS, bypass,
			"%s is a destination of tenant %s too, which shares inside addresses at "
			"%s; give the tenants other inside addresses, or translate for one of them",
			cgn_prefix_str(*bypass, text), before->name,
			cgn_rule_where(v, inside, where));
}

void
cgn_validate_bypass(struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;

	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		const struct cgn_conf_tenant *tenant = &conf->tenants[t];

		for (uint32_t i = 0; i < tenant->nat.n_bypasses; i++) {
			const struct cgn_prefix *bypass = &tenant->nat.bypasses[i].prefix;

			if (!cgn_rule_may(v, bypass))
				continue;
			check_never(v, bypass);
			check_sides(v, bypass);
		}
		for (uint32_t k = 0; k < t && tenant->nat.n_bypasses > 0; k++)
			check_ambiguous(v, tenant, &conf->tenants[k]);
	}
}
