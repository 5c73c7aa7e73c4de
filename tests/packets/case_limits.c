/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fates that need a crowd: quotas, rates, rings, tables and pools that are full, neighbours that do
 * not answer. Each case makes the thing tiny and shows the fate, the ICMP error where one is due,
 * and the law.
 */
#include <string.h>

#include "case.h"

enum { UDP_BASE = 20000, TCP_SYN = 0x02 };

/* n first packets of one subscriber, ports UDP_BASE and up; taken by the box at the next run. */
static void
send_flows(struct cgn_sim *sim, uint32_t src, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_udp(
			src, (uint16_t)(UDP_BASE + first + i), SIM_PEER, 53);

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	}
}

/* No more at a time than may wait for the next hop's first answer. */
static void
open_flows(struct cgn_sim *sim, uint32_t src, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 16) {
		send_flows(sim, src, first + i, n - i < 16 ? n - i : 16);
		cgn_sim_run(sim);
	}
}

/* Is the next frame on the access port an ICMP 3/1 to dst? */
static bool
is_refused(struct cgn_sim *sim, uint32_t dst)
{
	struct cgn_sim_frame f;

	return cgn_sim_receive(sim, SIM_ACCESS, &f) && f.len > 14 + 28 && f.bytes[23] == 1 &&
		f.bytes[34] == 3 && f.bytes[35] == 1 && f.bytes[33] == (uint8_t)dst &&
		f.bytes[32] == (uint8_t)(dst >> 8);
}

/* n flows pass, the next one is refused with the fate and ICMP 3/1, and existing ones go on. */
static bool
limit_case(const char *a, uint32_t n, const char *fate)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});
	bool ok;

	open_flows(sim, SIM_A1, 0, n);
	ok = CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == n);
	ok &= CHECK(cgn_sim_fate(sim, fate) == 0);
	cgn_sim_flush(sim, SIM_WAN);
	send_flows(sim, SIM_A1, n, 1);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", fate) == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	ok &= CHECK(is_refused(sim, SIM_A1));
	ok &= CHECK(cgn_sim_n_mappings(sim) == n);
	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 1);
	return end(sim, ok);
}

/* The tenant is full although the subscriber is not. */
static bool
tenant_mappings(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "quota: {mappings: 5, subscriber: {mappings: 3}}\n"});
	bool ok;

	open_flows(sim, SIM_A1, 0, 3);
	open_flows(sim, SIM_A2, 0, 2);
	ok = CHECK(cgn_sim_n_mappings(sim) == 5);
	open_flows(sim, SIM_A2, 2, 1);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "quota_tenant_mappings") == 1);
	ok &= CHECK(is_refused(sim, SIM_A2));
	ok &= CHECK(cgn_sim_n_mappings(sim) == 5);
	return end(sim, ok);
}

static bool
tenant_rate(void)
{
	return limit_case("quota: {new_per_s: 1, burst: 6}\n", 6, "quota_tenant_rate");
}

static bool
subscriber_mappings(void)
{
	return limit_case("quota: {subscriber: {mappings: 3}}\n", 3, "quota_subscriber_mappings");
}

static bool
subscriber_rate(void)
{
	return limit_case(
		"quota: {subscriber: {new_per_s: 1, burst: 4}}\n", 4, "quota_subscriber_rate");
}

static bool
subscriber_udp(void)
{
	return limit_case("quota: {subscriber: {udp: 2}}\n", 2, "quota_subscriber_udp");
}

static bool
no_ports(void)
{
	return limit_case("pool: [203.0.113.16/32]\nports: {first: 1024, last: 1151, block_size: "
			  "64, max_blocks: 1}\n",
		64, "no_ports");
}

/* The second frame of a kind is refused. */
static bool
second_is_refused(const char *a, const struct packet_spec *first, const char *fate)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});
	struct packet_spec s = *first;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	s.sport++;
	s.icmp_rest += 1 << 16;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 1);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", fate) == 1);
	ok &= CHECK(is_refused(sim, SIM_A1));
	return end(sim, ok);
}

