/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces: times, tenants, what happened to the log, computed ranges. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log_rig.h"

TestSuite(logtrace, .init = rig_setup, .fini = rig_teardown);

Test(logtrace, holder_before_while_and_after)
{
	uint64_t from = rig_utc_ms, until;
	struct cgn_logtrace_answer a;

	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	until = rig_utc_ms;
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	a = rig_trace(RIG_LAST, from - 1);
	cr_assert_eq(a.n_holders, 0);
	a = rig_trace(RIG_LAST, from);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_eq(a.holders[0].from, from);
	cr_assert_eq(a.holders[0].until, until);
	cr_assert(cgn_logtrace_is_sure(&a));
	a = rig_trace(RIG_LAST, until);
	cr_assert_eq(a.n_holders, 0);
	a = rig_trace(RIG_LAST + 1, from);
	cr_assert_eq(a.n_holders, 0, "another block");
}

Test(logtrace, tenants_with_the_same_addresses_are_told_apart)
{
	struct cgn_logtrace_answer a;
	uint64_t first = rig_utc_ms;

	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	rig_put(CGN_NATLOG_BLOCK_LEASED, "b", RIG_INSIDE);
	a = rig_trace(RIG_FIRST, first);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_str_eq(a.holders[0].tenant, "a");
	a = rig_trace(RIG_FIRST, first + 2000);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_str_eq(a.holders[0].tenant, "b");
}

Test(logtrace, a_stop_is_told_from_a_crash)
{
	struct cgn_logtrace_answer a;
	uint64_t at;

	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	rig_put(CGN_NATLOG_STOP, "", 0);
	rig_close();
	at = rig_utc_ms;
	rig_utc_ms += 60000;
	rig_open();
	a = rig_trace(RIG_FIRST, at);
	cr_assert_eq(a.n_holders, 0);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_STOPPED) && cgn_logtrace_is_sure(&a));
	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	rig_close();
	at = rig_utc_ms;
	rig_utc_ms += 60000;
	rig_open();
	a = rig_trace(RIG_FIRST, at);
	cr_assert_eq(a.n_holders, 1);
	cr_assert(a.holders[0].is_until_unsure);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_CRASHED) && !cgn_logtrace_is_sure(&a));
}

Test(logtrace, a_clock_that_is_set_back_is_told)
{
	struct cgn_logtrace_answer a;
	uint64_t at;

	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	rig_utc_ms += 60000;
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	rig_utc_ms -= 50000;
	at = rig_utc_ms;
	rig_put(CGN_NATLOG_BLOCK_LEASED, "b", RIG_INSIDE);
	a = rig_trace(RIG_FIRST, at + 1000);
	cr_assert_eq(a.n_holders, 2, "that time was twice");
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_SET_BACK));
}

Test(logtrace, damage_is_told)
{
	struct cgn_logtrace_answer a;
	uint64_t at = rig_utc_ms;
	uint8_t byte = 0xff;
	char path[256];
	int fd;

	for (int i = 0; i < 10; i++) {
		rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
		rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	}
	rig_close();
	rig_files(path);
	fd = open(path, O_WRONLY);
	cr_assert_eq(pwrite(fd, &byte, 1, 96 + 8 * 32 + 5), 1);
	close(fd);
	a = rig_trace(RIG_FIRST, at + 9000);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_DAMAGED));
	rig_open(); /* which sorts it */
	a = rig_trace(RIG_FIRST, at + 9000);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_DAMAGED));
}

/* Parameters, or the rest of those before when reserved is empty. */
static void
put_det(const char *tenant, uint32_t ratio, const char *inside, const char *reserved)
{
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_DETERMINISTIC);
	ev.utc_ms = rig_utc_ms;
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, tenant);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_A, "sequential");
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_DET_C, ratio);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_I, inside);
	cgn_event_set_text(
		&ev, CGN_EVENT_FIELD_DET_O, reserved[0] != '\0' ? "203.0.113.16/30" : "");
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_R, reserved);
	rig_put_event(&ev);
}

static void
put_det_off(const char *tenant)
{
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_DETERMINISTIC);
	ev.utc_ms = rig_utc_ms;
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, tenant);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_DET_A, "off");
	rig_put_event(&ev);
}

/* A day later, in a file that knows what was before from its snapshot alone. */
static void
begin_file(void)
{
	rig_utc_ms += rig_limits.segment_s * 1000;
	rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
}

