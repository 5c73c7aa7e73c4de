/* SPDX-License-Identifier: BSD-3-Clause */
/* See holder_model.h. */
#include "holder_model.h"

#include <criterion/criterion.h>

static uint32_t
tenant_of(const struct cgn_directory *dir, uint32_t inside)
{
	return dir->ifaces[cgn_directory_run_at(dir, inside)->iface].tenant;
}

static const struct cgn_conf_subscribers *
conf_of(const struct cgn_conf_tenant *tenant, uint32_t addr)
{
	for (uint32_t a = 0; a < tenant->n_attachments; a++)
		for (uint32_t s = 0; s < tenant->attachments[a].n_subscribers; s++)
			if (cgn_prefix_has(tenant->attachments[a].subscribers[s].prefix, addr))
				return &tenant->attachments[a].subscribers[s];
	return NULL;
}

struct holder_model
holder_model_of(const struct cgn_directory *dir, uint32_t inside)
{
	uint32_t t = tenant_of(dir, inside), addr = cgn_directory_inside_addr(dir, inside);
	const struct cgn_conf_subscribers *s = conf_of(dir->tenants[t].conf, addr);
	struct holder_model model;
	struct cgn_prefix group;

	cr_assert_not_null(s);
	group = (struct cgn_prefix){.addr = addr, .len = (uint8_t)s->subscriber_mask};
	model = (struct holder_model){
		.mask_len = s->subscriber_mask, .least = cgn_prefix_first(group)};
	while (cgn_directory_inside_find(dir, t, model.least) == CGN_NONE)
		model.least++;
	return model;
}

bool
holder_model_is_same(
	const struct cgn_directory *a, uint32_t i, const struct cgn_directory *b, uint32_t k)
{
	struct holder_model x = holder_model_of(a, i), y = holder_model_of(b, k);

	return x.mask_len == y.mask_len && x.least == y.least;
}

void
holder_model_check(const struct cgn_directory *dir, uint64_t seed)
{
	uint32_t n = 0, of_tenants = 0, of_ifaces = 0;

	for (uint32_t i = 0; i < dir->n_inside; i++) {
		uint32_t holder = cgn_directory_holder(dir, i);

		if (!cgn_directory_inside_live(dir, i)) {
			cr_assert_eq(holder, i, "seed %lu inside %u", seed, i);
			continue;
		}
		cr_assert_eq(holder,
			cgn_directory_inside_find(
				dir, tenant_of(dir, i), holder_model_of(dir, i).least),
			"seed %lu inside %u", seed, i);
		cr_assert_eq(cgn_directory_holder(dir, holder), holder, "seed %lu", seed);
		n += holder == i;
	}
	cr_assert_eq(n, dir->n_subscribers, "seed %lu", seed);
	for (uint32_t t = 0; t < dir->n_tenants; t++)
		of_tenants += dir->tenants[t].n_subscribers;
	for (uint32_t i = 0; i < dir->n_ifaces; i++)
		of_ifaces += dir->ifaces[i].n_subscribers;
	cr_assert_eq(of_tenants, n, "seed %lu", seed);
	cr_assert_eq(of_ifaces, n, "seed %lu", seed);
}
