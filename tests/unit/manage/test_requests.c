/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operator sees of NAT-PMP and PCP requests: counts, and why they were refused. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "rig.h"

static struct cgn_sim *sim;

static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "portctl: {natpmp: true, pcp: true, requests_per_s: 100000, burst: 100000}\n"
		     "quota: {subscriber: {explicit: 2}}\n"
		     "static: [{protocol: tcp, inside: 100.64.0.10, inside_port: 443, outside: "
		     "203.0.113.17, outside_port: 8443}]\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(requests, .init = setup, .fini = teardown);

static const json_t *
row(const json_t *answer, uint32_t i)
{
	char name[16];

	snprintf(name, sizeof(name), "r%u", i);
	return json_object_get(json_object_get(answer, "rows"), name);
}

static void
send_bytes(uint32_t from, const uint8_t *payload, uint16_t len)
{
	struct packet_spec spec = packet_udp(from, 40000, SIM_GATEWAY, 5351);

	spec.payload = payload;
	spec.payload_len = len;
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
}

static void
pmp_map(uint32_t from, uint8_t opcode, uint16_t inside, uint16_t suggested, uint32_t life)
{
	const uint8_t p[12] = {0, opcode, 0, 0, (uint8_t)(inside >> 8), (uint8_t)inside,
		(uint8_t)(suggested >> 8), (uint8_t)suggested, 0, 0, (uint8_t)(life >> 8),
		(uint8_t)life};

	send_bytes(from, p, sizeof(p));
}

/* MAP of UDP; with PREFER_FAILURE, or with THIRD_PARTY for SIM_A2. */
static void
pcp_map(uint16_t inside, uint16_t suggested, uint8_t option)
{
	uint8_t p[84] = {2, 1, [6] = 14, [18] = 0xff, 0xff, 100, 64, 0,
		10, [36] = 17, [40] = (uint8_t)(inside >> 8), (uint8_t)inside,
		(uint8_t)(suggested >> 8), (uint8_t)suggested, [54] = 0xff,
		0xff, [60] = option, [63] = option == 1 ? 16 : 0};

	if (option == 1)
		memcpy(p + 74, (const uint8_t[]){0xff, 0xff, 100, 64, 0, 11}, 6);
	send_bytes(SIM_A1, p, option == 1 ? 84 : option == 2 ? 64 : 60);
}

/* The newest refusal of tenant a. */
static void
newest_is(const char *opcode, const char *result, const char *why)
{
	json_t *answer = rig_ok(sim, "/cgnat/refusals,tenant=a,limit=1");
	const json_t *r = row(answer, 0);

	cr_expect_str_eq(rig_str(r, "opcode"), opcode);
	cr_expect_str_eq(rig_str(r, "result"), result);
	cr_expect_str_eq(rig_str(r, "why"), why);
	json_decref(answer);
}

static json_int_t
count(const char *tenant, const char *protocol, const char *opcode, const char *result)
{
	char request[96];
	json_int_t n = 0;
	json_t *answer, *r;
	const char *key;

	snprintf(request, sizeof(request), "/cgnat/requests%s%s", tenant != NULL ? ",tenant=" : "",
		tenant != NULL ? tenant : "");
	answer = rig_ok(sim, request);
	json_object_foreach(json_object_get(answer, "rows"), key, r)
	{
		if (strcmp(rig_str(r, "protocol"), protocol) == 0 &&
			strcmp(rig_str(r, "opcode"), opcode) == 0 &&
			strcmp(rig_str(r, "result"), result) == 0)
			n += rig_num(r, "requests");
	}
	json_decref(answer);
	return n;
}

Test(requests, are_counted_by_protocol_opcode_and_result)
{
	static const uint8_t address[2] = {0, 0}, version3[2] = {3, 1}, answer[12] = {0, 129};

	send_bytes(SIM_A1, address, sizeof(address));
	send_bytes(SIM_A1, version3, sizeof(version3));
	send_bytes(SIM_A1, answer, sizeof(answer));
	pmp_map(SIM_A1, 1, 5000, 5000, 60);
	pmp_map(SIM_A1, 2, 443, 0, 0);
	pmp_map(SIM_A2, 1, 5000, 5000, 60);
	pcp_map(6000, 0, 0);
	pcp_map(6000, 0, 1);
	cr_expect_eq(count("a", "NAT-PMP", "ADDRESS", "SUCCESS"), 1);
	cr_expect_eq(count("a", "NAT-PMP", "MAP_UDP", "SUCCESS"), 2);
	cr_expect_eq(count("a", "NAT-PMP", "MAP_TCP", "NOT_AUTHORIZED"), 1);
	cr_expect_eq(count("a", "NAT-PMP", "MAP_UDP", "ignored"), 1);
	cr_expect_eq(count("a", "PCP", "MAP", "USER_EX_QUOTA"), 1, "the static entry counts");
	cr_expect_eq(count("a", "PCP", "MAP", "UNSUPP_OPTION"), 1);
	cr_expect_eq(count("a", "PCP", "other", "UNSUPP_VERSION"), 1);
	cr_expect_eq(count(NULL, "NAT-PMP", "MAP_UDP", "SUCCESS"), 2);
	cr_expect_eq(count("b", "NAT-PMP", "MAP_UDP", "SUCCESS"), 0);
}

