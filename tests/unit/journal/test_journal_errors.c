/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/journal with a disk that fails: nothing that was accepted is lost once it recovers.
 */
#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "journal_record.h"
#include "journal_rig.h"

TestSuite(journal_errors, .init = rig_start, .fini = rig_finish);

static struct model want;

static void
append(struct cgn_journal_record r)
{
	rig_append(r);
	model_apply(&want, &r, rig.now_utc_s);
}

static void
append_sets(uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		append(make_set(i));
}

/* More than is buffered: the file has to be written anew. */
static void
append_too_many(void)
{
	for (uint32_t i = 0; i < 20; i++)
		append_sets(0, 1000);
}

static void
expect_flush_fails(int with)
{
	cr_expect_eq(cgn_journal_flush(rig.j, true), -with);
}

/* A child's copy of the process sees what a crash would leave now. */
static void
expect_after_crash(const struct model *m)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		char copy[256];

		/* The lock is on the file, so look at a copy of it. */
		snprintf(copy, sizeof(copy), "cp %s %s.copy", rig.path, rig.path);
		if (system(copy) != 0)
			_exit(2);
		strcat(rig.path, ".copy");
		rig.j = NULL;
		rig.write_errno = rig.fsync_errno = rig.fdatasync_errno = 0;
		rig.disk_bytes = UINT64_MAX;
		rig_open(RIG_MAX_BYTES);
		status = model_is_same(&rig.replayed, m) ? 0 : 1;
		unlink(rig.path);
		_exit(status);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(journal_errors, a_full_disk_is_reported_and_tried_again)
{
	rig_open(RIG_MAX_BYTES);
	append_sets(0, 10);
	rig_flush();
	rig.disk_bytes = 0;
	append_sets(10, 10);
	expect_flush_fails(ENOSPC);
	expect_flush_fails(ENOSPC);
	cr_expect_eq(cgn_journal_stats(rig.j).write_errors, 2);
	cr_expect_eq(cgn_journal_stats(rig.j).pending, 10);
	rig.disk_bytes = UINT64_MAX;
	rig_flush();
	cr_expect_eq(cgn_journal_stats(rig.j).pending, 0);
	expect_after_crash(&want);
	rig_expect_reopened(&want);
}

Test(journal_errors, a_disk_that_fills_within_a_record_loses_none_before_and_none_after)
{
	for (uint32_t room = 1; room < 200; room += 17) {
		rig_open(RIG_MAX_BYTES);
		append_sets(0, 5);
		rig_flush();
		rig.disk_bytes = room;
		append_sets(5, 5);
		expect_flush_fails(ENOSPC);
		rig.disk_bytes = UINT64_MAX;
		append_sets(10, 1);
		rig_flush();
		expect_after_crash(&want);
		rig_expect_reopened(&want);
		rig_close();
		model_fini(&want);
		cr_assert_eq(unlink(rig.path), 0);
	}
}

Test(journal_errors, an_input_output_error_is_reported_and_tried_again)
{
	rig_open(RIG_MAX_BYTES);
	rig.write_errno = EIO;
	rig.disk_bytes = 0;
	append_sets(0, 10);
	expect_flush_fails(EIO);
	rig.disk_bytes = UINT64_MAX;
	rig_flush();
	expect_after_crash(&want);
}

Test(journal_errors, a_long_outage_keeps_the_memory_bounded_and_loses_nothing)
{
	rig_open(RIG_MAX_BYTES);
	rig.disk_bytes = 0;
	for (uint32_t i = 0; i < 60; i++) {
		append_sets(1000 * (i % 2), 1000);
		cr_expect_eq(cgn_journal_flush(rig.j, false), -ENOSPC);
		rig.now_utc_s++;
	}
	rig.disk_bytes = UINT64_MAX;
	rig.now_utc_s += 5;
	rig_flush();
	expect_after_crash(&want);
	rig_expect_reopened(&want);
}

