/* SPDX-License-Identifier: BSD-3-Clause */
/* Listed subscribers as the operator sees them, over the real socket, and what a reload changes. */
#include <string.h>

#include <criterion/criterion.h>

#include "commands.h"
#include "control.h"
#include "rig.h"

static struct cgn_sim *sim;

#define CLASSES "classes: [{name: gold, mappings: 9, udp: 8}, {name: tin, udp: 1}]\n"

static void
setup(void)
{
	rig_start();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = CLASSES
		"subscribers:\n"
		"  - {address: 100.64.0.10, id: cust-1, class: gold, tags: [vip, dsl], "
		"quota: {mappings: 7, max_blocks: 2}}\n"
		"  - {address: 100.64.0.11, id: cust-2}\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(listed, .init = setup, .fini = teardown, .timeout = 60);

/* The item of the answer; the caller's. */
static json_t *
item_of(const char *request)
{
	json_t *answer = rig_ok(sim, request), *item = json_incref(json_object_get(answer, "item"));

	json_decref(answer);
	return item;
}

static void
expect(const char *address, const char *id, const char *class_name, const char *tags)
{
	char request[96];
	json_t *item;

	snprintf(request, sizeof(request), "/cgnat/subscriber,tenant=a,address=%s", address);
	item = item_of(request);
	cr_expect_str_eq(rig_str(item, "id"), id, "%s", address);
	cr_expect_str_eq(rig_str(item, "class"), class_name, "%s", address);
	cr_expect_str_eq(rig_str(item, "tags"), tags, "%s", address);
	json_decref(item);
}

static void
send_from(uint32_t addr, uint16_t port)
{
	struct packet_spec spec = packet_udp(addr, port, SIM_PEER, 53);

	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
}

static void
reload(const char *a)
{
	struct cgn_errmsg err = {{0}};

	cr_assert_eq(
		cgn_sim_reload(sim, &(struct cgn_sim_params){.a = a}, &err), 0, "%s", err.text);
	cgn_manage_detach();
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

Test(listed, subscriber_shows_who_it_is_and_the_quota_in_force)
{
	json_t *item = item_of("/cgnat/subscriber,tenant=a,address=100.64.0.10");

	cr_expect_str_eq(rig_str(item, "id"), "cust-1");
	cr_expect_str_eq(rig_str(item, "class"), "gold");
	cr_expect_str_eq(rig_str(item, "tags"), "vip,dsl");
	cr_expect_str_eq(rig_str(item, "listed"), "yes");
	cr_expect_eq(rig_num(item, "mappings_max"), 7);
	cr_expect_eq(rig_num(item, "udp_max"), 8);
	cr_expect_eq(rig_num(item, "tcp_max"), 4096);
	cr_expect_eq(rig_num(item, "blocks_max"), 2);
	json_decref(item);
	expect("100.64.0.11", "cust-2", "-", "-");
	expect("100.64.0.12", "-", "-", "-");
	item = item_of("/cgnat/subscriber,tenant=a,address=100.64.0.12");
	cr_expect_str_eq(rig_str(item, "listed"), "no");
	json_decref(item);
}

/* While somebody is there by a session, that is who is named; tags and own quota are the entry's.
 */
Test(listed, name_and_class_of_a_session_come_first)
{
	json_t *item;

	json_decref(rig_ok(
		sim, "/cgnat/subscriber/add,tenant=a,address=100.64.0.10,session=guest,class=tin"));
	expect("100.64.0.10", "guest", "tin", "vip,dsl");
	item = item_of("/cgnat/subscriber,tenant=a,address=100.64.0.10");
	cr_expect_eq(rig_num(item, "udp_max"), 1);
	cr_expect_eq(rig_num(item, "mappings_max"), 7);
	json_decref(item);
	json_decref(rig_ok(sim, "/cgnat/subscriber/remove,tenant=a,session=guest"));
	expect("100.64.0.10", "cust-1", "gold", "vip,dsl");
}

static void
expect_row(const char *request)
{
	json_t *answer = rig_ok(sim, request);
	const json_t *row = json_object_iter_value(
		json_object_iter(json_object_get(answer, "rows")));

	cr_expect_eq(rig_num(answer, "n"), 1);
	cr_expect_str_eq(rig_str(row, "id"), "cust-1");
	cr_expect_str_eq(rig_str(row, "class"), "gold");
	cr_expect_str_eq(rig_str(row, "tags"), "vip,dsl");
	cr_expect_eq(rig_num(row, "mappings_max"), 7);
	json_decref(answer);
}

Test(listed, lists_and_traces_name_it)
{
	char request[96], addr[CGN_IP4_STRLEN];
	const struct cgn_mapping *m;
	json_t *item;

	send_from(SIM_A1, 5000);
	expect_row("/cgnat/subscribers,tenant=a");
	expect_row("/cgnat/busiest,tenant=a");
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);
	cr_assert_not_null(m);
	snprintf(request, sizeof(request), "/cgnat/trace/port,transport=%s:%u/udp",
		cgn_ip4_str(rte_be_to_cpu_32(m->outside_addr), addr),
		rte_be_to_cpu_16(m->outside_port));
	item = item_of(request);
	cr_expect_str_eq(rig_str(item, "id"), "cust-1");
	json_decref(item);
	item = item_of("/cgnat/trace/subscriber,tenant=a,address=100.64.0.10");
	cr_expect_str_eq(rig_str(item, "id"), "cust-1");
	json_decref(item);
}

Test(listed, explain_and_events_name_it)
{
	json_t *answer = rig_ok(
		sim, "/cgnat/explain,tenant=a,from=100.64.0.10:5000,to=192.0.2.1:53/udp");
	const json_t *row = rig_row(answer, "r1");

	cr_expect_str_eq(rig_str(row, "step"), "source");
	cr_expect_str_eq(
		rig_str(row, "finding"), "100.64.0.10 is assigned to a subscriber there: cust-1");
	json_decref(answer);
	json_decref(rig_ok(sim, "/cgnat/map/clear,tenant=a,subscriber=100.64.0.10"));
	json_decref(rig_ok(sim,
		"/cgnat/map/"
		"add,tenant=a,proto=udp,inside=100.64.0.11:443,outside=203.0.113.17:8443"));
	answer = rig_ok(sim, "/cgnat/events");
	cr_expect_str_eq(rig_str(rig_row(answer, "r0"), "details"),
		"tenant=a proto=udp inside=100.64.0.11:443 outside=203.0.113.17:8443 "
		"session=cust-2");
	cr_expect_str_eq(rig_str(rig_row(answer, "r1"), "details"),
		"tenant=a subscriber=100.64.0.10 session=cust-1 mappings=0 explicit=0");
	json_decref(answer);
}

/* Ids, classes, tags and quotas: nothing ends for it. */
Test(listed, reload_changes_it_live)
{
	send_from(SIM_A1, 5000);
	send_from(SIM_A1 + 2, 5000);
	reload(CLASSES "subscribers:\n"
		       "  - {address: 100.64.0.12, id: cust-2, class: tin}\n"
		       "  - {address: 100.64.0.10, id: cust-7, tags: [new], quota: {udp: 2}}\n");
	cr_expect_eq(cgn_sim_n_mappings(sim), 2);
	expect("100.64.0.10", "cust-7", "-", "new");
	expect("100.64.0.11", "-", "-", "-");
	expect("100.64.0.12", "cust-2", "tin", "-");
	for (uint16_t port = 5001; port < 5005; port++) {
		send_from(SIM_A1, port);
		send_from(SIM_A1 + 2, port);
	}
	cr_expect_eq(cgn_sim_n_mappings(sim), 3);
	reload(CLASSES);
	cr_expect_eq(cgn_sim_n_mappings(sim), 3);
	expect("100.64.0.10", "-", "-", "-");
	send_from(SIM_A1, 5005);
	cr_expect_eq(cgn_sim_n_mappings(sim), 4);
}
