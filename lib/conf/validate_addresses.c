/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that keep inside and outside apart: which prefixes may overlap, and which addresses may be
 * a pool or a subscriber. They close the ways in which a configuration could let a mapping point to
 * the wrong side. Why a subscriber prefix may equal a remote one but not a pool or an uplink's:
 * docs/decisions/0003-inside-outside-overlap.md. Called by validate.c on the main thread.
 */
#include "err.h"
#include "spans.h"
#include "validate.h"

/* Prefixes that never are public; those with no_host are no subscriber's either. */
static const struct {
	struct cgn_prefix prefix;
	const char *name;
	bool no_host;
} reserved[] = {
	{{0x00000000, 8}, "this network (RFC 1122 3.2.1.3)", true},
	{{0x0a000000, 8}, "private (RFC 1918)", false},
	{{0x64400000, 10}, "shared address space (RFC 6598)", false},
	{{0x7f000000, 8}, "loopback (RFC 1122 3.2.1.3)", true},
	{{0xa9fe0000, 16}, "link-local (RFC 3927)", false},
	{{0xac100000, 12}, "private (RFC 1918)", false},
	{{0xc0000000, 24}, "for protocols (RFC 6890)", false},
	{{0xc0a80000, 16}, "private (RFC 1918)", false},
	{{0xe0000000, 4}, "multicast (RFC 5771)", true},
	{{0xf0000000, 4}, "reserved (RFC 1112 section 4)", true},
};

/* What an overlap breaks, in words: "verb ADDRESSES what WHERE; advice". */
struct check {
	struct cgn_validation *v;
	enum cgn_rule rule;
	const char *verb, *what, *advice;
};

static void
report_overlap(void *arg, const struct cgn_span *subject, const struct cgn_span *other)
{
	const struct check *c = arg;
	char where[CGN_WHERE_LEN], a[CGN_IP4_STRLEN], b[CGN_IP4_STRLEN];
	uint32_t first = subject->first > other->first ? subject->first : other->first;
	uint32_t last = subject->last < other->last ? subject->last : other->last;

	cgn_rule_break(c->v, c->rule, subject->field, "%s %s%s%s%s %s; %s", c->verb,
		cgn_ip4_str(first, a), first == last ? "" : "-",
		first == last ? "" : cgn_ip4_str(last, b), c->what,
		cgn_rule_where(c->v, other->field, where), c->advice);
}

static void
check_reserved(struct cgn_validation *v, const struct cgn_prefix *prefix, bool is_pool)
{
	char text[CGN_PREFIX_STRLEN], other[CGN_PREFIX_STRLEN];

	if (!cgn_rule_may(v, prefix))
		return;
	for (uint32_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (!cgn_prefix_overlaps(*prefix, reserved[i].prefix) ||
			(!is_pool && !reserved[i].no_host))
			continue;
		cgn_rule_break(v, is_pool ? CGN_RULE_POOL_RESERVED : CGN_RULE_SUBSCRIBERS_RESERVED,
			prefix, "%s overlaps %s, %s; write %s", cgn_prefix_str(*prefix, text),
			cgn_prefix_str(reserved[i].prefix, other), reserved[i].name,
			is_pool ? "public addresses that are routed to this box"
				: "unicast addresses");
		return;
	}
}

static void
add_pools(struct cgn_spans *spans, const struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		for (uint32_t i = 0; i < conf->tenants[t].n_pools; i++) {
			const struct cgn_prefix *p = &conf->tenants[t].pools[i].prefix;

			if (cgn_rule_may(v, p))
				cgn_spans_add(spans, *p, CGN_SIDE_SUBJECT, p);
		}
}

static void
add_subscribers(struct cgn_spans *spans, const struct cgn_validation *v,
	const struct cgn_conf_tenant *tenant, enum cgn_side side)
{
	for (uint32_t i = 0; i < tenant->n_attachments; i++)
		for (uint32_t k = 0; k < tenant->attachments[i].n_subscribers; k++) {
			const struct cgn_prefix *p = &tenant->attachments[i].subscribers[k].prefix;

			if (cgn_rule_may(v, p))
				cgn_spans_add(spans, *p, side, p);
		}
}

static void
add_inside_links(struct cgn_spans *spans, const struct cgn_validation *v,
	const struct cgn_conf_tenant *tenant, enum cgn_side side)
{
	for (uint32_t i = 0; i < tenant->n_attachments; i++) {
		const struct cgn_prefix *p = &tenant->attachments[i].address;

		if (cgn_rule_may(v, p))
			cgn_spans_add(spans, *p, side, p);
	}
}

static void
add_address(
	struct cgn_spans *spans, const struct cgn_validation *v, const void *field, uint32_t addr)
{
	struct cgn_prefix one = {.addr = addr, .len = 32};

