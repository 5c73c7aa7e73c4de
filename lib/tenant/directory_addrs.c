/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers for the addresses of subscribers and pools, and the lists of them that a tenant has.
 * Called by directory_numbers.c on the main thread.
 */
#include <errno.h>
#include <stdlib.h>

#include "directory_numbers.h"
#include "directory_was.h"
#include "subscriber.h"

/* Where numbers of addresses come from. */
struct numbering {
	const struct cgn_range_map *kept; /* addresses that have numbers: value as in maps */
	const uint16_t *owners;           /* of pool indices: their tenants */
	struct cgn_range_map returning;   /* addresses that get pool indices of before again */
	uint32_t tenant;
	struct cgn_number_stock stock;
	const struct cgn_directory *old; /* of inside indices: what to follow, or NULL */
	/* The subscriber whose address was numbered last: least address, and its number. */
	struct {
		bool is_set;
		uint32_t addr, number;
	} holder;
};

static const struct cgn_range_map none;

/* Numbers for the first pool addresses of first..last, as many as stand together. */
static int
number_pool(struct numbering *numbering, uint32_t first, uint32_t last, struct cgn_number_run *run)
{
	const struct cgn_range *range;
	uint32_t end = cgn_range_piece(numbering->kept, first, last, &range);

	if (range != NULL) {
		run->first = cgn_dst_number(range->value) + (first - range->origin);
		run->n = end - first + 1;
		if (cgn_dst_class_of(range->value) == CGN_DST_POOL &&
			numbering->owners[run->first] == numbering->tenant)
			return 0;
	} else {
		end = cgn_range_piece(&numbering->returning, first, end, &range);
		if (range != NULL) {
			*run = (struct cgn_number_run){.first = range->value, .n = 1};
			return 0;
		}
	}
	if (end - first >= CGN_MAX_NUMBERS)
		return -EOVERFLOW;
	return cgn_number_stock_take(&numbering->stock, end - first + 1, run);
}

/* All bits of an address that differ between addresses of one subscriber. */
static uint32_t
host_bits(uint8_t mask_len)
{
	return (uint32_t)(UINT64_C(0xffffffff) >> mask_len);
}

/* Is addr, in a prefix with this mask, of the subscriber that was numbered last? */
static bool
continues_holder(const struct numbering *numbering, uint32_t addr, uint8_t mask_len)
{
	return numbering->holder.is_set &&
		((addr ^ numbering->holder.addr) & ~host_bits(mask_len)) == 0;
}

/*
 * Whether what addr has had as a number is still right: the subscriber is as large as it was, and
 * still called by the number of the same address.
 */
static bool
keeps_number(const struct numbering *numbering, uint32_t addr, uint32_t number, uint8_t mask_len)
{
	const struct cgn_directory *old = numbering->old;
	uint32_t least = continues_holder(numbering, addr, mask_len) ? numbering->holder.addr
								     : addr;

	return cgn_directory_run_at(old, number)->mask_len == mask_len &&
		cgn_directory_inside_addr(old, cgn_directory_holder(old, number)) == least;
}

/* As number_pool, for addresses of subscribers of one prefix. */
static int
number_inside(struct numbering *numbering, uint32_t first, uint32_t last, uint8_t mask_len,
	struct cgn_number_run *run)
{
	const struct cgn_range *range;
	uint32_t end = cgn_range_piece(numbering->kept, first, last, &range);
	uint32_t host = host_bits(mask_len), number;

	if (range != NULL) {
		number = range->value + (first - range->origin);
		/* Others of the piece begin with their subscriber, in both directories. */
		if ((first & host) != 0 && end > (first | host))
			end = first | host;
		if (keeps_number(numbering, first, number, mask_len)) {
			*run = (struct cgn_number_run){.first = number, .n = end - first + 1};
			return 0;
		}
	}
	if (end - first >= CGN_MAX_NUMBERS)
		return -EOVERFLOW;
	return cgn_number_stock_take(&numbering->stock, end - first + 1, run);
}

