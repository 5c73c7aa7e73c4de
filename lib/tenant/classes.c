/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classes: numbers that stay over a reload by name, limits with everything filled in, and a word
 * for each assigned address that says which class it has. Called by directory.c on the main thread.
 */
#include "classes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
or_else(uint32_t limit, uint32_t value)
{
	return limit != CGN_LIMIT_UNSET ? limit : value;
}

struct cgn_class
cgn_class_make(const char *name, const struct cgn_conf_limits *l, const struct cgn_class *base)
{
	struct cgn_class c = *base;

	c.name = name;
	c.quota.mappings = or_else(l->mappings, base->quota.mappings);
	c.quota.tcp = or_else(l->tcp, base->quota.tcp);
	c.quota.udp = or_else(l->udp, base->quota.udp);
	c.quota.icmp = or_else(l->icmp, base->quota.icmp);
	c.quota.explicit_mappings = or_else(l->explicit_mappings, base->quota.explicit_mappings);
	c.quota.new_per_s = or_else(l->new_per_s, base->quota.new_per_s);
	c.quota.burst = or_else(l->burst, base->quota.burst);
	c.quota.fragments = (uint16_t)or_else(l->fragments, base->quota.fragments);
	c.max_blocks = or_else(l->max_blocks, base->max_blocks);
	c.new_rate = cgn_rate_make(c.quota.new_per_s, c.quota.burst);
	return c;
}

static struct cgn_class
class_of_all(const struct cgn_conf_tenant *conf)
{
	return (struct cgn_class){.name = "",
		.quota = conf->quota.subscriber,
		.max_blocks = conf->ports.max_blocks,
		.new_rate = cgn_rate_make(
			conf->quota.subscriber.new_per_s, conf->quota.subscriber.burst)};
}

/* Of an earlier directory, by the name; or one that neither it nor this one has in use. */
static uint32_t
number_of(const struct cgn_tenant *tenant, const struct cgn_tenant *was, const char *name)
{
	uint32_t n = was != NULL ? cgn_tenant_class_find(was, name) : CGN_NONE;

	if (n != CGN_NONE)
		return n;
	n = 1;
	while ((n < tenant->n_classes && tenant->classes[n].name != NULL) ||
		(was != NULL && n < was->n_classes && was->classes[n].name != NULL))
		n++;
	return n;
}

static int
number_classes(struct cgn_tenant *tenant, const struct cgn_tenant *was)
{
	const struct cgn_conf_tenant *conf = tenant->conf;
	/* The least number that is free is never above those in use, of before and of now. */
	uint32_t n_alloc = 1 + conf->n_classes + (was != NULL ? was->n_classes : 0);

	tenant->classes = calloc(n_alloc, sizeof(*tenant->classes));
	if (tenant->classes == NULL)
		return -ENOMEM;
	tenant->classes[0] = class_of_all(conf);
	tenant->n_classes = 1;
	for (uint32_t i = 0; i < conf->n_classes; i++) {
		const struct cgn_conf_class *c = &conf->classes[i];
		uint32_t n = number_of(tenant, was, c->name);

		static_assert(2 * CGN_MAX_CLASSES + 1 <= CGN_CLASS_NUMBERS, "there is one");
		tenant->classes[n] = cgn_class_make(c->name, &c->limits, &tenant->classes[0]);
		tenant->n_classes = n < tenant->n_classes ? tenant->n_classes : n + 1;
	}
	return 0;
}

int
cgn_directory_classes_build(struct cgn_directory *dir, const struct cgn_directory *old)
{
	int rc = 0;

	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t))
			rc = number_classes(&dir->tenants[t],
				old != NULL && cgn_directory_tenant_live(old, t) ? &old->tenants[t]
										 : NULL);
	return rc;
}

/* All numbers of a prefix that are assigned. */
static void
set_kind(struct cgn_directory *dir, uint32_t t, struct cgn_prefix prefix, uint16_t kind)
{
	const struct cgn_range_map *map = &dir->tenants[t].subscribers;
	uint32_t last = cgn_prefix_last(prefix), end;

	for (uint64_t at = cgn_prefix_first(prefix); at <= last; at = (uint64_t)end + 1) {
		const struct cgn_range *range;

		end = cgn_range_piece(map, (uint32_t)at, last, &range);
		for (uint64_t a = at; range != NULL && a <= end; a++)
			dir->inside_kinds[range->value + ((uint32_t)a - range->origin)] = kind;
	}
}

