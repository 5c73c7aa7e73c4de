/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions: owners of an address follow each other and inherit nothing (PMP-31). */
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "audit.h"
#include "control.h"
#include "lease.h"
#include "sim.h"

#define ATTACHMENTS(flag)                                                                          \
	"attachments:\n"                                                                           \
	"  - port: access\n"                                                                       \
	"    address: 100.64.0.1/22\n"                                                             \
	"    binding: access\n"                                                                    \
	"    subscribers: [{prefix: 100.64.0.0/22" flag "}]\n"
#define WITH_SESSIONS ATTACHMENTS(", sessions: true")

static const char box[] = "punt: {subscriber_per_s: 100000, subscriber_burst: 100000}\n";
static struct cgn_sim *sim;

static void
start(const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = 5});
}

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cr_assert(audit_is_sound(sim->box));
	cgn_sim_destroy(sim);
}

TestSuite(session, .fini = finish, .timeout = 60);

/* One call of control, without waiting for what goes on. */
static enum cgn_session_result
ask(struct cgn_session_change *change)
{
	static struct cgn_session_batch batch;

	batch = (struct cgn_session_batch){.n = 1, .changes = {*change}};
	cgn_session_batch_run(sim->box->control, &batch);
	*change = batch.changes[0];
	return (enum cgn_session_result)change->result;
}

static struct cgn_session_change
change_to(enum cgn_session_kind kind, uint32_t addr, const char *id)
{
	struct cgn_session_change change = {.kind = (uint8_t)kind, .addr = addr};

	snprintf(change.id, sizeof(change.id), "%s", id);
	return change;
}

static enum cgn_session_result
add(uint32_t addr, const char *id)
{
	struct cgn_session_change change = change_to(CGN_SESSION_ADD, addr, id);

	return ask(&change);
}

static struct cgn_subscriber *
subscriber(uint32_t addr)
{
	return &sim->box->control->subscribers[cgn_directory_inside_find(sim->box->dir, 0, addr)];
}

static void
send_spec(uint32_t src, uint16_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct packet_spec s = packet_udp(
			src, (uint16_t)(first + i), (uint32_t)SIM_PEER, 53);

		cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &s));
		if (i % 16 == 15)
			cgn_sim_run(sim);
	}
}

static void
open_flows(uint32_t src, uint16_t first, uint32_t n)
{
	send_spec(src, first, n);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
}

static void
reload(const char *a)
{
	struct cgn_errmsg err;

	cr_assert_eq(cgn_sim_reload(sim, &(struct cgn_sim_params){.box = box, .a = a}, &err), 0,
		"%s", err.text);
}

/* The worker has sent it on its way before the address changed hands. */
Test(session, a_first_packet_of_the_owner_before_opens_nothing)
{
	start(WITH_SESSIONS);
	cr_assert_eq(add(SIM_A1, "one"), CGN_SESSION_ADDED);
	send_spec(SIM_A1, 5000, 1);
	cgn_sim_poll_workers(sim);
	cr_assert_eq(add(SIM_A1, "two"), CGN_SESSION_ADDED);
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(cgn_sim_fate(sim, "no_session"), 1);
	open_flows(SIM_A1, 5000, 1);
	cr_assert_eq(cgn_sim_n_mappings(sim), 1);
}

Test(session, counters_and_pairing_begin_anew)
{
	struct cgn_subscriber *sub;

	start("quota: {subscriber: {udp: 3}}\n" WITH_SESSIONS);
	sub = subscriber(SIM_A1);
	add(SIM_A1, "one");
	open_flows(SIM_A1, 5000, 5);
	cr_assert_eq(sub->use.refused, 2);
	cr_assert_neq(sub->last_refusal, CGN_FATE_NONE);
	cr_assert_neq(sub->pool, CGN_NONE);
	add(SIM_A1, "two");
	cr_assert_eq(sub->use.made, 0);
	cr_assert_eq(sub->use.refused, 0);
	cr_assert_eq(sub->use.peak, 0);
	cr_assert_eq(sub->last_refusal, CGN_FATE_NONE);
	cr_assert_eq(sub->pool, CGN_NONE);
	cr_assert_eq(sub->n_blocks, 0);
	cr_assert_eq(sub->first_block, CGN_NONE);
}