/* Sets the holder of the run's first addresses, and remembers that of its last. */
static void
follow_holder(struct numbering *numbering, struct cgn_inside_run *run)
{
	uint32_t last = run->first_addr + (run->n - 1);
	uint32_t net = last & ~host_bits(run->mask_len);
	bool continues = continues_holder(numbering, run->first_addr, run->mask_len);

	run->first_holder = continues ? numbering->holder.number : run->first_index;
	if (continues && net <= run->first_addr)
		return;
	numbering->holder.is_set = true;
	numbering->holder.addr = net > run->first_addr ? net : run->first_addr;
	numbering->holder.number = run->first_index + (numbering->holder.addr - run->first_addr);
}

/* Subscribers of whom the run has the least address. */
static uint32_t
n_holders(const struct cgn_inside_run *run)
{
	uint32_t last = run->first_addr + (run->n - 1), shift = 32u - run->mask_len;

	return (last >> shift) - (run->first_addr >> shift) +
		(run->first_holder == run->first_index ? 1 : 0);
}

/* Room for one more item of an array that doubles at powers of two; NULL when memory is short. */
static void *
room_for(void *items, uint32_t n, size_t size)
{
	if (n != 0 && (n & (n - 1)) != 0)
		return items;
	return realloc(items, (n != 0 ? 2 * (size_t)n : 1) * size);
}

/* Addresses of the on-link prefix that no subscriber can have: network, broadcast, the service. */
static bool
is_reserved(struct cgn_prefix onlink, uint32_t addr)
{
	if (addr == onlink.addr)
		return true;
	return onlink.len < 31 &&
		(addr == cgn_prefix_first(onlink) || addr == cgn_prefix_last(onlink));
}

/* Does the run go on the last one, in index, address and next hop? */
static bool
continues(const struct cgn_inside_run *last, const struct cgn_inside_run *run)
{
	return last->iface == run->iface && last->onlink == run->onlink &&
		last->first_index + last->n == run->first_index &&
		last->first_addr + last->n == run->first_addr && last->mask_len == run->mask_len &&
		run->neigh == last->neigh + (run->onlink ? last->n : 0);
}

/* One run first..last of assigned addresses. */
static int
add_run(struct cgn_directory *dir, struct numbering *numbering, struct cgn_inside_run run,
	uint32_t last)
{
	const struct cgn_iface *iface = &dir->ifaces[run.iface];
	uint32_t via = run.neigh;

	for (uint64_t at = run.first_addr; at <= last; at += run.n) {
		struct cgn_inside_run *runs = dir->inside_runs;
		struct cgn_number_run numbers;
		int rc = number_inside(numbering, (uint32_t)at, last, run.mask_len, &numbers);

		if (rc < 0)
			return rc;
		run.first_index = numbers.first;
		run.n = numbers.n;
		run.first_addr = (uint32_t)at;
		follow_holder(numbering, &run);
		run.neigh = iface->neigh_base +
			((run.onlink ? run.first_addr : via) - cgn_prefix_first(iface->onlink));
		dir->tenants[iface->tenant].n_inside += run.n;
		dir->tenants[iface->tenant].n_subscribers += n_holders(&run);
		dir->ifaces[run.iface].n_subscribers += n_holders(&run);
		dir->n_subscribers += n_holders(&run);
		if (dir->n_inside_runs > 0 && continues(&runs[dir->n_inside_runs - 1], &run)) {
			runs[dir->n_inside_runs - 1].n += run.n;
			continue;
		}
		runs = room_for(runs, dir->n_inside_runs, sizeof(*runs));
		if (runs == NULL)
			return -ENOMEM;
		dir->inside_runs = runs;
		runs[dir->n_inside_runs++] = run;
	}
	return 0;
}

