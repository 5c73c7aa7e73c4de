/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Directories that follow each other, over random sequences of configurations: numbers stay with
 * their owners, none changes hands between two, and look-ups say what those of a directory built
 * from scratch say. A failing run prints its seed; CGN_SEED=n repeats it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "conf_random.h"
#include "directory_diff.h"
#include "holder_model.h"

enum { N_CHAINS = 12, CHAIN = 12, N_ADDRS = 60, MAX_NUMBERS = 256 };

/* One step of a chain; scratch is built of the newer configuration alone. */
struct step {
	const struct cgn_directory *old, *new, *scratch;
	struct cgn_rand *r;
	uint64_t seed;
};

static const char *
name_of(const struct cgn_directory *dir, uint32_t t)
{
	return cgn_directory_tenant_name(dir, t);
}

/* Identity of an interface: what the older header promises that its number stands for. */
static bool
same_iface(const struct cgn_directory *a, uint32_t i, const struct cgn_directory *b, uint32_t k)
{
	const struct cgn_iface *x = &a->ifaces[i], *y = &b->ifaces[k];

	return x->live && y->live && x->role == y->role && x->port == y->port &&
		x->tags.n == y->tags.n && x->tags.outer == y->tags.outer &&
		x->tags.inner == y->tags.inner &&
		strcmp(name_of(a, x->tenant), name_of(b, y->tenant)) == 0;
}

static bool
same_neigh(const struct cgn_directory *a, uint32_t i, const struct cgn_directory *b, uint32_t k)
{
	uint32_t x, y, f = cgn_directory_neigh_iface(a, i, &x);
	uint32_t g = cgn_directory_neigh_iface(b, k, &y);

	return f != CGN_NONE && g != CGN_NONE && x == y && same_iface(a, f, b, g);
}

static uint32_t
inside_tenant(const struct cgn_directory *dir, uint32_t inside)
{
	return dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant;
}

static bool
same_inside(const struct cgn_directory *a, uint32_t i, const struct cgn_directory *b, uint32_t k)
{
	return cgn_directory_inside_addr(a, i) == cgn_directory_inside_addr(b, k) &&
		strcmp(name_of(a, inside_tenant(a, i)), name_of(b, inside_tenant(b, k))) == 0;
}

static bool
same_pool(const struct cgn_directory *a, uint32_t i, const struct cgn_directory *b, uint32_t k)
{
	return a->pool_addrs[i] == b->pool_addrs[k] &&
		strcmp(name_of(a, a->pool_tenants[i]), name_of(b, b->pool_tenants[k])) == 0;
}

/* Pool index of an address, or CGN_NONE. */
static uint32_t
pool_find(const struct cgn_directory *dir, uint32_t addr)
{
	const struct cgn_range *range = cgn_range_map_find(&dir->outside_dst, addr);

	return range != NULL && cgn_dst_class_of(range->value) == CGN_DST_POOL
		? cgn_dst_number(range->value) + (addr - range->origin)
		: CGN_NONE;
}

static void
tenants_keep_their_numbers(const struct step *s)
{
	for (uint32_t t = 0; t < s->new->n_tenants; t++) {
		bool was = cgn_directory_tenant_live(s->old, t);
		bool is = cgn_directory_tenant_live(s->new, t);
		enum cgn_number_change change = cgn_directory_tenant_change(s->old, s->new, t);

		if (was && is)
			cr_assert_str_eq(name_of(s->old, t), name_of(s->new, t));
		if (was && !is)
			cr_assert_eq(cgn_directory_tenant_find(s->new, name_of(s->old, t)),
				CGN_NONE, "seed %lu", s->seed);
		if (is)
			cr_assert_eq(cgn_directory_tenant_find(s->new, name_of(s->new, t)), t);
		cr_assert_eq(change,
			was == is    ? CGN_NUMBER_NONE
				: is ? CGN_NUMBER_NEW
				     : CGN_NUMBER_GONE);
	}
}

