/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening, appending, flushing and compacting of the state journal; called by the main thread at
 * start and stop, by the exporter thread between.
 */
#include "journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "journal_file.h"
#include "journal_live.h"
#include "journal_reader.h"
#include "journal_record.h"
#include "log.h"

enum {
	/* 7000 of the largest records, more than the exporter takes between two flushes. */
	PENDING_BYTES = 1 << 20,
	CHUNK_BYTES = 65536,
	/* Below this a file is read in a few ms: compaction would gain nothing anybody notices. */
	COMPACT_MIN_BYTES = 4 << 20,
	/* A quarter live: each byte appended costs at most a third of a byte of compaction. */
	COMPACT_RATIO = 4,
	/* After writing the whole file failed: a full disk is not filled again and again. */
	RETRY_S = 5,
	/* Looking for ports that have rested reads all records. They rest 120 s (RFC 6888 REQ-8).
	 */
	SWEEP_S = 10,
};

struct cgn_journal {
	struct cgn_journal_file file;
	struct cgn_journal_live live;
	uint64_t max_bytes;
	uint64_t bytes; /* of the file: where the next record goes */
	uint64_t swept_utc_s, retry_utc_s;
	int rewrite_rc;    /* of the last rewrite */
	bool must_rewrite; /* pending does not hold all that is missing, or the file is in doubt */
	bool is_unsynced;
	struct cgn_journal_stats stats;
	uint32_t pending_bytes;
	uint8_t pending[PENDING_BYTES]; /* encoded, not yet written */
	uint8_t chunk[CHUNK_BYTES];     /* of a rewrite */
};

static int
flush_chunk(struct cgn_journal *j, int fd, size_t len, uint64_t *offset)
{
	size_t written;
	int rc = cgn_journal_file_write(fd, j->chunk, len, *offset, &written);

	*offset += written;
	return rc;
}

static int
write_live(struct cgn_journal *j, int fd, uint64_t *offset)
{
	const struct cgn_journal_record *r;
	size_t len = CGN_JOURNAL_HEADER_LEN;
	uint64_t i = 0;

	*offset = 0;
	cgn_journal_header_encode(j->chunk);
	while ((r = cgn_journal_live_next(&j->live, &i)) != NULL) {
		if (len > CHUNK_BYTES - CGN_JOURNAL_RECORD_MAX) {
			int rc = flush_chunk(j, fd, len, offset);

			if (rc < 0)
				return rc;
			len = 0;
		}
		len += cgn_journal_record_encode(r, j->chunk + len);
	}
	return flush_chunk(j, fd, len, offset);
}

/* Puts a file of what is live in the place of the old one: compaction, and the cure for a file in
 * doubt. When it fails the old file stands and is still written to. */
static int
rewrite(struct cgn_journal *j, uint64_t now_utc_s)
{
	uint64_t bytes = 0;
	int fd, rc;

	cgn_journal_live_sweep(&j->live, now_utc_s);
	j->swept_utc_s = now_utc_s;
	fd = cgn_journal_file_new(&j->file);
	rc = fd < 0 ? fd : write_live(j, fd, &bytes);
	if (fd >= 0 && rc < 0)
		cgn_journal_file_abandon(&j->file, fd);
	else if (fd >= 0)
		rc = cgn_journal_file_replace(&j->file, fd);
	j->rewrite_rc = rc;
	if (rc < 0) {
		j->stats.write_errors++;
		j->retry_utc_s = now_utc_s + RETRY_S;
		return rc;
	}
	assert(bytes == CGN_JOURNAL_HEADER_LEN + j->live.bytes);
	j->bytes = bytes;
	j->pending_bytes = 0;
	j->must_rewrite = false;
	j->retry_utc_s = 0;
	j->is_unsynced = false; /* the name still may be: see sync_file */
	j->stats.pending = 0;
	j->stats.compactions++;
	return 0;
}

static bool
is_rewrite_worth(const struct cgn_journal *j)
{
	uint64_t after = CGN_JOURNAL_HEADER_LEN + j->live.bytes;
	uint64_t before = j->bytes + j->pending_bytes;

	/* Lowering the bound may leave a file that is too large and all live: then in vain. */
	if (before > j->max_bytes && after < before - before / 8)
		return true;
	return before > COMPACT_MIN_BYTES && after < before / COMPACT_RATIO;
}

/* Returns whether anything may have changed. */
static bool
sweep(struct cgn_journal *j, uint64_t now_utc_s)
{
	/* The difference is huge when the clock was set back: then it looks at once. */
	if (j->live.n_rests == 0 || now_utc_s - j->swept_utc_s < SWEEP_S)
		return false;
	cgn_journal_live_sweep(&j->live, now_utc_s);
	j->swept_utc_s = now_utc_s;
	return true;
}

