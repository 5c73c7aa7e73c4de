/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/event_log: what is kept, and what control notices by itself. */
#include "event_log.h"

#include <string.h>

#include <criterion/criterion.h>

#include "sim.h"

static struct cgn_event_log the_log;

static void
note(enum cgn_event_id id, uint32_t n)
{
	struct cgn_event ev;

	for (; n > 0; n--) {
		cgn_event_init(&ev, id);
		cgn_event_note(&the_log, &ev);
	}
}

static uint64_t
number_at(uint64_t at)
{
	const struct cgn_event *ev = cgn_event_find(&the_log, at);

	return ev != NULL ? ev->number : 0;
}

Test(event_log, events_are_found_newest_first_across_both_kinds)
{
	cr_assert_eq(cgn_event_log_init(&the_log, 16), 0);
	cr_expect_null(cgn_event_find(&the_log, UINT64_MAX));
	for (int i = 0; i < 8; i++) {
		note(CGN_EVENT_MAP_ADD, 1);
		note(CGN_EVENT_ALARM_RAISED, 1);
	}
	for (uint64_t n = 16; n > 0; n--)
		cr_expect_eq(number_at(n), n);
	cr_expect_eq(number_at(UINT64_MAX), 16);
	cr_expect_eq(number_at(0), 0);
	cgn_event_log_fini(&the_log);
}

Test(event_log, changes_never_wash_out_acts)
{
	cr_assert_eq(cgn_event_log_init(&the_log, 16), 0);
	note(CGN_EVENT_MAP_ADD, 3);
	note(CGN_EVENT_ALARM_RAISED, 100);
	cr_expect_eq(number_at(UINT64_MAX), 103);
	cr_expect_eq(number_at(88), 88, "the oldest of 16 changes");
	cr_expect_eq(number_at(87), 3, "the newest act is next");
	cr_expect_eq(number_at(1), 1);
	note(CGN_EVENT_MAP_CLEAR, 16);
	cr_expect_eq(number_at(87), 0, "acts wash out acts");
	cgn_event_log_fini(&the_log);
}

/* The newest event of that name whose details are these. */
static bool
has(const struct cgn_sim *sim, enum cgn_event_id id, const char *details)
{
	const struct cgn_event_log *log = &sim->box->control->events;
	char text[CGN_EVENT_STRLEN];

	for (const struct cgn_event *ev = cgn_event_find(log, UINT64_MAX); ev != NULL;
		ev = cgn_event_find(log, ev->number - 1))
		if (ev->id == id && strcmp(cgn_event_values_str(ev, text), details) == 0)
			return true;
	return false;
}

static const char lost[] = "tenant=a why=\"a reload took an outside address away\"";

Test(event_log, a_reload_says_what_came_and_went)
{
	struct cgn_sim_params less = {.a = "pool: [203.0.113.17/32]\n"};
	struct cgn_sim *sim;
	struct cgn_errmsg err;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = "pool: [203.0.113.16/31]\n"});
	cr_expect_not(has(sim, CGN_EVENT_ADDRESS_GONE, "tenant=a address=203.0.113.16"));
	cr_assert_eq(cgn_sim_reload(sim, &less, &err), 0, "%s", err.text);
	cr_expect(has(sim, CGN_EVENT_ADDRESS_GONE, "tenant=a address=203.0.113.16"));
	cr_expect(has(sim, CGN_EVENT_EPOCH_RESET, lost));
	less.a = "pool: [203.0.113.16/31]\n";
	cr_assert_eq(cgn_sim_reload(sim, &less, &err), 0, "%s", err.text);
	cr_expect(has(sim, CGN_EVENT_ADDRESS_ADDED, "tenant=a address=203.0.113.16"));
	cgn_sim_destroy(sim);
}

Test(event_log, one_turn_keeps_so_many_changes_and_counts_the_rest)
{
	struct cgn_sim *sim;
	struct cgn_control *c;

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = "telemetry: {events: 1000}\n"});
	c = sim->box->control;
	for (int i = 0; i < CGN_EVENTS_A_TURN + 44; i++)
		cgn_event_tenant(c, CGN_EVENT_TENANT_ADDED, "x");
	cr_expect_eq(c->events.number, CGN_EVENTS_A_TURN);
	cgn_sim_elapse_s(sim, 1);
	cgn_event_tenant(c, CGN_EVENT_TENANT_REMOVED, "x");
	cr_expect_eq(c->events.number, CGN_EVENTS_A_TURN + 2);
	cr_expect(has(sim, CGN_EVENT_LEFT_OUT, "n=44"));
	cgn_sim_destroy(sim);
}
