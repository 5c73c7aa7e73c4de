/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/alarm: raised at one bound, cleared below another and after a while. */
#include <criterion/criterion.h>

#include "natlog_status.h"
#include "sim.h"

static struct cgn_sim *sim;

static void
start(const char *box, const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = 3});
	cgn_sim_elapse_s(sim, 2);
}

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(alarm, .fini = finish, .timeout = 60);

/* Flows of one subscriber, within what may wait for the next hop. */
static void
open_flows(uint32_t src, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_udp(
			src, (uint16_t)(20000 + first + i), (uint32_t)SIM_PEER, 53);

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		if (i % 16 == 15)
			cgn_sim_run(sim);
	}
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
}

static const struct cgn_alarm *
alarm_of_a(enum cgn_alarm_id id)
{
	uint32_t a = cgn_directory_tenant_find(sim->box->dir, "a");

	return &sim->box->control->alarms.tenants[a].each[id - CGN_N_BOX_ALARMS];
}

Test(alarm, quota_is_raised_at_80_percent_and_cleared_below_70_for_30_s)
{
	const struct cgn_alarm *alarm;

	start(NULL, "quota: {mappings: 10, subscriber: {mappings: 10}}\ntimeouts: {icmp_s: 60}\n");
	alarm = alarm_of_a(CGN_ALARM_MAPPINGS);
	open_flows(SIM_A1, 0, 7);
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(alarm->state, CGN_ALARM_NEVER);
	cr_assert_eq(alarm->value, 7);
	cr_assert_eq(alarm->limit, 10);
	cgn_sim_elapse_s(sim, 100);
	open_flows(SIM_A1, 7, 1);
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(alarm->state, CGN_ALARM_ACTIVE);
	cr_assert_gt(alarm->since_utc_s, 0);
	cr_assert_eq(sim->box->control->alarms.n_active, 1);
	cgn_sim_elapse_s(sim, 210); /* the first seven are idle for 300 s now; one is left */
	cr_assert_eq(cgn_sim_n_mappings(sim), 1);
	cr_assert_eq(alarm->state, CGN_ALARM_ACTIVE, "low, but not for long");
	open_flows(SIM_A1, 20, 6);
	cgn_sim_elapse_s(sim, 60);
	cr_assert_eq(alarm->state, CGN_ALARM_ACTIVE, "between the bounds it stays");
	cgn_sim_elapse_s(sim, 300);
	cr_assert_eq(alarm->state, CGN_ALARM_CLEARED);
	cr_assert_eq(alarm->n_raised, 1, "once");
	cr_assert_eq(alarm->peak, 8);
	cr_assert_eq(sim->box->control->alarms.n_active, 0);
}

Test(alarm, refusals_at_the_punt_are_a_rate)
{
	const struct cgn_alarm *alarm;

	start("punt: {subscriber_per_s: 1, subscriber_burst: 1}\nalarms: {refused_per_s: 20, "
	      "clear_s: 3}\n",
		NULL);
	alarm = alarm_of_a(CGN_ALARM_PUNT_REFUSED);
	open_flows(SIM_A1, 0, 19);
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(alarm->state, CGN_ALARM_NEVER);
	open_flows(SIM_A1, 100, 40);
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(alarm->state, CGN_ALARM_ACTIVE);
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(alarm->state, CGN_ALARM_ACTIVE);
	cgn_sim_elapse_s(sim, 5);
	cr_assert_eq(alarm->state, CGN_ALARM_CLEARED);
}

/* Second fragments of n datagrams of which nothing else comes, from a subscriber each. */
static void
send_lone_fragments(uint16_t port, struct packet_spec s, uint32_t n)
{
	s.frag = PACKET_MF | 185; /* octet 1480 */
	s.payload_len = 800;
	for (uint32_t i = 0; i < n; i++) {
		s.id++;
		cgn_sim_send_spec(sim, port, &s);
		cgn_sim_run(sim);
		s.src++;
	}
}

