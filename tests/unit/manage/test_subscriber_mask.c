/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands about a subscriber of several addresses: any of them is asked for, the prefix shown. */
#include <string.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "rig.h"

static struct cgn_sim *sim;

/* SIM_A1 and SIM_A2 are in 100.64.0.8/29. */
static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "attachments:\n"
		     "  - port: access\n"
		     "    address: 100.64.0.1/22\n"
		     "    binding: access\n"
		     "    subscribers: [{prefix: 100.64.0.0/24, subscriber_mask: 29},\n"
		     "      {prefix: 100.64.1.0/24}]\n"
		     "portctl: {natpmp: true, pcp: false}\n"
		     "quota: {subscriber: {explicit: 0}}\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(manage_subscriber_mask, .init = setup, .fini = teardown);

static void
send_spec(uint32_t src, uint16_t port)
{
	struct packet_spec s = packet_udp(src, port, SIM_PEER, 53);

	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &s));
	cgn_sim_run(sim);
}

static void
expect_item(const char *request, const char *name, const char *value)
{
	json_t *answer = rig_ok(sim, request);

	cr_expect_str_eq(rig_str(json_object_get(answer, "item"), name), value, "%s", request);
	json_decref(answer);
}

static void
expect_row(const char *request, const char *name, const char *value, json_int_t n)
{
	json_t *answer = rig_ok(sim, request);

	cr_expect_eq(rig_num(answer, "n"), n, "%s", request);
	cr_expect_str_eq(rig_str(rig_row(answer, "r0"), name), value, "%s", request);
	json_decref(answer);
}

static void
expect_refused(const char *request)
{
	json_t *answer = rig_ask(sim, request);

	cr_expect_str_eq(rig_str(answer, "status"), "error", "%s", request);
	json_decref(answer);
}

Test(manage_subscriber_mask, is_shown_as_its_prefix_whichever_address_is_asked_for)
{
	send_spec(SIM_A1, 5000);
	send_spec(SIM_A2, 5000);
	expect_row("/cgnat/subscribers", "address", "100.64.0.8/29", 1);
	expect_row("/cgnat/blocks", "subscriber", "100.64.0.8/29", 1);
	expect_row("/cgnat/busiest", "address", "100.64.0.8/29", 1);
	expect_row("/cgnat/talkers", "address", "100.64.0.8/29", 1);
	expect_item("/cgnat/subscriber,tenant=a,address=100.64.0.11", "address", "100.64.0.8/29");
	expect_row(
		"/cgnat/subscriber,tenant=a,address=100.64.0.14", "subscriber", "100.64.0.8/29", 1);
	expect_item(
		"/cgnat/trace/subscriber,tenant=a,address=100.64.0.10", "address", "100.64.0.8/29");
	expect_item("/cgnat/subscriber,tenant=a,address=100.64.0.8/29", "address", "100.64.0.8/29");
	expect_item("/cgnat/subscriber,tenant=a,address=100.64.0.0/29", "address", "100.64.0.0/29");
	expect_row("/cgnat/mappings,tenant=a,subscriber=100.64.0.8/29", "tenant", "a", 2);
	expect_refused("/cgnat/subscriber,tenant=a,address=100.64.0.8/30");
	expect_refused("/cgnat/subscriber,tenant=a,address=100.64.0.0/28");
	expect_refused("/cgnat/subscriber,tenant=a,address=100.64.9.0/29");
	expect_refused("/cgnat/subscriber,tenant=a,address=100.64.0.8/33");
	expect_item("/cgnat/subscriber,tenant=a,address=100.64.1.7", "address", "100.64.1.7");
	expect_row("/cgnat/mappings,tenant=a,subscriber=100.64.0.10", "tenant", "a", 2);
	expect_row("/cgnat/mappings,tenant=a,subscriber=100.64.0.17", "tenant", "", 0);
}

Test(manage_subscriber_mask, trace_names_the_subscriber_and_the_address)
{
	const struct cgn_mapping *m;
	char request[96], addr[CGN_IP4_STRLEN];

	send_spec(SIM_A2, 5000);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A2, 5000);
	snprintf(request, sizeof(request), "/cgnat/trace/port,transport=%s:%u/udp",
		cgn_ip4_str(rte_be_to_cpu_32(m->outside_addr), addr),
		rte_be_to_cpu_16(m->outside_port));
	expect_item(request, "subscriber", "100.64.0.8/29");
	expect_item(request, "inside", "100.64.0.11:5000");
	expect_item(request, "answer", "100.64.0.8/29 has it now");
}

Test(manage_subscriber_mask, counts_are_of_subscribers)
{
	json_t *answer = rig_ok(sim, "/cgnat/tenant,tenant=a");

	/* 32 prefixes, the first of which has lost two addresses, and 256 addresses. */
	cr_expect_eq(rig_num(json_object_get(answer, "item"), "subscribers"), 32 + 256);
	json_decref(answer);
}

Test(manage_subscriber_mask, refusals_name_the_address_and_are_found_by_any_other)
{
	/* NAT-PMP: map UDP 80, 3600 s. */
	static const uint8_t map[12] = {0, 1, 0, 0, 0, 80, 0, 80, 0, 0, 14, 16};
	struct packet_spec s = packet_udp(SIM_A2, 6000, SIM_GATEWAY, 5351);

	s.payload = map;
	s.payload_len = sizeof(map);
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &s));
	cgn_sim_run(sim);
	expect_row(
		"/cgnat/refusals,tenant=a,subscriber=100.64.0.10", "subscriber", "100.64.0.11", 1);
	expect_row("/cgnat/refusals,tenant=a,subscriber=100.64.0.17", "subscriber", "", 0);
}