static void
ifaces_keep_their_numbers(const struct step *s)
{
	for (uint32_t i = 0; i < s->new->n_ifaces; i++) {
		bool was = cgn_directory_iface_live(s->old, i);
		bool is = cgn_directory_iface_live(s->new, i);
		enum cgn_number_change change = cgn_directory_iface_change(s->old, s->new, i);
		const struct cgn_iface *x, *y;

		cr_assert_eq(change == CGN_NUMBER_NEW, is && !was, "seed %lu", s->seed);
		cr_assert_eq(change == CGN_NUMBER_GONE, was && !is, "seed %lu", s->seed);
		for (uint32_t k = 0; was && !is && k < s->new->n_ifaces; k++)
			cr_assert_not(same_iface(s->old, i, s->new, k), "seed %lu", s->seed);
		if (!was || !is)
			continue;
		cr_assert(same_iface(s->old, i, s->new, i), "seed %lu iface %u", s->seed, i);
		x = &s->old->ifaces[i];
		y = &s->new->ifaces[i];
		cr_assert_eq(change == CGN_NUMBER_CHANGED,
			memcmp(&x->onlink, &y->onlink, sizeof(x->onlink)) != 0 ||
				x->mtu != y->mtu || x->tags.outer_tpid != y->tags.outer_tpid,
			"seed %lu iface %u", s->seed, i);
		cr_assert_eq(x->neigh_base == y->neigh_base,
			x->onlink.len == y->onlink.len && cgn_prefix_has(x->onlink, y->onlink.addr),
			"seed %lu iface %u", s->seed, i);
	}
}

/* Has the address the same tenant and the same subscriber, called by the same address? */
static bool
keeps_holder(const struct step *s, uint32_t i)
{
	uint32_t t = cgn_directory_tenant_find(s->new, name_of(s->old, inside_tenant(s->old, i)));
	uint32_t k = t != CGN_NONE
		? cgn_directory_inside_find(s->new, t, cgn_directory_inside_addr(s->old, i))
		: CGN_NONE;

	return k != CGN_NONE && holder_model_is_same(s->old, i, s->new, k);
}

static void
inside_indices_stay(const struct step *s)
{
	for (uint32_t i = 0; i < s->new->n_inside; i++) {
		bool was = cgn_directory_inside_live(s->old, i);
		bool is = cgn_directory_inside_live(s->new, i);
		enum cgn_number_change change = cgn_directory_inside_change(s->old, s->new, i);

		cr_assert_eq(change == CGN_NUMBER_NEW, is && !was, "seed %lu", s->seed);
		cr_assert_eq(change == CGN_NUMBER_GONE, was && !is, "seed %lu", s->seed);
		if (was)
			cr_assert_eq(is, keeps_holder(s, i), "seed %lu inside %u", s->seed, i);
		if (!was || !is)
			continue;
		cr_assert_eq(cgn_directory_holder(s->old, i), cgn_directory_holder(s->new, i),
			"seed %lu inside %u", s->seed, i);
		cr_assert(same_inside(s->old, i, s->new, i), "seed %lu inside %u", s->seed, i);
		cr_assert_eq(change == CGN_NUMBER_NONE,
			same_iface(s->old, cgn_directory_run_at(s->old, i)->iface, s->new,
				cgn_directory_run_at(s->new, i)->iface) &&
				cgn_directory_inside_neigh(s->old, i) ==
					cgn_directory_inside_neigh(s->new, i),
			"seed %lu inside %u", s->seed, i);
	}
}

