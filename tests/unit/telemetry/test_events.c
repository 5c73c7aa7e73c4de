/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/telemetry/events: declarations, and records as text. */
#include "events.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

Test(events, names_are_different_words)
{
	for (int a = 0; a < CGN_N_EVENTS; a++) {
		const char *name = cgn_events[a].name;

		cr_expect_eq(strspn(name, letters), strlen(name), "%s", name);
		cr_expect_eq(cgn_events[a].sentence[strlen(cgn_events[a].sentence) - 1], '.');
		for (int b = 0; b < a; b++)
			cr_expect_str_neq(name, cgn_events[b].name);
	}
	for (int a = 0; a < CGN_N_EVENT_FIELDS; a++)
		for (int b = 0; b < a; b++)
			cr_expect_str_neq(cgn_event_fields[a].name, cgn_event_fields[b].name);
}

Test(events, a_record_is_its_fields_in_their_order)
{
	char text[CGN_EVENT_STRLEN];
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_MAP_ADD);
	cr_expect_gt(ev.utc_ms, UINT64_C(1600000000000));
	cgn_event_set_end(&ev, CGN_EVENT_FIELD_OUTSIDE, 0xcb007111, 8443);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_PROTO, "udp");
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, "a");
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_PROTO, "tcp"); /* anew */
	cr_expect_str_eq(
		cgn_event_values_str(&ev, text), "tenant=a proto=tcp outside=203.0.113.17:8443");
}

Test(events, a_refused_act_has_its_reason)
{
	char text[CGN_EVENT_STRLEN];
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_MAP_CLEAR);
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_MAPPINGS, 7);
	cgn_event_set_addr(&ev, CGN_EVENT_FIELD_SUBSCRIBER, 0x6440000a);
	cgn_event_refuse(&ev, "not\nnow");
	cr_expect(ev.is_refused);
	cr_expect_str_eq(
		cgn_event_values_str(&ev, text), "subscriber=100.64.0.10 mappings=7 why=not?now");
	cgn_event_refuse(&ev, "not now");
	cr_expect_not_null(strstr(cgn_event_values_str(&ev, text), "why=\"not now\""));
}

Test(events, the_longest_record_is_whole)
{
	char text[CGN_EVENT_STRLEN], name[200];
	struct cgn_event ev;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (int id = 0; id < CGN_N_EVENTS; id++) {
		cgn_event_init(&ev, (enum cgn_event_id)id);
		for (int f = 0; f < CGN_N_EVENT_FIELDS; f++) {
			if (!cgn_event_has((enum cgn_event_id)id, (enum cgn_event_field)f))
				continue;
			switch (cgn_event_fields[f].type) {
			case CGN_EVENT_TYPE_TEXT:
				cgn_event_set_text(&ev, (enum cgn_event_field)f, name);
				break;
			case CGN_EVENT_TYPE_NUMBER:
				cgn_event_set_number(&ev, (enum cgn_event_field)f, UINT64_MAX);
				break;
			case CGN_EVENT_TYPE_ADDRESS:
				cgn_event_set_addr(&ev, (enum cgn_event_field)f, UINT32_MAX);
				break;
			case CGN_EVENT_TYPE_ENDPOINT:
				cgn_event_set_end(
					&ev, (enum cgn_event_field)f, UINT32_MAX, UINT16_MAX);
				break;
			}
		}
		cr_expect_lt(strlen(cgn_event_values_str(&ev, text)), CGN_EVENT_STRLEN - 1);
		cr_expect_eq(ev.n_values, __builtin_popcountll(cgn_events[id].fields));
	}
}

Test(events, who_is_said_as_far_as_it_is_known)
{
	struct cgn_event_who who = {.via = CGN_EVENT_BY_TELEMETRY, .uid = 7, .pid = 9};
	char text[CGN_EVENT_WHO_STRLEN];

	cr_expect_str_eq(cgn_event_who_str(&who, text), "uid=unknown");
	who.knows_uid = true;
	cr_expect_str_eq(cgn_event_who_str(&who, text), "uid=7");
	who.knows_pid = true;
	cr_expect_str_eq(cgn_event_who_str(&who, text), "uid=7 pid=9");
	who.via = CGN_EVENT_BY_CONTROL;
	cr_expect_str_eq(cgn_event_who_str(&who, text), "control");
}
