/* SPDX-License-Identifier: BSD-3-Clause */
/* Reload on a whole simulated box: what moves, what ends, and who is told. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control.h"
#include "sim.h"

static struct cgn_sim *sim;

/* A subscriber opens a flow; true when it came out. The frame is the caller's. */
static bool
open_flow(uint16_t port, uint32_t src, uint16_t sport, struct cgn_sim_frame *frame)
{
	struct packet_spec spec = packet_udp(src, sport, SIM_PEER, 53);

	cgn_sim_flush(sim, SIM_WAN);
	cr_assert(cgn_sim_send_spec(sim, port, &spec));
	cgn_sim_run(sim);
	return cgn_sim_receive(sim, SIM_WAN, frame);
}

static uint32_t
source_of(const struct cgn_sim_frame *f)
{
	return (uint32_t)f->bytes[26] << 24 | (uint32_t)f->bytes[27] << 16 |
		(uint32_t)f->bytes[28] << 8 | f->bytes[29];
}

static uint16_t
sport_of(const struct cgn_sim_frame *f)
{
	return (uint16_t)(f->bytes[34] << 8 | f->bytes[35]);
}

/* A peer sends to an outside address; true when a subscriber got it. */
static bool
reaches(uint32_t addr, uint16_t port)
{
	struct packet_spec spec = packet_udp(SIM_PEER, 53, addr, port);
	struct cgn_sim_frame frame;

	cgn_sim_flush(sim, SIM_ACCESS);
	cr_assert(cgn_sim_send_spec(sim, SIM_WAN, &spec));
	cgn_sim_run(sim);
	return cgn_sim_receive(sim, SIM_ACCESS, &frame);
}

static void
reload(const struct cgn_sim_params *params)
{
	struct cgn_errmsg err;

	cr_assert_eq(cgn_sim_reload(sim, params, &err), 0, "%s", err.text);
}

static void
setup(void)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){0});
}

static void
teardown(void)
{
	cr_expect(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(reload, .init = setup, .fini = teardown);

Test(reload, same_configuration_moves_nobody)
{
	struct cgn_sim_frame before, after;

	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &before));
	reload(&(struct cgn_sim_params){0});
	cr_assert(reaches(source_of(&before), sport_of(&before)));
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &after));
	cr_expect_eq(source_of(&after), source_of(&before));
	cr_expect_eq(sport_of(&after), sport_of(&before));
	cr_expect_eq(sim->box->control->change.count.ended, 0);
}

Test(reload, a_pool_added_moves_nobody_and_serves_new_subscribers)
{
	struct cgn_sim_frame before, after;
	bool seen = false;

	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &before));
	reload(&(struct cgn_sim_params){.a = "pool: [203.0.113.16/28, 203.0.113.64/28]\n"});
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5001, &after));
	cr_expect_eq(source_of(&after), source_of(&before), "paired as before");
	for (uint32_t i = 1; i < 100 && !seen; i++) {
		cr_assert(open_flow(SIM_ACCESS, SIM_A1 + i, 5000, &after));
		seen = source_of(&after) >= 0xcb007140 && source_of(&after) <= 0xcb00714f;
	}
	cr_expect(seen);
	cr_expect_eq(sim->box->control->change.count.addresses_added, 16);
}

Test(reload, a_pool_removed_ends_its_mappings_and_no_other)
{
	struct cgn_sim_frame a, after;

	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &a));
	reload(&(struct cgn_sim_params){.a = "pool: [203.0.113.64/28]\n"});
	cr_expect_not(reaches(source_of(&a), sport_of(&a)));
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &after));
	cr_expect_geq(source_of(&after), 0xcb007140u);
	cr_assert(reaches(source_of(&after), sport_of(&after)));
	cr_expect_eq(sim->box->control->change.count.addresses_gone, 16);
}

Test(reload, an_attachment_removed_ends_what_its_subscribers_had)
{
	struct cgn_sim_frame a;

	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &a));
	reload(&(struct cgn_sim_params){
		.a = "attachments: [{port: trunk, vlan: 101, address: 100.65.0.1/24, "
		     "subscribers: [{prefix: 100.65.0.0/24}]}]\n"});
	cr_expect_not(reaches(source_of(&a), sport_of(&a)));
	cr_expect_not(open_flow(SIM_ACCESS, SIM_A1, 5001, &a));
	cr_expect_eq(cgn_table_n_used(sim->box->control->table), 0);
}

Test(reload, limits_apply_to_new_flows_and_end_none)
{
	struct cgn_sim_frame frames[3];

	for (uint16_t i = 0; i < 3; i++)
		cr_assert(open_flow(SIM_ACCESS, SIM_A1, (uint16_t)(5000 + i), &frames[i]));
	reload(&(struct cgn_sim_params){.a = "quota: {subscriber: {udp: 1}}\n"});
	for (uint16_t i = 0; i < 3; i++)
		cr_expect(reaches(source_of(&frames[i]), sport_of(&frames[i])));
	cr_expect_not(open_flow(SIM_ACCESS, SIM_A1, 6000, &frames[0]));
	reload(&(struct cgn_sim_params){0});
	cr_expect(open_flow(SIM_ACCESS, SIM_A1, 6000, &frames[0]));
}

