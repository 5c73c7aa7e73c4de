/* SPDX-License-Identifier: BSD-3-Clause */
/* The local log's files: what a crash, a full disk and time leave of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log_rig.h"
#include "segment.h"
#include "slot.h"

TestSuite(logstore, .init = rig_setup, .fini = rig_teardown);

Test(logstore, files_are_not_for_everybody)
{
	char path[256];
	struct stat st;

	rig_files(path);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0640);
}

Test(logstore, two_daemons_cannot_have_one_folder)
{
	struct cgn_errmsg err;

	cr_assert_null(cgn_logstore_open(rig_dir, &rig_limits, rig_utc_ms, &err));
	cr_assert_not_null(strstr(err.text, "another daemon has it"));
}

/* Whatever length a crash leaves, the records before it are there, and the log goes on. */
Test(logstore, a_file_that_is_cut_anywhere_is_repaired)
{
	char path[256], newest[256];
	struct stat st;
	uint64_t begin = rig_utc_ms;

	for (int i = 0; i < 4; i++) {
		rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE + (uint32_t)i);
		rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE + (uint32_t)i);
	}
	rig_close();
	rig_files(path);
	cr_assert_eq(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size >= 0; size--) {
		struct cgn_logtrace_answer a;

		cr_assert_eq(truncate(path, size), 0); /* of a sorted one too, from now on */
		rig_open();
		rig_close();
		a = rig_trace(RIG_FIRST, begin + 500);
		cr_assert_leq(a.n_holders, 1);
		for (uint32_t i = 0; i < a.n_holders; i++)
			cr_assert_eq(a.holders[i].inside, RIG_INSIDE);
		rig_files(newest);
		cr_assert_str_neq(newest, path);
		cr_assert_eq(unlink(newest), 0);
		if (access(path, F_OK) < 0)
			break; /* it had not even its beginning */
	}
}

Test(logstore, records_before_a_torn_end_are_kept)
{
	uint64_t begin = rig_utc_ms;
	struct cgn_logtrace_answer a;
	char path[256];
	struct stat st;

	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	rig_close();
	rig_files(path);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(truncate(path, st.st_size - 7), 0);
	rig_open();
	a = rig_trace(RIG_FIRST, begin + 500);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_eq(a.holders[0].inside, RIG_INSIDE);
	cr_assert(a.holders[0].is_until_unsure, "its return is lost");
	cr_assert(!rig_has_note(&a, CGN_LOGTRACE_DAMAGED), "a torn end is no damage");
	a = rig_trace(RIG_FIRST, begin + 1500);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_CRASHED));
	cr_assert(!cgn_logtrace_is_sure(&a));
}

Test(logstore, a_full_disk_costs_records_which_are_counted_and_told)
{
	struct rlimit whole, none = {0};
	struct cgn_logtrace_answer a;
	uint64_t lost_at;

	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	cgn_logstore_turn(rig_store, 0, rig_utc_ms);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
	none.rlim_max = whole.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	lost_at = rig_utc_ms;
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	rig_put(CGN_NATLOG_BLOCK_LEASED, "b", RIG_INSIDE + 1);
	cgn_logstore_turn(rig_store, 10, rig_utc_ms);
	cr_assert_eq(cgn_logstore_stats(rig_store).error, EFBIG);
	cr_assert_eq(cgn_logstore_stats(rig_store).lost, 2);
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "b", RIG_INSIDE + 1);
	rig_put(CGN_NATLOG_BLOCK_LEASED, "c", RIG_INSIDE + 2);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
	cgn_logstore_turn(rig_store, 20, rig_utc_ms);
	cr_assert_eq(cgn_logstore_stats(rig_store).error, EFBIG, "it is tried once a second");
	cgn_logstore_turn(rig_store, 2000, rig_utc_ms);
	cr_assert_eq(cgn_logstore_stats(rig_store).error, 0);
	cr_assert_eq(cgn_logstore_stats(rig_store).lost, 4);
	a = rig_trace(RIG_FIRST, lost_at + 500);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_GAP));
	cr_assert(!cgn_logtrace_is_sure(&a));
	a = rig_trace(RIG_FIRST, rig_utc_ms);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_str_eq(a.holders[0].tenant, "c", "who has it now was known all the time");
}