/* Blocks are nobody's until their ports have rested, then they go back to the pool. */
Test(session, blocks_rest_for_nobody)
{
	const struct cgn_pool_use *use;

	start(WITH_SESSIONS);
	use = &sim->box->control->pool->use[0];
	add(SIM_A1, "one");
	open_flows(SIM_A1, 5000, 5);
	cr_assert_eq(use->blocks, 1);
	add(SIM_A1, "two");
	open_flows(SIM_A1, 5000, 1);
	cr_assert_eq(use->blocks, 2);
	cr_assert_eq(subscriber(SIM_A1)->n_blocks, 1);
	cr_assert_eq(use->resting[CGN_UDP], 5);
	cgn_sim_elapse_s(sim, 119);
	cr_assert_eq(use->blocks, 2, "RFC 6888 REQ-8: 120 s");
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(use->blocks, 1);
	cr_assert_eq(use->resting[CGN_UDP], 0);
}

/* Slices: the address is not served meanwhile, and it goes on when nobody asks any more. */
Test(session, an_end_of_thousands_goes_on_in_slices)
{
	struct cgn_session_change change;

	start("quota: {subscriber: {mappings: 3000, udp: 3000, new_per_s: 10000, burst: "
	      "10000}}\n" WITH_SESSIONS);
	add(SIM_A1, "one");
	open_flows(SIM_A1, 5000, 2000);
	cr_assert_eq(cgn_sim_n_mappings(sim), 2000);
	change = change_to(CGN_SESSION_ADD, SIM_A1, "two");
	cr_assert_eq(ask(&change), CGN_SESSION_PENDING);
	cr_assert_lt(cgn_sim_tenant_n_mappings(sim, "a"), 2000);
	cr_assert_gt(cgn_sim_tenant_n_mappings(sim, "a"), 1000);
	send_spec(SIM_A1, 20000, 1);
	cgn_sim_poll_workers(sim);
	cr_assert_eq(cgn_sim_fate(sim, "no_session"), 1);
	cr_assert_eq(ask(&change), CGN_SESSION_PENDING);
	for (int i = 0; i < 10; i++)
		cgn_sim_poll_control(sim);
	cr_assert_eq(cgn_sim_tenant_n_mappings(sim, "a"), 0);
	cr_assert_eq(subscriber(SIM_A1)->use.session, 0);
	cr_assert_eq(sim->box->control->sessions.n_used, 0);
	cr_assert_eq(ask(&change), CGN_SESSION_ADDED);
	cgn_sim_run(sim);
}

Test(session, a_batch_does_all_in_order)
{
	static struct cgn_session_batch batch;

	start(WITH_SESSIONS);
	batch = (struct cgn_session_batch){.n = 4,
		.changes = {change_to(CGN_SESSION_ADD, SIM_A1, "one"),
			change_to(CGN_SESSION_ADD, SIM_A2, "two"),
			change_to(CGN_SESSION_ADD, SIM_A2, "one"),
			change_to(CGN_SESSION_REMOVE, 0, "two")}};
	cgn_session_batch_run(sim->box->control, &batch);
	cr_assert_eq(batch.n_done, 4);
	cr_assert_eq(batch.changes[1].result, CGN_SESSION_ADDED);
	cr_assert_eq(batch.changes[2].result, CGN_SESSION_MOVED);
	cr_assert_eq(batch.changes[3].result, CGN_SESSION_NONE);
	cr_assert_eq(subscriber(SIM_A1)->use.session, 0);
	cr_assert_str_eq(cgn_session_id(sim->box->control, subscriber(SIM_A2)->use.session), "one");
}