static bool
subscriber_tcp(void)
{
	struct packet_spec s = packet_tcp(SIM_A1, 1, SIM_PEER, 80, TCP_SYN);

	return second_is_refused("quota: {subscriber: {tcp: 1}}\n", &s, "quota_subscriber_tcp");
}

static bool
subscriber_icmp(void)
{
	struct packet_spec s = packet_echo(SIM_A1, SIM_PEER, true, 1);

	return second_is_refused("quota: {subscriber: {icmp: 1}}\n", &s, "quota_subscriber_icmp");
}

static bool
no_address(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "pool: [203.0.113.16/32]\n"
		     "ports: {first: 1024, last: 1151, block_size: 64, max_blocks: 1}\n"});
	bool ok;

	send_flows(sim, SIM_A1, 0, 1);
	send_flows(sim, SIM_A2, 0, 1);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 2);
	send_flows(sim, SIM_A2 + 1, 0, 1);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "no_address") == 1);
	ok &= CHECK(is_refused(sim, SIM_A2 + 1));
	return end(sim, ok);
}

/* Every entry is taken, by mappings or by what waits to be reclaimed. */
static bool
table_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct cgn_table *table = sim->box->control->table;
	static uint32_t taken[65536];
	uint32_t n = 0;
	bool ok;

	while (n < 65536 && (taken[n] = cgn_table_take(table)) != CGN_MAPPING_NONE)
		n++;
	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "table_full") == 1);
	ok &= CHECK(is_refused(sim, SIM_A1));
	while (n > 0)
		cgn_table_free(table, taken[--n]);
	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 1);
	return end(sim, ok);
}

static bool
punt_subscriber_rate(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = "punt: {subscriber_per_s: 1, subscriber_burst: 3}\n"});
	bool ok;

	send_flows(sim, SIM_A1, 0, 5);
	send_flows(sim, SIM_A2, 0, 3);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "punt_subscriber_rate") == 2);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 6);
	return end(sim, ok);
}

/* A ring of 64 holds 63. One subscriber may have as much under way as his tenant may have more: 21,
 * with 21 that are the tenant's and 21 that are anybody's. */
static bool
punt_subscriber_share(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.box = "punt: {ring: 64}\n"});
	bool ok;

	send_flows(sim, SIM_A1, 0, 64);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "punt_subscriber_share") == 43);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 21);
	send_flows(sim, SIM_A1, 100, 21);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 42);
	return end(sim, ok);
}

/* A tenant may have 32: more than is left then. */
static bool
punt_tenant_share(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.box = "punt: {ring: 64}\n"});
	bool ok;

	for (uint32_t i = 0; i < 50; i++)
		send_flows(sim, SIM_A1 + i, 0, 1);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "punt_tenant_share") > 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "punt_tenant_share") +
			cgn_sim_tenant_fate(sim, "a", "punt_subscriber_share") ==
		18);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 32);
	return end(sim, ok);
}

/* As many tenants as there are places would do it. */
static bool
punt_ring_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.box = "punt: {ring: 64}\n"});
	struct cgn_worker *w = &sim->box->workers[0];
	bool ok;

	cgn_punt_add(&w->punt_sent.all, w->punt_window);
	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "punt_ring_full") == 1);
	cgn_punt_add(&w->punt_sent.all, -w->punt_window);
	send_flows(sim, SIM_A1, 1, 1);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 1);
	return end(sim, ok);
}

static void
send_arps(struct cgn_sim *sim, uint32_t n)
{
	struct packet_spec s = packet_arp();

	for (uint32_t i = 0; i < n; i++)
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
}

static bool
local_rate(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = "punt: {local_per_s: 1, local_burst: 4}\n"});
	bool ok;

	send_arps(sim, 7);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "local_rate") == 3);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 4);
	return end(sim, ok);
}