/* The disk takes nothing just then. */
Test(logstore, a_clock_that_is_set_back_while_records_are_lost_is_told)
{
	struct rlimit whole, none = {0};
	struct cgn_logtrace_answer a;
	uint64_t at;

	rig_utc_ms += 60000;
	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	cgn_logstore_turn(rig_store, 0, rig_utc_ms);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
	none.rlim_max = whole.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
	cgn_logstore_turn(rig_store, 10, rig_utc_ms);
	cr_assert_eq(cgn_logstore_stats(rig_store).error, EFBIG);
	rig_utc_ms -= 50000;
	at = rig_utc_ms;
	rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
	cgn_logstore_turn(rig_store, 2000, rig_utc_ms);
	cr_assert_eq(cgn_logstore_stats(rig_store).error, 0);
	rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
	a = rig_trace(RIG_FIRST, at + 5000);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_SET_BACK));
}

Test(logstore, old_files_go_and_what_is_held_stays_known)
{
	struct cgn_logtrace_answer a;
	uint64_t since = rig_utc_ms;
	char path[256];

	rig_limits.max_age_s = 2 * 86400;
	rig_close();
	rig_open();
	since = rig_utc_ms;
	rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
	for (int day = 0; day < 10; day++) {
		rig_utc_ms += UINT64_C(86400000);
		rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
		cgn_logstore_house(rig_store, rig_utc_ms);
	}
	cr_assert_leq(rig_files(path), 4);
	a = rig_trace(RIG_FIRST + 5, rig_utc_ms - 1000);
	cr_assert_eq(a.n_holders, 1);
	cr_assert_eq(a.holders[0].from, since);
	a = rig_trace(RIG_FIRST + 5, since);
	cr_assert(rig_has_note(&a, CGN_LOGTRACE_BEFORE));
}

/* An outlier of the clock does not keep what was before it. */
Test(logstore, old_files_go_after_a_clock_was_far_ahead)
{
	char path[256];

	rig_limits.max_age_s = 2 * 86400;
	rig_close();
	rig_open();
	rig_utc_ms += UINT64_C(86400000) * 20000;
	rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
	rig_utc_ms -= UINT64_C(86400000) * 20000;
	for (int day = 0; day < 10; day++) {
		rig_utc_ms += UINT64_C(86400000);
		rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
		cgn_logstore_house(rig_store, rig_utc_ms);
	}
	cr_assert_leq(rig_files(path), 4);
}

static bool
is_newest_but_one_sorted(void)
{
	struct cgn_segment_header header;
	int dir_fd = open(rig_dir, O_RDONLY | O_DIRECTORY), fd, n;
	struct cgn_segment *list;

	n = cgn_segment_list(dir_fd, &list);
	cr_assert_gt(n, 1);
	fd = cgn_segment_open(dir_fd, &list[n - 2], &header);
	cr_assert_geq(fd, 0);
	close(fd);
	close(dir_fd);
	free(list);
	return header.flags & CGN_SEGMENT_SORTED;
}

Test(logstore, after_a_start_what_is_sorted_holds_up_nothing)
{
	for (int day = 0; day < 10; day++) {
		rig_utc_ms += UINT64_C(86400000);
		rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
		cgn_logstore_house(rig_store, rig_utc_ms);
	}
	rig_close();
	rig_open();
	rig_utc_ms += UINT64_C(86400000);
	rig_put(CGN_NATLOG_TABLE_HIGH, "", 0);
	cr_assert(!is_newest_but_one_sorted());
	cgn_logstore_house(rig_store, rig_utc_ms);
	cr_assert(is_newest_but_one_sorted());
}

Test(logstore, the_size_is_bounded)
{
	char path[256];

	rig_limits.segment_bytes = 65536;
	rig_limits.max_bytes = 4 * 65536;
	rig_close();
	rig_open();
	for (int i = 0; i < 20000; i++) {
		rig_put(CGN_NATLOG_BLOCK_LEASED, "a", RIG_INSIDE);
		rig_put(CGN_NATLOG_BLOCK_RETURNED, "a", RIG_INSIDE);
		if (i % 500 == 0)
			cgn_logstore_house(rig_store, rig_utc_ms);
	}
	cgn_logstore_house(rig_store, rig_utc_ms);
	cr_assert_leq(rig_files(path), 5);
}