Test(session, a_reload_keeps_sessions_and_what_they_have)
{
	start("classes: [{name: gold, udp: 9}]\n" WITH_SESSIONS);
	struct cgn_session_change change = change_to(CGN_SESSION_ADD, SIM_A1, "one");

	snprintf(change.class_name, sizeof(change.class_name), "gold");
	cr_assert_eq(ask(&change), CGN_SESSION_ADDED);
	open_flows(SIM_A1, 5000, 3);
	reload("classes: [{name: tin, udp: 1}, {name: gold, udp: 4}]\n" WITH_SESSIONS);
	cr_assert_eq(cgn_sim_n_mappings(sim), 3);
	open_flows(SIM_A1, 6000, 3);
	cr_assert_eq(cgn_sim_n_mappings(sim), 4, "still gold, which is less by now");
	reload("quota: {subscriber: {udp: 5}}\n" WITH_SESSIONS);
	open_flows(SIM_A1, 7000, 3);
	cr_assert_eq(cgn_sim_n_mappings(sim), 5, "there is no gold any more");
	cr_assert_eq(subscriber(SIM_A1)->use.class_number, 0);
}

Test(session, a_prefix_that_wants_sessions_now_ends_what_has_none)
{
	start(ATTACHMENTS(""));
	open_flows(SIM_A1, 5000, 3);
	open_flows(SIM_A2, 5000, 3);
	cr_assert_eq(add(SIM_A2, "two"), CGN_SESSION_ADDED);
	reload(WITH_SESSIONS);
	cr_assert_eq(cgn_sim_n_mappings(sim), 3);
	cr_assert_eq(subscriber(SIM_A1)->n_blocks, 0);
	open_flows(SIM_A1, 6000, 3);
	cr_assert_eq(cgn_sim_fate(sim, "no_session"), 3);
	reload(ATTACHMENTS(""));
	open_flows(SIM_A1, 7000, 3);
	cr_assert_eq(cgn_sim_n_mappings(sim), 6);
}

Test(session, an_address_that_goes_takes_its_session_along)
{
	start(WITH_SESSIONS);
	add(SIM_A1, "one");
	open_flows(SIM_A1, 5000, 3);
	reload("attachments: [{port: access, address: 100.64.0.1/22, binding: access, "
	       "subscribers: [{prefix: 100.64.1.0/24, sessions: true}]}]\n");
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(sim->box->control->sessions.n_used, 0);
	cr_assert_eq(add(SIM_A1, "one"), CGN_SESSION_NO_ADDRESS);
	cr_assert_eq(add(0x6440010a, "one"), CGN_SESSION_ADDED);
	open_flows(0x6440010a, 5000, 3);
	cr_assert_eq(cgn_sim_n_mappings(sim), 3);
}

/* 5000 sessions a second come and go, half of them with traffic; see docs/operations.md. */
Test(session, churn_leaves_nothing_behind)
{
	enum { N = 800, ROUNDS = 10 };
	const struct cgn_sessions *s;
	char id[32];

	start("pool: [203.0.113.16/28]\ntimeouts: {port_rest_s: 0}\n" WITH_SESSIONS);
	s = &sim->box->control->sessions;
	for (uint32_t r = 0; r < ROUNDS; r++) {
		for (uint32_t i = 0; i < N; i++) {
			snprintf(id, sizeof(id), "s%u", i);
			cr_assert_neq(add(0x64400002 + (i + r * 7) % 900, id), CGN_SESSION_FULL);
		}
		for (uint32_t i = 0; i < N; i += 2)
			send_spec(0x64400002 + (i + r * 7) % 900, 5000, 2);
		cgn_sim_run(sim);
		cr_assert_eq(cgn_sim_n_mappings(sim), N);
		cr_assert_eq(s->n_used, N);
		cgn_sim_flush(sim, SIM_WAN);
		cgn_sim_jump_ms(sim, 160);
	}
	for (uint32_t i = 0; i < N; i++) {
		struct cgn_session_change change = change_to(CGN_SESSION_REMOVE, 0, "");

		snprintf(change.id, sizeof(change.id), "s%u", i);
		cr_assert_eq(ask(&change), CGN_SESSION_REMOVED);
	}
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(s->n_used, 0);
	cr_assert_eq(sim->box->control->pool->use[0].blocks, 0);
}
