/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/journal on damaged files: cut at every length and changed at every byte, everything
 * before the damage is kept and the report says where it is.
 */
#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "journal_record.h"
#include "journal_rig.h"
#include "rand.h"

enum { N_RECORDS = 12 };

/* A good file, and where its records begin; starts[N_RECORDS] is its end. */
static struct {
	struct cgn_journal_record records[N_RECORDS];
	size_t starts[N_RECORDS + 1];
	uint8_t *bytes;
} good;

static void
start(void)
{
	struct cgn_rand rand;
	size_t len;

	rig_start();
	rig_open(RIG_MAX_BYTES);
	cgn_rand_init(&rand, 3);
	good.starts[0] = CGN_JOURNAL_HEADER_LEN;
	for (uint32_t i = 0; i < N_RECORDS; i++) {
		good.records[i] = model_random(&rand, RIG_NOW_UTC_S);
		rig_append(good.records[i]);
		good.starts[i + 1] = good.starts[i] + cgn_journal_record_size(&good.records[i]);
	}
	rig_close();
	good.bytes = rig_read(&len);
	cr_assert_eq(len, good.starts[N_RECORDS]);
}

static void
finish(void)
{
	rig_finish();
	free(good.bytes);
}

TestSuite(journal_damage, .init = start, .fini = finish, .timeout = 100);

/* Number of records that lie whole before the byte at offset. */
static uint32_t
records_before(size_t offset)
{
	uint32_t n = 0;

	while (n < N_RECORDS && good.starts[n + 1] <= offset)
		n++;
	return n;
}

/* Opens a file of len bytes of which the first n_good records are good; it goes on from there. */
static void
expect_kept(uint32_t n_good, size_t len)
{
	struct cgn_journal_record more = make_set(1);
	struct model want;

	model_init(&want);
	for (uint32_t i = 0; i < n_good; i++)
		model_apply(&want, &good.records[i], RIG_NOW_UTC_S);
	rig_open(RIG_MAX_BYTES);
	cr_assert_eq(rig.report.records, n_good);
	cr_assert_eq(rig.report.live, model_count(&want, CGN_JOURNAL_SET));
	cr_assert_eq(rig.report.cut_bytes, len - good.starts[n_good]);
	cr_assert_eq(rig.report.cut_bytes != 0, rig.report.cut_reason[0] != '\0');
	cr_assert_eq(rig_file_bytes(), good.starts[n_good]);
	cr_assert(model_is_same(&rig.replayed, &want));
	rig_append(more);
	model_apply(&want, &more, RIG_NOW_UTC_S);
	rig_expect_reopened(&want);
	rig_close();
	model_fini(&want);
}

Test(journal_damage, a_file_cut_anywhere_keeps_what_is_whole)
{
	for (size_t len = CGN_JOURNAL_HEADER_LEN; len <= good.starts[N_RECORDS]; len++) {
		rig_write(good.bytes, len);
		expect_kept(records_before(len), len);
	}
}

Test(journal_damage, a_file_cut_in_its_header_begins_anew)
{
	for (size_t len = 0; len < CGN_JOURNAL_HEADER_LEN; len++) {
		rig_write(good.bytes, len);
		rig_open(RIG_MAX_BYTES);
		cr_expect_eq(rig.report.records, 0);
		cr_expect_eq(rig.report.cut_bytes, len);
		cr_expect_eq(len != 0, rig.report.cut_reason[0] != '\0');
		cr_expect_eq(rig_file_bytes(), CGN_JOURNAL_HEADER_LEN);
		rig_close();
	}
}

Test(journal_damage, a_byte_changed_anywhere_keeps_what_is_before)
{
	static const uint8_t changes[] = {0x01, 0x80, 0xff};
	size_t len = good.starts[N_RECORDS];

	for (size_t at = CGN_JOURNAL_HEADER_LEN; at < len; at++)
		for (uint32_t i = 0; i < sizeof(changes); i++) {
			good.bytes[at] ^= changes[i];
			rig_write(good.bytes, len);
			expect_kept(records_before(at), len);
			good.bytes[at] ^= changes[i];
		}
}

Test(journal_damage, a_bit_flipped_in_the_header_is_refused_and_not_touched)
{
	for (uint32_t bit = 0; bit < 8 * CGN_JOURNAL_HEADER_LEN; bit++) {
		uint8_t *after;
		size_t len;

		good.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rig_write(good.bytes, good.starts[N_RECORDS]);
		cr_expect_eq(rig_open_fails(), EBADMSG);
		after = rig_read(&len);
		cr_assert_eq(len, good.starts[N_RECORDS]);
		cr_expect_arr_eq(after, good.bytes, len);
		free(after);
		good.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(journal_damage, zeros_after_the_last_record_are_cut)
{
	size_t len = good.starts[N_RECORDS] + 100000;
	uint8_t *bytes = calloc(1, len);

	memcpy(bytes, good.bytes, good.starts[N_RECORDS]);
	rig_write(bytes, len);
	expect_kept(N_RECORDS, len);
	free(bytes);
}

Test(journal_damage, the_reason_names_record_and_byte)
{
	char where[64];

	good.bytes[good.starts[5] + 20] ^= 1;
	rig_write(good.bytes, good.starts[N_RECORDS]);
	rig_open(RIG_MAX_BYTES);
	snprintf(where, sizeof(where), "record 6 at byte %zu: its checksum is wrong",
		good.starts[5]);
	cr_expect_str_eq(rig.report.cut_reason, where);
}
