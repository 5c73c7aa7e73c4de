/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/journal/journal_record: the bytes, and what is no record. Prints its seed. */
#include "journal_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "crc32c.h"
#include "journal_model.h"
#include "rand.h"

static const uint8_t good_header[CGN_JOURNAL_HEADER_LEN] = {
	'C', 'G', 'N', 'A', 'T', 'D', 'J', '\n', 0, 0, 0, 3, 0x18, 0x39, 0x75, 0x6f};

static const uint8_t old_header[CGN_JOURNAL_HEADER_LEN] = {
	'C', 'G', 'N', 'A', 'T', 'D', 'J', '\n', 0, 0, 0, 1, 0xf9, 0x02, 0x05, 0x98};

static void
expect_bad(const uint8_t *bytes, size_t len)
{
	struct cgn_journal_record r;
	const char *why;

	cr_expect_eq(
		cgn_journal_record_decode(bytes, len, CGN_JOURNAL_VERSION, &r, &why), -EBADMSG);
	cr_expect_not_null(why);
}

/* Makes the checksum right again. */
static void
mend(uint8_t *bytes, size_t len)
{
	uint32_t crc = cgn_crc32c(cgn_crc32c(0, bytes, 4), bytes + 8, len - 8);

	for (int i = 0; i < 4; i++)
		bytes[4 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

Test(journal_record, header_has_the_documented_bytes)
{
	uint8_t bytes[CGN_JOURNAL_HEADER_LEN];

	cgn_journal_header_encode(bytes);
	cr_expect_arr_eq(bytes, good_header, sizeof(bytes));
}

Test(journal_record, header_of_version_1_is_good)
{
	uint32_t version;

	cr_expect_eq(cgn_journal_header_decode(old_header, sizeof(old_header), &version), 0);
	cr_expect_eq(version, 1);
}

Test(journal_record, header_of_a_later_version_is_recognised)
{
	uint8_t bytes[CGN_JOURNAL_HEADER_LEN];
	uint32_t version, crc;

	memcpy(bytes, good_header, sizeof(bytes));
	bytes[11] = 7;
	crc = cgn_crc32c(0, bytes, 12);
	for (int i = 0; i < 4; i++)
		bytes[12 + i] = (uint8_t)(crc >> (24 - 8 * i));
	cr_expect_eq(cgn_journal_header_decode(bytes, sizeof(bytes), &version), -EPROTONOSUPPORT);
	cr_expect_eq(version, 7);
}

Test(journal_record, header_with_any_flipped_bit_is_bad)
{
	for (uint32_t bit = 0; bit < 8 * CGN_JOURNAL_HEADER_LEN; bit++) {
		uint8_t bytes[CGN_JOURNAL_HEADER_LEN];
		uint32_t version;

		memcpy(bytes, good_header, sizeof(bytes));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_eq(cgn_journal_header_decode(bytes, sizeof(bytes), &version), -EBADMSG);
	}
}

Test(journal_record, header_cut_short_is_told_from_another_file)
{
	uint32_t version;

	for (size_t len = 0; len < CGN_JOURNAL_HEADER_LEN; len++) {
		cr_expect_eq(cgn_journal_header_decode(good_header, len, &version), -ENODATA);
		cr_expect_eq(cgn_journal_header_decode(old_header, len, &version), -ENODATA);
	}
	cr_expect_eq(cgn_journal_header_decode((const uint8_t *)"cores:", 6, &version), -EBADMSG);
}

Test(journal_record, record_has_the_documented_bytes)
{
	static const uint8_t want[] = {0, 65, 2, 0, 0, 0, 0, 0, /* length, type, zero, checksum */
		0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00, 0, 0, 0, 0, 0x65, 0x54, 0x0d, 0x20, /* times */
		100, 64, 0, 9, 203, 0, 113, 1, 0x1f, 0x90, 0x04, 0x09,                  /* ends */
		0x14, 0xe6, 0, 1, 0x1f, 0x90, 17, 2, 0, 1,       /* to the filters' number */
		9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 0, 0, 7, /* nonce, client */
		3, 'i', 's', 'p',                                /* tenant */
		198, 51, 100, 0, 24, 0x01, 0xbb};
	struct cgn_journal_record r = make_set(9);
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];

	memset(r.tenant, 0, sizeof(r.tenant));
	memcpy(r.tenant, "isp", 3);
	r.client_addr = 0x0a000007;
	r.n_filters = 1;
	r.filters[0] = (struct cgn_journal_filter){0xc6336400, 24, 443};
	cr_assert_eq(cgn_journal_record_encode(&r, bytes), sizeof(want));
	memset(bytes + 4, 0, 4);
	cr_expect_arr_eq(bytes, want, sizeof(want));
}

Test(journal_record, random_records_come_back_as_they_were)
{
	struct cgn_rand rand;
	uint64_t seed = (uint64_t)time(NULL);

	printf("seed %llu\n", (unsigned long long)seed);
	cgn_rand_init(&rand, seed);
	for (int i = 0; i < 2000; i++) {
		struct cgn_journal_record r = model_random(&rand, 1700000000), back;
		uint8_t bytes[CGN_JOURNAL_RECORD_MAX], again[CGN_JOURNAL_RECORD_MAX];
		const char *why;
		uint32_t len = cgn_journal_record_encode(&r, bytes);

		cr_assert_eq(len, cgn_journal_record_size(&r));
		cr_assert_eq(
			cgn_journal_record_decode(bytes, len, CGN_JOURNAL_VERSION, &back, &why),
			(int)len, "%s", why);
		cr_assert_eq(cgn_journal_record_encode(&back, again), len);
		cr_assert_arr_eq(bytes, again, len);
		cr_assert_str_eq(back.tenant, r.tenant);
		cr_assert(back.outside_port == r.outside_port && back.ends_utc_s == r.ends_utc_s);
	}
}

Test(journal_record, record_of_the_largest_size_fits)
{
	struct cgn_journal_record r = make_epoch("0123456789012345678901234567890", 1);
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];

	r.type = CGN_JOURNAL_SESSION;
	memset(r.id, 'i', sizeof(r.id) - 1);
	memset(r.class_name, 'c', sizeof(r.class_name) - 1);
	cr_expect_eq(cgn_journal_record_encode(&r, bytes), CGN_JOURNAL_RECORD_MAX);
}

