/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparing two directories number by number; see switch_plan.h. Called by directory_switch.c. */
#include "switch_plan.h"

#include "deterministic.h"
#include "directory.h"

#include <rte_common.h>

#include <stdlib.h>

/* Which numbers a list is of: does number i belong to it? */
typedef bool (*belongs_fn)(const struct cgn_switch_plan *plan, uint32_t i);

static int
list_make(struct cgn_plan_list *list, const struct cgn_switch_plan *plan, uint32_t end,
	belongs_fn belongs)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < end; i++)
		n += belongs(plan, i);
	list->numbers = calloc((size_t)n + 1, sizeof(*list->numbers));
	if (list->numbers == NULL)
		return -1;
	for (uint32_t i = 0; i < end; i++)
		if (belongs(plan, i))
			list->numbers[list->n++] = i;
	return 0;
}

bool
cgn_switch_link_is_same(const struct cgn_directory *a, const struct cgn_directory *b, uint32_t i)
{
	return cgn_directory_iface_live(a, i) && cgn_directory_iface_live(b, i) &&
		a->ifaces[i].neigh_base == b->ifaces[i].neigh_base;
}

static bool
is_other_link(const struct cgn_switch_plan *p, uint32_t i)
{
	return cgn_directory_iface_live(p->old, i) && !cgn_switch_link_is_same(p->old, p->fresh, i);
}

static bool
is_new_tenant(const struct cgn_switch_plan *p, uint32_t t)
{
	return cgn_directory_tenant_live(p->fresh, t) && !cgn_directory_tenant_live(p->old, t);
}

/* Whether new blocks of the tenant look otherwise. */
static bool
layout_is_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b)
{
	return a->ports.first == b->ports.first && a->ports.last == b->ports.last &&
		a->ports.block_size == b->ports.block_size &&
		a->ports.keep_range == b->ports.keep_range;
}

/* Whether any port may be reserved that was not, or the other way round. */
static bool
reserved_is_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b)
{
	bool is_same = a->ports.n_reserved == b->ports.n_reserved;

	for (uint32_t r = 0; is_same && r < a->ports.n_reserved; r++)
		is_same = a->ports.reserved[r].range.first == b->ports.reserved[r].range.first &&
			a->ports.reserved[r].range.last == b->ports.reserved[r].range.last;
	return is_same;
}

static bool
is_computed_anew(const struct cgn_switch_plan *p, uint32_t t)
{
	if (!cgn_directory_tenant_live(p->fresh, t))
		return cgn_directory_tenant_live(p->old, t) && p->old->tenants[t].det != NULL;
	if (!cgn_directory_tenant_live(p->old, t))
		return p->fresh->tenants[t].det != NULL;
	return !cgn_det_params_are_same(p->old->tenants[t].conf, p->fresh->tenants[t].conf);
}

/* Switched off, all stays where it is. */
static bool
is_moved(const struct cgn_switch_plan *p, uint32_t t)
{
	return cgn_directory_tenant_live(p->fresh, t) && cgn_directory_tenant_live(p->old, t) &&
		p->fresh->tenants[t].det != NULL &&
		!cgn_det_keeps(p->old->tenants[t].det, p->fresh->tenants[t].det);
}

static bool
is_leaving(const struct cgn_switch_plan *p, uint32_t i)
{
	return cgn_directory_pool_live(p->old, i) && !cgn_directory_pool_live(p->fresh, i);
}

static bool
is_other_address(const struct cgn_switch_plan *p, uint32_t i)
{
	uint16_t t;

	if (!cgn_directory_pool_live(p->fresh, i))
		return false;
	if (!cgn_directory_pool_live(p->old, i))
		return true;
	t = p->fresh->pool_tenants[i];
	return (p->old->pool_drains[i] && !p->fresh->pool_drains[i]) ||
		!layout_is_same(p->old->tenants[t].conf, p->fresh->tenants[t].conf) ||
		!reserved_is_same(p->old->tenants[t].conf, p->fresh->tenants[t].conf) ||
		!cgn_det_keeps(p->old->tenants[t].det, p->fresh->tenants[t].det);
}

static bool
is_draining(const struct cgn_switch_plan *p, uint32_t i)
{
	return p->fresh->pool_drains[i];
}

static bool
has_forwards(const struct cgn_switch_plan *p, uint32_t t)
{
	return cgn_directory_tenant_live(p->fresh, t) && p->fresh->tenants[t].conf->n_statics > 0;
}

/* Any order in which equal ones (cgn_conf_static_is_same) are equal. */
static int
compare_statics(const void *a, const void *b)
{
	const struct cgn_conf_static *x = *(const struct cgn_conf_static *const *)a;
	const struct cgn_conf_static *y = *(const struct cgn_conf_static *const *)b;

	if (x->inside != y->inside)
		return x->inside < y->inside ? -1 : 1;
	if (x->outside != y->outside)
		return x->outside < y->outside ? -1 : 1;
	if (x->inside_port != y->inside_port)
		return x->inside_port < y->inside_port ? -1 : 1;
	if (x->outside_port != y->outside_port)
		return x->outside_port < y->outside_port ? -1 : 1;
	return (int)x->protocol - (int)y->protocol;
}