Test(reload, a_second_one_waits_for_the_first)
{
	struct cgn_errmsg err;

	cr_assert_eq(cgn_sim_reload_begin(
			     sim, &(struct cgn_sim_params){.a = "quota: {burst: 9}\n"}, &err),
		0);
	cr_expect_eq(cgn_sim_reload(sim, &(struct cgn_sim_params){0}, &err), -EBUSY);
	cgn_sim_reload_end(sim);
	reload(&(struct cgn_sim_params){0});
}

Test(reload, a_drained_address_keeps_what_it_has_and_takes_nothing_new)
{
	const char *drain = "pool: [203.0.113.16/31]\ndrain: [203.0.113.16/32]\n";
	struct cgn_sim_frame first, frame;
	uint32_t drained = 0xcb007110;

	reload(&(struct cgn_sim_params){
		.a = "pool: [203.0.113.16/31]\ndrain: [203.0.113.17/32]\n"});
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &first));
	cr_assert_eq(source_of(&first), drained, "the other one drains");
	reload(&(struct cgn_sim_params){.a = drain});
	cr_expect(reaches(drained, sport_of(&first)), "what is there lives on");
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &frame));
	cr_expect_eq(source_of(&frame), drained);
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5001, &frame));
	cr_expect_eq(source_of(&frame), drained + 1, "what is new goes elsewhere");
	cr_assert(open_flow(SIM_ACCESS, SIM_A2, 5000, &frame));
	cr_expect_eq(source_of(&frame), drained + 1);
	cgn_sim_elapse_s(sim, 1000); /* idle, and rested */
	cr_expect_eq(sim->box->control->pool->addrs[0].n_blocks, 0, "it has fallen empty");
	reload(&(struct cgn_sim_params){
		.a = "pool: [203.0.113.16/31]\ndrain: [203.0.113.17/32]\n"});
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5002, &frame));
	cr_expect_eq(source_of(&frame), drained, "and comes back");
}

#define ONE_BLOCK "ports: {first: 2048, last: 2111, block_size: 64, max_blocks: 1}\n"

/* RFC 6888 REQ-8: the only block of the address was the first subscriber's until it went. */
Test(reload, ports_of_an_address_that_comes_back_rest_on)
{
	const struct cgn_sim_params with = {.a = ONE_BLOCK "pool: [203.0.113.16/32]\n"};
	const struct cgn_sim_params without = {.a = ONE_BLOCK "pool: [203.0.113.64/32]\n"};
	struct cgn_sim_frame frame;
	uint32_t was;

	reload(&with);
	cgn_sim_elapse_s(sim, 200);
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &frame));
	was = cgn_directory_pool_find(sim->box->control->dp->dir, 0, 0xcb007110);
	reload(&without);
	cgn_sim_elapse_s(sim, 20);
	reload(&without);
	reload(&with);
	cr_expect_eq(cgn_directory_pool_find(sim->box->control->dp->dir, 0, 0xcb007110), was);
	cr_expect_not(open_flow(SIM_ACCESS, SIM_A2, 5000, &frame));
	cgn_sim_elapse_s(sim, 95);
	cr_expect_not(open_flow(SIM_ACCESS, SIM_A2, 5001, &frame), "115 s are too few");
	cgn_sim_elapse_s(sim, 10);
	cr_assert(open_flow(SIM_ACCESS, SIM_A2, 5002, &frame));
	cr_expect_eq(source_of(&frame), 0xcb007110);
	cr_expect_geq(sport_of(&frame), 2048);
	cr_expect_leq(sport_of(&frame), 2111);
}

/* Who had the block may have it before others may: they are his ports. */
Test(reload, the_subscriber_of_before_may_use_his_block_of_an_address_that_comes_back)
{
	const struct cgn_sim_params with = {.a = ONE_BLOCK "pool: [203.0.113.16/32]\n"};
	struct cgn_sim_frame frame;

	reload(&with);
	cgn_sim_elapse_s(sim, 200);
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5000, &frame));
	reload(&(struct cgn_sim_params){.a = ONE_BLOCK "pool: [203.0.113.64/32]\n"});
	reload(&with);
	cgn_sim_elapse_s(sim, 20);
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5001, &frame));
	cr_expect_eq(source_of(&frame), 0xcb007110);
	cgn_sim_elapse_s(sim, 110);
	cr_assert(open_flow(SIM_ACCESS, SIM_A1, 5001, &frame), "awake, it is still his");
	cr_expect_not(open_flow(SIM_ACCESS, SIM_A2, 5000, &frame));
}
