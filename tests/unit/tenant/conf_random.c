/* SPDX-License-Identifier: BSD-3-Clause */
/* Random configurations; see conf_random.h. */
#include "conf_random.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINKS = 4, ROUTED = 4, POOL_SLOTS = 24, MAX_ROUTES = 6, MAX_SUBSCRIBERS = 6 };

static const uint32_t pool_base = 0xcb007100;                     /* 203.0.113.0 */
static const uint32_t uplink_bases[2] = {0xc6336400, 0xc0000280}; /* 198.51.100.0, 192.0.2.128 */

static void *
items(uint32_t n, size_t size)
{
	void *p = calloc(n + 1u, size);

	if (p == NULL)
		abort();
	return p;
}

static bool
chance(struct cgn_rand *r, uint32_t of_100)
{
	return cgn_rand_below(r, 100) < of_100;
}

/* The first uplink is always there. */
static void
make_uplinks(struct cgn_rand *r, struct cgn_conf *conf)
{
	conf->uplinks = items(2, sizeof(*conf->uplinks));
	for (uint32_t u = 0; u < 2; u++) {
		if (u == 1 && chance(r, 40))
			break;
		conf->uplinks[conf->n_uplinks++] = (struct cgn_conf_uplink){.port = 2,
			.tags = {.n = (uint8_t)u,
				.outer = (uint16_t)(9 * u),
				.outer_tpid = chance(r, 50) ? 0x88a8 : 0x8100},
			.address = {uplink_bases[u] + (chance(r, 80) ? 2 : 3),
				(uint8_t)(chance(r, 80) ? 25 : 26)}};
	}
}

static void
make_routes(struct cgn_rand *r, const struct cgn_conf *conf, struct cgn_conf_route **routes,
	uint32_t *n)
{
	static const struct cgn_prefix prefixes[MAX_ROUTES] = {{0, 0}, {0x08000000, 8},
		{0x08080000, 16}, {0x08080800, 24}, {0xc6336400, 25}, {0xcb007100, 26}};

	*routes = items(MAX_ROUTES, sizeof(**routes));
	for (uint32_t i = 0; i < MAX_ROUTES; i++) {
		const struct cgn_conf_uplink *u =
			&conf->uplinks[cgn_rand_below(r, conf->n_uplinks)];

		if (chance(r, 50))
			(*routes)[(*n)++] = (struct cgn_conf_route){.prefix = prefixes[i],
				.via = cgn_prefix_first(u->address) + 8 + cgn_rand_below(r, 4)};
	}
}

/* Mostly one that the same prefix has in other configurations too. */
static uint32_t
mask_of(struct cgn_rand *r, uint8_t len)
{
	if (chance(r, 40))
		return 32;
	return chance(r, 70) ? (len < 29 ? 29u : len) : len + cgn_rand_below(r, 33u - len);
}

/* Subscribers on the link, each on a quarter of it, and some behind a router on it. */
static void
make_subscribers(struct cgn_rand *r, struct cgn_conf_attachment *a, uint32_t *routed)
{
	uint8_t len = (uint8_t)(a->address.len + 2);

	a->subscribers = items(MAX_SUBSCRIBERS, sizeof(*a->subscribers));
	for (uint32_t q = 0; q < 4; q++)
		if (chance(r, 60))
			a->subscribers[a->n_subscribers++] = (struct cgn_conf_subscribers){
				.prefix = {cgn_prefix_first(a->address) + q * (1u << (32 - len)),
					len},
				.subscriber_mask = mask_of(r, len)};
	for (uint32_t k = 0; k < ROUTED && a->n_subscribers < MAX_SUBSCRIBERS; k++) {
		if ((*routed >> k & 1) != 0 || !chance(r, 30))
			continue;
		*routed |= 1u << k;
		len = (uint8_t)(27 + cgn_rand_below(r, 4));
		a->subscribers[a->n_subscribers++] = (struct cgn_conf_subscribers){
			.prefix = {0x0a000000 + k * 0x10000, len},
			.subscriber_mask = mask_of(r, len),
			.via = cgn_prefix_first(a->address) + 2 + cgn_rand_below(r, 2)};
	}
}

/* taken: one bit for each pair of port and VID. */
static void
make_attachments(struct cgn_rand *r, struct cgn_conf_tenant *tenant, uint32_t *taken)
{
	uint32_t routed = 0;

	tenant->attachments = items(LINKS, sizeof(*tenant->attachments));
	for (uint32_t k = 0; k < LINKS; k++) {
		struct cgn_conf_attachment *a = &tenant->attachments[tenant->n_attachments];
		uint32_t vid = cgn_rand_below(r, CONF_RANDOM_VIDS), port = cgn_rand_below(r, 2);
		uint32_t bit = 1u << (vid + port * CONF_RANDOM_VIDS);

		if (!chance(r, 60) || (*taken & bit) != 0)
			continue;
		*taken |= bit;
		tenant->n_attachments++;
		a->port = (uint16_t)port;
		a->tags.n = (uint8_t)(vid == 0 ? 0 : vid < 8 ? 1 : 2);
		a->tags.outer = (uint16_t)vid;
		a->tags.inner = (uint16_t)(a->tags.n == 2 ? 100 + vid : 0);
		a->address = (struct cgn_prefix){0x64400000 + k * 0x100 + (chance(r, 70) ? 1 : 37),
			(uint8_t)(chance(r, 70) ? 26 : 25)};
		make_subscribers(r, a, &routed);
	}
}