/* Of a run of fresh, what no run of old holds; r: the first of old that does not end before it. */
static void
add_reused(struct cgn_switch_plan *p, const struct cgn_inside_run *run, uint32_t r)
{
	const struct cgn_directory *old = p->old;
	uint32_t at = run->first_index, end = RTE_MIN(at + run->n, old->n_inside);

	for (; at < end; r++) {
		const struct cgn_inside_run *kept = r < old->n_inside_runs ? &old->inside_runs[r]
									   : NULL;
		uint32_t next = kept != NULL ? RTE_MIN(kept->first_index, end) : end;

		if (at < next)
			p->reused[p->n_reused++] = (struct cgn_number_run){
				.first = at, .n = next - at};
		at = kept != NULL ? RTE_MAX(at, kept->first_index + kept->n) : end;
	}
}

static int
find_reused(struct cgn_switch_plan *p)
{
	const struct cgn_directory *old = p->old, *fresh = p->fresh;
	uint32_t r = 0;

	p->reused = calloc(
		(size_t)old->n_inside_runs + fresh->n_inside_runs + 1, sizeof(*p->reused));
	if (p->reused == NULL)
		return -1;
	for (uint32_t f = 0; f < fresh->n_inside_runs; f++) {
		const struct cgn_inside_run *run = &fresh->inside_runs[f];

		while (r < old->n_inside_runs &&
			old->inside_runs[r].first_index + old->inside_runs[r].n <= run->first_index)
			r++;
		add_reused(p, run, r);
	}
	return 0;
}

/* What is the tenant's in both and only the old configuration has. */
static int
withdraw(struct cgn_switch_plan *p, uint32_t t)
{
	const struct cgn_conf_tenant *was = p->old->tenants[t].conf;
	const struct cgn_conf_tenant *is = p->fresh->tenants[t].conf;
	const struct cgn_conf_static **sorted = calloc((size_t)is->n_statics + 1, sizeof(*sorted));

	if (sorted == NULL)
		return -1;
	for (uint32_t i = 0; i < is->n_statics; i++)
		sorted[i] = &is->statics[i];
	qsort(sorted, is->n_statics, sizeof(*sorted), compare_statics);
	for (uint32_t i = 0; i < was->n_statics; i++) {
		const struct cgn_conf_static *entry = &was->statics[i];

		if (bsearch(&entry, sorted, is->n_statics, sizeof(*sorted), compare_statics) ==
			NULL)
			p->withdrawn[p->n_withdrawn++] = (struct cgn_plan_static){t, entry};
	}
	free(sorted);
	return 0;
}

static int
withdraw_all(struct cgn_switch_plan *p)
{
	size_t n = 0;
	int rc = 0;

	for (uint32_t t = 0; t < p->old->n_tenants; t++)
		if (cgn_directory_tenant_live(p->old, t))
			n += p->old->tenants[t].conf->n_statics;
	p->withdrawn = calloc(n + 1, sizeof(*p->withdrawn));
	if (p->withdrawn == NULL)
		return -1;
	for (uint32_t t = 0; rc == 0 && t < p->old->n_tenants; t++)
		if (cgn_directory_tenant_live(p->old, t) &&
			cgn_directory_tenant_live(p->fresh, t) &&
			p->old->tenants[t].conf->n_statics > 0)
			rc = withdraw(p, t);
	return rc;
}

struct cgn_switch_plan *
cgn_switch_plan_create(const struct cgn_directory *old, const struct cgn_directory *fresh)
{
	struct cgn_switch_plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->old = old;
	p->fresh = fresh;
	/* The bounds of fresh are not below those of old. */
	if (list_make(&p->links, p, fresh->n_ifaces, is_other_link) == 0 &&
		list_make(&p->tenants, p, fresh->n_tenants, is_new_tenant) == 0 &&
		list_make(&p->leaving, p, fresh->n_pool, is_leaving) == 0 &&
		list_make(&p->addresses, p, fresh->n_pool, is_other_address) == 0 &&
		list_make(&p->drains, p, fresh->n_pool, is_draining) == 0 &&
		list_make(&p->forwards, p, fresh->n_tenants, has_forwards) == 0 &&
		list_make(&p->computed, p, fresh->n_tenants, is_computed_anew) == 0 &&
		list_make(&p->moved, p, fresh->n_tenants, is_moved) == 0 && find_reused(p) == 0 &&
		withdraw_all(p) == 0)
		return p;
	cgn_switch_plan_destroy(p);
	return NULL;
}

void
cgn_switch_plan_destroy(struct cgn_switch_plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->links.numbers);
	free(plan->tenants.numbers);
	free(plan->leaving.numbers);
	free(plan->addresses.numbers);
	free(plan->drains.numbers);
	free(plan->forwards.numbers);
	free(plan->computed.numbers);
	free(plan->moved.numbers);
	free(plan->reused);
	free(plan->withdrawn);
	free(plan);
}
