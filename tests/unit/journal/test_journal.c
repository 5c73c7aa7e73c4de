/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/journal: opening, appending, replaying and compacting with a disk that works. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "crc32c.h"
#include "journal_record.h"
#include "journal_rig.h"
#include "rand.h"

TestSuite(journal, .init = rig_start, .fini = rig_finish);

static struct model want;

static void
append(struct cgn_journal_record r)
{
	rig_append(r);
	model_apply(&want, &r, rig.now_utc_s);
}

Test(journal, a_new_journal_is_empty_and_private)
{
	struct stat st;

	umask(0);
	rig_open(RIG_MAX_BYTES);
	cr_expect_eq(rig.report.records + rig.report.live + rig.report.cut_bytes, 0);
	cr_assert_eq(stat(rig.path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_expect_eq(st.st_size, CGN_JOURNAL_HEADER_LEN);
}

Test(journal, mode_does_not_depend_on_the_umask)
{
	struct stat st;

	umask(0777);
	rig_open(RIG_MAX_BYTES);
	cr_assert_eq(stat(rig.path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
}

Test(journal, no_descriptor_survives_exec)
{
	rig_open(RIG_MAX_BYTES);
	for (int fd = 3; fd < 64; fd++) {
		char link[32], target[256];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, rig.dir, strlen(rig.dir)) == 0)
			cr_expect((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "%s", target);
	}
}

Test(journal, what_was_set_is_replayed)
{
	rig_open(RIG_MAX_BYTES);
	append(make_epoch("alpha", 1));
	for (uint32_t i = 0; i < 100; i++)
		append(make_set(i));
	rig_expect_reopened(&want);
	cr_expect_eq(rig.report.records, 101);
	cr_expect_eq(rig.report.live, 100);
	cr_expect_eq(rig.replayed.records[0].type, CGN_JOURNAL_EPOCH);
}

Test(journal, what_was_deleted_is_not_replayed)
{
	rig_open(RIG_MAX_BYTES);
	append(make_set(1));
	append(make_set(2));
	append(make_del(1, RIG_NOW_UTC_S));
	rig_expect_reopened(&want);
	cr_expect_eq(rig.replayed.n, 1);
}

Test(journal, a_port_that_rests_is_replayed_as_del)
{
	rig_open(RIG_MAX_BYTES);
	append(make_set(1));
	append(make_del(1, RIG_NOW_UTC_S + 120));
	rig_expect_reopened(&want);
	cr_expect_eq(rig.replayed.records[0].type, CGN_JOURNAL_DEL);
	cr_expect_eq(rig.report.resting, 1);
}

Test(journal, a_port_that_has_rested_meanwhile_is_not_replayed)
{
	rig_open(RIG_MAX_BYTES);
	rig_append(make_set(1));
	rig_append(make_del(1, RIG_NOW_UTC_S + 120));
	rig_close();
	rig.now_utc_s += 120;
	rig_open(RIG_MAX_BYTES);
	cr_expect_eq(rig.replayed.n, 0);
}

Test(journal, random_records_are_replayed_like_the_model_after_compaction_too)
{
	struct cgn_rand rand;

	cgn_rand_init(&rand, 1);
	rig_open(CGN_JOURNAL_MIN_BYTES);
	for (int i = 0; i < 5000; i++) {
		append(model_random(&rand, RIG_NOW_UTC_S));
		if (i % 50 == 0)
			rig_flush();
	}
	cr_expect_gt(cgn_journal_stats(rig.j).compactions, 2);
	rig_expect_reopened(&want);
}

Test(journal, nothing_is_written_before_a_flush)
{
	rig_open(RIG_MAX_BYTES);
	rig_append(make_set(1));
	cr_expect_eq(rig_file_bytes(), CGN_JOURNAL_HEADER_LEN);
	cr_expect_eq(cgn_journal_stats(rig.j).pending, 1);
	rig_flush();
	cr_expect_gt(rig_file_bytes(), CGN_JOURNAL_HEADER_LEN);
	cr_expect_eq(cgn_journal_stats(rig.j).pending, 0);
	cr_expect_eq(cgn_journal_stats(rig.j).bytes, rig_file_bytes());
}

Test(journal, a_flush_syncs_only_what_is_not_synced)
{
	rig_open(RIG_MAX_BYTES);
	rig.n_fdatasyncs = 0;
	rig_append(make_set(1));
	cr_assert_eq(cgn_journal_flush(rig.j, false), 0);
	cr_expect_eq(rig.n_fdatasyncs, 0);
	rig_flush();
	cr_expect_eq(rig.n_fdatasyncs, 1);
	rig_flush();
	cr_expect_eq(rig.n_fdatasyncs, 1);
}

Test(journal, a_record_that_breaks_the_rules_is_refused)
{
	struct cgn_journal_record r = make_set(1);

	rig_open(RIG_MAX_BYTES);
	r.type = 9;
	cr_expect_eq(cgn_journal_append(rig.j, &r), -EINVAL);
	cr_expect_eq(cgn_journal_stats(rig.j).refused, 1);
	cr_expect_eq(cgn_journal_stats(rig.j).appended, 0);
}

Test(journal, a_second_daemon_is_kept_out)
{
	rig_open(RIG_MAX_BYTES);
	cr_expect_eq(rig_open_fails(), EBUSY);
	cr_expect_not_null(strstr(rig.err.text, "another process"));
}

Test(journal, a_second_daemon_is_kept_out_after_compaction)
{
	rig_open(CGN_JOURNAL_MIN_BYTES);
	for (int i = 0; i < 2000; i++) {
		rig_append(make_set(1));
		if (i % 100 == 0)
			rig_flush();
	}
	cr_assert_gt(cgn_journal_stats(rig.j).compactions, 0);
	cr_expect_eq(rig_open_fails(), EBUSY);
}

Test(journal, a_later_version_is_refused_and_not_touched)
{
	uint8_t later[CGN_JOURNAL_HEADER_LEN + 3], *after;
	size_t len;
	uint32_t crc;

	cgn_journal_header_encode(later);
	later[11] = 4;
	crc = cgn_crc32c(0, later, 12);
	for (int i = 0; i < 4; i++)
		later[12 + i] = (uint8_t)(crc >> (24 - 8 * i));
	memcpy(later + CGN_JOURNAL_HEADER_LEN, "xyz", 3);
	rig_write(later, sizeof(later));
	cr_expect_eq(rig_open_fails(), EPROTONOSUPPORT);
	cr_expect_not_null(strstr(rig.err.text, "version 4"), "%s", rig.err.text);
	after = rig_read(&len);
	cr_assert_eq(len, sizeof(later));
	cr_expect_arr_eq(after, later, len);
	free(after);
}

static void
put_crc(uint8_t *out, uint32_t crc)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* What the program before wrote: no client_addr, bytes 50 to 53 of a body. */
static size_t
put_version_1(uint8_t *out, const struct cgn_journal_record *r)
{
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];
	uint32_t len = cgn_journal_record_encode(r, bytes) - CGN_JOURNAL_CLIENT_LEN;

	memcpy(out, bytes, 58);
	memcpy(out + 58, bytes + 58 + CGN_JOURNAL_CLIENT_LEN, len - 58);
	out[1] = (uint8_t)(len - CGN_JOURNAL_PREFIX_LEN);
	put_crc(out + 4, cgn_crc32c(cgn_crc32c(0, out, 4), out + 8, len - 8));
	return len;
}

Test(journal, a_journal_of_version_1_is_read_and_written_anew)
{
	uint8_t file[CGN_JOURNAL_HEADER_LEN + 11 * CGN_JOURNAL_RECORD_MAX], *after;
	size_t len = CGN_JOURNAL_HEADER_LEN;

	cgn_journal_header_encode(file);
	file[11] = 1;
	put_crc(file + 12, cgn_crc32c(0, file, 12));
	for (uint32_t i = 0; i < 11; i++) {
		struct cgn_journal_record r = i == 0 ? make_epoch("alpha", 1600000000)
						     : make_set(i);

		len += put_version_1(file + len, &r);
		model_apply(&want, &r, RIG_NOW_UTC_S);
	}
	rig_write(file, len);
	rig_open(RIG_MAX_BYTES);
	cr_expect_eq(rig.report.cut_bytes, 0, "%s", rig.report.cut_reason);
	cr_expect(model_is_same(&rig.replayed, &want));
	append(make_lease(1));
	rig_flush();
	after = rig_read(&len);
	cr_expect_eq(after[11], CGN_JOURNAL_VERSION);
	free(after);
	rig_expect_reopened(&want);
}

Test(journal, another_file_is_refused_and_not_touched)
{
	uint8_t *after;
	size_t len;

	rig_write("cores: {workers: [0]}\n", 22);
	cr_expect_eq(rig_open_fails(), EBADMSG);
	after = rig_read(&len);
	cr_assert_eq(len, 22);
	cr_expect_arr_eq(after, "cores: {workers: [0]}\n", 22);
	free(after);
}

Test(journal, what_is_no_regular_file_is_refused)
{
	cr_assert_eq(mkdir(rig.path, 0700), 0);
	cr_expect_neq(rig_open_fails(), 0);
	cr_assert_eq(rmdir(rig.path), 0);
	cr_assert_eq(mkfifo(rig.path, 0600), 0);
	cr_expect_eq(rig_open_fails(), EINVAL);
	cr_assert_eq(unlink(rig.path), 0);
	cr_assert_eq(symlink("elsewhere", rig.path), 0);
	cr_expect_eq(rig_open_fails(), ELOOP);
}

Test(journal, a_folder_that_is_not_there_is_named)
{
	strcpy(rig.path, "/nonexistent/state");
	cr_expect_eq(rig_open_fails(), ENOENT);
	cr_expect_not_null(strstr(rig.err.text, "/nonexistent/state"));
}

Test(journal, a_path_without_a_name_is_refused)
{
	char path[sizeof(rig.path)];

	strcpy(path, rig.path);
	strcpy(rig.path, "/tmp/");
	cr_expect_eq(rig_open_fails(), EINVAL);
	strcpy(rig.path, path);
}

Test(journal, a_bound_that_is_too_small_is_refused)
{
	cr_expect_null(cgn_journal_open(
		rig.path, CGN_JOURNAL_MIN_BYTES - 1, NULL, NULL, &rig.report, &rig.err));
	cr_expect_eq(errno, EINVAL);
}

Test(journal, a_new_file_that_a_crash_left_is_removed)
{
	rig_open(RIG_MAX_BYTES);
	append(make_set(1));
	rig_close();
	cr_assert_eq(link(rig.path, rig.new_path), 0);
	rig_expect_reopened(&want);
	cr_expect_neq(access(rig.new_path, F_OK), 0);
}

Test(journal, a_file_that_is_mostly_history_is_compacted_above_4_mib)
{
	struct cgn_journal_stats stats;

	rig_open(RIG_MAX_BYTES);
	for (uint32_t i = 0; i < 70000; i++) {
		append(make_set(i % 100));
		if (i % 1000 == 999)
			rig_flush();
	}
	stats = cgn_journal_stats(rig.j);
	cr_expect_eq(stats.compactions, 1);
	cr_expect_lt(stats.bytes, 4 << 20);
	rig_expect_reopened(&want);
}

Test(journal, a_file_that_is_mostly_live_is_left_alone)
{
	rig_open(RIG_MAX_BYTES);
	for (uint32_t i = 0; i < 100000; i++) {
		rig_append(make_set(i));
		if (i % 1000 == 999)
			rig_flush();
	}
	cr_expect_gt(rig_file_bytes(), 6 << 20);
	cr_expect_eq(cgn_journal_stats(rig.j).compactions, 0);
}

Test(journal, ports_that_have_rested_do_not_keep_a_file_large)
{
	rig_open(RIG_MAX_BYTES);
	for (uint32_t i = 0; i < 100000; i++) {
		rig_append(make_del(i, rig.now_utc_s + 120));
		rig.now_utc_s += i % 50 == 0;
		if (i % 1000 == 999)
			rig_flush();
	}
	cr_expect_gt(cgn_journal_stats(rig.j).compactions, 0);
	cr_expect_lt(rig_file_bytes(), (4 << 20) + 1000 * CGN_JOURNAL_RECORD_MAX);
}

Test(journal, without_flushes_the_file_is_written_anew)
{
	rig_open(RIG_MAX_BYTES);
	for (uint32_t i = 0; i < 20000; i++)
		append(make_set(i % 1000));
	cr_expect_eq(cgn_journal_stats(rig.j).pending, 20000);
	rig_flush();
	cr_expect_eq(cgn_journal_stats(rig.j).pending, 0);
	rig_expect_reopened(&want);
}

Test(journal, a_file_removed_under_it_is_written_anew)
{
	rig_open(RIG_MAX_BYTES);
	append(make_set(1));
	rig_flush();
	cr_assert_eq(unlink(rig.path), 0);
	append(make_set(2));
	rig_flush();
	rig_expect_reopened(&want);
}