	if (cgn_rule_may(v, field))
		cgn_spans_add(spans, one, CGN_SIDE_OTHER, field);
}

static void
check_pool_inside(struct cgn_validation *v, struct cgn_spans *spans)
{
	struct check c = {v, CGN_RULE_POOL_INSIDE, "shares", " with the inside prefix at",
		"an address is on one side only: change the pool, or the inside prefix"};

	cgn_spans_clear(spans);
	add_pools(spans, v);
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		add_subscribers(spans, v, &v->conf->tenants[t], CGN_SIDE_OTHER);
		add_inside_links(spans, v, &v->conf->tenants[t], CGN_SIDE_OTHER);
	}
	cgn_spans_find_between(spans, report_overlap, &c);
}

static void
check_pool_twice(struct cgn_validation *v, struct cgn_spans *spans)
{
	struct check c = {v, CGN_RULE_POOL_TWICE, "shares", " with the pool at",
		"an outside address belongs to one tenant, once: remove it from one pool"};

	cgn_spans_clear(spans);
	add_pools(spans, v);
	cgn_spans_find_within(spans, report_overlap, &c);
}

static void
check_pool_service(struct cgn_validation *v, struct cgn_spans *spans)
{
	struct check c = {v, CGN_RULE_POOL_HOLDS_SERVICE, "holds", ", the service address at",
		"what subscribers ask must not be what the Internet sees: change one of them"};

	cgn_spans_clear(spans);
	add_pools(spans, v);
	for (uint32_t t = 0; t < v->conf->n_tenants; t++)
		for (uint32_t i = 0; i < v->conf->tenants[t].n_attachments; i++) {
			const struct cgn_prefix *p = &v->conf->tenants[t].attachments[i].address;

			add_address(spans, v, p, p->addr);
		}
	cgn_spans_find_between(spans, report_overlap, &c);
}

static void
check_pool_uplink(struct cgn_validation *v, struct cgn_spans *spans)
{
	struct check c = {v, CGN_RULE_POOL_HOLDS_UPLINK, "holds",
		", our own address on the uplink at",
		"its ports are the box's own: leave it out of the pool"};

	cgn_spans_clear(spans);
	add_pools(spans, v);
	for (uint32_t i = 0; i < v->conf->n_uplinks; i++) {
		const struct cgn_prefix *p = &v->conf->uplinks[i].address;

		add_address(spans, v, p, p->addr);
	}
	cgn_spans_find_between(spans, report_overlap, &c);
}

static void
check_pool_edge(struct cgn_validation *v, struct cgn_spans *spans)
{
	struct check c = {v, CGN_RULE_POOL_HOLDS_EDGE, "holds",
		", the network or broadcast address of the uplink at",
		"no neighbour sends there: leave it out of the pool"};

	cgn_spans_clear(spans);
	add_pools(spans, v);
	for (uint32_t i = 0; i < v->conf->n_uplinks; i++) {
		const struct cgn_prefix *p = &v->conf->uplinks[i].address;

		if (p->len >= 31)
			continue; /* RFC 3021: both addresses are hosts */
		add_address(spans, v, p, cgn_prefix_first(*p));
		add_address(spans, v, p, cgn_prefix_last(*p));
	}
	cgn_spans_find_between(spans, report_overlap, &c);
}

static void
check_pool_via(struct cgn_validation *v, struct cgn_spans *spans)
{
	const struct cgn_conf *conf = v->conf;
	struct check c = {v, CGN_RULE_POOL_HOLDS_VIA, "holds", ", the next hop at",
		"it belongs to a router: leave it out of the pool"};

	cgn_spans_clear(spans);
	add_pools(spans, v);
	for (uint32_t i = 0; i < conf->n_routes; i++)
		add_address(spans, v, &conf->routes[i].via, conf->routes[i].via);
	for (uint32_t t = 0; t < conf->n_tenants; t++)
		for (uint32_t i = 0; i < conf->tenants[t].n_routes; i++)
			add_address(spans, v, &conf->tenants[t].routes[i].via,
				conf->tenants[t].routes[i].via);
	cgn_spans_find_between(spans, report_overlap, &c);
}