Test(logtrace, computed_ranges_are_those_of_then)
{
	struct cgn_logtrace_answer a;
	struct cgn_logtrace_row row;
	uint64_t at;

	for (uint32_t ratio = 4; ratio <= 8; ratio += 4)
		put_det("det", ratio, "100.64.0.0/28", "0-1023");
	at = rig_utc_ms;
	/* 203.0.113.17 is the second address: of subscribers 4 … 7, then 8 … 15. */
	a = rig_trace(RIG_FIRST, at - 1500);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_eq(a.holders[0].kind, 0);
	cr_assert_eq(a.holders[0].inside, 0x64400004);
	cr_assert_eq(a.holders[0].last - a.holders[0].first + 1, 64512 / 4 / 64 * 64);
	cgn_logtrace_row(&a, 0, &row);
	cr_assert_str_eq(row.sure, "neither", "the next parameters ended it, and it says no end");
	cr_assert_str_eq(row.until, "-");
	a = rig_trace(RIG_FIRST, at);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_eq(a.holders[0].inside, 0x64400008);
	cr_assert_str_eq(a.holders[0].tenant, "det");
}

/* DET-07: what is too long for one record goes on in the next, and its reserved ports are in the
 * first alone. */
Test(logtrace, parameters_of_several_records_belong_together)
{
	struct cgn_logtrace_answer a;

	put_det("det", 8, "100.64.0.0/28", "0-1023");
	put_det("det", 8, "100.64.1.0/28", "");
	for (int file = 0; file < 2; file++) {
		a = rig_trace(RIG_FIRST, rig_utc_ms - 500);
		cr_assert_eq(a.n_holders, 1, "file %d", file);
		cr_assert_eq(a.holders[0].inside, 0x64400008, "file %d", file);
		begin_file();
	}
}

Test(logtrace, parameters_that_are_switched_off_end)
{
	struct cgn_logtrace_answer a;

	put_det("det", 8, "100.64.0.0/28", "0-1023");
	put_det_off("det");
	for (int file = 0; file < 2; file++) {
		a = rig_trace(RIG_FIRST, rig_utc_ms - 500);
		cr_assert_eq(a.n_holders, 0, "file %d", file);
		cr_assert(cgn_logtrace_is_sure(&a), "file %d", file);
		begin_file();
	}
}

Test(logtrace, parameters_that_cannot_be_read_are_told)
{
	struct cgn_logtrace_answer a;

	put_det("det", 8, "100.64.0.0/28,100.64.", "0-1023");
	a = rig_trace(RIG_FIRST, rig_utc_ms - 500);
	cr_assert_eq(a.n_holders, 0);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_DAMAGED) && !cgn_logtrace_is_sure(&a));
}

Test(logtrace, more_computed_holders_than_fit_are_told)
{
	struct cgn_logtrace_answer a;
	char tenant[16];

	for (int t = 0; t <= CGN_LOGTRACE_HOLDERS; t++) {
		a = rig_trace(RIG_FIRST, rig_utc_ms - 500);
		cr_assert(!rig_has_note(&a, CGN_LOGTRACE_TOO_MANY));
		snprintf(tenant, sizeof(tenant), "t%d", t);
		put_det(tenant, 8, "100.64.0.0/28", "0-1023");
	}
	a = rig_trace(RIG_FIRST, rig_utc_ms - 500);
	cr_assert_eq(a.n_holders, CGN_LOGTRACE_HOLDERS);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_TOO_MANY));
}

/* DET-06: a block beyond a computed range, of a prefix. */
Test(logtrace, a_prefix_stays_one_in_the_files_after)
{
	struct cgn_logtrace_answer a;
	struct cgn_event ev;

	cgn_event_init(&ev, CGN_EVENT_BLOCK_TAKEN);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, "det");
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_HOLDER, "100.64.1.0/24");
	cgn_event_set_addr(&ev, CGN_EVENT_FIELD_POOL, RIG_OUTSIDE);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_PORTS, "1024-1535");
	rig_put_event(&ev);
	for (int file = 0; file < 2; file++) {
		a = rig_trace(RIG_FIRST, rig_utc_ms - 500);
		cr_assert_eq(a.n_holders, 1, "file %d", file);
		cr_assert_eq(a.holders[0].inside, 0x64400100, "file %d", file);
		cr_assert_eq(a.holders[0].inside_len, 24, "file %d", file);
		begin_file();
	}
}

Test(logtrace, times_are_read_strictly)
{
	uint64_t ms, span;

	cr_assert_eq(cgn_logtrace_time_parse("2026-11-23 14:03:22Z", 0, &ms, &span), 0);
	cr_assert_eq(ms, UINT64_C(1795442602000));
	cr_assert_eq(span, 1000);
	cr_assert_eq(cgn_logtrace_time_parse("2026-11-23T14:03:22.017Z", 0, &ms, &span), 0);
	cr_assert_eq(ms, UINT64_C(1795442602017));
	cr_assert_eq(span, 1);
	for (int i = 0; i < 6; i++) {
		static const char *const wrong[] = {"2026-02-30T14:03:22Z", "yesterday", "",
			"2026-11-23T14:03:22+01:00", "2026-11-23", "2026-11-23T14:03:22.Z"};

		cr_assert_eq(
			cgn_logtrace_time_parse(wrong[i], 0, &ms, &span), -EINVAL, "%s", wrong[i]);
	}
}
