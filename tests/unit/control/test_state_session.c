/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions over a crash, with a real journal (PMP-31): who had an address has it still and all that
 * he asked for, and nobody else gets any of it.
 */
#include <stdio.h>

#include <criterion/criterion.h>

#include "control.h"
#include "lease.h"
#include "restart.h"

/* One outside address, so that a port is the same port. */
#define CLASSES                                                                                    \
	"classes: [{name: gold, udp: 7}]\nportctl: {natpmp: true, pcp: true}\n"                    \
	"pool: [203.0.113.16/32]\n"
#define PREFIX(prefix)                                                                             \
	CLASSES "attachments: [{port: access, address: 100.64.0.1/20, binding: access, "           \
		"subscribers: [{prefix: " prefix ", sessions: true}]}]\n"

static const char usual[] = PREFIX("100.64.0.0/20");

static struct restart box;
static struct cgn_sim *sim;
static struct cgn_control *c;

static void
start_with(const char *a)
{
	restart_start(&box, &(struct cgn_sim_params){.a = a, .seed = 5});
	sim = box.sim;
	c = sim->box->control;
}

static void
crash_and_start(const char *a)
{
	restart_run_and_export(&box);
	restart_kill(&box);
	start_with(a);
}

static void
finish(void)
{
	restart_fini(&box);
}

TestSuite(state_session, .fini = finish, .timeout = 60);

static enum cgn_session_result
change(enum cgn_session_kind kind, uint32_t addr, const char *id, const char *class_name)
{
	static struct cgn_session_batch batch;

	batch = (struct cgn_session_batch){
		.n = 1, .changes = {{.kind = (uint8_t)kind, .addr = addr}}};
	snprintf(batch.changes[0].id, sizeof(batch.changes[0].id), "%s", id);
	snprintf(
		batch.changes[0].class_name, sizeof(batch.changes[0].class_name), "%s", class_name);
	cgn_session_batch_run(c, &batch);
	return (enum cgn_session_result)batch.changes[0].result;
}

static enum cgn_session_result
add(uint32_t addr, const char *id)
{
	return change(CGN_SESSION_ADD, addr, id, "");
}

static struct cgn_subscriber *
subscriber(uint32_t addr)
{
	return &c->subscribers[cgn_directory_inside_find(c->dp->dir, 0, addr)];
}

/* The outside port that an address gets by PCP for an inside port. */
static uint16_t
ask(uint32_t addr, uint16_t port, uint16_t suggested)
{
	struct cgn_explicit_ask q = {.origin = CGN_EXPLICIT_PCP_MAP,
		.inside = cgn_directory_inside_find(c->dp->dir, 0, addr),
		.proto = CGN_UDP,
		.inside_port = port,
		.suggested_port = suggested,
		.lifetime_s = 3600,
		.nonce = {7},
		.client_addr = addr,
		.client_port = 5350,
		.n_ports = 1};
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	uint32_t n;

	cr_assert_eq(cgn_explicit_ops.ask(c, &q, answers, &n), CGN_EXPLICIT_OK);
	return answers[0].port;
}

Test(state_session, owner_is_known_after_a_crash_and_keeps_what_he_has)
{
	uint16_t port;

	start_with(usual);
	cr_assert_eq(change(CGN_SESSION_ADD, SIM_A1, "cust-1", "gold"), CGN_SESSION_ADDED);
	port = ask(SIM_A1, 8080, 0);
	crash_and_start(usual);
	cr_assert_eq(box.report.sessions, 1);
	cr_assert_str_eq(cgn_session_id(c, subscriber(SIM_A1)->use.session), "cust-1");
	cr_assert_eq(cgn_sim_n_mappings(sim), 1);
	cr_assert_eq(change(CGN_SESSION_ADD, SIM_A1, "cust-1", "gold"), CGN_SESSION_REFRESHED);
	cr_assert_eq(cgn_sim_n_mappings(sim), 1);
	cr_assert_eq(ask(SIM_A1, 8080, 0), port);
	/* Again, with nothing told in between. */
	crash_and_start(usual);
	cr_assert_eq(ask(SIM_A1, 8080, 0), port);
}

