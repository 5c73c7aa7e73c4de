/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules of listed subscribers. There may be a million of them: everything is found by sorting, and
 * their values have no marks, so that messages tell the place of the whole entry. Called by
 * validate_tenants.c on the main thread.
 */
#include "validate.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

/* A subscriber prefix of the tenant, and the link it is on. */
struct span {
	const struct cgn_conf_subscribers *subscribers;
	uint32_t mask;          /* of one subscriber; 32 also when it was no number */
	struct cgn_prefix link; /* len 0: was none */
};

struct spans {
	struct span *spans; /* by address */
	uint32_t n;
};

struct listed_check {
	struct cgn_validation *v;
	const struct cgn_conf_tenant *tenant;
	struct spans spans;
};

static int
compare_spans(const void *a, const void *b)
{
	uint32_t x = ((const struct span *)a)->subscribers->prefix.addr;
	uint32_t y = ((const struct span *)b)->subscribers->prefix.addr;

	return x < y ? -1 : x > y;
}

static struct span
make_span(const struct cgn_validation *v, const struct cgn_conf_attachment *attachment,
	const struct cgn_conf_subscribers *subscribers)
{
	struct span span = {.subscribers = subscribers, .mask = 32};

	if (cgn_rule_may(v, &subscribers->subscriber_mask))
		span.mask = subscribers->subscriber_mask;
	if (cgn_rule_may(v, &attachment->address))
		span.link = attachment->address;
	return span;
}

static bool
take_spans(struct listed_check *c)
{
	const struct cgn_conf_tenant *t = c->tenant;
	uint32_t n = 0;

	for (uint32_t a = 0; a < t->n_attachments; a++)
		n += t->attachments[a].n_subscribers;
	c->spans.spans = calloc((size_t)n + 1, sizeof(*c->spans.spans));
	if (c->spans.spans == NULL)
		return false;
	for (uint32_t a = 0; a < t->n_attachments; a++)
		for (uint32_t s = 0; s < t->attachments[a].n_subscribers; s++)
			c->spans.spans[c->spans.n++] = make_span(
				c->v, &t->attachments[a], &t->attachments[a].subscribers[s]);
	if (c->spans.n > 1)
		qsort(c->spans.spans, c->spans.n, sizeof(*c->spans.spans), compare_spans);
	return true;
}

/* The prefix of the tenant that an address is in, or NULL. Prefixes do not overlap. */
static const struct span *
find_span(const struct spans *spans, uint32_t addr)
{
	const struct span *base = spans->spans;

	if (spans->n == 0)
		return NULL;
	for (uint32_t n = spans->n; n > 1; n -= n / 2)
		if (base[n / 2].subscribers->prefix.addr <= addr)
			base += n / 2;
	return cgn_prefix_has(base->subscribers->prefix, addr) ? base : NULL;
}

/* The address by which the subscriber is known, whichever of its addresses is meant. */
static uint32_t
group_of(const struct listed_check *c, uint32_t addr)
{
	const struct span *span = find_span(&c->spans, addr);
	uint32_t mask = span != NULL ? span->mask : 32;

	return addr & ~(uint32_t)(UINT64_C(0xffffffff) >> mask);
}

/* Reports entry i; name: of its key. */
static void
break_at(const struct listed_check *c, enum cgn_rule rule, uint32_t i, const char *name,
	const struct cgn_errmsg *msg)
{
	cgn_report_rule(c->v->report, rule, c->tenant->listed[i].pos, "subscribers[%u].%s: %s", i,
		name, msg->text);
}

/* Not so of an address of the box or of nobody. */
static bool
is_assigned(const struct span *span, uint32_t addr)
{
	struct cgn_prefix link = span->link;

	if (span->mask != 32 || link.len == 0 || !cgn_prefix_has(link, addr))
		return true;
	return addr != link.addr && addr != cgn_prefix_first(link) && addr != cgn_prefix_last(link);
}

static void
check_address(const struct listed_check *c, uint32_t i)
{
	uint32_t addr = c->tenant->listed[i].addr;
	const struct span *span = find_span(&c->spans, addr);
	char text[CGN_IP4_STRLEN];
	struct cgn_errmsg msg;

	if (addr == 0) /* was no address */
		return;
	if (span == NULL)
		cgn_errmsg_set(&msg,
			"%s is in no subscriber prefix of the tenant; write an assigned address, "
			"or "
			"add its prefix to an attachment",
			cgn_ip4_str(addr, text));
	else if (!is_assigned(span, addr))
		cgn_errmsg_set(&msg,
			"%s is the service address or an edge of its link, not a subscriber's; "
			"write an assigned address",
			cgn_ip4_str(addr, text));
	else
		return;
	break_at(c, CGN_RULE_LISTED_ADDRESS, i, "address", &msg);
}