static void
make_pools(struct cgn_rand *r, struct cgn_conf *conf)
{
	for (uint32_t t = 0; t < conf->n_tenants; t++)
		conf->tenants[t].pools = items(POOL_SLOTS, sizeof(struct cgn_conf_pool));
	for (uint32_t s = 0; conf->n_tenants > 0 && s < POOL_SLOTS; s++) {
		/* The same slot is mostly the same tenant's, if there. */
		uint32_t t = chance(r, 80) ? s % conf->n_tenants
					   : cgn_rand_below(r, conf->n_tenants);
		struct cgn_conf_tenant *tenant = &conf->tenants[t];

		if (chance(r, 60))
			tenant->pools[tenant->n_pools++].prefix = (struct cgn_prefix){
				s < POOL_SLOTS - 2 ? pool_base + 4 * s
						   : uplink_bases[0] + 64 - 4 * (s - 10),
				(uint8_t)(30 + cgn_rand_below(r, 2))};
	}
}

struct cgn_conf *
conf_random(struct cgn_rand *r)
{
	struct cgn_conf *conf = items(1, sizeof(*conf));
	uint32_t taken = 0;

	conf->n_ports = CONF_RANDOM_PORTS;
	conf->ports = items(conf->n_ports, sizeof(*conf->ports));
	for (uint32_t p = 0; p < conf->n_ports; p++)
		conf->ports[p] = (struct cgn_conf_port){
			.role = p == 2 ? CGN_ROLE_OUTSIDE : CGN_ROLE_INSIDE,
			.mtu = (uint16_t)(chance(r, 80) ? 1500 : 1400)};
	make_uplinks(r, conf);
	make_routes(r, conf, &conf->routes, &conf->n_routes);
	conf->tenants = items(CONF_RANDOM_TENANTS, sizeof(*conf->tenants));
	for (uint32_t t = 0; t < CONF_RANDOM_TENANTS; t++) {
		struct cgn_conf_tenant *tenant = &conf->tenants[conf->n_tenants];

		if (chance(r, 30))
			continue;
		conf->n_tenants++;
		/* Each name has two forms, so that new ones come up for long. */
		snprintf(tenant->name, sizeof(tenant->name), "%c%u", chance(r, 85) ? 'a' : 'b', t);
		make_attachments(r, tenant, &taken);
		make_routes(r, conf, &tenant->routes, &tenant->n_routes);
	}
	make_pools(r, conf);
	return conf;
}

static struct cgn_prefix
any_prefix(struct cgn_rand *r, const struct cgn_conf *conf)
{
	const struct cgn_conf_tenant *t;
	const struct cgn_conf_attachment *a;

	if (conf->n_tenants == 0 || chance(r, 20))
		return conf->uplinks[cgn_rand_below(r, conf->n_uplinks)].address;
	t = &conf->tenants[cgn_rand_below(r, conf->n_tenants)];
	if (t->n_routes > 0 && chance(r, 20))
		return t->routes[cgn_rand_below(r, t->n_routes)].prefix;
	if (t->n_pools > 0 && (t->n_attachments == 0 || chance(r, 30)))
		return t->pools[cgn_rand_below(r, t->n_pools)].prefix;
	if (t->n_attachments == 0)
		return (struct cgn_prefix){0x64400000, 10};
	a = &t->attachments[cgn_rand_below(r, t->n_attachments)];
	if (a->n_subscribers > 0 && chance(r, 60))
		return a->subscribers[cgn_rand_below(r, a->n_subscribers)].prefix;
	return a->address;
}

uint32_t
conf_random_addr(struct cgn_rand *r, const struct cgn_conf *conf)
{
	struct cgn_prefix prefix = any_prefix(r, conf);

	switch (cgn_rand_below(r, 6)) {
	case 0:
		return cgn_prefix_first(prefix) - cgn_rand_below(r, 2);
	case 1:
		return cgn_prefix_last(prefix) + cgn_rand_below(r, 2);
	case 2:
		return prefix.addr;
	case 3:
		return (uint32_t)cgn_rand_u64(r);
	default:
		return cgn_prefix_first(prefix) +
			(uint32_t)(cgn_rand_u64(r) % cgn_prefix_size(prefix));
	}
}