/* Cuts a configured prefix at the addresses that are nobody's. */
static int
add_subscribers(struct cgn_directory *dir, struct numbering *numbering, uint16_t i,
	const struct cgn_conf_subscribers *c)
{
	struct cgn_prefix onlink = dir->ifaces[i].onlink;
	uint32_t cuts[3] = {cgn_prefix_first(onlink), onlink.addr, cgn_prefix_last(onlink)};
	uint32_t first = cgn_prefix_first(c->prefix), last = cgn_prefix_last(c->prefix);
	struct cgn_inside_run run = {.iface = i,
		.onlink = c->via == 0,
		.neigh = c->via,
		.mask_len = (uint8_t)c->subscriber_mask};
	uint64_t at = first;
	int rc;

	numbering->holder.is_set = false; /* no subscriber is in two prefixes */
	dir->has_masks |= c->subscriber_mask < 32;
	for (int k = 0; k < 3; k++) {
		if (!is_reserved(onlink, cuts[k]) || cuts[k] < at || cuts[k] > last)
			continue;
		run.first_addr = (uint32_t)at;
		rc = cuts[k] > at ? add_run(dir, numbering, run, cuts[k] - 1) : 0;
		if (rc < 0)
			return rc;
		at = (uint64_t)cuts[k] + 1;
	}
	run.first_addr = (uint32_t)at;
	return at <= last ? add_run(dir, numbering, run, last) : 0;
}

static int
add_tenant(struct cgn_directory *dir, struct numbering *numbering, uint32_t t)
{
	const struct cgn_tenant *tenant = &dir->tenants[t];
	int rc = 0;

	for (uint32_t a = 0; a < tenant->conf->n_attachments; a++) {
		const struct cgn_conf_attachment *c = &tenant->conf->attachments[a];

		for (uint32_t s = 0; rc == 0 && s < c->n_subscribers; s++)
			rc = add_subscribers(dir, numbering, tenant->ifaces[a], &c->subscribers[s]);
	}
	return rc;
}

static int
compare_inside_runs(const void *a, const void *b)
{
	const struct cgn_inside_run *x = a, *y = b;

	return x->first_index < y->first_index ? -1 : x->first_index > y->first_index;
}

/* The way back, from source address to index. */
static int
seal_subscribers(struct cgn_directory *dir)
{
	int rc = 0;

	for (uint32_t r = 0; rc == 0 && r < dir->n_inside_runs; r++) {
		const struct cgn_inside_run *run = &dir->inside_runs[r];
		struct cgn_iface *iface = &dir->ifaces[run->iface];
		uint32_t first = run->first_addr, last = first + (run->n - 1);

		rc = cgn_range_map_add(&iface->subscribers, first, last, run->first_index, 0);
		if (rc == 0)
			rc = cgn_range_map_add(&dir->tenants[iface->tenant].subscribers, first,
				last, run->first_index, 0);
	}
	for (uint32_t i = 0; rc == 0 && i < dir->n_ifaces; i++)
		rc = cgn_range_map_seal(&dir->ifaces[i].subscribers);
	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++)
		rc = cgn_range_map_seal(&dir->tenants[t].subscribers);
	return rc;
}

static int
build_inside(struct cgn_directory *dir, const struct cgn_directory *old)
{
	struct numbering numbering = {.kept = &none, .old = old};
	int rc = 0;

	cgn_number_stock_init(&numbering.stock, CGN_MAX_NUMBERS);
	numbering.stock.fresh_max = CGN_MAX_INSIDE;
	for (uint32_t r = 0; rc == 0 && old != NULL && r < old->n_inside_runs; r++)
		rc = cgn_number_stock_use(&numbering.stock,
			(struct cgn_number_run){.first = old->inside_runs[r].first_index,
				.n = old->inside_runs[r].n});
	if (rc == 0 && old != NULL)
		rc = cgn_number_stock_seal(&numbering.stock, old->n_inside);
	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++) {
		if (!cgn_directory_tenant_live(dir, t))
			continue;
		numbering.kept = old != NULL && cgn_directory_tenant_live(old, t)
			? &old->tenants[t].subscribers
			: &none;
		rc = add_tenant(dir, &numbering, t);
	}
	dir->n_inside = numbering.stock.end;
	cgn_number_stock_fini(&numbering.stock);
	if (rc < 0)
		return rc;
	if (dir->n_inside_runs > 0)
		qsort(dir->inside_runs, dir->n_inside_runs, sizeof(*dir->inside_runs),
			compare_inside_runs);
	return seal_subscribers(dir);
}