static void
check_uplinks(struct cgn_validation *v, struct cgn_spans *spans)
{
	const struct cgn_conf *conf = v->conf;
	struct check within = {v, CGN_RULE_UPLINKS_OVERLAP, "shares", " with the on-link prefix at",
		"a next hop is on one link: correct one prefix length or address"};
	struct check between = {v, CGN_RULE_INSIDE_ON_UPLINK, "shares",
		" with the on-link prefix of the uplink at",
		"an address is on one side only: change the inside prefix, or the uplink's"};

	cgn_spans_clear(spans);
	for (uint32_t i = 0; i < conf->n_uplinks; i++)
		if (cgn_rule_may(v, &conf->uplinks[i].address))
			cgn_spans_add(spans, conf->uplinks[i].address, CGN_SIDE_OTHER,
				&conf->uplinks[i].address);
	cgn_spans_find_within(spans, report_overlap, &within);
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		add_subscribers(spans, v, &conf->tenants[t], CGN_SIDE_SUBJECT);
		add_inside_links(spans, v, &conf->tenants[t], CGN_SIDE_SUBJECT);
	}
	cgn_spans_find_between(spans, report_overlap, &between);
}

static void
check_tenant_overlaps(
	struct cgn_validation *v, struct cgn_spans *spans, const struct cgn_conf_tenant *tenant)
{
	struct check subscribers = {v, CGN_RULE_SUBSCRIBERS_OVERLAP, "shares",
		" with the subscriber prefix at",
		"an address is one subscriber of its tenant: remove it from one prefix"};
	struct check links = {v, CGN_RULE_ATTACHMENTS_OVERLAP, "shares",
		" with the on-link prefix at",
		"an address is on one link of its tenant: change one of the prefixes"};

	cgn_spans_clear(spans);
	add_subscribers(spans, v, tenant, CGN_SIDE_SUBJECT);
	cgn_spans_find_within(spans, report_overlap, &subscribers);
	cgn_spans_clear(spans);
	add_inside_links(spans, v, tenant, CGN_SIDE_SUBJECT);
	cgn_spans_find_within(spans, report_overlap, &links);
}

static void
check_subscribers(struct cgn_validation *v, const struct cgn_conf_attachment *a,
	const struct cgn_conf_subscribers *s)
{
	char prefix[CGN_PREFIX_STRLEN], link[CGN_PREFIX_STRLEN], where[CGN_WHERE_LEN];

	check_reserved(v, &s->prefix, false);
	if (cgn_rule_may(v, &s->prefix) && cgn_rule_may(v, &s->subscriber_mask) &&
		s->subscriber_mask < s->prefix.len)
		cgn_rule_break(v, CGN_RULE_SUBSCRIBER_MASK, &s->subscriber_mask,
			"%u bits make subscribers larger than the prefix %s; write %u or more",
			s->subscriber_mask, cgn_prefix_str(s->prefix, prefix), s->prefix.len);
	if (!cgn_rule_may(v, &s->prefix) || !cgn_rule_may(v, &a->address) ||
		!cgn_rule_may(v, &s->via))
		return;
	cgn_prefix_str(s->prefix, prefix);
	cgn_rule_where(v, &a->address, where);
	if (s->via == 0 &&
		(s->prefix.len < a->address.len || !cgn_prefix_has(a->address, s->prefix.addr)))
		cgn_rule_break(v, CGN_RULE_SUBSCRIBERS_OFF_LINK, &s->prefix,
			"%s is not inside the link %s (%s); name the router it is behind with via, "
			"or "
			"correct the prefix",
			prefix, cgn_prefix_str(a->address, link), where);
	else if (s->via != 0 && cgn_prefix_has(s->prefix, s->via))
		cgn_rule_break(v, CGN_RULE_ROUTED_HOLDS_LINK, &s->prefix,
			"%s holds its own router; leave the router's address out of the routed "
			"prefix",
			prefix);
	else if (s->via != 0 && cgn_prefix_has(s->prefix, a->address.addr))
		cgn_rule_break(v, CGN_RULE_ROUTED_HOLDS_LINK, &s->prefix,
			"%s holds the service address (%s), which is on the link; make the routed "
			"prefix longer",
			prefix, where);
}

static void
check_tenant(struct cgn_validation *v, const struct cgn_conf_tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->n_pools; i++)
		check_reserved(v, &tenant->pools[i].prefix, true);
	for (uint32_t i = 0; i < tenant->n_attachments; i++)
		for (uint32_t k = 0; k < tenant->attachments[i].n_subscribers; k++)
			check_subscribers(
				v, &tenant->attachments[i], &tenant->attachments[i].subscribers[k]);
}

void
cgn_validate_addresses(struct cgn_validation *v)
{
	struct cgn_spans spans = {0};

	check_pool_inside(v, &spans);
	check_pool_twice(v, &spans);
	check_pool_service(v, &spans);
	check_pool_uplink(v, &spans);
	check_pool_edge(v, &spans);
	check_pool_via(v, &spans);
	check_uplinks(v, &spans);
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		check_tenant(v, &v->conf->tenants[t]);
		check_tenant_overlaps(v, &spans, &v->conf->tenants[t]);
	}
	if (spans.out_of_memory)
		v->report->out_of_memory = true;
	cgn_spans_fini(&spans);
}