static void
pool_indices_stay(const struct step *s)
{
	for (uint32_t i = 0; i < s->new->n_pool; i++) {
		bool was = cgn_directory_pool_live(s->old, i);
		bool is = cgn_directory_pool_live(s->new, i);
		enum cgn_number_change change = cgn_directory_pool_change(s->old, s->new, i);
		uint32_t k = was ? pool_find(s->new, s->old->pool_addrs[i]) : CGN_NONE;

		cr_assert_eq(change,
			was == is    ? CGN_NUMBER_NONE
				: is ? CGN_NUMBER_NEW
				     : CGN_NUMBER_GONE);
		cr_assert(!was || !is || same_pool(s->old, i, s->new, i), "seed %lu pool %u",
			s->seed, i);
		cr_assert(is || k == CGN_NONE || !same_pool(s->old, i, s->new, k),
			"seed %lu pool %u", s->seed, i);
	}
}

static void
neighbours_stay(const struct step *s)
{
	for (uint32_t i = 0; i < s->new->n_neigh; i++) {
		bool was = cgn_directory_neigh_live(s->old, i);
		bool is = cgn_directory_neigh_live(s->new, i);

		cr_assert(!was || !is || same_neigh(s->old, i, s->new, i), "seed %lu neigh %u",
			s->seed, i);
		cr_assert_eq(cgn_directory_neigh_change(s->old, s->new, i),
			was == is    ? CGN_NUMBER_NONE
				: is ? CGN_NUMBER_NEW
				     : CGN_NUMBER_GONE);
	}
}

static void
bounds_never_fall(const struct step *s)
{
	cr_assert_geq(s->new->n_tenants, s->old->n_tenants);
	cr_assert_geq(s->new->n_ifaces, s->old->n_ifaces);
	cr_assert_geq(s->new->n_inside, s->old->n_inside);
	cr_assert_geq(s->new->n_pool, s->old->n_pool);
	cr_assert_geq(s->new->n_neigh, s->old->n_neigh);
	cr_assert_not(cgn_directory_tenant_live(s->new, s->new->n_tenants));
	cr_assert_not(cgn_directory_iface_live(s->new, s->new->n_ifaces));
	cr_assert_not(cgn_directory_inside_live(s->new, s->new->n_inside));
	cr_assert_not(cgn_directory_pool_live(s->new, s->new->n_pool));
	cr_assert_not(cgn_directory_neigh_live(s->new, s->new->n_neigh));
}

/* The lists of a tenant's numbers hold those that live and are the tenant's, and no other. */
static void
tenant_lists_are_complete(const struct step *s)
{
	const struct cgn_directory *dir = s->new;

	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		const struct cgn_tenant *tenant = &dir->tenants[t];
		uint32_t n_inside = 0, n_pool = 0;

		for (uint32_t i = cgn_number_next(&tenant->inside, 0); i != CGN_NONE;
			i = cgn_number_next(&tenant->inside, i + 1), n_inside++) {
			cr_assert(cgn_directory_inside_live(dir, i), "seed %lu", s->seed);
			cr_assert_eq(inside_tenant(dir, i), t, "seed %lu", s->seed);
		}
		for (uint32_t i = cgn_number_next(&tenant->pool, 0); i != CGN_NONE;
			i = cgn_number_next(&tenant->pool, i + 1), n_pool++) {
			cr_assert(cgn_directory_pool_live(dir, i), "seed %lu", s->seed);
			cr_assert_eq(dir->pool_tenants[i], t, "seed %lu", s->seed);
		}
		cr_assert_eq(n_inside, tenant->n_inside, "seed %lu", s->seed);
		cr_assert_eq(n_pool, tenant->n_pool, "seed %lu", s->seed);
		for (uint32_t a = 0; tenant->conf != NULL && a < tenant->conf->n_attachments; a++)
			cr_assert_eq(dir->ifaces[tenant->ifaces[a]].onlink.addr,
				tenant->conf->attachments[a].address.addr, "seed %lu", s->seed);
	}
}