Test(state_session, another_owner_after_a_crash_ends_all_of_it)
{
	uint16_t port;

	start_with(usual);
	add(SIM_A1, "cust-1");
	port = ask(SIM_A1, 8080, 0);
	crash_and_start(usual);
	cr_assert_eq(add(SIM_A1, "cust-2"), CGN_SESSION_ADDED);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(subscriber(SIM_A1)->n_blocks, 0);
	cr_assert_neq(ask(SIM_A1, 8080, port), port, "it rests for nobody");
}

Test(state_session, new_owner_has_nothing_of_the_old_one_after_a_crash)
{
	uint16_t port;

	start_with(usual);
	add(SIM_A1, "cust-1");
	port = ask(SIM_A1, 8080, 0);
	cgn_sim_run(sim);
	restart_export(&box);
	add(SIM_A1, "cust-2");
	/* The notes about the blocks of the old one are not written yet. */
	restart_export(&box);
	restart_kill(&box);
	box.lease_age_s = 1;
	start_with(usual);
	cr_assert_str_eq(cgn_session_id(c, subscriber(SIM_A1)->use.session), "cust-2");
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(subscriber(SIM_A1)->n_blocks, 0);
	cr_assert_neq(ask(SIM_A1, 8080, port), port);
}

Test(state_session, address_without_a_session_is_nobodys_after_a_crash)
{
	start_with(usual);
	add(SIM_A1, "cust-1");
	ask(SIM_A1, 8080, 0);
	cr_assert_eq(change(CGN_SESSION_REMOVE, SIM_A1, "", ""), CGN_SESSION_REMOVED);
	crash_and_start(usual);
	cr_assert_eq(box.report.sessions, 0);
	cr_assert_eq(subscriber(SIM_A1)->use.session, 0);
	cr_assert_not(cgn_is_served(c, cgn_directory_inside_find(c->dp->dir, 0, SIM_A1)));
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
}

Test(state_session, move_and_class_are_what_they_were)
{
	struct cgn_class own;

	start_with(usual);
	change(CGN_SESSION_ADD, SIM_A1, "cust-1", "gold");
	cr_assert_eq(add(SIM_A2, "cust-1"), CGN_SESSION_MOVED);
	cr_assert_eq(change(CGN_SESSION_ADD, SIM_A2, "cust-1", "gold"), CGN_SESSION_CLASSED);
	crash_and_start(usual);
	cr_assert_eq(box.report.sessions, 1);
	cr_assert_eq(subscriber(SIM_A1)->use.session, 0);
	cr_assert_str_eq(cgn_session_id(c, subscriber(SIM_A2)->use.session), "cust-1");
	cr_assert_eq(cgn_class_of(c->dp->dir, 0, subscriber(SIM_A2),
			     cgn_directory_inside_find(c->dp->dir, 0, SIM_A2), &own)
			     ->quota.udp,
		7);
}

Test(state_session, session_whose_address_is_gone_leaves_the_journal)
{
	start_with(usual);
	add(SIM_A1, "cust-1");
	add(0x64400805, "cust-2"); /* 100.64.8.5 */
	crash_and_start(PREFIX("100.64.8.0/24"));
	cr_assert_eq(box.report.sessions, 2);
	cr_assert_eq(c->sessions.n_used, 1);
	crash_and_start(usual);
	cr_assert_eq(box.report.sessions, 1);
	cr_assert_eq(subscriber(SIM_A1)->use.session, 0);
}

/* The disk hangs while more sessions change than the ring holds: all is written anew. */
Test(state_session, flood_of_changes_leaves_the_journal_right)
{
	enum { N = 3000, FIRST = 0x64400010, ROUNDS = 3 };
	char id[32];

	start_with(usual);
	for (uint32_t round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < N; i++) {
			snprintf(id, sizeof(id), "cust-%u-%u", round, i);
			cr_assert_eq(add(FIRST + i, id), CGN_SESSION_ADDED);
		}
	for (uint32_t i = 0; i < N; i += 2)
		cr_assert_eq(change(CGN_SESSION_REMOVE, FIRST + i, "", ""), CGN_SESSION_REMOVED);
	cr_assert(c->state.resync);
	crash_and_start(usual);
	cr_assert_eq(box.report.sessions, N / 2);
	for (uint32_t i = 0; i < N; i++) {
		snprintf(id, sizeof(id), "cust-%u-%u", ROUNDS - 1, i);
		cr_assert_str_eq(cgn_session_id(c, subscriber(FIRST + i)->use.session),
			i % 2 == 0 ? "" : id);
	}
}