static void
set_prefixes(struct cgn_directory *dir, uint32_t t)
{
	const struct cgn_tenant *tenant = &dir->tenants[t];

	for (uint32_t a = 0; a < tenant->conf->n_attachments; a++)
		for (uint32_t s = 0; s < tenant->conf->attachments[a].n_subscribers; s++) {
			const struct cgn_conf_subscribers *c =
				&tenant->conf->attachments[a].subscribers[s];
			uint32_t kind = cgn_tenant_class_find(tenant, c->class_name);

			if (c->sessions)
				kind |= CGN_KIND_SESSIONS;
			if (kind != 0)
				set_kind(dir, t, c->prefix, (uint16_t)kind);
		}
}

/* Is any limit given? */
static bool
has_limits(const struct cgn_conf_limits *l)
{
	return l->mappings != CGN_LIMIT_UNSET || l->tcp != CGN_LIMIT_UNSET ||
		l->udp != CGN_LIMIT_UNSET || l->icmp != CGN_LIMIT_UNSET ||
		l->explicit_mappings != CGN_LIMIT_UNSET || l->new_per_s != CGN_LIMIT_UNSET ||
		l->burst != CGN_LIMIT_UNSET || l->max_blocks != CGN_LIMIT_UNSET;
}

/* One inside index of the subscriber that an entry of the list is about. */
static void
set_listed_at(
	struct cgn_directory *dir, const struct cgn_tenant *tenant, uint32_t i, uint32_t inside)
{
	const struct cgn_conf_listed *entry = &tenant->conf->listed[i];
	uint16_t *kind = &dir->inside_kinds[inside];

	dir->inside_listed[inside] = i + 1;
	if (entry->class_name[0] != '\0')
		*kind = (uint16_t)((*kind & ~CGN_KIND_CLASS) |
			cgn_tenant_class_find(tenant, entry->class_name));
	if (has_limits(&entry->limits))
		*kind |= CGN_KIND_OWN;
}

static void
set_listed(struct cgn_directory *dir, uint32_t t)
{
	const struct cgn_tenant *tenant = &dir->tenants[t];

	for (uint32_t i = 0; i < tenant->conf->n_listed; i++) {
		uint32_t inside = cgn_directory_inside_find(dir, t, tenant->conf->listed[i].addr);
		struct cgn_prefix all;

		if (inside == CGN_NONE)
			continue;
		all = cgn_directory_subscriber(dir, inside);
		for (uint64_t a = cgn_prefix_first(all); a <= cgn_prefix_last(all); a++) {
			inside = cgn_directory_inside_find(dir, t, (uint32_t)a);
			if (inside != CGN_NONE)
				set_listed_at(dir, tenant, i, inside);
		}
	}
}

static int
build_listed(struct cgn_directory *dir)
{
	uint64_t n = 0;

	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t))
			n += dir->tenants[t].conf->n_listed;
	if (n == 0)
		return 0;
	dir->inside_listed = calloc((size_t)dir->n_inside + 1, sizeof(*dir->inside_listed));
	if (dir->inside_listed == NULL)
		return -ENOMEM;
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t))
			set_listed(dir, t);
	return 0;
}

int
cgn_directory_kinds_build(struct cgn_directory *dir)
{
	dir->inside_kinds = calloc((size_t)dir->n_inside + 1, sizeof(*dir->inside_kinds));
	if (dir->inside_kinds == NULL)
		return -ENOMEM;
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (cgn_directory_tenant_live(dir, t))
			set_prefixes(dir, t);
	return build_listed(dir);
}

void
cgn_directory_classes_free(struct cgn_directory *dir)
{
	for (uint32_t t = 0; dir->tenants != NULL && t < dir->n_tenants; t++)
		free(dir->tenants[t].classes);
	free(dir->inside_kinds);
	free(dir->inside_listed);
}

uint32_t
cgn_tenant_class_find(const struct cgn_tenant *tenant, const char *name)
{
	for (uint32_t n = 0; n < tenant->n_classes; n++)
		if (tenant->classes[n].name != NULL && strcmp(tenant->classes[n].name, name) == 0)
			return n;
	return CGN_NONE;
}
