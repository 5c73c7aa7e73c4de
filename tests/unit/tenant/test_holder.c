/* SPDX-License-Identifier: BSD-3-Clause */
/* Subscribers of several addresses (subscriber_mask) in lib/tenant/directory: who holds what. */
#include <criterion/criterion.h>

#include "conf_text.h"
#include "holder_model.h"

#define TENANT(subscribers)                                                                        \
	"tenant: a\n"                                                                              \
	"attachments:\n"                                                                           \
	"  - {port: access, address: 100.64.0.1/24, subscribers: [" subscribers "]}\n"             \
	"pool: [203.0.113.16/30]\n"

struct bed {
	struct cgn_conf *conf;
	struct cgn_directory *dir;
};

static struct bed
make(const char *tenant, const struct cgn_directory *old)
{
	struct cgn_errmsg err = {""};
	struct bed bed = {.conf = conf_text_load(CONF_TEXT_BOX "tenants: [t0.yaml]\n", &tenant, 1)};

	bed.dir = cgn_directory_create(bed.conf, old, &err);
	cr_assert_not_null(bed.dir, "%s", err.text);
	holder_model_check(bed.dir, 0);
	return bed;
}

static void
drop(struct bed *bed)
{
	cgn_directory_destroy(bed->dir);
	cgn_conf_free(bed->conf);
}

static uint32_t
find(const struct bed *bed, const char *addr)
{
	uint32_t ip;

	cr_assert_eq(cgn_ip4_parse(addr, &ip), 0);
	return cgn_directory_inside_find(bed->dir, 0, ip);
}

static uint32_t
holder(const struct bed *bed, const char *addr)
{
	cr_assert_neq(find(bed, addr), CGN_NONE, "%s", addr);
	return cgn_directory_holder(bed->dir, find(bed, addr));
}

Test(holder, each_address_is_its_own_without_a_mask)
{
	struct bed bed = make(TENANT("{prefix: 100.64.0.8/29}"), NULL);

	cr_expect_eq(holder(&bed, "100.64.0.13"), find(&bed, "100.64.0.13"));
	cr_expect_not(bed.dir->has_masks);
	cr_expect_eq(bed.dir->n_subscribers, 8);
	drop(&bed);
}

Test(holder, all_addresses_of_one_subscriber_have_that_of_the_least)
{
	struct bed bed = make(TENANT("{prefix: 10.0.0.0/24, via: 100.64.0.2, subscriber_mask: 29}, "
				     "{prefix: 10.0.1.0/30, via: 100.64.0.2}"),
		NULL);

	cr_expect_eq(holder(&bed, "10.0.0.8"), find(&bed, "10.0.0.8"));
	cr_expect_eq(holder(&bed, "10.0.0.15"), find(&bed, "10.0.0.8"));
	cr_expect_eq(holder(&bed, "10.0.0.16"), find(&bed, "10.0.0.16"));
	cr_expect_eq(holder(&bed, "10.0.1.3"), find(&bed, "10.0.1.3"));
	cr_expect_eq(bed.dir->tenants[0].n_subscribers, 32 + 4);
	cr_expect_eq(bed.dir->tenants[0].n_inside, 256 + 4);
	drop(&bed);
}

/* Network, service and broadcast address: the first, the middle and the last one lose one each. */
Test(holder, a_subscriber_goes_on_behind_an_address_that_is_nobodys)
{
	static const char tenant[] =
		"tenant: a\n"
		"attachments:\n"
		"  - {port: access, address: 100.64.0.20/24,\n"
		"     subscribers: [{prefix: 100.64.0.0/24, subscriber_mask: 29}]}\n"
		"pool: [203.0.113.16/30]\n";
	struct bed bed = make(tenant, NULL);

	cr_expect_eq(holder(&bed, "100.64.0.7"), find(&bed, "100.64.0.1"));
	cr_expect_eq(holder(&bed, "100.64.0.19"), find(&bed, "100.64.0.16"));
	cr_expect_eq(holder(&bed, "100.64.0.21"), find(&bed, "100.64.0.16"));
	cr_expect_eq(holder(&bed, "100.64.0.24"), find(&bed, "100.64.0.24"));
	cr_expect_eq(holder(&bed, "100.64.0.254"), find(&bed, "100.64.0.248"));
	cr_expect_eq(bed.dir->n_subscribers, 32);
	drop(&bed);
}

Test(holder, another_mask_gives_all_addresses_numbers_that_nobody_has_had)
{
	struct bed each = make(TENANT("{prefix: 100.64.0.8/29}, {prefix: 100.64.0.64/29}"), NULL);
	struct bed one = make(TENANT("{prefix: 100.64.0.8/29, subscriber_mask: 29}, "
				     "{prefix: 100.64.0.64/29}"),
		each.dir);
	struct bed again = make(
		TENANT("{prefix: 100.64.0.8/29}, {prefix: 100.64.0.64/29}"), one.dir);

	cr_expect_geq(find(&one, "100.64.0.8"), each.dir->n_inside);
	cr_expect_geq(find(&again, "100.64.0.8"), one.dir->n_inside);
	cr_expect_not(cgn_directory_inside_live(one.dir, find(&each, "100.64.0.11")));
	cr_expect_eq(find(&one, "100.64.0.66"), find(&each, "100.64.0.66"), "the other prefix");
	drop(&again);
	drop(&one);
	drop(&each);
}

Test(holder, a_part_of_the_prefix_may_go_without_the_others)
{
	struct bed all = make(TENANT("{prefix: 10.0.0.0/24, via: 100.64.0.2, "
				     "subscriber_mask: 29}"),
		NULL);
	struct bed half = make(TENANT("{prefix: 10.0.0.128/25, via: 100.64.0.3, "
				      "subscriber_mask: 29}"),
		all.dir);
	struct bed back = make(TENANT("{prefix: 10.0.0.0/24, via: 100.64.0.2, "
				      "subscriber_mask: 29}"),
		half.dir);

	cr_expect_eq(holder(&half, "10.0.0.133"), holder(&all, "10.0.0.133"));
	cr_expect_eq(holder(&back, "10.0.0.133"), holder(&all, "10.0.0.133"));
	cr_expect_neq(holder(&back, "10.0.0.5"), holder(&all, "10.0.0.5"));
	drop(&back);
	drop(&half);
	drop(&all);
}

/* One that is called by another address from now on would be counted by a number that had others.
 */
Test(holder, a_subscriber_that_loses_its_least_address_begins_anew)
{
	static const char at_254[] =
		"tenant: a\n"
		"attachments:\n"
		"  - {port: access, address: 100.64.0.254/24,\n"
		"     subscribers: [{prefix: 100.64.0.0/24, subscriber_mask: 29}]}\n"
		"pool: [203.0.113.16/30]\n";
	static const char at_1[] = TENANT("{prefix: 100.64.0.0/24, subscriber_mask: 29}");
	struct bed before = make(at_254, NULL), after = make(at_1, before.dir);

	cr_expect_eq(find(&after, "100.64.0.1"), CGN_NONE);
	cr_expect_geq(find(&after, "100.64.0.5"), before.dir->n_inside);
	cr_expect_eq(find(&after, "100.64.0.9"), find(&before, "100.64.0.9"));
	cr_expect_eq(holder(&after, "100.64.0.254"), holder(&before, "100.64.0.253"),
		"who only gets one more goes on");
	drop(&after);
	drop(&before);
}