static int
add_pool(struct cgn_directory *dir, struct numbering *numbering, struct cgn_prefix prefix)
{
	uint32_t last = cgn_prefix_last(prefix);
	struct cgn_number_run numbers;

	for (uint64_t at = cgn_prefix_first(prefix); at <= last; at += numbers.n) {
		struct cgn_pool_run *runs = dir->pool_runs;
		int rc = number_pool(numbering, (uint32_t)at, last, &numbers);

		if (rc < 0)
			return rc;
		dir->tenants[numbering->tenant].n_pool += numbers.n;
		runs = room_for(runs, dir->n_pool_runs, sizeof(*runs));
		if (runs == NULL)
			return -ENOMEM;
		dir->pool_runs = runs;
		runs[dir->n_pool_runs++] = (struct cgn_pool_run){.first_index = numbers.first,
			.n = numbers.n,
			.first_addr = (uint32_t)at,
			.tenant = (uint16_t)numbering->tenant};
	}
	return 0;
}

static int
compare_pool_runs(const void *a, const void *b)
{
	const struct cgn_pool_run *x = a, *y = b;

	return x->first_index < y->first_index ? -1 : x->first_index > y->first_index;
}

static bool
drains(const struct cgn_conf_tenant *conf, uint32_t addr)
{
	for (uint32_t d = 0; d < conf->n_drains; d++)
		if (cgn_prefix_has(conf->drains[d].prefix, addr))
			return true;
	return false;
}

/* Sorts the runs, joins those that go on each other, and writes their addresses down. */
static int
finish_pool(struct cgn_directory *dir, const struct cgn_directory *old)
{
	struct cgn_pool_run *runs = dir->pool_runs;
	uint32_t n = 0;

	dir->pool_addrs = calloc((size_t)dir->n_pool + 1, sizeof(*dir->pool_addrs));
	dir->pool_tenants = calloc((size_t)dir->n_pool + 1, sizeof(*dir->pool_tenants));
	dir->pool_drains = calloc((size_t)dir->n_pool + 1, sizeof(*dir->pool_drains));
	if (dir->pool_addrs == NULL || dir->pool_tenants == NULL || dir->pool_drains == NULL)
		return -ENOMEM;
	if (dir->n_pool_runs > 0)
		qsort(runs, dir->n_pool_runs, sizeof(*runs), compare_pool_runs);
	for (uint32_t r = 0; r < dir->n_pool_runs; r++) {
		for (uint32_t k = 0; k < runs[r].n; k++) {
			dir->pool_addrs[runs[r].first_index + k] = runs[r].first_addr + k;
			dir->pool_tenants[runs[r].first_index + k] = runs[r].tenant;
			dir->pool_drains[runs[r].first_index + k] = drains(
				dir->tenants[runs[r].tenant].conf, runs[r].first_addr + k);
		}
		if (n > 0 && runs[n - 1].tenant == runs[r].tenant &&
			runs[n - 1].first_index + runs[n - 1].n == runs[r].first_index &&
			runs[n - 1].first_addr + runs[n - 1].n == runs[r].first_addr)
			runs[n - 1].n += runs[r].n;
		else
			runs[n++] = runs[r];
	}
	dir->n_pool_runs = n;
	return cgn_directory_was_build(dir, old);
}