static bool
is_rewrite_due(struct cgn_journal *j, uint64_t now_utc_s)
{
	bool has_waited = now_utc_s >= j->retry_utc_s || j->retry_utc_s - now_utc_s > RETRY_S;

	if (!j->must_rewrite && j->bytes + j->pending_bytes > COMPACT_MIN_BYTES)
		sweep(j, now_utc_s);
	/* The bound is kept even if that means to wait for room on the disk. */
	if (j->bytes + j->pending_bytes > j->max_bytes && is_rewrite_worth(j))
		j->must_rewrite = true;
	return (j->must_rewrite || is_rewrite_worth(j)) && has_waited;
}

static int
write_pending(struct cgn_journal *j)
{
	size_t written;
	int rc;

	if (j->pending_bytes == 0)
		return 0;
	rc = cgn_journal_file_write(j->file.fd, j->pending, j->pending_bytes, j->bytes, &written);
	j->bytes += written;
	j->is_unsynced = true;
	j->pending_bytes -= (uint32_t)written;
	memmove(j->pending, j->pending + written, j->pending_bytes);
	if (rc < 0)
		j->stats.write_errors++;
	else
		j->stats.pending = 0;
	return rc;
}

static int
sync_file(struct cgn_journal *j)
{
	int rc;

	if (j->is_unsynced && cgn_journal_sys->fdatasync(j->file.fd) < 0) {
		/* The kernel may have dropped what it could not write, and a second fdatasync
		 * would not say so: nothing of this file can be relied on. */
		rc = -errno;
		j->must_rewrite = true;
		j->stats.write_errors++;
		return rc;
	}
	j->is_unsynced = false;
	rc = cgn_journal_file_sync_dir(&j->file);
	if (rc < 0)
		j->stats.write_errors++;
	return rc;
}

int
cgn_journal_flush(struct cgn_journal *j, bool sync)
{
	uint64_t now_utc_s = cgn_journal_sys->now_utc_s();
	int rc;

	if (sync && cgn_journal_file_is_gone(&j->file))
		j->must_rewrite = true;
	if (is_rewrite_due(j, now_utc_s))
		rewrite(j, now_utc_s);
	if (j->must_rewrite)
		return j->rewrite_rc;
	rc = write_pending(j);
	return rc == 0 && sync ? sync_file(j) : rc;
}

int
cgn_journal_append(struct cgn_journal *j, const struct cgn_journal_record *r)
{
	uint64_t now_utc_s = cgn_journal_sys->now_utc_s();
	uint64_t max_live = j->max_bytes - j->max_bytes / 4 - CGN_JOURNAL_HEADER_LEN;
	int rc = -EINVAL;

	if (cgn_journal_record_is_valid(r))
		rc = cgn_journal_live_apply(&j->live, r, now_utc_s, max_live);
	if (rc == -ENOSPC && sweep(j, now_utc_s))
		rc = cgn_journal_live_apply(&j->live, r, now_utc_s, max_live);
	if (rc < 0) {
		j->stats.refused++;
		return rc;
	}
	j->stats.appended++;
	j->stats.pending++;
	if (j->pending_bytes + cgn_journal_record_size(r) > PENDING_BYTES)
		j->must_rewrite = true;
	if (!j->must_rewrite)
		j->pending_bytes += cgn_journal_record_encode(r, j->pending + j->pending_bytes);
	return 0;
}

struct cgn_journal_stats
cgn_journal_stats(const struct cgn_journal *j)
{
	struct cgn_journal_stats stats = j->stats;

	stats.bytes = j->bytes;
	stats.live = j->live.n_sets;
	stats.resting = j->live.n_rests;
	stats.leases = j->live.n_leases;
	stats.sessions = j->live.n_sessions;
	return stats;
}

static int
check_header(struct cgn_journal_reader *reader, const char *path, struct cgn_errmsg *err)
{
	int rc = cgn_journal_reader_header(reader);

	if (rc == -EPROTONOSUPPORT)
		cgn_errmsg_set(err,
			"journal %.200s has format version %" PRIu32
			", this program knows versions "
			"1 to %d only: run the program that wrote it, or move the file away to "
			"begin without the mappings in it",
			path, reader->version, CGN_JOURNAL_VERSION);
	else if (rc == -EBADMSG)
		cgn_errmsg_set(err,
			"%.200s does not begin as a journal does: check the path; if it is the "
			"journal it is damaged, move it away to begin without the mappings in it",
			path);
	else if (rc < 0 && rc != -ENODATA)
		cgn_errmsg_set(err, "journal %.200s cannot be read: %s; check the disk", path,
			strerror(-rc));
	return rc;
}

/* Applies the records of the file. 0 when good to its end, -EBADMSG when damaged after j->bytes. */
static int
read_records(struct cgn_journal *j, struct cgn_journal_reader *reader, uint64_t now_utc_s,
	struct cgn_journal_report *report)
{
	struct cgn_journal_record r;
	int rc;