static void
check_class(const struct listed_check *c, uint32_t i)
{
	const char *name = c->tenant->listed[i].class_name, *near;
	struct cgn_errmsg msg;

	if (name[0] == '\0' || cgn_conf_class_find(c->tenant, name) != CGN_NONE)
		return;
	near = cgn_class_nearest(c->tenant, name);
	if (near != NULL)
		cgn_errmsg_set(&msg, "no class is called '%s'; did you mean %s?", name, near);
	else
		cgn_errmsg_set(&msg,
			"no class is called '%s'; write a name that stands under classes, or add "
			"the class there",
			name);
	break_at(c, CGN_RULE_CLASS_UNKNOWN, i, "class", &msg);
}

static void
check_quota(const struct listed_check *c, uint32_t i)
{
	const struct cgn_conf_limits *limits = &c->tenant->listed[i].limits;
	struct cgn_limit_fault faults[CGN_LIMIT_FAULTS];
	uint32_t n = cgn_limits_check(c->v, c->tenant, limits, faults);

	for (uint32_t f = 0; f < n; f++)
		break_at(c, faults[f].rule, i,
			faults[f].limit == &limits->mappings ? "quota.mappings"
							     : "quota.max_blocks",
			&faults[f].msg);
}

/* What of an entry must not be in another one. */
struct unique {
	uint32_t group;
	uint32_t i;
	const char *id;
};

static int
compare_groups(const void *a, const void *b)
{
	const struct unique *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct unique *x = a, *y = b;
	int by_id = strcmp(x->id, y->id);

	if (by_id != 0)
		return by_id;
	return x->i < y->i ? -1 : x->i > y->i;
}

static bool
is_sorted(const struct unique *u, uint32_t n, int (*compare)(const void *, const void *))
{
	for (uint32_t k = 1; k < n; k++)
		if (compare(&u[k - 1], &u[k]) > 0)
			return false;
	return true;
}

static void
report_twice(const struct listed_check *c, enum cgn_rule rule, uint32_t i, uint32_t first)
{
	const struct cgn_conf_listed *entry = &c->tenant->listed[i];
	const struct cgn_conf_pos *pos = &c->tenant->listed[first].pos;
	char text[CGN_IP4_STRLEN];
	struct cgn_errmsg msg;

	if (rule == CGN_RULE_LISTED_TWICE)
		cgn_errmsg_set(&msg,
			"%s is of the subscriber that is listed at %u:%u already; "
			"remove one of the entries",
			cgn_ip4_str(entry->addr, text), pos->line, pos->col);
	else
		cgn_errmsg_set(&msg,
			"%s stands at %u:%u already; give each subscriber an id of "
			"its own",
			entry->id, pos->line, pos->col);
	break_at(c, rule, i, rule == CGN_RULE_LISTED_TWICE ? "address" : "id", &msg);
}

static void
check_unique(const struct listed_check *c, struct unique *u)
{
	const struct cgn_conf_tenant *t = c->tenant;
	uint32_t n = t->n_listed, first = 0;

	for (uint32_t i = 0; i < n; i++)
		u[i] = (struct unique){group_of(c, t->listed[i].addr), i, t->listed[i].id};
	if (!is_sorted(u, n, compare_groups)) /* as lists mostly are */
		qsort(u, n, sizeof(*u), compare_groups);
	for (uint32_t k = 1; k < n; k++) {
		if (u[k].group != u[first].group)
			first = k;
		else if (t->listed[u[k].i].addr != 0 && t->listed[u[first].i].addr != 0)
			report_twice(c, CGN_RULE_LISTED_TWICE, u[k].i, u[first].i);
	}
	if (!is_sorted(u, n, compare_ids))
		qsort(u, n, sizeof(*u), compare_ids);
	first = 0;
	for (uint32_t k = 1; k < n; k++) {
		if (strcmp(u[k].id, u[first].id) != 0)
			first = k;
		else if (u[k].id[0] != '\0')
			report_twice(c, CGN_RULE_LISTED_ID_TWICE, u[k].i, u[first].i);
	}
}

void
cgn_validate_listed(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	struct listed_check c = {.v = v, .tenant = tenant};
	struct unique *unique;

	if (tenant->n_listed == 0)
		return;
	unique = calloc(tenant->n_listed, sizeof(*unique));
	if (!take_spans(&c) || unique == NULL) {
		v->report->out_of_memory = true;
	} else {
		for (uint32_t i = 0; i < tenant->n_listed; i++) {
			check_address(&c, i);
			check_class(&c, i);
			check_quota(&c, i);
		}
		check_unique(&c, unique);
	}
	free(c.spans.spans);
	free(unique);
}
