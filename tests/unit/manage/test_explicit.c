/* SPDX-License-Identifier: BSD-3-Clause */
/* Explicit mappings as the operator sees and changes them, over the real socket. */
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
		.a = "quota: {explicit: 500, subscriber: {explicit: 200}}\n"});
	cr_assert_eq(cgn_manage_register(sim->box), 0);
}

static void
teardown(void)
{
	cgn_manage_detach();
	cgn_sim_destroy(sim);
	rig_stop();
}

TestSuite(explicit, .init = setup, .fini = teardown);

static void
refused(const char *request, const char *param, const char *says)
{
	json_t *answer = rig_ask(sim, request);

	cr_assert_not_null(answer, "%s", request);
	cr_expect_str_eq(rig_str(answer, "status"), "error", "%s", request);
	cr_expect_str_eq(rig_str(answer, "parameter"), param, "%s", request);
	cr_expect_not_null(strstr(rig_str(answer, "message"), says), "%s: %s", request,
		rig_str(answer, "message"));
	json_decref(answer);
}

static json_int_t
count(const char *request)
{
	json_t *answer = rig_ok(sim, request);
	json_int_t n = rig_num(answer, "n");

	json_decref(answer);
	return n;
}

static json_int_t
item_num(const char *request, const char *name)
{
	json_t *answer = rig_ok(sim, request);
	const json_t *value = json_object_get(json_object_get(answer, "item"), name);
	json_int_t n = json_integer_value(value);

	cr_expect(json_is_integer(value), "%s: %s", request, name);
	json_decref(answer);
	return n;
}

/* As a protocol would ask, for SIM_A1 of tenant a. */
static void
ask_rules(enum cgn_explicit_origin origin, uint16_t port, uint16_t n_ports, bool third_party)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS] = {{0}};
	struct cgn_explicit_ask ask = {.origin = origin,
		.inside = cgn_directory_inside_find(sim->box->dir, 0, SIM_A1),
		.proto = CGN_UDP,
		.inside_port = port,
		.lifetime_s = 3600,
		.n_ports = n_ports,
		.client_addr = third_party ? SIM_A2 : SIM_A1,
		.client_port = 5350,
		.third_party = third_party};
	uint32_t n = 0;

	if (third_party) {
		ask.n_filters = 2;
		ask.filters[0] = (struct cgn_portctl_filter){.addr = SIM_PEER, .prefix_len = 32};
		ask.filters[1] = (struct cgn_portctl_filter){.addr = SIM_PEER2, .prefix_len = 32};
	}
	cr_assert_eq(cgn_explicit_ops.ask(sim->box->control, &ask, answers, &n), CGN_EXPLICIT_OK);
}

static const char add[] = "/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:443,"
			  "outside=203.0.113.17:8443";
static const char delete[] = "/cgnat/map/delete,tenant=a,proto=tcp,inside=100.64.0.10:443";

Test(explicit, the_operator_adds_sees_and_deletes_a_mapping)
{
	json_t *answer = rig_ok(sim, add);
	const json_t *item = json_object_get(answer, "item"), *r;

	cr_expect_str_eq(rig_str(item, "done"), "added");
	cr_expect_str_eq(rig_str(item, "tenant"), "a");
	cr_expect_str_eq(rig_str(item, "proto"), "tcp");
	cr_expect_str_eq(rig_str(item, "inside"), "100.64.0.10:443");
	cr_expect_str_eq(rig_str(item, "outside"), "203.0.113.17:8443");
	json_decref(answer);
	cgn_sim_elapse_s(sim, 100000);
	answer = rig_ok(sim, "/cgnat/explicit");
	cr_assert_eq(rig_num(answer, "n"), 1);
	r = rig_row(answer, "r0");
	cr_expect_str_eq(rig_str(r, "inside"), "100.64.0.10:443");
	cr_expect_str_eq(rig_str(r, "outside"), "203.0.113.17:8443");
	cr_expect_str_eq(rig_str(r, "origin"), "operator");
	cr_expect_eq(rig_num(r, "left_s"), -1);
	cr_expect_eq(rig_num(r, "idle_s"), -1);
	cr_expect_str_eq(rig_str(r, "set"), "-");
	cr_expect_str_eq(rig_str(r, "client"), "-");
	json_decref(answer);
	answer = rig_ok(sim, "/cgnat/mappings");
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "left_s"), -1);
	cr_expect_eq(
		rig_num(rig_row(answer, "r0"), "idle_s"), rig_num(rig_row(answer, "r0"), "age_s"));
	json_decref(answer);
	answer = rig_ok(sim, delete);
	item = json_object_get(answer, "item");
	cr_expect_str_eq(rig_str(item, "done"), "deleted");
	cr_expect_str_eq(rig_str(item, "outside"), "203.0.113.17:8443");
	cr_expect_str_eq(rig_str(item, "origin"), "operator");
	json_decref(answer);
	cr_expect_eq(count("/cgnat/explicit"), 0);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
}