	while ((rc = cgn_journal_reader_next(reader, &r)) > 0) {
		rc = cgn_journal_live_apply(&j->live, &r, now_utc_s, UINT64_MAX);
		if (rc < 0)
			return rc;
		report->records++;
	}
	j->bytes = reader->offset;
	if (rc == -EBADMSG)
		snprintf(report->cut_reason, sizeof(report->cut_reason),
			"record %" PRIu64 " at byte %" PRIu64 ": %s", report->records + 1,
			reader->offset, reader->why);
	return rc;
}

static int
cut_tail(struct cgn_journal *j, const char *path, struct cgn_journal_report *report,
	struct cgn_errmsg *err)
{
	struct stat st;
	int rc = fstat(j->file.fd, &st) < 0 ? -errno : cgn_journal_file_cut(&j->file, j->bytes);

	if (rc < 0)
		cgn_errmsg_set(err, "the damaged end of journal %.200s cannot be cut off: %s; %s",
			path, strerror(-rc), "check the disk");
	else
		report->cut_bytes = (uint64_t)st.st_size - j->bytes;
	return rc;
}

/* A file that is empty, or that was cut within its header. */
static int
begin(struct cgn_journal *j, const char *path, struct cgn_journal_report *report,
	struct cgn_errmsg *err)
{
	struct stat st;
	int rc = fstat(j->file.fd, &st) < 0 ? -errno : rewrite(j, 0);

	if (rc == 0)
		rc = cgn_journal_file_sync_dir(&j->file);
	j->stats.compactions = 0;
	if (rc < 0) {
		cgn_errmsg_set(err, "journal %.200s cannot be created: %s; check the disk", path,
			strerror(-rc));
		return rc;
	}
	report->cut_bytes = (uint64_t)st.st_size;
	if (st.st_size > 0)
		snprintf(report->cut_reason, sizeof(report->cut_reason),
			"the file ends in the middle of its header");
	return 0;
}

static int
load(struct cgn_journal *j, const char *path, struct cgn_journal_report *report,
	struct cgn_errmsg *err)
{
	uint64_t now_utc_s = cgn_journal_sys->now_utc_s();
	struct cgn_journal_reader *reader = malloc(sizeof(*reader));
	int rc = -ENOMEM;

	if (reader == NULL) {
		cgn_errmsg_set(err, "no memory to read journal %.200s", path);
		return rc;
	}
	cgn_journal_reader_init(reader, j->file.fd);
	rc = check_header(reader, path, err);
	if (rc == -ENODATA) {
		rc = begin(j, path, report, err);
	} else if (rc == 0) {
		rc = read_records(j, reader, now_utc_s, report);
		j->must_rewrite = reader->version != CGN_JOURNAL_VERSION;
		if (rc == -EBADMSG)
			rc = cut_tail(j, path, report, err);
		else if (rc < 0)
			cgn_errmsg_set(err, "journal %.200s cannot be read: %s; %s", path,
				strerror(-rc), "check the disk and the memory");
	}
	free(reader);
	return rc;
}

static void
destroy(struct cgn_journal *j)
{
	cgn_journal_file_close(&j->file);
	cgn_journal_live_fini(&j->live);
	free(j);
}

struct cgn_journal *
cgn_journal_open(const char *path, uint64_t max_bytes,
	void (*replay)(void *ctx, const struct cgn_journal_record *r), void *ctx,
	struct cgn_journal_report *report, struct cgn_errmsg *err)
{
	const struct cgn_journal_record *r;
	struct cgn_journal *j;
	uint64_t i = 0;
	int rc;

	memset(report, 0, sizeof(*report));
	if (max_bytes < CGN_JOURNAL_MIN_BYTES) {
		cgn_errmsg_set(err, "journal %.200s may have %" PRIu64 " bytes only; allow %d",
			path, max_bytes, CGN_JOURNAL_MIN_BYTES);
		errno = EINVAL;
		return NULL;
	}
	j = calloc(1, sizeof(*j));
	if (j == NULL) {
		cgn_errmsg_set(err, "no memory for journal %.200s", path);
		return NULL;
	}
	j->max_bytes = max_bytes;
	cgn_journal_live_init(&j->live);
	rc = cgn_journal_file_open(&j->file, path, err);
	if (rc == 0)
		rc = load(j, path, report, err);
	if (rc < 0) {
		destroy(j);
		errno = -rc;
		return NULL;
	}
	report->live = j->live.n_sets;
	report->resting = j->live.n_rests;
	report->leases = j->live.n_leases;
	report->sessions = j->live.n_sessions;
	while ((r = cgn_journal_live_next(&j->live, &i)) != NULL)
		replay(ctx, r);
	return j;
}

void
cgn_journal_close(struct cgn_journal *j)
{
	int rc;

	if (j == NULL)
		return;
	j->retry_utc_s = 0;
	rc = cgn_journal_flush(j, true);
	if (rc < 0)
		cgn_err("journal",
			"%s cannot be written (%s): explicit mappings changed since it could "
			"are lost at this stop pending=%" PRIu64,
			j->file.name, strerror(-rc), j->stats.pending);
	destroy(j);
}
