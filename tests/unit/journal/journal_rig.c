/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig of the journal's tests; see journal_rig.h. */
#include "journal_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "journal_file.h"

struct rig rig;

static int
fail(int with)
{
	errno = with;
	return -1;
}

static ssize_t
rig_pread(int fd, void *buf, size_t len, off_t offset)
{
	return rig.read_errno != 0 ? fail(rig.read_errno) : pread(fd, buf, len, offset);
}

/* Fills the disk to its last byte before it fails, as disks do. */
static ssize_t
rig_pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	ssize_t n;

	if (rig.disk_bytes == 0)
		return fail(rig.write_errno != 0 ? rig.write_errno : ENOSPC);
	n = pwrite(fd, buf, len < rig.disk_bytes ? len : rig.disk_bytes, offset);
	if (n > 0)
		rig.disk_bytes -= (uint64_t)n;
	return n;
}

static int
rig_fsync(int fd)
{
	struct stat st;
	int with = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? rig.dir_fsync_errno
							      : rig.fsync_errno;

	if (with != 0)
		return fail(with);
	return rig.is_sync_real ? fsync(fd) : 0;
}

static int
rig_fdatasync(int fd)
{
	rig.n_fdatasyncs++;
	if (rig.fdatasync_errno != 0)
		return fail(rig.fdatasync_errno);
	return rig.is_sync_real ? fdatasync(fd) : 0;
}

static int
rig_ftruncate(int fd, off_t size)
{
	return rig.cut_errno != 0 ? fail(rig.cut_errno) : ftruncate(fd, size);
}

static int
rig_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (rig.rename_errno != 0)
		return fail(rig.rename_errno);
	rig.n_renames++;
	return renameat(from_dir, from, to_dir, to);
}

static uint64_t
rig_now_utc_s(void)
{
	return rig.now_utc_s;
}

static const struct cgn_journal_sys rig_sys = {
	.pread = rig_pread,
	.pwrite = rig_pwrite,
	.fsync = rig_fsync,
	.fdatasync = rig_fdatasync,
	.ftruncate = rig_ftruncate,
	.renameat = rig_renameat,
	.now_utc_s = rig_now_utc_s,
};

void
rig_start(void)
{
	memset(&rig, 0, sizeof(rig));
	cr_assert_not_null(
		mkdtemp(scratch_template(rig.dir, "journal")), "%s: %s", rig.dir, strerror(errno));
	snprintf(rig.path, sizeof(rig.path), "%s/state", rig.dir);
	snprintf(rig.new_path, sizeof(rig.new_path), "%s/state.new", rig.dir);
	rig.disk_bytes = UINT64_MAX;
	rig.now_utc_s = RIG_NOW_UTC_S;
	cgn_journal_sys = &rig_sys;
}

void
rig_finish(void)
{
	rig_close();
	model_fini(&rig.replayed);
	unlink(rig.path);
	unlink(rig.new_path);
	cr_expect_eq(rmdir(rig.dir), 0, "%s: %s", rig.dir, strerror(errno));
}

static void
on_replay(void *ctx, const struct cgn_journal_record *r)
{
	cr_assert_eq(ctx, &rig.replayed);
	model_add(&rig.replayed, r);
}

void
rig_open(uint64_t max_bytes)
{
	model_fini(&rig.replayed);
	rig.j = cgn_journal_open(
		rig.path, max_bytes, on_replay, &rig.replayed, &rig.report, &rig.err);
	cr_assert_not_null(rig.j, "%s", rig.err.text);
}

int
rig_open_fails(void)
{
	model_fini(&rig.replayed);
	errno = 0;
	cr_assert_null(cgn_journal_open(
		rig.path, RIG_MAX_BYTES, on_replay, &rig.replayed, &rig.report, &rig.err));
	cr_expect(strlen(rig.err.text) > 20);
	cr_expect_eq(rig.replayed.n, 0);
	return errno;
}

void
rig_close(void)
{
	cgn_journal_close(rig.j);
	rig.j = NULL;
}

void
rig_append(struct cgn_journal_record r)
{
	cr_assert_eq(cgn_journal_append(rig.j, &r), 0);
}

void
rig_flush(void)
{
	cr_assert_eq(cgn_journal_flush(rig.j, true), 0);
}

uint8_t *
rig_read(size_t *len)
{
	FILE *f = fopen(rig.path, "rb");
	uint8_t *data = malloc(rig_file_bytes() + 1);

	*len = rig_file_bytes();
	cr_assert(f != NULL && data != NULL);
	cr_assert_eq(fread(data, 1, *len, f), *len);
	fclose(f);
	return data;
}

void
rig_write(const void *data, size_t len)
{
	FILE *f = fopen(rig.path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(data, 1, len, f), len);
	cr_assert_eq(fclose(f), 0);
}

uint64_t
rig_file_bytes(void)
{
	struct stat st;

	cr_assert_eq(stat(rig.path, &st), 0);
	return (uint64_t)st.st_size;
}

void
rig_expect_reopened(const struct model *m)
{
	rig_close();
	rig_open(RIG_MAX_BYTES);
	cr_expect_eq(rig.report.cut_bytes, 0, "%s", rig.report.cut_reason);
	cr_expect(model_is_same(&rig.replayed, m), "%u records replayed, not the %u expected",
		rig.replayed.n, m->n);
}