Test(journal_record, record_with_any_flipped_bit_is_not_read)
{
	struct cgn_journal_record r = make_set(1), back;
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];
	uint32_t len = cgn_journal_record_encode(&r, bytes);

	for (uint32_t bit = 0; bit < 8 * len; bit++) {
		const char *why;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_leq(
			cgn_journal_record_decode(bytes, len, CGN_JOURNAL_VERSION, &back, &why), 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(journal_record, record_cut_anywhere_wants_more)
{
	struct cgn_journal_record r = make_set(1), back;
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];
	uint32_t len = cgn_journal_record_encode(&r, bytes);
	const char *why;

	for (uint32_t n = 0; n < len; n++)
		cr_expect_eq(
			cgn_journal_record_decode(bytes, n, CGN_JOURNAL_VERSION, &back, &why), 0);
}

Test(journal_record, zeros_are_no_record)
{
	uint8_t zeros[CGN_JOURNAL_RECORD_MAX] = {0};

	expect_bad(zeros, sizeof(zeros));
}

Test(journal_record, wrong_fields_are_bad_under_a_right_checksum)
{
	static const struct {
		uint32_t offset;
		uint8_t value;
	} wrongs[] = {
		{2, 0}, {2, 6},            /* type */
		{2, 4}, {2, 5},            /* blocks have no protocol */
		{3, 1},                    /* the zero */
		{8 + 37, 0}, {8 + 37, 9},  /* number of filters */
		{8 + 54, 0}, {8 + 54, 32}, /* length of the name */
		{8 + 55, 0},               /* a zero in the name */
		{8 + 55 + 5 + 4, 33},      /* prefix length */
	};
	struct cgn_journal_record r = make_set(1);

	r.n_filters = 1;
	for (uint32_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		uint8_t bytes[CGN_JOURNAL_RECORD_MAX];
		uint32_t len = cgn_journal_record_encode(&r, bytes);

		bytes[wrongs[i].offset] = wrongs[i].value;
		mend(bytes, len);
		expect_bad(bytes, len);
	}
}

Test(journal_record, records_that_cannot_be_written_are_known)
{
	struct cgn_journal_record good = make_set(1), r = good;

	cr_expect(cgn_journal_record_is_valid(&good));
	r.type = 0;
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r.type = CGN_JOURNAL_SESSION_END + 1;
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r = good;
	r.tenant[0] = '\0';
	cr_expect_not(cgn_journal_record_is_valid(&r));
	memset(r.tenant, 'x', sizeof(r.tenant));
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r = good;
	r.n_filters = CGN_JOURNAL_MAX_FILTERS + 1;
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r = good;
	r.n_filters = 1;
	r.filters[0].prefix_len = 33;
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r = make_lease(125);
	cr_expect(cgn_journal_record_is_valid(&r), "the last block of an address");
	r.set_size++;
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r.set_size = 0;
	cr_expect_not(cgn_journal_record_is_valid(&r));
	r = make_return(0);
	cr_expect(cgn_journal_record_is_valid(&r));
	r.proto = 6;
	cr_expect_not(cgn_journal_record_is_valid(&r));
}

Test(journal_record, session_reads_back_with_its_id_and_class)
{
	struct cgn_journal_record r = make_session(4), back;
	uint8_t bytes[CGN_JOURNAL_RECORD_MAX];
	const char *why;
	uint32_t len;

	memset(r.id, 'i', sizeof(r.id) - 1);
	memset(r.class_name, 'c', sizeof(r.class_name) - 1);
	memset(r.tenant, 't', sizeof(r.tenant) - 1);
	cr_expect(cgn_journal_record_is_valid(&r));
	len = cgn_journal_record_encode(&r, bytes);
	cr_expect_leq(len, CGN_JOURNAL_RECORD_MAX);
	cr_expect_eq(len, cgn_journal_record_size(&r));
	cr_assert_eq(cgn_journal_record_decode(bytes, len, CGN_JOURNAL_VERSION, &back, &why),
		(int)len, "%s", why);
	cr_expect_eq(memcmp(&r, &back, sizeof(r)), 0);
	cr_expect_eq(cgn_journal_record_decode(bytes, len, 2, &back, &why), -EBADMSG,
		"there were no sessions in version 2");
	r.id[0] = '\0';
	cr_expect_not(cgn_journal_record_is_valid(&r));
	memset(r.id, 'i', sizeof(r.id));
	cr_expect_not(cgn_journal_record_is_valid(&r));
}

Test(journal_record, session_whose_lengths_do_not_agree_is_bad)
{
	/* prefix 8, fixed 55, "alpha" 5: its id "cust-4" stands at 69, its class behind that. */
	static const struct {
		uint32_t offset;
		uint8_t value;
	} wrongs[] = {{68, 0}, {68, 5}, {68, 7}, {68, 64}, {68, 255}, {69, 0}, {75, 3}, {75, 5},
		{75, 32}, {76, 0}, {8 + 37, 1}};
	struct cgn_journal_record r = make_session(4);

	for (uint32_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		uint8_t bytes[CGN_JOURNAL_RECORD_MAX];
		uint32_t len = cgn_journal_record_encode(&r, bytes);

		cr_assert_eq(len, 80);
		bytes[wrongs[i].offset] = wrongs[i].value;
		mend(bytes, len);
		expect_bad(bytes, len);
	}
}

Test(journal_record, record_of_version_1_is_read_and_its_client_is_the_subscriber)
{
	uint8_t bytes[] = {0, 54, 2, 0, 0, 0, 0, 0,                                     /* prefix */
		0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00, 0, 0, 0, 0, 0x65, 0x54, 0x0d, 0x20, /* times */
		100, 64, 0, 9, 203, 0, 113, 1, 0x1f, 0x90, 0x04, 0x09,                  /* ends */
		0x14, 0xe6, 0, 1, 0x1f, 0x90, 17, 2, 0, 0, /* to the filters' number */
		9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 3, 'i', 's', 'p'};
	struct cgn_journal_record r;
	const char *why;

	mend(bytes, sizeof(bytes));
	cr_assert_eq(cgn_journal_record_decode(bytes, sizeof(bytes), 1, &r, &why),
		(int)sizeof(bytes), "%s", why);
	cr_expect_str_eq(r.tenant, "isp");
	cr_expect_eq(r.inside_addr, 0x64400009);
	cr_expect_eq(r.client_addr, 0x64400009);
	cr_expect_eq(r.client_port, 5350);
	cr_expect_eq(r.nonce[11], 9);
	cr_expect_eq(cgn_journal_record_decode(bytes, sizeof(bytes), 2, &r, &why), -EBADMSG);
	bytes[2] = CGN_JOURNAL_LEASE;
	bytes[8 + 34] = 0;
	mend(bytes, sizeof(bytes));
	cr_expect_eq(cgn_journal_record_decode(bytes, sizeof(bytes), 1, &r, &why), -EBADMSG,
		"there were no blocks in version 1");
}
