/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of classes and of who names them. Called by validate.c on the main thread. */
#include "validate.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "suggest.h"

static void
check_names(struct cgn_validation *v, const struct cgn_conf_tenant *t)
{
	struct cgn_named named[CGN_MAX_CLASSES];
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_classes; i++)
		if (cgn_rule_may(v, t->classes[i].name))
			named[n++] = (struct cgn_named){
				t->classes[i].name, t->classes[i].name, false};
	cgn_named_check(v, named, n, CGN_RULE_CLASS_TWICE, "rename one of them");
}

uint32_t
cgn_limits_check(const struct cgn_validation *v, const struct cgn_conf_tenant *t,
	const struct cgn_conf_limits *limits, struct cgn_limit_fault faults[CGN_LIMIT_FAULTS])
{
	const uint16_t *first = &t->ports.first, *last = &t->ports.last,
		       *block = &t->ports.block_size;
	uint32_t most = cgn_conf_mappings_max(&t->quota.tenant), n_blocks, n = 0;

	/* What was no number is 0 and breaks nothing. */
	if (limits->mappings != CGN_LIMIT_UNSET && most != 0 && limits->mappings > most) {
		faults[n] = (struct cgn_limit_fault){
			.rule = CGN_RULE_SUBSCRIBER_QUOTA, .limit = &limits->mappings};
		cgn_errmsg_set(&faults[n++].msg,
			"%u for one subscriber is more than the tenant's %u; lower it, or raise "
			"quota.mappings",
			limits->mappings, most);
	}
	if (limits->max_blocks == CGN_LIMIT_UNSET || !cgn_rule_may(v, first) ||
		!cgn_rule_may(v, last) || !cgn_rule_may(v, block) || *first >= *last)
		return n;
	n_blocks = ((uint32_t)*last - *first + *block) / *block; /* the last one may be partial */
	if (limits->max_blocks <= n_blocks)
		return n;
	faults[n] = (struct cgn_limit_fault){
		.rule = CGN_RULE_BLOCKS_RANGE, .limit = &limits->max_blocks};
	cgn_errmsg_set(&faults[n++].msg,
		"%u blocks of %u ports, but ports %u to %u of one address make %u; lower "
		"max_blocks or block_size",
		limits->max_blocks, *block, *first, *last, n_blocks);
	return n;
}

/* The same bounds as those of quota.subscriber and ports have. */
static void
check_limits(struct cgn_validation *v, const struct cgn_conf_tenant *t,
	const struct cgn_conf_limits *limits)
{
	struct cgn_limit_fault faults[CGN_LIMIT_FAULTS];
	uint32_t n = cgn_limits_check(v, t, limits, faults);

	for (uint32_t i = 0; i < n; i++)
		if (cgn_rule_may(v, faults[i].limit))
			cgn_rule_break(
				v, faults[i].rule, faults[i].limit, "%s", faults[i].msg.text);
}

const char *
cgn_class_nearest(const struct cgn_conf_tenant *t, const char *name)
{
	return cgn_name_nearest(name, (const char *)t->classes, sizeof(*t->classes), t->n_classes);
}

static void
check_reference(struct cgn_validation *v, const struct cgn_conf_tenant *t, const char *name)
{
	const char *near;

	if (name[0] == '\0' || !cgn_rule_may(v, name) || cgn_conf_class_find(t, name) != CGN_NONE)
		return;
	near = cgn_class_nearest(t, name);
	if (near != NULL)
		cgn_rule_break(v, CGN_RULE_CLASS_UNKNOWN, name,
			"no class is called '%s'; did you mean %s?", name, near);
	else
		cgn_rule_break(v, CGN_RULE_CLASS_UNKNOWN, name,
			"no class is called '%s'; write a name that stands under classes, or add "
			"the class there",
			name);
}

void
cgn_validate_classes(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	check_names(v, tenant);
	for (uint32_t i = 0; i < tenant->n_classes; i++)
		check_limits(v, tenant, &tenant->classes[i].limits);
	for (uint32_t a = 0; a < tenant->n_attachments; a++)
		for (uint32_t s = 0; s < tenant->attachments[a].n_subscribers; s++)
			check_reference(
				v, tenant, tenant->attachments[a].subscribers[s].class_name);
}