Test(alarm, room_for_fragments_is_a_level_and_its_peak_is_exact)
{
	struct packet_spec b = packet_udp(SIM_B1, 5000, (uint32_t)SIM_PEER, 53);
	const struct cgn_alarm *held, *refused, *datagrams;

	start("fragments: {datagrams: 64, hold: 16, timeout_s: 5}\nalarms: {raise_percent: 60, "
	      "clear_percent: 50, refused_per_s: 20, clear_s: 3}\n",
		NULL);
	held = &sim->box->control->alarms.box[CGN_ALARM_FRAGMENTS];
	datagrams = &sim->box->control->alarms.box[CGN_ALARM_DATAGRAMS];
	refused = alarm_of_a(CGN_ALARM_FRAGMENTS_REFUSED);
	b.n_tags = 1;
	b.tags[0] = (struct packet_tag){0x8100, 102};
	send_lone_fragments(SIM_ACCESS, packet_udp(SIM_A1, 5000, (uint32_t)SIM_PEER, 53), 7);
	cgn_sim_jump_s(sim, 4);
	cgn_sim_jump_s(sim, 1); /* gone before anybody has looked again */
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(held->limit, 16);
	cr_assert_eq(held->value, 0);
	cr_assert_eq(held->peak, 7);
	cr_assert_eq(datagrams->peak, 7);
	send_lone_fragments(SIM_ACCESS, packet_udp(SIM_A1, 5000, (uint32_t)SIM_PEER, 53), 60);
	send_lone_fragments(SIM_TRUNK, b, 4);
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(held->value, 12, "half, and half of the rest");
	cr_assert_eq(held->state, CGN_ALARM_ACTIVE);
	cr_assert_eq(refused->state, CGN_ALARM_ACTIVE, "%u", (unsigned int)refused->value);
	cgn_sim_elapse_s(sim, 10);
	cr_assert_eq(held->state, CGN_ALARM_CLEARED);
	cr_assert_eq(refused->state, CGN_ALARM_CLEARED);
	cr_assert_eq(held->peak, 12);
}

Test(alarm, subscribers_at_their_limit_are_counted)
{
	const struct cgn_alarm *alarm;

	start("alarms: {subscribers: 3}\n", "quota: {subscriber: {udp: 2}}\n");
	alarm = alarm_of_a(CGN_ALARM_SUBSCRIBERS);
	open_flows(SIM_A1, 0, 2);
	open_flows(SIM_A2, 0, 2);
	open_flows(SIM_A2 + 1, 0, 1);
	cgn_sim_elapse_s(sim, 40); /* a slice a turn, and this clock's turns are seconds apart */
	cr_assert_eq(alarm->value, 2);
	cr_assert_eq(alarm->state, CGN_ALARM_NEVER);
	open_flows(SIM_A2 + 1, 1, 1);
	cgn_sim_elapse_s(sim, 40);
	cr_assert_eq(alarm->value, 3);
	cr_assert_eq(alarm->state, CGN_ALARM_ACTIVE);
}

Test(alarm, a_higher_quota_clears_it)
{
	const struct cgn_sim_params moved = {
		.a = "quota: {mappings: 100, subscriber: {mappings: 10}}\n"};
	struct cgn_errmsg err;

	start(NULL, "quota: {mappings: 10, subscriber: {mappings: 10}}\n");
	open_flows(SIM_A1, 0, 10);
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(alarm_of_a(CGN_ALARM_MAPPINGS)->state, CGN_ALARM_ACTIVE);
	cr_assert_eq(cgn_sim_reload(sim, &moved, &err), 0);
	cgn_sim_elapse_s(sim, 40);
	cr_assert_eq(alarm_of_a(CGN_ALARM_MAPPINGS)->state, CGN_ALARM_CLEARED,
		"a higher quota clears it");
}

Test(alarm, output_of_the_log_that_is_away_is_raised_until_it_answers)
{
	struct cgn_natlog_status status = {.n_outputs = 2};
	const struct cgn_alarm *away, *lost;

	start(NULL, NULL);
	away = &sim->box->control->alarms.box[CGN_ALARM_LOG_AWAY];
	lost = &sim->box->control->alarms.box[CGN_ALARM_LOG_LOST];
	sim->box->control->natlog.status = &status;
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(away->state, CGN_ALARM_NEVER);
	cr_assert_eq(lost->state, CGN_ALARM_NEVER);
	status.n_away = 1;
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(away->state, CGN_ALARM_ACTIVE);
	cr_assert_eq(lost->state, CGN_ALARM_NEVER);
	status.n_away = 0;
	status.n_lost = 100;
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(lost->state, CGN_ALARM_ACTIVE);
	cgn_sim_elapse_s(sim, 40);
	cr_assert_eq(away->state, CGN_ALARM_CLEARED);
	cr_assert_eq(lost->state, CGN_ALARM_CLEARED);
	sim->box->control->natlog.status = NULL;
}