Test(explicit, what_cannot_be_done_is_refused_with_its_reason)
{
	json_decref(rig_ok(sim, add));
	refused(add, "", "not added: the inside port has a mapping already");
	refused("/cgnat/map/add,tenant=a,proto=udp,inside=192.0.2.9:443,outside=203.0.113.17:8443",
		"", "not assigned");
	refused("/cgnat/map/add,tenant=a,proto=udp,inside=100.64.0.11:1,outside=203.0.113.33:8443",
		"", "not in the tenant's pool");
	refused("/cgnat/map/add,tenant=a,proto=udp,inside=100.64.0.10:1,outside=203.0.113.18:8443",
		"", "paired");
	refused("/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:1,outside=203.0.113.17:8443",
		"", "is taken");
	refused("/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:1,outside=203.0.113.17:0", "",
		"outside port");
	refused("/cgnat/map/add,tenant=a,proto=icmp,inside=100.64.0.10:1,outside=203.0.113.17:9000",
		"proto", "only tcp and udp");
	refused("/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:0,outside=203.0.113.17:9000",
		"inside", "port 0");
	refused("/cgnat/map/add,tenant=x,proto=tcp,inside=100.64.0.10:1,outside=203.0.113.17:9000",
		"tenant", "no tenant");
	refused("/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:1", "outside", "is missing");
	refused("/cgnat/map/delete,tenant=b,proto=tcp,inside=100.64.0.10:443", "", "not deleted");
	refused("/cgnat/map/delete,tenant=a,proto=udp,inside=100.64.0.10:443", "", "no explicit");
	refused("/cgnat/map/delete,tenant=a,proto=udp,inside=192.0.2.9:443", "", "no explicit");
	cr_expect_eq(count("/cgnat/explicit"), 1);
}

Test(explicit, traffics_mapping_is_not_the_operators_to_delete)
{
	struct packet_spec spec = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
	refused("/cgnat/map/delete,tenant=a,proto=udp,inside=100.64.0.10:5000", "", "no explicit");
	cr_expect_eq(cgn_sim_n_mappings(sim), 1);
	cr_expect_eq(count("/cgnat/explicit"), 0);
}

Test(explicit, who_asked_for_what_is_shown)
{
	const json_t *r;
	json_t *answer;

	ask_rules(CGN_EXPLICIT_NATPMP, 1000, 1, false);
	ask_rules(CGN_EXPLICIT_PCP_MAP, 2000, 1, true);
	ask_rules(CGN_EXPLICIT_PCP_MAP, 3000, 4, false);
	cgn_sim_elapse_s(sim, 10);
	answer = rig_ok(sim, "/cgnat/explicit,origin=natpmp");
	cr_assert_eq(rig_num(answer, "n"), 1);
	r = rig_row(answer, "r0");
	cr_expect_str_eq(rig_str(r, "inside"), "100.64.0.10:1000");
	cr_expect_eq(rig_num(r, "left_s"), 3590);
	cr_expect_eq(rig_num(r, "filters"), 0);
	json_decref(answer);
	answer = rig_ok(sim, "/cgnat/explicit,origin=pcp_map");
	cr_assert_eq(rig_num(answer, "n"), 5);
	r = rig_row(answer, "r0");
	cr_expect_eq(rig_num(r, "filters"), 2);
	cr_expect_str_eq(rig_str(r, "client"), "100.64.0.11:5350");
	cr_expect_str_eq(rig_str(r, "set"), "-");
	r = rig_row(answer, "r1");
	cr_expect_str_eq(rig_str(r, "set"), "3000+4");
	cr_expect_str_eq(rig_str(r, "client"), "-");
	json_decref(answer);
	answer = rig_ok(sim, "/cgnat/mappings,limit=1,tenant=a");
	cr_expect_gt(rig_num(rig_row(answer, "r0"), "left_s"), 3000, "the record keeps it");
	json_decref(answer);
	answer = rig_ok(sim, "/cgnat/map/delete,tenant=a,proto=udp,inside=100.64.0.10:1000");
	cr_expect_str_eq(rig_str(json_object_get(answer, "item"), "origin"), "natpmp");
	json_decref(answer);
}

