/* SPDX-License-Identifier: BSD-3-Clause */
/* `trace`: who has an outside port, who had it, and what a subscriber has outside. */
#include <string.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "control.h"
#include "lease.h"
#include "rig.h"

static struct cgn_sim *sim;

static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = "punt: {subscriber_per_s: 100000, subscriber_burst: 100000}\n",
		.a = "ports: {first: 1024, last: 60415}\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(trace, .init = setup, .fini = teardown);

/* The item of an outside port, a reference of the caller's. */
static json_t *
trace(uint32_t addr, uint16_t port, const char *proto)
{
	char request[96], text[CGN_IP4_STRLEN];
	json_t *answer, *item;

	snprintf(request, sizeof(request), "/cgnat/trace/port,transport=%s:%u/%s",
		cgn_ip4_str(addr, text), port, proto);
	answer = rig_ok(sim, request);
	item = json_incref(json_object_get(answer, "item"));
	json_decref(answer);
	return item;
}

static void
expect_status(uint32_t addr, uint16_t port, const char *proto, const char *status)
{
	json_t *item = trace(addr, port, proto);

	cr_expect_str_eq(rig_str(item, "status"), status, "%u/%s", port, proto);
	json_decref(item);
}

/* Opens a mapping and returns its outside end. */
static const struct cgn_mapping *
open_udp(uint32_t from, uint16_t port)
{
	struct packet_spec spec = packet_udp(from, port, SIM_PEER, 53);
	const struct cgn_mapping *m;

	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
	m = cgn_sim_mapping(sim, "a", 17, from, port);
	cr_assert_not_null(m);
	return m;
}

Test(trace, a_mapped_port_names_its_subscriber)
{
	const struct cgn_mapping *m = open_udp(SIM_A1, 5000);
	uint16_t port = rte_be_to_cpu_16(m->outside_port);
	json_t *item;

	cgn_sim_elapse_s(sim, 7);
	item = trace(rte_be_to_cpu_32(m->outside_addr), port, "udp");
	cr_expect_str_eq(rig_str(item, "status"), "mapped");
	cr_expect_str_eq(rig_str(item, "tenant"), "a");
	cr_expect_str_eq(rig_str(item, "subscriber"), "100.64.0.10");
	cr_expect_str_eq(rig_str(item, "inside"), "100.64.0.10:5000");
	cr_expect_str_eq(rig_str(item, "origin"), "traffic");
	cr_expect_eq(rig_num(item, "age_s"), 7);
	cr_expect_eq(rig_num(item, "idle_s"), 7);
	cr_expect_eq(rig_num(item, "rests_s"), -1);
	cr_expect_eq(strlen(rig_str(item, "since")), strlen("2026-01-01T00:00:00Z"));
	json_decref(item);
	expect_status(rte_be_to_cpu_32(m->outside_addr), port, "tcp", "leased");
}

Test(trace, an_operators_mapping_says_so)
{
	json_t *item;

	json_decref(rig_ok(sim,
		"/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:443,"
		"outside=203.0.113.17:8443"));
	item = trace(SIM_POOL_A + 1, 8443, "tcp");
	cr_expect_str_eq(rig_str(item, "origin"), "operator");
	cr_expect_str_eq(rig_str(item, "last_use"), "-");
	cr_expect_eq(rig_num(item, "idle_s"), -1);
	cr_expect_eq(rig_num(item, "left_s"), -1);
	json_decref(item);
}

Test(trace, a_resting_port_names_who_had_it_and_until_when)
{
	const struct cgn_mapping *m = open_udp(SIM_A1, 5000);
	uint32_t addr = rte_be_to_cpu_32(m->outside_addr);
	uint16_t port = rte_be_to_cpu_16(m->outside_port);
	json_int_t before = 0, rests;
	json_t *item;

	for (int s = 0; s < 1000 && cgn_sim_n_mappings(sim) > 0; s++)
		cgn_sim_elapse_s(sim, 1);
	for (int i = 0; i < 3; i++) {
		item = trace(addr, port, "udp");
		cr_assert_str_eq(rig_str(item, "status"), "resting");
		cr_expect_str_eq(rig_str(item, "subscriber"), "100.64.0.10");
		cr_expect_str_eq(rig_str(item, "inside"), "-");
		cr_expect_not_null(strstr(rig_str(item, "answer"), "after 100.64.0.10 had it"));
		rests = rig_num(item, "rests_s");
		cr_expect_gt(rests, 0);
		if (i > 0)
			cr_expect_eq(rests, before - 10);
		before = rests;
		json_decref(item);
		cgn_sim_elapse_s(sim, 10);
	}
	cgn_sim_elapse_s(sim, (uint32_t)before - 11);
	expect_status(addr, port, "udp", "resting");
	cgn_sim_elapse_s(sim, 1);
	expect_status(addr, port, "udp", "free");
}

