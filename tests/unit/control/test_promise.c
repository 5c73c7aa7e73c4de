/* SPDX-License-Identifier: BSD-3-Clause */
/* What is guaranteed to a tenant, and first blocks to subscribers: others cannot use it up. */
#include <criterion/criterion.h>

#include "sim.h"

static struct cgn_sim *sim;

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(promise, .fini = finish, .timeout = 60);

static void
open_flows(bool of_b, uint32_t src, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_udp(
			src, (uint16_t)(20000 + first + i), (uint32_t)SIM_PEER, 53);

		if (of_b) {
			s.n_tags = 1;
			s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
		}
		cgn_sim_send_spec(sim, of_b ? SIM_TRUNK : SIM_ACCESS, &s);
		if (i % 16 == 15)
			cgn_sim_run(sim);
	}
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
}

/* a is promised 100, b 500, c 300 of 1024: 124 are anybody's. */
Test(promise, what_others_are_promised_is_not_to_be_had)
{
	const struct cgn_room *room;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = "table: {mappings: 1024, shards: 1, explicit: 64, tcp_tracked: 0}\n",
		.a = "quota: {mappings: 100, mappings_max: 1000, subscriber: {mappings: 1000}}\n",
		.b = "quota: {mappings: 500, subscriber: {mappings: 500}}\n",
		.c = "quota: {mappings: 300, subscriber: {mappings: 300}}\n",
		.seed = 3});
	room = &sim->box->control->mapping_room;
	open_flows(false, SIM_A1, 0, 300);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 224);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "quota_tenant_mappings"), 76);
	cr_assert_eq(room->owed, 800);
	open_flows(true, SIM_B1, 0, 400);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "b"), 400);
	cr_assert_eq(room->owed, 400);
	open_flows(false, SIM_A1, 300, 1);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 224, "b's own are not a's gain");
	cgn_sim_elapse_s(sim, 320);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(room->used, 0);
	cr_assert_eq(room->owed, 900);
}

Test(promise, a_reload_counts_promises_anew)
{
	const char *const few = "quota: {mappings: 300, subscriber: {mappings: 300}}\n";
	const struct cgn_sim_params other = {
		.box = "table: {mappings: 1024, shards: 1, explicit: 64, tcp_tracked: 0}\n",
		.a = "quota: {mappings: 100, mappings_max: 1000, subscriber: {mappings: 1000}}\n",
		.b = few,
		.c = few};
	struct cgn_sim_params first = other;
	struct cgn_errmsg err;

	first.b = "quota: {mappings: 500, subscriber: {mappings: 500}}\n";
	cgn_sim_eal();
	sim = cgn_sim_create(&first);
	open_flows(false, SIM_A1, 0, 300);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 224);
	cr_assert_eq(cgn_sim_reload(sim, &other, &err), 0);
	open_flows(false, SIM_A1, 300, 300);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 424, "b is promised 200 less");
}

/* Ten blocks of 64 ports. Half of them are for those that have none. */
Test(promise, the_last_blocks_are_for_subscribers_without_one)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "pool: [203.0.113.16/32]\n"
		     "ports: {first: 1024, last: 1663, block_size: 64, max_blocks: 8, "
		     "kept_percent: 50}\n",
		.seed = 3});
	open_flows(false, SIM_A1, 0, 400);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 5 * 64);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "no_ports"), 80);
	for (uint32_t i = 1; i <= 5; i++)
		open_flows(false, SIM_A1 + i, 0, 1);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 5 * 64 + 5);
	open_flows(false, SIM_A1 + 6, 0, 1);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "no_address"), 1);
}

Test(promise, room_is_what_nobody_else_is_promised)
{
	struct cgn_room room = {.size = 10, .used = 4, .owed = 3};

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 3});
	cr_assert_eq(cgn_room_for(&room, 4, 0), 3);
	cr_assert_eq(cgn_room_for(&room, 1, 3), 5, "two of the owed ones are its own");
	cgn_room_take(&room, 1, 3);
	cr_assert(room.used == 5 && room.owed == 2);
	cgn_room_give(&room, 1, 3);
	cr_assert(room.used == 4 && room.owed == 3);
	cgn_room_take(&room, 5, 3);
	cr_assert(room.used == 5 && room.owed == 3);
	room = (struct cgn_room){.size = 10, .used = 9, .owed = 3}; /* promised after the fact */
	cr_assert_eq(cgn_room_for(&room, 9, 0), 0);
	cr_assert_eq(cgn_room_for(&room, 0, 3), 1);
}
