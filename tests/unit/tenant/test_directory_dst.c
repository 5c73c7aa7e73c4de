/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Destinations of subscribers in random configurations, against a model that asks every prefix of
 * the configuration in turn. A failing run prints its seed; CGN_SEED=n repeats it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "conf_random.h"
#include "directory.h"

enum { N_CONFS = 150, N_ADDRS = 300 };

/* Above all prefix lengths, in rising order. */
enum { NEVER = 33, INSIDE, POOL, OWN };

/* The best answer so far, with its number made absolute. */
struct answer {
	int priority;
	enum cgn_dst_class dst_class;
	uint32_t number;
};

static void
offer(struct answer *best, int priority, enum cgn_dst_class dst_class, uint32_t number)
{
	if (priority > best->priority)
		*best = (struct answer){priority, dst_class, number};
}

static bool
is_edge(struct cgn_prefix link, uint32_t addr)
{
	return link.len < 31 && (addr == cgn_prefix_first(link) || addr == cgn_prefix_last(link));
}

static uint32_t
neigh_of(const struct cgn_directory *dir, uint32_t addr)
{
	for (uint32_t i = 0; i < dir->n_ifaces; i++) {
		const struct cgn_iface *iface = &dir->ifaces[i];

		if (iface->live && iface->role == CGN_ROLE_OUTSIDE &&
			cgn_prefix_has(iface->onlink, addr))
			return iface->neigh_base + (addr - cgn_prefix_first(iface->onlink));
	}
	cr_assert_fail("next hop off every link");
	return CGN_NONE;
}

static void
ask_routes(const struct cgn_directory *dir, const struct cgn_conf_route *routes, uint32_t n,
	uint32_t addr, struct answer *best)
{
	for (uint32_t r = 0; r < n; r++)
		if (cgn_prefix_has(routes[r].prefix, addr))
			offer(best, routes[r].prefix.len, CGN_DST_GATEWAY,
				neigh_of(dir, routes[r].via));
}

static void
ask_uplinks(const struct cgn_directory *dir, uint32_t addr, struct answer *best)
{
	for (uint32_t i = 0; i < dir->n_ifaces; i++) {
		const struct cgn_iface *iface = &dir->ifaces[i];

		if (!iface->live || iface->role != CGN_ROLE_OUTSIDE ||
			!cgn_prefix_has(iface->onlink, addr))
			continue;
		offer(best, iface->onlink.len, CGN_DST_ONLINK, neigh_of(dir, addr));
		if (is_edge(iface->onlink, addr))
			offer(best, NEVER, CGN_DST_NEVER, 0);
		if (addr == iface->onlink.addr)
			offer(best, OWN, CGN_DST_OWN, i);
	}
}

static void
ask_inside(const struct cgn_directory *dir, uint32_t t, uint32_t addr, struct answer *best)
{
	const struct cgn_conf_tenant *conf = dir->tenants[t].conf;

	for (uint32_t a = 0; a < conf->n_attachments; a++) {
		const struct cgn_conf_attachment *c = &conf->attachments[a];

		if (cgn_prefix_has(c->address, addr))
			offer(best, INSIDE, CGN_DST_INSIDE, 0);
		if (addr == c->address.addr)
			offer(best, OWN, CGN_DST_OWN, dir->tenants[t].ifaces[a]);
		if (is_edge(c->address, addr))
			offer(best, OWN, CGN_DST_NEVER, 0);
		for (uint32_t s = 0; s < c->n_subscribers; s++)
			if (cgn_prefix_has(c->subscribers[s].prefix, addr))
				offer(best, INSIDE, CGN_DST_INSIDE, 0);
	}
}