Test(journal_errors, while_the_disk_is_full_the_whole_file_is_tried_every_5_s_only)
{
	uint64_t errors;

	rig_open(RIG_MAX_BYTES);
	rig.disk_bytes = 0;
	append_too_many();
	expect_flush_fails(ENOSPC);
	errors = cgn_journal_stats(rig.j).write_errors;
	rig.now_utc_s += 4;
	expect_flush_fails(ENOSPC);
	cr_expect_eq(cgn_journal_stats(rig.j).write_errors, errors);
	rig.now_utc_s += 1;
	expect_flush_fails(ENOSPC);
	cr_expect_eq(cgn_journal_stats(rig.j).write_errors, errors + 1);
	rig.disk_bytes = UINT64_MAX;
	rig.now_utc_s -= 1000; /* the clock is set back: no waiting for a time long ahead */
	rig_flush();
	rig_expect_reopened(&want);
}

Test(journal_errors, after_a_failed_sync_the_file_is_not_trusted_but_written_anew)
{
	rig_open(RIG_MAX_BYTES);
	append_sets(0, 10);
	rig.fdatasync_errno = EIO;
	rig.n_renames = 0;
	expect_flush_fails(EIO);
	rig.fdatasync_errno = 0;
	rig_flush();
	cr_expect_eq(rig.n_renames, 1);
	expect_after_crash(&want);
	rig_expect_reopened(&want);
}

Test(journal_errors, a_new_file_that_cannot_be_synced_does_not_replace_the_old)
{
	struct model before = {0};

	rig_open(RIG_MAX_BYTES);
	append_sets(0, 10);
	rig_flush();
	for (uint32_t i = 0; i < want.n; i++)
		model_add(&before, &want.records[i]);
	append_too_many();
	rig.fsync_errno = EIO;
	expect_flush_fails(EIO);
	cr_expect_neq(access(rig.new_path, F_OK), 0);
	expect_after_crash(&before);
	rig.fsync_errno = 0;
	rig.now_utc_s += 5;
	rig_flush();
	expect_after_crash(&want);
	model_fini(&before);
}

Test(journal_errors, a_compaction_that_is_not_needed_may_fail)
{
	rig_open(RIG_MAX_BYTES);
	rig.rename_errno = EACCES;
	for (uint32_t i = 0; i < 100; i++) {
		append_sets(0, 1000);
		rig_flush();
	}
	cr_expect_gt(cgn_journal_stats(rig.j).write_errors, 0);
	cr_expect_eq(cgn_journal_stats(rig.j).compactions, 0);
	cr_expect_neq(access(rig.new_path, F_OK), 0, "it leaves no half of a file");
	expect_after_crash(&want);
	rig.rename_errno = 0;
	rig.now_utc_s += 5;
	rig_flush();
	cr_expect_eq(cgn_journal_stats(rig.j).compactions, 1);
	rig_expect_reopened(&want);
}

Test(journal_errors, the_bound_holds_even_when_compaction_fails)
{
	rig_open(CGN_JOURNAL_MIN_BYTES);
	rig.rename_errno = EACCES;
	for (uint32_t i = 0; i < 100; i++) {
		append_sets(0, 50);
		cgn_journal_flush(rig.j, false);
		cr_expect_leq(rig_file_bytes(), CGN_JOURNAL_MIN_BYTES);
	}
	expect_flush_fails(EACCES);
	rig.rename_errno = 0;
	rig.now_utc_s += 5;
	rig_flush();
	rig_expect_reopened(&want);
}

Test(journal_errors, a_folder_that_cannot_be_synced_is_reported_until_it_can)
{
	rig_open(RIG_MAX_BYTES);
	append_too_many();
	rig.dir_fsync_errno = EIO;
	expect_flush_fails(EIO);
	cr_expect_eq(cgn_journal_stats(rig.j).compactions, 1);
	expect_flush_fails(EIO);
	rig.dir_fsync_errno = 0;
	rig_flush();
	rig.dir_fsync_errno = EIO;
	rig_flush();
	rig.dir_fsync_errno = 0;
	rig_expect_reopened(&want);
}