/* ADV-24: each attachment, and the outside, has its own share of answers to pings of the box. */
static bool
echo_rate(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = "icmp: {echo_per_s: 1, echo_burst: 4}\n"});
	struct packet_spec inside = packet_echo(SIM_A1, 0x64400001, true, 1);
	struct packet_spec outside = packet_echo(SIM_PEER, 0xc6336402, true, 1);
	bool ok;

	for (uint32_t i = 0; i < 7; i++)
		cgn_sim_send_spec(sim, SIM_ACCESS, &inside);
	for (uint32_t i = 0; i < 6; i++)
		cgn_sim_send_spec(sim, SIM_WAN, &outside);
	inside.n_tags = 1;
	inside.tags[0] = (struct packet_tag){0x8100, 102};
	for (uint32_t i = 0; i < 4; i++)
		cgn_sim_send_spec(sim, SIM_TRUNK, &inside);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "echo_rate") == 3);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "-", "echo_rate") == 2);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "b", "echo_rate") == 0);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 4);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 4);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_TRUNK) == 4);
	return end(sim, ok);
}

static bool
local_ring_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.box = "punt: {ring: 64}\n"});
	bool ok;

	send_arps(sim, 64);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "local_ring_full") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 63);
	return end(sim, ok);
}

/* More come back from control in a turn than the worker takes. */
static bool
return_ring_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = "punt: {ring: 64, local_burst: 10000}\n"});
	struct packet_spec arp = packet_arp();
	bool ok;

	arp.n_tags = 1;
	arp.tags[0] = (struct packet_tag){0x8100, 102};
	for (uint32_t i = 0; i < 6; i++) {
		send_flows(sim, SIM_A1, 63 * i, 63);
		for (uint32_t k = 0; k < 63; k++)
			cgn_sim_send_spec(sim, SIM_TRUNK, &arp);
		cgn_sim_poll_workers(sim);
		cgn_sim_poll_control(sim);
	}
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "return_ring_full") > 0);
	return end(sim, ok);
}

/* The mapping ends between control and worker. */
static bool
resume_miss(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	bool ok;

	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_poll_workers(sim);
	cgn_sim_poll_control(sim);
	ok = CHECK(cgn_sim_n_mappings(sim) == 1);
	sim->now += 301 * CGN_NS_PER_S;
	cgn_sim_poll_control(sim);
	ok &= CHECK(cgn_sim_n_mappings(sim) == 0);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "resume_miss") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

static bool
tx_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.ring_size = 64});
	bool ok;

	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_run(sim);
	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t k = 0; k < 20; k++)
			send_flows(sim, SIM_A1, 0, 1);
		cgn_sim_poll_workers(sim);
	}
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "tx_full") == 37);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "in2out") == 64);
	return end(sim, ok);
}

static bool
stopped(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	bool ok;

	cgn_sim_host_set_silent(sim, SIM_NEXT_HOP, true);
	send_flows(sim, SIM_A1, 0, 1);
	cgn_sim_run(sim);
	send_flows(sim, SIM_A1, 1, 2);
	cgn_sim_poll_workers(sim);
	ok = CHECK(cgn_box_conservation(sim->box).held == 3);
	ok &= CHECK(cgn_sim_conserves(sim));
	cgn_box_settle(sim->box);
	ok &= CHECK(cgn_box_conservation(sim->box).held == 0);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "stopped") == 3);
	return end(sim, ok);
}

static bool
no_neighbour(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	uint64_t asked = sim->n_arp_requests - sim->n_arp_announcements;
	bool ok;

	cgn_sim_host_set_silent(sim, SIM_NEXT_HOP, true);
	send_flows(sim, SIM_A1, 0, 2);
	cgn_sim_run(sim);
	ok = CHECK(cgn_box_conservation(sim->box).held == 2);
	cgn_sim_elapse_s(sim, 1);
	ok &= CHECK(cgn_sim_fate(sim, "no_neighbour") == 0);
	cgn_sim_elapse_s(sim, 3);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "no_neighbour") == 2);
	/* Three for the next hop, and one for the subscriber, whose answer is to be expected. */
	ok &= CHECK(sim->n_arp_requests - sim->n_arp_announcements - asked == 4);
	return end(sim, ok);
}