static struct answer
model(const struct cgn_directory *dir, uint32_t t, uint32_t addr)
{
	static const struct cgn_prefix never[] = {{0x00000000, 8}, {0x7f000000, 8},
		{0xa9fe0000, 16}, {0xe0000000, 3}, {0x64400000, 10}};
	const struct cgn_conf *conf = dir->conf;
	struct answer best = {.priority = -1};

	ask_uplinks(dir, addr, &best); /* of routes of equal length the first offered wins */
	ask_routes(dir, dir->tenants[t].conf->routes, dir->tenants[t].conf->n_routes, addr, &best);
	ask_routes(dir, conf->routes, conf->n_routes, addr, &best);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (cgn_prefix_has(never[i], addr))
			offer(&best, NEVER, CGN_DST_NEVER, 0);
	ask_inside(dir, t, addr, &best);
	for (uint32_t p = 0; p < dir->n_pool; p++)
		if (dir->pool_addrs[p] == addr)
			offer(&best, POOL, CGN_DST_POOL, p);
	return best;
}

static uint32_t
resolve(const struct cgn_range *range, uint32_t addr)
{
	enum cgn_dst_class what = cgn_dst_class_of(range->value);
	uint32_t number = cgn_dst_number(range->value);

	return what == CGN_DST_ONLINK || what == CGN_DST_POOL ? number + (addr - range->origin)
							      : number;
}

static void
expect_as_model(const struct cgn_directory *dir, uint32_t t, uint32_t addr, uint64_t seed)
{
	const struct cgn_range *range = cgn_directory_inside_dst(dir, t, addr);
	struct answer best = model(dir, t, addr);

	cr_assert_eq(
		range == NULL, best.priority < 0, "seed %lu tenant %u address %#x", seed, t, addr);
	if (range == NULL)
		return;
	cr_assert_eq(cgn_dst_class_of(range->value), best.dst_class,
		"seed %lu tenant %u address %#x: class %d, expected %d", seed, t, addr,
		cgn_dst_class_of(range->value), best.dst_class);
	cr_assert_eq(resolve(range, addr), best.number,
		"seed %lu tenant %u address %#x: number %u, expected %u", seed, t, addr,
		resolve(range, addr), best.number);
}

/* The list says the same as the look-up, each thing once. */
static void
expect_list(const struct cgn_directory *dir, uint32_t t, uint64_t seed)
{
	const struct cgn_range *last = NULL;
	struct cgn_range range;
	uint64_t at = 0;

	while (cgn_directory_inside_dst_next(dir, t, at, &range)) {
		const struct cgn_range *first = cgn_directory_inside_dst(dir, t, range.first);

		cr_assert_geq(range.first, at, "seed %lu", seed);
		cr_assert_geq(range.last, range.first, "seed %lu", seed);
		if (range.first > at)
			cr_assert_null(
				cgn_directory_inside_dst(dir, t, (uint32_t)at), "seed %lu", seed);
		cr_assert(range.first > at || first != last, "seed %lu: cut at %#x", seed,
			range.first);
		last = cgn_directory_inside_dst(dir, t, range.last);
		cr_assert_eq(first, last, "seed %lu", seed);
		cr_assert_eq(range.value, first->value, "seed %lu", seed);
		cr_assert_eq(range.origin, first->origin, "seed %lu", seed);
		at = (uint64_t)range.last + 1;
	}
	cr_assert(at > UINT32_MAX || cgn_directory_inside_dst(dir, t, (uint32_t)at) == NULL);
}

Test(directory_dst, destinations_agree_with_a_model_that_asks_every_prefix)
{
	const char *text = getenv("CGN_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
	struct cgn_errmsg err;
	struct cgn_rand r;

	fprintf(stderr, "directory_dst seed %lu\n", seed);
	cgn_rand_init(&r, seed);
	for (int i = 0; i < N_CONFS; i++) {
		struct cgn_conf *conf = conf_random(&r);
		struct cgn_directory *dir = cgn_directory_create(conf, NULL, &err);

		cr_assert_not_null(dir, "seed %lu: %s", seed, err.text);
		for (uint32_t t = 0; t < dir->n_tenants; t++) {
			expect_list(dir, t, seed);
			for (int k = 0; k < N_ADDRS; k++)
				expect_as_model(dir, t, conf_random_addr(&r, conf), seed);
		}
		cgn_directory_destroy(dir);
		cgn_conf_free(conf);
	}
}