Test(journal_errors, at_the_bound_sets_are_refused_and_dels_are_not)
{
	uint32_t n = 0;
	struct cgn_journal_record r;

	rig_open(CGN_JOURNAL_MIN_BYTES);
	for (;; n++) {
		r = make_set(n);
		if (cgn_journal_append(rig.j, &r) < 0)
			break;
		model_apply(&want, &r, rig.now_utc_s);
	}
	cr_expect_gt(n, 500);
	cr_expect_eq(cgn_journal_append(rig.j, &r), -ENOSPC);
	cr_expect_eq(cgn_journal_stats(rig.j).refused, 2);
	append(make_set(0));
	for (uint32_t i = 0; i < n; i++)
		append(make_del(i, rig.now_utc_s + 120));
	append(make_epoch("beta", 1));
	cr_expect_eq(cgn_journal_append(rig.j, &r), -ENOSPC, "the ports rest");
	rig.now_utc_s += 120;
	append(r);
	rig_flush();
	cr_expect_leq(rig_file_bytes(), CGN_JOURNAL_MIN_BYTES);
	cr_expect_eq(cgn_journal_stats(rig.j).live, 1);
}

Test(journal_errors, the_file_never_exceeds_its_bound)
{
	rig_open(CGN_JOURNAL_MIN_BYTES);
	for (uint32_t i = 0; i < 20000; i++) {
		struct cgn_journal_record r = i % 3 != 0 ? make_set(i * 7 % 900)
							 : make_del(i * 7 % 900, 0);
		int rc = cgn_journal_append(rig.j, &r);

		cr_assert(rc == 0 || rc == -ENOSPC);
		if (rc == 0)
			model_apply(&want, &r, rig.now_utc_s);
		if (i % 10 == 0)
			rig_flush();
		cr_assert_leq(rig_file_bytes(), CGN_JOURNAL_MIN_BYTES);
	}
	rig_expect_reopened(&want);
}

Test(journal_errors, a_lower_bound_keeps_what_is_live_and_does_not_compact_without_end)
{
	rig_open(RIG_MAX_BYTES);
	append_sets(0, 5000);
	rig_close();
	rig_open(CGN_JOURNAL_MIN_BYTES);
	for (uint32_t i = 0; i < 1000; i++) {
		append_sets(i, 1);
		rig_flush();
	}
	cr_expect_leq(cgn_journal_stats(rig.j).compactions, 2);
	rig_expect_reopened(&want);
}

Test(journal_errors, a_read_error_at_open_is_no_damage)
{
	uint64_t bytes;

	rig_open(RIG_MAX_BYTES);
	append_sets(0, 10);
	rig_close();
	bytes = rig_file_bytes();
	rig.read_errno = EIO;
	cr_expect_eq(rig_open_fails(), EIO);
	rig.read_errno = 0;
	cr_expect_eq(rig_file_bytes(), bytes);
	rig_open(RIG_MAX_BYTES);
	cr_expect(model_is_same(&rig.replayed, &want));
}

Test(journal_errors, a_tail_that_cannot_be_cut_stops_the_start)
{
	rig_open(RIG_MAX_BYTES);
	append_sets(0, 1);
	rig_close();
	cr_assert_eq(truncate(rig.path, 40), 0);
	rig.cut_errno = EIO;
	cr_expect_eq(rig_open_fails(), EIO);
	cr_expect_eq(rig_file_bytes(), 40);
}

Test(journal_errors, a_journal_that_cannot_be_created_stops_the_start)
{
	rig.disk_bytes = 3;
	cr_expect_eq(rig_open_fails(), ENOSPC);
	rig.disk_bytes = UINT64_MAX;
	rig_open(RIG_MAX_BYTES);
	cr_expect_eq(rig.report.cut_bytes, 0);
}