static void
same_source(const struct step *s, uint32_t t, uint32_t u, uint32_t addr)
{
	uint32_t i = cgn_directory_inside_find(s->new, t, addr);
	uint32_t k = cgn_directory_inside_find(s->scratch, u, addr);

	cr_assert_eq(i == CGN_NONE, k == CGN_NONE, "seed %lu address %#x", s->seed, addr);
	if (i == CGN_NONE)
		return;
	cr_assert(same_inside(s->new, i, s->scratch, k), "seed %lu address %#x", s->seed, addr);
	cr_assert(same_neigh(s->new, cgn_directory_inside_neigh(s->new, i), s->scratch,
			  cgn_directory_inside_neigh(s->scratch, k)),
		"seed %lu address %#x", s->seed, addr);
}

/* The same class, and a number of the same owner. */
static void
same_value(
	const struct step *s, const struct cgn_range *x, const struct cgn_range *y, uint32_t addr)
{
	enum cgn_dst_class what;
	uint32_t i, k;

	cr_assert_eq(x == NULL, y == NULL, "seed %lu address %#x", s->seed, addr);
	if (x == NULL)
		return;
	what = cgn_dst_class_of(x->value);
	cr_assert_eq(what, cgn_dst_class_of(y->value), "seed %lu address %#x", s->seed, addr);
	i = cgn_dst_number(x->value);
	k = cgn_dst_number(y->value);
	if (what == CGN_DST_ONLINK || what == CGN_DST_POOL) {
		i += addr - x->origin;
		k += addr - y->origin;
	}
	if (what == CGN_DST_POOL)
		cr_assert(same_pool(s->new, i, s->scratch, k), "seed %lu %#x", s->seed, addr);
	else if (what == CGN_DST_OWN)
		cr_assert(same_iface(s->new, i, s->scratch, k), "seed %lu %#x", s->seed, addr);
	else if (what == CGN_DST_ONLINK || what == CGN_DST_GATEWAY)
		cr_assert(same_neigh(s->new, i, s->scratch, k), "seed %lu %#x", s->seed, addr);
}

static void
look_ups_are_those_of_scratch(const struct step *s)
{
	for (int n = 0; n < N_ADDRS; n++) {
		uint32_t addr = conf_random_addr(s->r, s->new->conf);
		const struct cgn_range *x = cgn_range_map_find(&s->new->outside_src, addr);
		const struct cgn_range *y = cgn_range_map_find(&s->scratch->outside_src, addr);

		cr_assert_eq(x == NULL, y == NULL, "seed %lu address %#x", s->seed, addr);
		cr_assert(x == NULL || x->value == y->value, "seed %lu %#x", s->seed, addr);
		same_value(s, cgn_range_map_find(&s->new->outside_dst, addr),
			cgn_range_map_find(&s->scratch->outside_dst, addr), addr);
		for (uint32_t u = 0; u < s->scratch->n_tenants; u++) {
			uint32_t t = cgn_directory_tenant_find(s->new, name_of(s->scratch, u));

			cr_assert_neq(t, CGN_NONE, "seed %lu", s->seed);
			same_source(s, t, u, addr);
			same_value(s, cgn_directory_inside_dst(s->new, t, addr),
				cgn_directory_inside_dst(s->scratch, u, addr), addr);
		}
	}
}

static void
tags_are_those_of_scratch(const struct step *s)
{
	for (uint16_t port = 0; port < CONF_RANDOM_PORTS; port++)
		for (uint16_t vid = 0; vid < CONF_RANDOM_VIDS; vid++)
			for (uint8_t n = 0; n < 3; n++) {
				struct cgn_pkt pkt = {
					.n_tags = n, .outer = vid, .inner = (uint16_t)(100 + vid)};
				uint16_t i = cgn_directory_iface(s->new, port, &pkt);
				uint16_t k = cgn_directory_iface(s->scratch, port, &pkt);

				cr_assert_eq(i == CGN_IFACE_NONE, k == CGN_IFACE_NONE, "seed %lu",
					s->seed);
				cr_assert(
					i == CGN_IFACE_NONE || same_iface(s->new, i, s->scratch, k),
					"seed %lu", s->seed);
			}
}

