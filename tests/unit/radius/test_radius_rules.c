/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/radius/radius_rules and radius_record: events that come late, twice, out of order.
 */
#include "radius_record.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static const enum cgn_accounting_kind START = CGN_ACCOUNTING_START, STOP = CGN_ACCOUNTING_STOP,
				      INTERIM = CGN_ACCOUNTING_INTERIM;
enum { NAS1 = 1, NAS2 = 2 };

static struct cgn_radius_record record;
static struct cgn_radius_verdict last;

static void
setup(void)
{
	memset(&record, 0, sizeof(record));
}

TestSuite(radius_rules, .init = setup);

/* A session's subscriber has the same number: session 1 is "u1". */
static struct cgn_radius_event
event(enum cgn_accounting_kind kind, uint32_t session, uint32_t nas, double at_s, uint32_t nas_s)
{
	struct cgn_radius_event e = {.kind = kind,
		.said = {.key = session,
			.stamp = {.at_ms = (uint64_t)(at_s * 1000),
				.nas_s = nas_s,
				.nas.addr = nas}}};

	snprintf(e.id, sizeof(e.id), "u%u", session);
	return e;
}

static enum cgn_accounting_result
say(enum cgn_accounting_kind kind, uint32_t session, double at_s)
{
	struct cgn_radius_event e = event(kind, session, NAS1, at_s, 0);

	last = cgn_radius_decide(&record, &e);
	return last.result;
}

/* By the clock of the access server, which is not ours. */
static enum cgn_accounting_result
say_nas(enum cgn_accounting_kind kind, uint32_t session, uint32_t nas, double at_s, uint32_t nas_s)
{
	struct cgn_radius_event e = event(kind, session, nas, at_s, nas_s);

	last = cgn_radius_decide(&record, &e);
	return last.result;
}

