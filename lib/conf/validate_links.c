/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules about uplinks, attachments and next hops: roles of ports, tags, our addresses on links,
 * routers on links that we have. Called by validate.c on the main thread.
 */
#include "validate.h"

#include <stdlib.h>

/* Who owns a port with given tags. */
struct owner {
	uint64_t tags; /* port, outer and inner VID */
	const void *field;
};

struct owners {
	struct owner *owners;
	uint32_t n;
};

static void
check_role(struct cgn_validation *v, const uint16_t *port, enum cgn_role role)
{
	const struct cgn_conf_port *p;
	char where[CGN_WHERE_LEN];

	if (!cgn_rule_may(v, port))
		return;
	p = &v->conf->ports[*port];
	if (!cgn_rule_may(v, &p->role) || p->role == role)
		return;
	if (role == CGN_ROLE_OUTSIDE)
		cgn_rule_break(v, CGN_RULE_UPLINK_ROLE, port,
			"port %s has role inside (%s), but an uplink leads outside; name an "
			"outside port",
			p->name, cgn_rule_where(v, &p->role, where));
	else
		cgn_rule_break(v, CGN_RULE_ATTACHMENT_ROLE, port,
			"port %s has role outside (%s), but subscribers are inside; name an inside "
			"port",
			p->name, cgn_rule_where(v, &p->role, where));
}

/* Addresses that no host has (RFC 1122 3.2.1.3, RFC 5771, RFC 1112 section 4). */
static bool
is_never_host(uint32_t addr)
{
	return addr >> 24 == 0 || addr >> 24 == 127 || addr >> 28 >= 14;
}

/* First or last address of a link; /31 has neither (RFC 3021). */
static bool
is_edge(struct cgn_prefix link, uint32_t addr)
{
	return link.len < 31 && (addr == cgn_prefix_first(link) || addr == cgn_prefix_last(link));
}

static void
check_address(struct cgn_validation *v, const struct cgn_prefix *address)
{
	char text[CGN_PREFIX_STRLEN];

	if (!cgn_rule_may(v, address))
		return;
	if (is_never_host(address->addr))
		cgn_rule_break(v, CGN_RULE_HOST_ADDRESS, address,
			"%s is not an address that a host can have; write a unicast address",
			cgn_prefix_str(*address, text));
	else if (is_edge(*address, address->addr))
		cgn_rule_break(v, CGN_RULE_HOST_ADDRESS, address,
			"%s is the %s address of its own prefix; write the address of the box in "
			"it",
			cgn_prefix_str(*address, text),
			address->addr == cgn_prefix_first(*address) ? "network" : "broadcast");
}

static void
take_owner(struct owners *o, const struct cgn_validation *v, uint16_t port,
	const struct cgn_conf_tags *tags, const struct cgn_conf_pos *item)
{
	if (cgn_rule_may(v, &tags->outer) && cgn_rule_may(v, &tags->inner))
		o->owners[o->n++] = (struct owner){.tags = (uint64_t)port << 32 |
				(uint32_t)tags->outer << 16 | tags->inner, /* 0: no tag */
			.field = item};
}

static void
take_owners(struct owners *o, const struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;

	for (uint32_t i = 0; i < conf->n_uplinks; i++) {
		const struct cgn_conf_uplink *u = &conf->uplinks[i];

		if (cgn_rule_may(v, &u->port))
			take_owner(o, v, u->port, &u->tags, &u->pos);
	}
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		for (uint32_t i = 0; i < conf->tenants[t].n_attachments; i++) {
			const struct cgn_conf_attachment *a = &conf->tenants[t].attachments[i];

			if (cgn_rule_may(v, &a->port))
				take_owner(o, v, a->port, &a->tags, &a->pos);
		}
	}
}

static int
compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	const struct cgn_conf_pos *p = x->field, *q = y->field;

	if (x->tags != y->tags)
		return x->tags < y->tags ? -1 : 1;
	if (p->file != q->file)
		return p->file < q->file ? -1 : 1;
	return p->line != q->line ? (p->line < q->line ? -1 : 1) : (p->col < q->col ? -1 : 1);
}

static void
check_tags(struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;
	struct owners o = {.n = conf->n_uplinks};
	char where[CGN_WHERE_LEN];

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		o.n += conf->tenants[t].n_attachments;
	o.owners = calloc(o.n + 1, sizeof(*o.owners));
	if (o.owners == NULL) {
		v->report->out_of_memory = true;
		return;
	}
	o.n = 0;
	take_owners(&o, v);
	qsort(o.owners, o.n, sizeof(*o.owners), compare_owners);
	for (uint32_t i = 1; i < o.n; i++)
		if (o.owners[i].tags == o.owners[i - 1].tags)
			cgn_rule_break(v, CGN_RULE_TAGS_TWICE, o.owners[i].field,
				"port %s with the same tags is taken already at %s; give it other "
				"tags "
				"or another port",
				conf->ports[o.owners[i].tags >> 32].name,
				cgn_rule_where(v, o.owners[i - 1].field, where));
	free(o.owners);
}