Test(explicit, each_filter_selects_and_pages_hold_every_row_once)
{
	json_int_t n = 0, next = 0;
	int pages = 0;

	json_decref(rig_ok(sim, add));
	for (uint16_t p = 0; p < 150; p++)
		ask_rules(CGN_EXPLICIT_NATPMP, (uint16_t)(2000 + p), 1, false);
	cr_expect_eq(count("/cgnat/explicit,tenant=a,limit=5"), 5);
	cr_expect_eq(count("/cgnat/explicit,tenant=b"), 0);
	cr_expect_eq(count("/cgnat/explicit,proto=tcp"), 1);
	cr_expect_eq(count("/cgnat/explicit,proto=icmp"), 0);
	cr_expect_eq(count("/cgnat/explicit,origin=operator"), 1);
	cr_expect_eq(count("/cgnat/explicit,origin=pcp_peer"), 0);
	cr_expect_eq(count("/cgnat/explicit,tenant=a,subscriber=100.64.0.11"), 0);
	cr_expect_eq(count("/cgnat/explicit,tenant=a,subscriber=100.64.0.10,proto=tcp"), 1);
	refused("/cgnat/explicit,subscriber=100.64.0.10", "subscriber", "needs tenant");
	do {
		char request[96];
		json_t *answer;

		snprintf(request, sizeof(request), "/cgnat/explicit,limit=20,cursor=%lld",
			(long long)next);
		answer = rig_ok(sim, request);
		n += rig_num(answer, "n");
		next = rig_num(answer, "next");
		json_decref(answer);
		pages++;
	} while (next != 0);
	cr_expect_eq(n, 151);
	cr_expect_geq(pages, 8);
}

/* Those that are reset when the mapping ends; -1 without a record, 0 for UDP. */
Test(explicit, live_tcp_connections_are_counted)
{
	enum { SYN = 0x02, ACK = 0x10 };
	struct packet_spec s;
	json_t *answer;

	json_decref(rig_ok(sim,
		"/cgnat/map/add,tenant=a,proto=tcp,inside=100.64.0.10:8080,"
		"outside=203.0.113.16:40080"));
	for (uint32_t k = 0; k < 3; k++) {
		s = packet_tcp(SIM_PEER + k, 5000, SIM_POOL_A, 40080, SYN);
		s.payload_len = 0;
		cgn_sim_send_spec(sim, SIM_WAN, &s);
		cgn_sim_run(sim);
		s = packet_tcp(SIM_A1, 8080, SIM_PEER + k, 5000, SYN | ACK);
		s.tcp_seq = 0;
		s.tcp_ack = 1;
		s.payload_len = 0;
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
		s = packet_tcp(SIM_PEER + k, 5000, SIM_POOL_A, 40080, ACK);
		s.tcp_seq = s.tcp_ack = 1;
		cgn_sim_send_spec(sim, SIM_WAN, &s);
		cgn_sim_run(sim);
	}
	ask_rules(CGN_EXPLICIT_NATPMP, 1000, 1, false);
	answer = rig_ok(sim, "/cgnat/explicit,proto=tcp");
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "sessions"), 3);
	json_decref(answer);
	answer = rig_ok(sim, "/cgnat/explicit,proto=udp");
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "sessions"), 0);
	json_decref(answer);
	cr_expect_eq(item_num("/cgnat/memory", "tcp_tracked_used"), 1);
	cr_expect_gt(item_num("/cgnat/memory", "tcp_tracked_bytes"), 0);
}

Test(explicit, use_quotas_memory_and_journal_are_shown)
{
	json_t *answer;

	json_decref(rig_ok(sim, add));
	ask_rules(CGN_EXPLICIT_PCP_MAP, 2000, 1, true);
	cr_expect_eq(item_num("/cgnat/info", "explicit"), 2);
	cr_expect_eq(item_num("/cgnat/info", "explicit_max"),
		(json_int_t)sim->box->conf->table.explicit_mappings);
	cr_expect_eq(item_num("/cgnat/info", "journal_written"), 0);
	cr_expect_eq(item_num("/cgnat/info", "journal_resyncs"), 0);
	answer = rig_ok(sim, "/cgnat/info");
	cr_expect_str_eq(rig_str(json_object_get(answer, "item"), "journal"), "off");
	json_decref(answer);
	cr_expect_eq(item_num("/cgnat/tenant,tenant=a", "explicit"), 2);
	cr_expect_eq(item_num("/cgnat/tenant,tenant=a", "explicit_max"), 500);
	cr_expect_eq(item_num("/cgnat/tenant,tenant=a", "subscriber_explicit_max"), 200);
	cr_expect_eq(item_num("/cgnat/subscriber,tenant=a,address=100.64.0.10", "explicit"), 2);
	cr_expect_eq(
		item_num("/cgnat/subscriber,tenant=a,address=100.64.0.10", "explicit_max"), 200);
	cr_expect_eq(item_num("/cgnat/memory", "explicit_used"), 2);
	cr_expect_eq(item_num("/cgnat/memory", "filters_used"), 1);
	cr_expect_gt(item_num("/cgnat/memory", "explicit_bytes"), 0);
	cr_expect_gt(item_num("/cgnat/memory", "filters_bytes"), 0);
}