static bool
neighbour_hold_full(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.box = "arp: {hold_packets_per_neighbour: 3}\n"});
	bool ok;

	cgn_sim_host_set_silent(sim, SIM_NEXT_HOP, true);
	send_flows(sim, SIM_A1, 0, 8);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "neighbour_hold_full") == 5);
	ok &= CHECK(cgn_box_conservation(sim->box).held == 3);
	return end(sim, ok);
}

const struct row_case row_cases_limits[] = {
	{"tenant_beyond_its_mappings_is_refused", CGN_FATE_QUOTA_TENANT_MAPPINGS, tenant_mappings},
	{"tenant_beyond_its_rate_is_refused", CGN_FATE_QUOTA_TENANT_RATE, tenant_rate},
	{"subscriber_beyond_its_mappings_is_refused", CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS,
		subscriber_mappings},
	{"subscriber_beyond_its_udp_is_refused", CGN_FATE_QUOTA_SUBSCRIBER_UDP, subscriber_udp},
	{"subscriber_beyond_its_tcp_is_refused", CGN_FATE_QUOTA_SUBSCRIBER_TCP, subscriber_tcp},
	{"subscriber_beyond_its_icmp_is_refused", CGN_FATE_QUOTA_SUBSCRIBER_ICMP, subscriber_icmp},
	{"subscriber_beyond_its_rate_is_refused", CGN_FATE_QUOTA_SUBSCRIBER_RATE, subscriber_rate},
	{"subscriber_without_a_free_port_is_refused", CGN_FATE_NO_PORTS, no_ports},
	{"subscriber_without_a_free_block_is_refused", CGN_FATE_NO_ADDRESS, no_address},
	{"full_table_refuses_until_an_entry_is_free", CGN_FATE_TABLE_FULL, table_full},
	{"subscriber_beyond_its_way_to_control_is_dropped", CGN_FATE_PUNT_SUBSCRIBER_RATE,
		punt_subscriber_rate},
	{"full_ring_to_control_drops", CGN_FATE_PUNT_RING_FULL, punt_ring_full},
	{"tenant_with_much_on_its_way_to_control_waits", CGN_FATE_PUNT_TENANT_SHARE,
		punt_tenant_share},
	{"subscriber_with_much_on_his_way_to_control_waits", CGN_FATE_PUNT_SUBSCRIBER_SHARE,
		punt_subscriber_share},
	{"arp_beyond_its_rate_is_dropped", CGN_FATE_LOCAL_RATE, local_rate},
	{"echo_of_an_own_address_beyond_its_rate_is_dropped", CGN_FATE_ECHO_RATE, echo_rate},
	{"full_local_ring_drops", CGN_FATE_LOCAL_RING_FULL, local_ring_full},
	{"full_ring_from_control_drops", CGN_FATE_RETURN_RING_FULL, return_ring_full},
	{"packet_of_a_mapping_that_is_gone_again_is_dropped", CGN_FATE_RESUME_MISS, resume_miss},
	{"full_device_drops", CGN_FATE_TX_FULL, tx_full},
	{"packets_inside_at_the_stop_are_counted", CGN_FATE_STOPPED, stopped},
	{"packets_for_a_silent_neighbour_are_dropped_after_three_asks", CGN_FATE_NO_NEIGHBOUR,
		no_neighbour},
	{"packets_beyond_the_hold_of_a_neighbour_are_dropped", CGN_FATE_NEIGHBOUR_HOLD_FULL,
		neighbour_hold_full},
};
const uint32_t row_n_cases_limits = sizeof(row_cases_limits) / sizeof(row_cases_limits[0]);
