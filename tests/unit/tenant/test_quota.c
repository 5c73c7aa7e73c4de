/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/tenant/quota: which limit refuses, and what a refusal costs. */
#include "quota.h"

#include <string.h>

#include <criterion/criterion.h>

static struct cgn_conf_tenant conf;
static struct cgn_tenant tenant;
static struct cgn_class limits;
static struct cgn_use tenant_use, use;
static const cgn_ns_t now = 1000 * CGN_NS_PER_S;

static void
start(void)
{
	memset(&conf, 0, sizeof(conf));
	memset(&tenant_use, 0, sizeof(tenant_use));
	memset(&use, 0, sizeof(use));
	conf.quota.tenant.mappings = 100;
	conf.quota.subscriber = (struct cgn_conf_quota_subscriber){
		.mappings = 10, .tcp = 6, .udp = 5, .icmp = 2};
	tenant = (struct cgn_tenant){.conf = &conf, .new_rate = cgn_rate_make(10, 50)};
	limits = (struct cgn_class){
		.quota = conf.quota.subscriber, .new_rate = cgn_rate_make(10, 20)};
}

TestSuite(quota, .init = start);

static enum cgn_fate
admit(enum cgn_proto proto)
{
	return cgn_quota_admit(&tenant, &limits, &tenant_use, &use, proto, now);
}

/* Admits and books until refused. */
static enum cgn_fate
fill(enum cgn_proto proto, uint32_t *n)
{
	enum cgn_fate fate;

	for (*n = 0; (fate = admit(proto)) == CGN_FATE_NONE; (*n)++) {
		cgn_use_add(&tenant_use, proto);
		cgn_use_add(&use, proto);
	}
	return fate;
}

Test(quota, each_protocol_has_its_own_limit)
{
	uint32_t n;

	cr_assert_eq(fill(CGN_ICMP, &n), CGN_FATE_QUOTA_SUBSCRIBER_ICMP);
	cr_assert_eq(n, 2);
	cr_assert_eq(fill(CGN_UDP, &n), CGN_FATE_QUOTA_SUBSCRIBER_UDP);
	cr_assert_eq(n, 5);
}

Test(quota, tcp_limit_leaves_room_for_other_protocols)
{
	uint32_t n;

	cr_assert_eq(fill(CGN_TCP, &n), CGN_FATE_QUOTA_SUBSCRIBER_TCP);
	cr_assert_eq(n, 6);
	cr_assert_eq(admit(CGN_UDP), CGN_FATE_NONE);
}

Test(quota, total_of_all_protocols_comes_before_the_protocol)
{
	uint32_t n;

	fill(CGN_TCP, &n);
	cr_assert_eq(fill(CGN_UDP, &n), CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS);
	cr_assert_eq(n, 4);
	cr_assert_eq(admit(CGN_TCP), CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS);
}

Test(quota, tenant_limit_refuses_a_subscriber_that_has_room)
{
	tenant_use.mappings[CGN_TCP] = 60;
	tenant_use.mappings[CGN_ICMP] = 40;
	cr_assert_eq(admit(CGN_UDP), CGN_FATE_QUOTA_TENANT_MAPPINGS);
	cgn_use_del(&tenant_use, CGN_ICMP);
	cr_assert_eq(admit(CGN_UDP), CGN_FATE_NONE);
}

Test(quota, own_limit_is_named_before_that_of_the_tenant)
{
	tenant_use.mappings[CGN_TCP] = 100;
	use.mappings[CGN_TCP] = 10;
	cr_assert_eq(admit(CGN_TCP), CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS);
}

Test(quota, subscriber_that_is_too_fast_takes_nothing_from_its_tenant)
{
	uint64_t before;

	for (int i = 0; i < 20; i++)
		cr_assert_eq(admit(CGN_TCP), CGN_FATE_NONE);
	before = tenant_use.rate_full_at;
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(admit(CGN_TCP), CGN_FATE_QUOTA_SUBSCRIBER_RATE);
	cr_assert_eq(tenant_use.rate_full_at, before);
}

Test(quota, subscriber_over_its_mappings_takes_no_tokens_at_all)
{
	use.mappings[CGN_UDP] = 10;
	for (int i = 0; i < 1000; i++)
		admit(CGN_UDP);
	cr_assert_eq(tenant_use.rate_full_at, 0);
	cr_assert_eq(use.rate_full_at, 0);
}

Test(quota, tenant_that_is_too_fast_takes_nothing_from_the_subscriber)
{
	struct cgn_use other;

	for (int i = 0; i < 50; i++) {
		memset(&other, 0, sizeof(other));
		cr_assert_eq(cgn_quota_admit(&tenant, &limits, &tenant_use, &other, CGN_TCP, now),
			CGN_FATE_NONE);
	}
	cr_assert_eq(admit(CGN_TCP), CGN_FATE_QUOTA_TENANT_RATE);
	cr_assert_eq(use.rate_full_at, 0);
}

Test(quota, admission_comes_back_with_time)
{
	uint32_t n = 0;

	while (cgn_quota_admit(&tenant, &limits, &tenant_use, &use, CGN_TCP, now) == CGN_FATE_NONE)
		n++;
	cr_assert_eq(n, 20);
	cr_assert_eq(cgn_quota_admit(
			     &tenant, &limits, &tenant_use, &use, CGN_TCP, now + CGN_NS_PER_S / 10),
		CGN_FATE_NONE);
}

Test(quota, refusals_are_counted_on_both_sides_and_admissions_on_none)
{
	admit(CGN_TCP);
	cr_assert_eq(use.refused + tenant_use.refused, 0);
	use.mappings[CGN_UDP] = 5;
	admit(CGN_UDP);
	admit(CGN_UDP);
	cr_assert_eq(use.refused, 2);
	cr_assert_eq(tenant_use.refused, 2);
}

Test(quota, use_knows_its_peak_and_all_that_was_made)
{
	for (int i = 0; i < 3; i++)
		cgn_use_add(&use, CGN_TCP);
	cgn_use_add(&use, CGN_ICMP);
	cgn_use_del(&use, CGN_TCP);
	cgn_use_del(&use, CGN_TCP);
	cgn_use_add(&use, CGN_UDP);
	cr_assert_eq(cgn_use_total(&use), 3);
	cr_assert_eq(use.mappings[CGN_TCP], 1);
	cr_assert_eq(use.peak, 4);
	cr_assert_eq(use.made, 5);
}