Test(explicit, blocks_that_rest_since_a_restart_are_shown)
{
	struct cgn_control *c = sim->box->control;
	struct cgn_lease was = {.inside = c->dp->dir->tenants[0].inside.runs[0].first + 8,
		.first = 1024,
		.n_ports = 512};
	json_t *answer;

	c->state.blocks_restored = cgn_lease_restore(c->pool, 0, &was, c->now_s + 120);
	cgn_sim_elapse_s(sim, 50);
	cr_expect_eq(item_num("/cgnat/info", "blocks_restored"), 1);
	cr_expect_eq(item_num("/cgnat/info", "blocks_resting"), 1);
	answer = rig_ok(sim, "/cgnat/blocks,tenant=a");
	cr_expect_eq(rig_num(answer, "n"), 1);
	cr_expect_eq(rig_num(rig_row(answer, "r0"), "rests_s"), 70);
	json_decref(answer);
	cgn_sim_elapse_s(sim, 70);
	cr_expect_eq(item_num("/cgnat/info", "blocks_restored"), 1);
	cr_expect_eq(item_num("/cgnat/info", "blocks_resting"), 0);
}

/* PMP-38: clearing starts the tenant's epoch anew, and its clients are told; no other tenant's. */
Test(explicit, clearing_a_tenant_ends_all_but_the_operators_and_starts_a_new_epoch)
{
	struct packet_spec a = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	json_t *answer = rig_ok(sim, add);
	const json_t *item;
	uint64_t sent;

	json_decref(answer);
	ask_rules(CGN_EXPLICIT_NATPMP, 1000, 1, false);
	ask_rules(CGN_EXPLICIT_PCP_MAP, 3000, 4, false);
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &a));
	cgn_sim_elapse_s(sim, 200);
	answer = rig_ok(sim, "/cgnat/map/clear,tenant=b");
	cr_expect_eq(rig_num(json_object_get(answer, "item"), "mappings"), 0);
	json_decref(answer);
	cr_expect_geq(cgn_epoch_at(&sim->box->control->epochs[0], sim->now), 200u);
	sent = sim->box->control->epochs[0].began_ns;
	answer = rig_ok(sim, "/cgnat/map/clear,tenant=a");
	item = json_object_get(answer, "item");
	cr_expect_str_eq(rig_str(item, "done"), "cleared");
	cr_expect_str_eq(rig_str(item, "subscriber"), "-");
	cr_expect_eq(rig_num(item, "mappings"), 6);
	cr_expect_eq(rig_num(item, "explicit"), 5);
	json_decref(answer);
	cr_expect_neq(sim->box->control->epochs[0].began_ns, sent);
	cr_expect_eq(cgn_epoch_at(&sim->box->control->epochs[0], sim->now), 0);
	cr_expect(sim->box->control->announcing);
	cr_expect_eq(count("/cgnat/explicit"), 1, "the operator's");
	cr_expect_eq(cgn_sim_n_mappings(sim), 1);
}

/* PMP-31: what a session manager can do when the subscriber's session ends. */
Test(explicit, clearing_a_subscriber_leaves_others_alone)
{
	struct packet_spec other = packet_udp(SIM_A2, 5000, SIM_PEER, 53);
	json_t *answer;

	ask_rules(CGN_EXPLICIT_NATPMP, 1000, 1, false);
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &other));
	cgn_sim_elapse_s(sim, 10);
	answer = rig_ok(sim, "/cgnat/map/clear,tenant=a,subscriber=100.64.0.11");
	cr_expect_eq(rig_num(json_object_get(answer, "item"), "mappings"), 1);
	cr_expect_str_eq(rig_str(json_object_get(answer, "item"), "subscriber"), "100.64.0.11");
	json_decref(answer);
	cr_expect_geq(cgn_epoch_at(&sim->box->control->epochs[0], sim->now), 10u,
		"no client has lost anything");
	answer = rig_ok(sim, "/cgnat/map/clear,tenant=a,subscriber=100.64.0.10");
	cr_expect_eq(rig_num(json_object_get(answer, "item"), "explicit"), 1);
	json_decref(answer);
	cr_expect_eq(cgn_epoch_at(&sim->box->control->epochs[0], sim->now), 0);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	refused("/cgnat/map/clear,tenant=a,subscriber=192.0.2.9", "subscriber", "not assigned");
}
