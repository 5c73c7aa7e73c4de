/* SPDX-License-Identifier: BSD-3-Clause */
/* Classes of subscribers: whose limits they are, and what a reload makes of them. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "sim.h"

/* A1 and A2 are in the first /24, which is gold. */
#define ATTACHMENTS(class_of_first)                                                                \
	"attachments:\n"                                                                           \
	"  - port: access\n"                                                                       \
	"    address: 100.64.0.1/22\n"                                                             \
	"    binding: access\n"                                                                    \
	"    subscribers: [{prefix: 100.64.0.0/24" class_of_first "}, {prefix: 100.64.1.0/24}]\n"

enum { PLAIN = 0x6440010a }; /* 100.64.1.10 */

static struct cgn_sim *sim;

static void
start(const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});
}

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(classes, .fini = finish, .timeout = 60);

static uint32_t
open_flows(uint32_t src, uint16_t first, uint32_t n)
{
	uint32_t before = cgn_sim_n_mappings(sim);

	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_udp(
			src, (uint16_t)(first + i), (uint32_t)SIM_PEER, 53);

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
	}
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
	return cgn_sim_n_mappings(sim) - before;
}

static void
reload(const char *a)
{
	struct cgn_errmsg err;

	cr_assert_eq(
		cgn_sim_reload(sim, &(struct cgn_sim_params){.a = a}, &err), 0, "%s", err.text);
}

Test(classes, a_prefix_gives_its_subscribers_the_limits_of_its_class)
{
	start("classes: [{name: silver, udp: 2}, {name: gold, udp: 5, new_per_s: 1, burst: 9}]\n"
	      "quota: {subscriber: {udp: 3}}\n" ATTACHMENTS(", class: gold"));
	cr_assert_eq(open_flows(SIM_A1, 5000, 8), 5);
	cr_assert_eq(cgn_sim_fate(sim, "quota_subscriber_udp"), 3);
	cr_assert_eq(open_flows(PLAIN, 5000, 8), 3, "the other prefix has no class");
}

Test(classes, what_a_class_leaves_open_is_as_quota_subscriber_says)
{
	start("classes: [{name: gold, tcp: 100}]\n"
	      "quota: {subscriber: {udp: 3}}\n" ATTACHMENTS(", class: gold"));
	cr_assert_eq(open_flows(SIM_A1, 5000, 8), 3);
}

Test(classes, a_class_limits_blocks)
{
	start("classes: [{name: gold, max_blocks: 2}]\n"
	      "ports: {block_size: 64, max_blocks: 1}\n" ATTACHMENTS(", class: gold"));
	cr_assert_eq(open_flows(SIM_A1, 5000, 200), 128);
	cr_assert_eq(open_flows(PLAIN, 5000, 100), 64);
}

Test(classes, a_class_limits_the_rate)
{
	start("classes: [{name: gold, new_per_s: 1, burst: 4}]\n" ATTACHMENTS(", class: gold"));
	cr_assert_eq(open_flows(SIM_A1, 5000, 10), 4);
	cr_assert_eq(cgn_sim_fate(sim, "quota_subscriber_rate"), 6);
	cr_assert_eq(open_flows(PLAIN, 5000, 10), 10);
}

Test(classes, a_reload_changes_limits_and_ends_nothing)
{
	start("classes: [{name: gold, udp: 5}]\n"
	      "quota: {subscriber: {udp: 3}}\n" ATTACHMENTS(", class: gold"));
	cr_assert_eq(open_flows(SIM_A1, 5000, 8), 5);
	reload("classes: [{name: bronze, udp: 1}, {name: gold, udp: 6}]\n"
	       "quota: {subscriber: {udp: 3}}\n" ATTACHMENTS(", class: gold"));
	cr_assert_eq(open_flows(SIM_A1, 6000, 8), 1, "gold again, whatever stands before it");
	reload("classes: [{name: bronze, udp: 1}, {name: gold, udp: 6}]\n"
	       "quota: {subscriber: {udp: 3}}\n" ATTACHMENTS(", class: bronze"));
	cr_assert_eq(open_flows(SIM_A1, 7000, 8), 0);
	cr_assert_eq(cgn_sim_n_mappings(sim), 6, "none was evicted");
	reload("quota: {subscriber: {udp: 7}}\n" ATTACHMENTS(""));
	cr_assert_eq(open_flows(SIM_A1, 8000, 8), 1);
}

/* A session remembers a class by its number while a reload goes on. */
Test(classes, a_number_has_one_name_in_two_directories)
{
	const struct cgn_tenant *tenant;
	uint32_t gold;

	start("classes: [{name: silver}, {name: gold}]\n" ATTACHMENTS(""));
	tenant = &sim->box->dir->tenants[0];
	gold = cgn_tenant_class_find(tenant, "gold");
	cr_assert_neq(gold, CGN_NONE);
	reload("classes: [{name: bronze}, {name: tin}, {name: gold}]\n" ATTACHMENTS(""));
	tenant = &sim->box->dir->tenants[0];
	cr_assert_eq(cgn_tenant_class_find(tenant, "gold"), gold);
	cr_assert_eq(cgn_tenant_class_find(tenant, "silver"), CGN_NONE);
	cr_assert_gt(cgn_tenant_class_find(tenant, "bronze"), 2, "1 and 2 were silver and gold");
	cr_assert_gt(cgn_tenant_class_find(tenant, "tin"), 2);
}