/* Whether addr is our own on an uplink. An uplink whose on-link prefix holds it goes to *link. */
static bool
find_uplink(const struct cgn_validation *v, uint32_t addr, const struct cgn_conf_uplink **link)
{
	*link = NULL;
	for (uint32_t i = 0; i < v->conf->n_uplinks; i++) {
		const struct cgn_conf_uplink *u = &v->conf->uplinks[i];

		if (cgn_rule_may(v, &u->address) && cgn_prefix_has(u->address, addr)) {
			*link = u;
			return u->address.addr == addr;
		}
	}
	return false;
}

/* An uplink that could not be read may be the one that is missed. */
static bool
knows_all_uplinks(const struct cgn_validation *v)
{
	for (uint32_t i = 0; i < v->conf->n_uplinks; i++)
		if (!cgn_rule_may(v, &v->conf->uplinks[i].address))
			return false;
	return v->conf->n_uplinks > 0;
}

static void
check_route(struct cgn_validation *v, const struct cgn_conf_route *route, bool knows_all)
{
	const struct cgn_conf_uplink *link;
	char text[CGN_IP4_STRLEN], where[CGN_WHERE_LEN];

	if (!cgn_rule_may(v, &route->via))
		return;
	cgn_ip4_str(route->via, text);
	if (find_uplink(v, route->via, &link))
		cgn_rule_break(v, CGN_RULE_VIA_OWN_ADDRESS, &route->via,
			"%s is our own address (%s); write the address of the next router", text,
			cgn_rule_where(v, &link->address, where));
	else if (link == NULL && knows_all)
		cgn_rule_break(v, CGN_RULE_VIA_OFF_LINK, &route->via,
			"%s is on no link of ours; write an address inside the prefix of an uplink",
			text);
	else if (link != NULL && is_edge(link->address, route->via))
		cgn_rule_break(v, CGN_RULE_VIA_OFF_LINK, &route->via,
			"%s is the network or broadcast address of the link (%s); write the "
			"address of "
			"the next router",
			text, cgn_rule_where(v, &link->address, where));
}

static int
compare_routes(const void *a, const void *b)
{
	const struct cgn_conf_route *x = *(const struct cgn_conf_route *const *)a;
	const struct cgn_conf_route *y = *(const struct cgn_conf_route *const *)b;

	if (x->prefix.addr != y->prefix.addr)
		return x->prefix.addr < y->prefix.addr ? -1 : 1;
	if (x->prefix.len != y->prefix.len)
		return x->prefix.len < y->prefix.len ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
check_routes(struct cgn_validation *v, const struct cgn_conf_route *routes, uint32_t n)
{
	const struct cgn_conf_route **sorted = calloc(n + 1, sizeof(*sorted));
	bool knows_all = knows_all_uplinks(v);
	char where[CGN_WHERE_LEN];
	uint32_t n_sorted = 0;

	if (sorted == NULL) {
		v->report->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		check_route(v, &routes[i], knows_all);
		if (cgn_rule_may(v, &routes[i].prefix))
			sorted[n_sorted++] = &routes[i];
	}
	qsort(sorted, n_sorted, sizeof(*sorted), compare_routes);
	for (uint32_t i = 1; i < n_sorted; i++)
		if (sorted[i]->prefix.addr == sorted[i - 1]->prefix.addr &&
			sorted[i]->prefix.len == sorted[i - 1]->prefix.len)
			cgn_rule_break(v, CGN_RULE_ROUTE_TWICE, &sorted[i]->prefix,
				"the prefix has a route already at %s; remove one of them",
				cgn_rule_where(v, &sorted[i - 1]->prefix, where));
	free(sorted);
}

static void
check_router(struct cgn_validation *v, const struct cgn_conf_attachment *a,
	const struct cgn_conf_subscribers *s)
{
	char via[CGN_IP4_STRLEN], where[CGN_WHERE_LEN];

	if (s->via == 0 || !cgn_rule_may(v, &s->via) || !cgn_rule_may(v, &a->address))
		return;
	cgn_ip4_str(s->via, via);
	cgn_rule_where(v, &a->address, where);
	if (s->via == a->address.addr)
		cgn_rule_break(v, CGN_RULE_VIA_OWN_ADDRESS, &s->via,
			"%s is our own service address (%s); write the subscriber's router", via,
			where);
	else if (!cgn_prefix_has(a->address, s->via) || is_edge(a->address, s->via))
		cgn_rule_break(v, CGN_RULE_VIA_OFF_LINK, &s->via,
			"%s is no host on the link of this attachment (%s); write a router inside "
			"that "
			"prefix",
			via, where);
}

static void
check_attachment(struct cgn_validation *v, const struct cgn_conf_attachment *a)
{
	check_role(v, &a->port, CGN_ROLE_INSIDE);
	check_address(v, &a->address);
	for (uint32_t i = 0; i < a->n_subscribers; i++)
		check_router(v, a, &a->subscribers[i]);
}

void
cgn_validate_links(struct cgn_validation *v)
{
	const struct cgn_conf *conf = v->conf;

	for (uint32_t i = 0; i < conf->n_uplinks; i++) {
		check_role(v, &conf->uplinks[i].port, CGN_ROLE_OUTSIDE);
		check_address(v, &conf->uplinks[i].address);
	}
	check_routes(v, conf->routes, conf->n_routes);
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		for (uint32_t i = 0; i < conf->tenants[t].n_attachments; i++)
			check_attachment(v, &conf->tenants[t].attachments[i]);
		check_routes(v, conf->tenants[t].routes, conf->tenants[t].n_routes);
	}
	check_tags(v);
}