/* Stock and kept numbers of a directory that follows old. */
static int
follow_pool(struct numbering *numbering, const struct cgn_directory *dir,
	const struct cgn_directory *old)
{
	int rc = cgn_directory_returning(dir, old, &numbering->returning);
	bool *used = calloc((size_t)old->n_pool + 1, sizeof(*used));

	if (used == NULL)
		return -ENOMEM;
	numbering->kept = &old->outside_dst;
	numbering->owners = old->pool_tenants;
	for (uint32_t r = 0; r < numbering->returning.n_ranges; r++)
		used[numbering->returning.ranges[r].value] = true;
	for (uint32_t i = 0; rc == 0 && i < old->n_pool; i++)
		if (used[i] || cgn_directory_pool_live(old, i))
			rc = cgn_number_stock_use(
				&numbering->stock, (struct cgn_number_run){.first = i, .n = 1});
	free(used);
	return rc == 0 ? cgn_number_stock_seal(&numbering->stock, old->n_pool) : rc;
}

static int
build_pool(struct cgn_directory *dir, const struct cgn_directory *old)
{
	struct numbering numbering = {.kept = &none};
	int rc;

	cgn_range_map_init(&numbering.returning);
	cgn_number_stock_init(&numbering.stock, CGN_MAX_NUMBERS);
	numbering.stock.fresh_max = CGN_MAX_POOL;
	rc = old != NULL ? follow_pool(&numbering, dir, old) : 0;
	for (uint32_t t = 0; rc == 0 && t < dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = dir->tenants[t].conf;

		numbering.tenant = t;
		for (uint32_t p = 0; rc == 0 && conf != NULL && p < conf->n_pools; p++)
			rc = add_pool(dir, &numbering, conf->pools[p].prefix);
	}
	dir->n_pool = numbering.stock.end;
	cgn_number_stock_fini(&numbering.stock);
	cgn_range_map_fini(&numbering.returning);
	return rc == 0 ? finish_pool(dir, old) : rc;
}

/* Which of the numbers are a tenant's. */
static int
build_tenant_runs(struct cgn_directory *dir)
{
	struct cgn_number_run *next = calloc(
		(size_t)dir->n_inside_runs + dir->n_pool_runs + 1, sizeof(*next));
	struct cgn_tenant *tenants = dir->tenants;

	dir->tenant_runs = next;
	if (next == NULL)
		return -ENOMEM;
	for (uint32_t r = 0; r < dir->n_inside_runs; r++)
		tenants[dir->ifaces[dir->inside_runs[r].iface].tenant].inside.n_runs++;
	for (uint32_t r = 0; r < dir->n_pool_runs; r++)
		tenants[dir->pool_runs[r].tenant].pool.n_runs++;
	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		tenants[t].inside.runs = next;
		next += tenants[t].inside.n_runs;
		tenants[t].pool.runs = next;
		next += tenants[t].pool.n_runs;
		tenants[t].inside.n_runs = tenants[t].pool.n_runs = 0;
	}
	for (uint32_t r = 0; r < dir->n_inside_runs; r++) {
		const struct cgn_inside_run *run = &dir->inside_runs[r];

		cgn_number_runs_add(&tenants[dir->ifaces[run->iface].tenant].inside,
			(struct cgn_number_run){.first = run->first_index, .n = run->n});
	}
	for (uint32_t r = 0; r < dir->n_pool_runs; r++) {
		const struct cgn_pool_run *run = &dir->pool_runs[r];

		cgn_number_runs_add(&tenants[run->tenant].pool,
			(struct cgn_number_run){.first = run->first_index, .n = run->n});
	}
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		if (tenants[t].pool.n_runs > 0)
			tenants[t].first_pool = tenants[t].pool.runs[0].first;
	return 0;
}

int
cgn_directory_addrs_build(struct cgn_directory *dir, const struct cgn_directory *old)
{
	int rc = build_inside(dir, old);

	if (rc == 0)
		rc = build_pool(dir, old);
	return rc == 0 ? build_tenant_runs(dir) : rc;
}
