/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/journal: the input is a journal file, as it is and once more as the bodies of
 * records whose header, lengths and checksums are made right, since the fuzzer seldom finds those.
 * Whatever opens must take more records and replay the same when it is opened again.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc32c.h"
#include "fuzz.h"
#include "journal.h"
#include "journal_file.h"
#include "journal_record.h"
#include "scratch.h"

enum { NOW_UTC_S = 1700000000 };

static char dir[SCRATCH_LEN], path[SCRATCH_LEN + 16];

static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

static uint64_t
fixed_now_utc_s(void)
{
	return NOW_UTC_S;
}

static const struct cgn_journal_sys fast_sys = {
	.pread = pread,
	.pwrite = pwrite,
	.fsync = no_sync,
	.fdatasync = no_sync,
	.ftruncate = ftruncate,
	.renameat = renameat,
	.now_utc_s = fixed_now_utc_s,
};

static void
remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

static void
make_dir(void)
{
	CHECK(mkdtemp(scratch_template_in_memory(dir, "fuzz_journal")) != NULL);
	snprintf(path, sizeof(path), "%s/state", dir);
	cgn_journal_sys = &fast_sys;
	atexit(remove_dir);
}

/* What a replay brought; the sum does not depend on the order. */
struct replayed {
	uint64_t n, sum;
	uint8_t rank;
};

static void
on_replay(void *ctx, const struct cgn_journal_record *r)
{
	struct replayed *replayed = ctx;
	static const uint8_t ranks[] = {[CGN_JOURNAL_EPOCH] = 1,
		[CGN_JOURNAL_SESSION] = 2,
		[CGN_JOURNAL_LEASE] = 3,
		[CGN_JOURNAL_SET] = 4,
		[CGN_JOURNAL_DEL] = 5,
		[CGN_JOURNAL_RETURN] = 0,
		[CGN_JOURNAL_SESSION_END] = 0};
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];

	CHECK(cgn_journal_record_is_valid(r));
	CHECK(ranks[r->type] > 0 && ranks[r->type] >= replayed->rank);
	CHECK(r->type != CGN_JOURNAL_DEL || r->ends_utc_s > NOW_UTC_S);
	replayed->rank = ranks[r->type];
	replayed->n++;
	replayed->sum += cgn_crc32c(0, bytes, cgn_journal_record_encode(r, bytes));
}

static struct cgn_journal *
open_journal(struct replayed *replayed, struct cgn_journal_report *report)
{
	struct cgn_errmsg err = {""};
	struct cgn_journal *j;

	memset(replayed, 0, sizeof(*replayed));
	j = cgn_journal_open(path, CGN_JOURNAL_MIN_BYTES, on_replay, replayed, report, &err);
	CHECK((j == NULL) == (err.text[0] != '\0'));
	return j;
}

static void
write_file(const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "wb");

	CHECK(f != NULL && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

/* A mapping made, renewed and ended, a block leased and returned, a session begun and ended, leave
 * all the rest as it was.
 */
static void
use(struct cgn_journal *j)
{
	struct cgn_journal_record r = {.type = CGN_JOURNAL_SET,
		.proto = 99,
		.tenant = "tenant-of-the-fuzzer",
		.outside_port = 1};
	int rc = cgn_journal_append(j, &r);

	CHECK(rc == 0 || cgn_journal_stats(j).refused == 1);
	if (rc == 0)
		CHECK(cgn_journal_append(j, &r) == 0);
	CHECK(cgn_journal_flush(j, true) == 0);
	r.type = CGN_JOURNAL_DEL;
	CHECK(cgn_journal_append(j, &r) == 0);
	r.type = CGN_JOURNAL_LEASE;
	r.proto = 0;
	r.set_size = 64;
	rc = cgn_journal_append(j, &r);
	CHECK(rc == 0 || rc == -ENOSPC);
	r.type = CGN_JOURNAL_RETURN;
	CHECK(cgn_journal_append(j, &r) == 0);
	r.type = CGN_JOURNAL_SESSION;
	memcpy(r.id, "cust", 5);
	rc = cgn_journal_append(j, &r);
	CHECK(rc == 0 || rc == -ENOSPC);
	r.type = CGN_JOURNAL_SESSION_END;
	memset(r.id, 0, sizeof(r.id));
	CHECK(cgn_journal_append(j, &r) == 0);
	CHECK(cgn_journal_flush(j, false) == 0);
}

static void
check(const uint8_t *data, size_t size)
{
	struct cgn_journal_report report, again;
	struct replayed first, second;
	struct cgn_journal *j;

	write_file(data, size);
	j = open_journal(&first, &report);
	if (j == NULL)
		return;
	CHECK(report.cut_bytes <= size);
	CHECK((report.cut_bytes != 0) == (report.cut_reason[0] != '\0'));
	CHECK(report.live + report.resting + report.leases <= first.n);
	CHECK(first.n <= report.records);
	CHECK(cgn_journal_stats(j).live == report.live);
	use(j);
	cgn_journal_close(j);
	j = open_journal(&second, &again);
	CHECK(j != NULL && again.cut_bytes == 0);
	CHECK(first.n == second.n && first.sum == second.sum);
	cgn_journal_close(j);
}

static void
put_be(uint8_t *out, uint32_t value, int n_bytes)
{
	for (int i = n_bytes - 1; i >= 0; i--) {
		out[i] = (uint8_t)value;
		value >>= 8;
	}
}

/* One record from the input: a type, a length, and a body. Returns the bytes used of len. */
static size_t
make_record(const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	size_t want = in[1], body_len = want < len - 2 ? want : len - 2;

	put_be(out, (uint32_t)body_len, 2);
	out[2] = in[0] % 7;
	out[3] = 0;
	memcpy(out + 8, in + 2, body_len);
	put_be(out + 4, cgn_crc32c(cgn_crc32c(0, out, 4), out + 8, (uint32_t)body_len), 4);
	*out_len = 8 + body_len;
	return 2 + body_len;
}

static void
check_as_bodies(const uint8_t *data, size_t size, uint32_t version)
{
	uint8_t *file = malloc(CGN_JOURNAL_HEADER_LEN + 8 * size + 8);
	size_t len = CGN_JOURNAL_HEADER_LEN, used = 0;

	CHECK(file != NULL);
	cgn_journal_header_encode(file);
	put_be(file + 8, version, 4);
	put_be(file + 12, cgn_crc32c(0, file, 12), 4);
	while (size - used > 2) {
		size_t n;

		used += make_record(data + used, size - used, file + len, &n);
		len += n;
	}
	check(file, len);
	free(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (dir[0] == '\0')
		make_dir();
	check(data, size);
	for (uint32_t version = 1; version <= CGN_JOURNAL_VERSION; version++)
		check_as_bodies(data, size, version);
	return 0;
}
