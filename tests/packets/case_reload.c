/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that a reload overtakes on their way through the box, and those of who drains. */
#include "case.h"
#include "control.h"

#define NO_UNTAGGED_ATTACHMENT                                                                     \
	"attachments: [{port: trunk, vlan: 101, address: 100.65.0.1/24, "                          \
	"subscribers: [{prefix: 100.65.0.0/24}]}]\n"

/* On its way to control when its address gets another owner, and from an address without one. */
static bool
overtaken_by_the_next_owner(void)
{
	static const char a[] = "attachments: [{port: access, address: 100.64.0.1/22, subscribers: "
				"[{prefix: 100.64.0.0/22, sessions: true}]}]\n";
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_session_batch batch = {
		.n = 1, .changes = {{.kind = CGN_SESSION_ADD, .addr = SIM_A1, .id = "one"}}};
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "no_session") == 1);
	cgn_session_batch_run(sim->box->control, &batch);
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_poll_workers(sim);
	batch.changes[0].id[0] = 't';
	cgn_session_batch_run(sim->box->control, &batch);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "no_session") == 2);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

/* On its way to control when its attachment goes. */
static bool
overtaken_before_control(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_errmsg err;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_poll_workers(sim);
	ok = CHECK(cgn_sim_reload(
			   sim, &(struct cgn_sim_params){.a = NO_UNTAGGED_ATTACHMENT}, &err) == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "reconfigured") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

/* On its way to control when its next hop goes: its number may be another's soon. */
static bool
overtaken_with_its_next_hop(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_errmsg err;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_poll_workers(sim);
	ok = CHECK(
		cgn_sim_reload(sim,
			&(struct cgn_sim_params){
				.box = "uplinks: [{port: wan, vlan: 9, address: 198.51.101.2/25}]\n"
				       "routes: [{prefix: 0.0.0.0/0, via: 198.51.101.1}]\n"},
			&err) == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "reconfigured") == 1);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	return end(sim, ok);
}

/* From outside, for the owner of an address of its own, whose attachment moves and shrinks. */
static bool
owner_has_moved(void)
{
	static const char a[] =
		"static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.20}]\n";
	static const char moved[] =
		"static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.20}]\n"
		"attachments: [{port: trunk, vlan: 103, address: 100.64.0.1/24, "
		"subscribers: [{prefix: 100.64.0.8/29}]}]\n";
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});
	struct packet_spec s = packet_udp(SIM_PEER, 53, SIM_POOL_A + 4, 53);
	const struct cgn_mapping *m;
	struct cgn_errmsg err;
	bool ok;

	ok = CHECK(cgn_sim_reload_begin(sim, &(struct cgn_sim_params){.a = moved}, &err) == 0);
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_poll_workers(sim);
	cgn_sim_reload_end(sim);
	cgn_sim_flush(sim, SIM_TRUNK);
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 53);
	ok &= CHECK(m != NULL && m->inside_addr == RTE_BE32(SIM_A1));
	ok &= CHECK(cgn_sim_n_mappings(sim) == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_TRUNK) > 0);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	return end(sim, ok);
}

/* Translated, and held for a next hop whose link goes. */
static bool
overtaken_in_the_hold(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_errmsg err;
	bool ok;

	cgn_sim_host_set_silent(sim, SIM_NEXT_HOP, true);
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_reload(sim,
			   &(struct cgn_sim_params){
				   .box = "uplinks: [{port: wan, address: 192.0.2.130/25}]\n"
					  "routes: [{prefix: 0.0.0.0/0, via: 192.0.2.129}]\n"},
			   &err) == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "no_neighbour") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

/* A first packet on its way to control; its address is nobody's then, its attachment stays. */
static bool
overtaken_unassigned(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1 + 500, 5000, SIM_PEER, 53);
	struct cgn_errmsg err;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_poll_workers(sim);
	ok = CHECK(
		cgn_sim_reload(sim,
			&(struct cgn_sim_params){
				.a = "attachments: [{port: access, address: 100.64.0.1/22, "
				     "binding: access, subscribers: [{prefix: 100.64.0.0/24}]}]\n"},
			&err) == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "reconfigured") == 1);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	return end(sim, ok);
}

/* To a subscriber who has moved to another VLAN, before his mapping has followed: nothing goes to
 * the old link, and nobody is told that the packet is too big for it. */
static bool
overtaken_by_a_move(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53), back;
	const struct cgn_mapping *m;
	struct cgn_errmsg err;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);
	back = packet_udp(
		SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port));
	cgn_sim_flush(sim, SIM_WAN);
	ok = CHECK(
		cgn_sim_reload_begin(sim,
			&(struct cgn_sim_params){
				.a = "attachments: [{port: trunk, vlan: 103, address: "
				     "100.64.0.1/22, subscribers: [{prefix: 100.64.0.0/22}]}]\n"},
			&err) == 0);
	cgn_sim_send_spec(sim, SIM_WAN, &back);
	cgn_sim_poll_workers(sim);
	cgn_sim_reload_end(sim);
	ok &= CHECK(cgn_sim_fate(sim, "too_big") == 0);
	ok &= CHECK(cgn_sim_fate(sim, "reconfigured") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
	cgn_sim_send_spec(sim, SIM_WAN, &back);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_TRUNK) == 1);
	return end(sim, ok);
}

/* A flow that is there goes on; a new one does not begin. */
static bool
drained(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec old = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct packet_spec new = packet_udp(SIM_A1, 5001, SIM_PEER, 53);
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &old);
	cgn_sim_run(sim);
	ok = CHECK(cgn_drain_tenant(sim->box->control, 0, true) == NULL);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_send_spec(sim, SIM_ACCESS, &new);
	cgn_sim_send_spec(sim, SIM_ACCESS, &old);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "draining") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 1);
	return end(sim, ok);
}

const struct row_case row_cases_reload[] = {
	{"packet_of_a_new_flow_of_a_tenant_that_drains_is_dropped", CGN_FATE_DRAINING, drained},
	{"first_packet_without_a_session_or_of_the_owner_before_is_dropped", CGN_FATE_NO_SESSION,
		overtaken_by_the_next_owner},
	{"new_flow_overtaken_when_its_next_hop_goes_is_dropped", CGN_FATE_RECONFIGURED,
		overtaken_with_its_next_hop},
	{"packet_overtaken_when_its_address_is_nobodys_any_more_is_dropped", CGN_FATE_RECONFIGURED,
		overtaken_unassigned},
	{"packet_to_a_subscriber_who_has_just_moved_is_not_too_big", CGN_FATE_RECONFIGURED,
		overtaken_by_a_move},
	{"packet_overtaken_on_its_way_to_control_is_dropped", CGN_FATE_RECONFIGURED,
		overtaken_before_control},
	{"packet_for_an_owner_who_has_moved_reaches_him", CGN_FATE_NONE, owner_has_moved},
	{"packet_held_for_a_link_that_goes_is_dropped", CGN_FATE_NO_NEIGHBOUR,
		overtaken_in_the_hold},
};
const uint32_t row_n_cases_reload = sizeof(row_cases_reload) / sizeof(row_cases_reload[0]);