static void
check_step(const struct step *s)
{
	tenants_keep_their_numbers(s);
	ifaces_keep_their_numbers(s);
	inside_indices_stay(s);
	pool_indices_stay(s);
	neighbours_stay(s);
	bounds_never_fall(s);
	tenant_lists_are_complete(s);
	holder_model_check(s->new, s->seed);
	look_ups_are_those_of_scratch(s);
	tags_are_those_of_scratch(s);
}

/* owners: every name that a tenant number ever had in this chain. */
static void
note_owners(const struct step *s, char (*owners)[CGN_NAME_LEN])
{
	for (uint32_t t = 0; t < s->new->n_tenants; t++) {
		cr_assert_lt(t, MAX_NUMBERS);
		if (!cgn_directory_tenant_live(s->new, t))
			continue;
		if (owners[t][0] == '\0')
			strcpy(owners[t], name_of(s->new, t));
		cr_assert_str_eq(
			owners[t], name_of(s->new, t), "seed %lu: tenant %u again", s->seed, t);
	}
}

static void
run_chain(struct cgn_rand *r, uint64_t seed)
{
	char owners[MAX_NUMBERS][CGN_NAME_LEN] = {""};
	struct cgn_errmsg err = {""};
	struct cgn_conf *conf = conf_random(r);
	struct cgn_directory *dir = cgn_directory_create(conf, NULL, &err);

	for (int i = 0; i < CHAIN; i++) {
		struct cgn_conf *next_conf = conf_random(r);
		struct cgn_directory *next = cgn_directory_create(next_conf, dir, &err);
		struct cgn_directory *scratch = cgn_directory_create(next_conf, NULL, &err);
		struct step step = {
			.old = dir, .new = next, .scratch = scratch, .r = r, .seed = seed};

		cr_assert(dir != NULL && next != NULL && scratch != NULL, "seed %lu: %s", seed,
			err.text);
		check_step(&step);
		note_owners(&step, owners);
		cgn_directory_destroy(scratch);
		cgn_directory_destroy(dir);
		cgn_conf_free(conf);
		dir = next;
		conf = next_conf;
	}
	cgn_directory_destroy(dir);
	cgn_conf_free(conf);
}