#define expect(says, what, does, who)                                                              \
	do {                                                                                       \
		cr_expect_eq(says, CGN_ACCOUNTING_##what);                                         \
		cr_expect_eq(last.act, CGN_RADIUS_##does);                                         \
		cr_expect_str_eq(last.id, who);                                                    \
	} while (0)

Test(radius_rules, start_interim_and_stop)
{
	expect(say(START, 1, 100), ADDED, ADD, "u1");
	expect(say(INTERIM, 1, 400), ADDED, ADD, "u1");
	cr_expect_eq(record.owner.stamp.at_ms, 400000, "alive then");
	expect(say(STOP, 1, 500), ENDED, REMOVE, "u1");
	cr_expect_eq(record.owner.key, 0);
}

/* After a restart of the box nothing is known but what comes. */
Test(radius_rules, interim_and_stop_of_what_is_not_known)
{
	expect(say(INTERIM, 1, 100), ADDED, ADD, "u1");
	setup();
	expect(say(STOP, 1, 100), ENDED, REMOVE, "u1");
}

Test(radius_rules, start_of_another_takes_the_address)
{
	say(START, 1, 100);
	expect(say(START, 2, 200), TAKEN_OVER, ADD, "u2");
	/* The late Stop of the old owner. */
	expect(say(STOP, 1, 201), NOT_OWNER, NOTHING, "");
	cr_expect_eq(record.owner.key, 2);
	expect(say(STOP, 2, 300), ENDED, REMOVE, "u2");
}

/* The same subscriber again: its old session's Stop must not end the new one. */
Test(radius_rules, late_stop_of_the_same_subscriber)
{
	struct cgn_radius_event e = event(START, 2, NAS1, 200, 0);

	say(START, 1, 100);
	strcpy(e.id, "u1");
	last = cgn_radius_decide(&record, &e);
	cr_expect_eq(last.result, CGN_ACCOUNTING_TAKEN_OVER);
	expect(say(STOP, 1, 201), NOT_OWNER, NOTHING, "");
	cr_expect_eq(record.owner.key, 2);
}

Test(radius_rules, start_of_the_old_owner_comes_late)
{
	say(START, 2, 200);
	expect(say(START, 1, 190), STALE, NOTHING, ""); /* Acct-Delay-Time 10 and more */
	cr_expect_eq(record.owner.key, 2);
}

/* Delays are whole seconds: a Start that seems a second older may be the newer one. */
Test(radius_rules, start_within_the_slack_counts_as_it_arrives)
{
	say(START, 1, 200);
	expect(say(START, 2, 199), TAKEN_OVER, ADD, "u2");
}

Test(radius_rules, interim_takes_only_when_surely_later)
{
	say(START, 2, 200);
	expect(say(INTERIM, 1, 150), STALE, NOTHING, "");
	expect(say(INTERIM, 1, 201), STALE, NOTHING, "");
	cr_expect_eq(record.owner.key, 2);
	expect(say(INTERIM, 1, 210), TAKEN_OVER, ADD, "u1");
}

Test(radius_rules, a_stopped_session_does_not_come_back)
{
	say(START, 1, 100);
	say(STOP, 1, 300);
	expect(say(INTERIM, 1, 250), STALE, NOTHING, "");
	expect(say(START, 1, 100), STALE, NOTHING, "");
	/* Repeated without Acct-Delay-Time it looks new. */
	expect(say(INTERIM, 1, 305), STALE, NOTHING, "");
	expect(say(START, 1, 300 + 3601), ADDED, ADD, "u1");
}

Test(radius_rules, stop_comes_before_its_start)
{
	expect(say(STOP, 1, 101), ENDED, REMOVE, "u1");
	expect(say(START, 1, 100), STALE, NOTHING, "");
}

/* The address was another's, whose Stop was lost: that one is over all the same. */
Test(radius_rules, a_session_that_is_over_already_ends_the_owner_before_it)
{
	say(START, 1, 100);
	expect(say(STOP, 2, 300), NOT_OWNER, NOTHING, "");
	cr_expect_eq(record.owner.key, 1);
	expect(say(START, 2, 200), STALE, REMOVE, "u1");
	cr_expect_eq(record.owner.key, 0);
}

Test(radius_rules, stop_is_repeated)
{
	say(START, 1, 100);
	expect(say(STOP, 1, 200), ENDED, REMOVE, "u1");
	expect(say(STOP, 1, 200), ENDED, REMOVE, "u1");
}

/* A Stop need not name the subscriber; but somebody must. */
Test(radius_rules, stop_without_a_name)
{
	struct cgn_radius_event e = event(STOP, 1, NAS1, 200, 0);

	e.id[0] = '\0';
	last = cgn_radius_decide(&record, &e);
	cr_expect_eq(last.act, CGN_RADIUS_NOTHING);
	say(START, 3, 300);
	e.said.key = 3;
	last = cgn_radius_decide(&record, &e);
	cr_expect_eq(last.act, CGN_RADIUS_REMOVE);
	cr_expect_str_eq(last.id, "u3");
}

/* RFC 2869 section 5.3: within one access server its own clock is exact, however late it comes. */
Test(radius_rules, event_timestamps_of_one_server_decide)
{
	say_nas(START, 2, NAS1, 100, 7000);
	expect(say_nas(START, 1, NAS1, 105, 6999), STALE, NOTHING, "");
	expect(say_nas(INTERIM, 1, NAS1, 105, 7000), STALE, NOTHING, "");
	expect(say_nas(START, 3, NAS1, 100, 7000), TAKEN_OVER, ADD, "u3");
	expect(say_nas(INTERIM, 1, NAS1, 105, 7001), TAKEN_OVER, ADD, "u1");
	say_nas(STOP, 1, NAS1, 110, 7010);
	expect(say_nas(INTERIM, 1, NAS1, 111, 7010), STALE, NOTHING, "");
	expect(say_nas(START, 1, NAS1, 112, 7011), ADDED, ADD, "u1"); /* the name again */
}

/* Its new sessions must not be stale for hours. */
Test(radius_rules, a_server_whose_clock_is_set_back)
{
	say_nas(START, 1, NAS1, 1000, 9000);
	expect(say_nas(START, 2, NAS1, 1000 + 299, 8000), STALE, NOTHING, "");
	expect(say_nas(START, 2, NAS1, 1000 + 301, 5400), TAKEN_OVER, ADD, "u2");
}

/* The clock of one server says nothing about another's. */
Test(radius_rules, event_timestamps_of_two_servers_do_not)
{
	say_nas(START, 1, NAS1, 100, 9000);
	expect(say_nas(START, 2, NAS2, 110, 17), TAKEN_OVER, ADD, "u2");
	expect(say_nas(INTERIM, 1, NAS1, 111, 9010), STALE, NOTHING, "");
}

Test(radius_rules, accounting_on_ends_what_came_before_it)
{
	struct cgn_radius_stamp on = {.at_ms = 500000, .nas.addr = NAS1};

	cr_expect_not(cgn_radius_sweep(&record, &on));
	say(START, 1, 100);
	on.nas.addr = NAS2;
	cr_expect_not(cgn_radius_sweep(&record, &on), "another server's");
	on.nas = (struct cgn_radius_nas){.addr = NAS1, .id = 77};
	cr_expect(cgn_radius_is_swept(&record, &on), "named by more than before");
	on.at_ms = 90000;
	cr_expect_not(cgn_radius_sweep(&record, &on), "it began after that");
	cr_expect_eq(record.owner.key, 1);
	on.at_ms = 101000;
	on.nas_s = 17; /* it has just started, and does not know the time */
	record.owner.stamp.nas_s = 7000;
	cr_expect(cgn_radius_sweep(&record, &on));
	cr_expect_eq(record.owner.key, 0);
}

Test(radius_rules, a_server_that_began_anew_may_use_names_again)
{
	struct cgn_radius_stamp on = {.at_ms = 310000, .nas.addr = NAS1};

	say(START, 1, 100);
	say(STOP, 1, 300);
	cgn_radius_sweep(&record, &on);
	expect(say(START, 1, 320), ADDED, ADD, "u1");
}

Test(radius_records, are_found_by_tenant_and_address)
{
	struct cgn_radius_records all = {0};
	enum { N = 5000 };

	cr_expect_null(cgn_radius_records_find(&all, 1, 1));
	for (uint32_t i = 0; i < N; i++) {
		struct cgn_radius_record *r = cgn_radius_records_add(
			&all, i % 3, 0x64400000 + i, 1000);

		cr_assert_not_null(r);
		r->owner.key = i + 1;
	}
	for (uint32_t i = 0; i < N; i++) {
		struct cgn_radius_record *r = cgn_radius_records_find(&all, i % 3, 0x64400000 + i);

		cr_assert_not_null(r);
		cr_expect_eq(r->owner.key, i + 1);
		cr_expect_null(cgn_radius_records_find(&all, 3, 0x64400000 + i));
		cr_expect_eq(cgn_radius_records_add(&all, i % 3, 0x64400000 + i, 1000), r);
	}
	cr_expect_eq(all.n, N);
	cgn_radius_records_fini(&all);
}

Test(radius_records, forget_what_ended_long_ago)
{
	struct cgn_radius_records all = {0};
	uint64_t now_ms = 1000000000;
	uint32_t n_alloc;

	for (uint32_t i = 0; i < 1024; i++)
		cgn_radius_records_add(&all, 0, i, now_ms)->ended.stamp.at_ms = now_ms;
	cgn_radius_records_find(&all, 0, 7)->owner.key = 1;
	n_alloc = all.n_alloc;
	cr_assert_eq(all.n, n_alloc, "the next one needs room");
	now_ms += CGN_RADIUS_ENDED_MS + 1;
	cr_assert_not_null(cgn_radius_records_add(&all, 0, 5000, now_ms));
	cr_expect_eq(all.n, 2);
	cr_expect_eq(all.n_alloc, n_alloc);
	cr_expect_not_null(cgn_radius_records_find(&all, 0, 7));
	cr_expect_null(cgn_radius_records_find(&all, 0, 8));
	cr_expect_not_null(cgn_radius_records_find(&all, 0, 5000));
	cgn_radius_records_fini(&all);
}

/* Owners come and go at few addresses: what finds them by their keys stays small and right. */
Test(radius_records, owner_is_found_by_its_key_among_many)
{
	enum { N = 50, ROUNDS = 500 };
	struct cgn_radius_records all = {0};

	cr_expect_null(cgn_radius_records_find_owner(&all, 1, 7));
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		for (uint32_t i = 0; i < N; i++) {
			struct cgn_radius_record *r = cgn_radius_records_add(&all, 1, i, 0);

			cr_assert_not_null(r);
			r->owner.key = round * 7919 + i * UINT64_C(104729);
			cgn_radius_records_own(&all, r);
		}
		for (uint32_t i = 0; i < N; i++) {
			uint64_t key = round * 7919 + i * UINT64_C(104729);
			const struct cgn_radius_record *r = cgn_radius_records_find_owner(
				&all, 1, key);

			cr_assert(r != NULL && r->addr == i);
			cr_assert_null(cgn_radius_records_find_owner(&all, 2, key));
			cr_assert_null(cgn_radius_records_find_owner(&all, 1, key - 7919));
		}
	}
	cr_expect_leq(all.n_keys, all.n_slots / 4 * 3);
	cgn_radius_records_fini(&all);
}