/* More than one question to control can look at. */
Test(trace, the_end_of_a_rest_is_found_among_many)
{
	enum { N = 900 };
	uint16_t ports[N];
	uint32_t addr = 0;
	json_t *first;

	for (uint16_t k = 0; k < N; k++) {
		const struct cgn_mapping *m = open_udp(SIM_A1, (uint16_t)(2000 + k));

		ports[k] = rte_be_to_cpu_16(m->outside_port);
		addr = rte_be_to_cpu_32(m->outside_addr);
	}
	while (cgn_sim_n_mappings(sim) > 0)
		cgn_sim_elapse_s(sim, 1);
	first = trace(addr, ports[0], "udp");
	cr_expect_gt(rig_num(first, "rests_s"), 0);
	for (uint32_t k = 1; k < N; k += 149) {
		json_t *item = trace(addr, ports[k], "udp");

		cr_expect_str_eq(rig_str(item, "status"), "resting");
		cr_expect_eq(rig_num(item, "rests_s"), rig_num(first, "rests_s"));
		json_decref(item);
	}
	json_decref(first);
}

Test(trace, a_block_that_rests_since_a_restart_is_its_holders)
{
	struct cgn_control *c = sim->box->control;
	struct cgn_lease was = {.inside = cgn_directory_inside_find(sim->box->dir, 0, SIM_A2),
		.first = 1024,
		.n_ports = 512};
	json_t *item;

	cr_assert_eq(cgn_lease_restore(c->pool, 0, &was, c->now_s + 120), 1);
	item = trace(SIM_POOL_A, 1030, "icmp");
	cr_expect_str_eq(rig_str(item, "status"), "resting");
	cr_expect_str_eq(rig_str(item, "subscriber"), "100.64.0.11");
	cr_expect_str_eq(rig_str(item, "block"), "1024-1535");
	cr_expect_eq(rig_num(item, "rests_s"), 120);
	json_decref(item);
}

Test(trace, what_nobody_has_is_free_or_never_given_out)
{
	json_t *answer;

	expect_status(SIM_POOL_A, 40000, "udp", "free");
	expect_status(SIM_POOL_A, 5351, "udp", "never");
	expect_status(SIM_POOL_A, 5351, "tcp", "free");
	expect_status(SIM_POOL_A, 80, "tcp", "never");
	expect_status(SIM_POOL_A, 65000, "icmp", "never");
	answer = rig_ask(sim, "/cgnat/trace/port,transport=192.0.2.1:80/tcp");
	cr_expect_str_eq(rig_str(answer, "status"), "error");
	cr_expect_str_eq(rig_str(answer, "parameter"), "transport");
	json_decref(answer);
}

Test(trace, a_subscriber_shows_its_blocks_and_what_rests_in_them)
{
	json_int_t blocks = 0, resting = 0, n = 0, next = 0;
	json_t *answer;

	for (uint16_t k = 0; k < 700; k++)
		open_udp(SIM_A1, (uint16_t)(2000 + k));
	while (cgn_sim_n_mappings(sim) > 0)
		cgn_sim_elapse_s(sim, 1);
	open_udp(SIM_A1, 9);
	do {
		char request[128];
		const char *key;
		json_t *r;

		snprintf(request, sizeof(request),
			"/cgnat/trace/subscriber,tenant=a,address=100.64.0.10,limit=20,cursor=%lld",
			(long long)next);
		answer = rig_ok(sim, request);
		cr_expect_eq(rig_num(json_object_get(answer, "item"), "mappings"), 1);
		json_object_foreach(json_object_get(answer, "rows"), key, r)
		{
			unsigned int first, last;

			n++;
			cr_assert_eq(sscanf(rig_str(r, "ports"), "%u-%u", &first, &last), 2);
			if (strcmp(rig_str(r, "what"), "block") == 0)
				blocks += rig_num(r, "mapped") + 1000;
			else
				resting += last - first + 1;
		}
		next = rig_num(answer, "next");
		json_decref(answer);
	} while (next != 0);
	cr_expect_eq(blocks, 2001, "two blocks, one mapping");
	cr_expect_eq(resting, 700);
	cr_expect_gt(n, 64);
}