Test(directory_follow, numbers_stay_with_their_owners_over_random_configurations)
{
	const char *text = getenv("CGN_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
	struct cgn_rand r;

	fprintf(stderr, "directory_follow seed %lu\n", seed);
	cgn_rand_init(&r, seed);
	for (int i = 0; i < N_CHAINS; i++)
		run_chain(&r, seed);
}

/* A following directory of the same configuration is the same in every number. */
Test(directory_follow, nothing_moves_when_nothing_changes)
{
	struct cgn_errmsg err;
	struct cgn_rand r;

	cgn_rand_init(&r, 7);
	for (int i = 0; i < N_CHAINS; i++) {
		struct cgn_conf *conf = conf_random(&r);
		struct cgn_directory *a = cgn_directory_create(conf, NULL, &err);
		struct cgn_directory *b = cgn_directory_create(conf, a, &err);

		cr_assert_eq(a->n_inside, b->n_inside);
		cr_assert_eq(a->n_inside_runs, b->n_inside_runs);
		cr_assert_eq(memcmp(a->inside_runs, b->inside_runs,
				     a->n_inside_runs * sizeof(*a->inside_runs)),
			0);
		cr_assert_eq(a->n_pool, b->n_pool);
		cr_assert_eq(memcmp(a->pool_addrs, b->pool_addrs, a->n_pool * sizeof(uint32_t)), 0);
		cr_assert_eq(a->n_neigh, b->n_neigh);
		for (uint32_t k = 0; k < a->n_ifaces; k++)
			cr_assert_eq(cgn_directory_iface_change(a, b, k), CGN_NUMBER_NONE);
		cgn_directory_destroy(b);
		cgn_directory_destroy(a);
		cgn_conf_free(conf);
	}
}

/* Ports rest on what is gone: others get numbers that nobody has had, as long as there are any. */
Test(directory_follow, numbers_of_outside_addresses_are_not_given_anew)
{
	struct cgn_conf_pool pools[3] = {{.prefix = {0xcb007110, 31}}, {.prefix = {0xcb007120, 31}},
		{.prefix = {0xcb007130, 31}}};
	struct cgn_conf_port port = {.role = CGN_ROLE_OUTSIDE, .mtu = 1500};
	struct cgn_conf_tenant tenants[4];
	struct cgn_conf confs[4];
	struct cgn_directory *dirs[4];
	struct cgn_errmsg err;

	memset(tenants, 0, sizeof(tenants));
	memset(confs, 0, sizeof(confs));
	for (int i = 0; i < 4; i++) { /* pools 0; 1; 2; then 2 and 0 */
		strcpy(tenants[i].name, "a");
		tenants[i].pools = i == 3 ? (struct cgn_conf_pool[]){pools[2], pools[0]}
					  : &pools[i];
		tenants[i].n_pools = i == 3 ? 2 : 1;
		confs[i] = (struct cgn_conf){
			.ports = &port, .n_ports = 1, .tenants = &tenants[i], .n_tenants = 1};
		dirs[i] = cgn_directory_create(&confs[i], i > 0 ? dirs[i - 1] : NULL, &err);
		cr_assert_not_null(dirs[i], "%s", err.text);
	}
	cr_expect_eq(pool_find(dirs[0], 0xcb007110), 0);
	cr_expect_eq(pool_find(dirs[1], 0xcb007120), 2, "0 and 1 may still be on their way");
	cr_expect_eq(pool_find(dirs[2], 0xcb007130), 4);
	cr_expect_not(cgn_directory_pool_live(dirs[2], 2));
	cr_expect_eq(dirs[2]->n_pool, 6);
	cr_expect_eq(pool_find(dirs[3], 0xcb007130), 4);
	cr_expect_eq(pool_find(dirs[3], 0xcb007110), 0, "its ports may rest still: its own number");
	cr_expect_eq(pool_find(dirs[3], 0xcb007111), 1);
	cr_expect_eq(dirs[3]->n_pool, 6);
	for (int i = 0; i < 4; i++)
		cgn_directory_destroy(dirs[i]);
}

Test(directory_follow, tenant_numbers_run_out_with_a_message_not_with_a_second_owner)
{
	struct cgn_conf_port port = {.role = CGN_ROLE_OUTSIDE, .mtu = 1500};
	struct cgn_conf_tenant tenants[2];
	struct cgn_conf confs[2];
	struct cgn_errmsg err = {""};
	struct cgn_directory *dir, *next;
	struct cgn_conf_tenant *many = calloc(CGN_MAX_TENANTS, sizeof(*many));

	memset(tenants, 0, sizeof(tenants));
	memset(confs, 0, sizeof(confs));
	for (uint32_t t = 0; t < CGN_MAX_TENANTS; t++)
		snprintf(many[t].name, sizeof(many[t].name), "t%u", t);
	confs[0] = (struct cgn_conf){
		.ports = &port, .n_ports = 1, .tenants = many, .n_tenants = CGN_MAX_TENANTS};
	strcpy(tenants[0].name, "late");
	confs[1] = (struct cgn_conf){
		.ports = &port, .n_ports = 1, .tenants = tenants, .n_tenants = 1};
	dir = cgn_directory_create(&confs[0], NULL, &err);
	cr_assert_not_null(dir, "%s", err.text);
	next = cgn_directory_create(&confs[1], dir, &err);
	cr_expect_null(next);
	cr_expect_eq(errno, ERANGE);
	cr_expect_not_null(strstr(err.text, "restart"), "%s", err.text);
	cgn_directory_destroy(dir);
	free(many);
}