Test(requests, a_refusal_says_why_in_words_and_numbers)
{
	json_t *answer;
	const json_t *r;

	pmp_map(SIM_A1, 1, 5000, 5000, 60);
	pmp_map(SIM_A1, 1, 5001, 45001, 60);
	newest_is("MAP_UDP", "OUT_OF_RESOURCES",
		"subscriber's quota of explicit mappings reached: 2 of 2");
	answer = rig_ok(sim, "/cgnat/refusals");
	cr_assert_eq(rig_num(answer, "n"), 1);
	r = row(answer, 0);
	cr_expect_str_eq(rig_str(r, "tenant"), "a");
	cr_expect_str_eq(rig_str(r, "subscriber"), "100.64.0.10");
	cr_expect_str_eq(rig_str(r, "protocol"), "NAT-PMP");
	cr_expect_str_eq(rig_str(r, "proto"), "udp");
	cr_expect_eq(rig_num(r, "inside_port"), 5001);
	cr_expect_str_eq(rig_str(r, "suggested"), "45001");
	cr_expect_eq(rig_num(r, "n"), 1);
	cr_expect_eq(strlen(rig_str(r, "time")), strlen("2026-01-01T00:00:00Z"));
	json_decref(answer);
	pmp_map(SIM_A1, 2, 443, 0, 0);
	newest_is("MAP_TCP", "NOT_AUTHORIZED", "the mapping is the operator's");
	pcp_map(6000, 0, 1);
	newest_is("MAP", "UNSUPP_OPTION", "THIRD_PARTY is not allowed for this client");
}

Test(requests, a_suggestion_that_cannot_be_met_is_explained)
{
	const struct packet_spec flow = packet_udp(SIM_A1, 9000, SIM_PEER, 53);
	const struct cgn_mapping *m;

	pcp_map(6000, 5351, 2);
	newest_is("MAP", "CANNOT_PROVIDE_EXTERNAL", "the suggested port is reserved");
	pcp_map(6000, 80, 2);
	newest_is("MAP", "CANNOT_PROVIDE_EXTERNAL",
		"the suggested port is not in the tenant's range");
	pmp_map(SIM_A1, 1, 5000, 45000, 60);
	pcp_map(5000, 45001, 2);
	newest_is("MAP", "CANNOT_PROVIDE_EXTERNAL",
		"the inside port is mapped to another outside port");
	pmp_map(SIM_A1, 1, 5000, 0, 0);
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &flow));
	cgn_sim_run(sim);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 9000);
	cr_assert_not_null(m);
	pcp_map(7000, rte_be_to_cpu_16(m->outside_port), 2);
	newest_is("MAP", "CANNOT_PROVIDE_EXTERNAL",
		"the suggested port is of another mapping of this subscriber");
}

Test(requests, refusals_are_filtered_paged_and_newest_first)
{
	json_int_t n = 0, next = 0, last = 1 << 20;

	for (uint32_t s = 0; s < 100; s++)
		pmp_map(SIM_GATEWAY + 20 + s, 1, 0, (uint16_t)s, 60);
	do {
		char request[64];
		json_t *answer;

		snprintf(request, sizeof(request), "/cgnat/refusals,limit=30,cursor=%lld",
			(long long)next);
		answer = rig_ok(sim, request);
		for (uint32_t i = 0; i < rig_num(answer, "n"); i++, n++) {
			json_int_t suggested = atoi(rig_str(row(answer, i), "suggested"));

			cr_assert_lt(suggested, last);
			last = suggested;
		}
		cr_assert(rig_num(answer, "next") == 0 || rig_num(answer, "next") > next);
		next = rig_num(answer, "next");
		json_decref(answer);
	} while (next != 0);
	cr_expect_eq(n, 100);
	json_decref(rig_ok(sim, "/cgnat/refusals,tenant=b"));
	for (uint32_t i = 0; i < 3; i++) {
		json_t *answer = rig_ok(sim, "/cgnat/refusals,tenant=a,subscriber=100.64.0.31");

		cr_expect_eq(rig_num(answer, "n"), 1);
		cr_expect_str_eq(rig_str(row(answer, 0), "suggested"), "10");
		cr_expect_eq(rig_num(row(answer, 0), "n"), (json_int_t)i + 1);
		json_decref(answer);
		pmp_map(0x6440001f, 1, 0, 10, 60);
	}
}
