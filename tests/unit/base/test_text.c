/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/text: strict decimal numbers. */
#include "text.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

Test(text, digits_become_their_value)
{
	static const struct {
		const char *s;
		uint64_t v;
	} rows[] = {{"0", 0}, {"7", 7}, {"10", 10}, {"65535", 65535},
		{"18446744073709551615", UINT64_MAX}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 42;

		cr_expect_eq(cgn_u64_parse(rows[i].s, 0, UINT64_MAX, &v), 0, "%s", rows[i].s);
		cr_expect_eq(v, rows[i].v, "%s", rows[i].s);
	}
}

Test(text, what_is_not_plain_digits_is_invalid)
{
	static const char *const bad[] = {"", " ", "-1", "+1", "1 ", " 1", "00", "01", "0x10",
		"1e3", "1.0", "1_000", "abc", "12a", "99999999999999999999999a", "\t1", "1\n",
		"\xd9\xa1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t v = 42;

		cr_expect_eq(cgn_u64_parse(bad[i], 0, UINT64_MAX, &v), -EINVAL, "'%s'", bad[i]);
		cr_expect_eq(v, 42, "'%s'", bad[i]);
	}
}

Test(text, both_limits_are_inclusive)
{
	uint64_t v = 42;

	cr_expect_eq(cgn_u64_parse("10", 10, 20, &v), 0);
	cr_expect_eq(v, 10);
	cr_expect_eq(cgn_u64_parse("20", 10, 20, &v), 0);
	cr_expect_eq(v, 20);
}

Test(text, numbers_beyond_the_limits_are_out_of_range_and_leave_the_result_alone)
{
	uint64_t v = 42;

	cr_expect_eq(cgn_u64_parse("9", 10, 20, &v), -ERANGE);
	cr_expect_eq(cgn_u64_parse("21", 10, 20, &v), -ERANGE);
	cr_expect_eq(cgn_u64_parse("0", 1, UINT64_MAX, &v), -ERANGE);
	cr_expect_eq(v, 42);
}

Test(text, numbers_that_do_not_fit_64_bits_are_out_of_range)
{
	static const char *const big[] = {"18446744073709551616", "18446744073709551620",
		"184467440737095516150", "36893488147419103232", /* 2 times 2^64: wraps to 0 */
		"99999999999999999999999999999999999999"};

	for (size_t i = 0; i < sizeof(big) / sizeof(big[0]); i++) {
		uint64_t v = 42;

		cr_expect_eq(cgn_u64_parse(big[i], 0, UINT64_MAX, &v), -ERANGE, "%s", big[i]);
		cr_expect_eq(v, 42, "%s", big[i]);
	}
}

Test(text, parsing_reads_no_byte_behind_the_end_of_the_string)
{
	for (size_t n = 0; n <= 25; n++) {
		char *s = strndup("1234567890123456789012345", n);
		uint64_t v;

		cr_expect_eq(cgn_u64_parse(s, 0, UINT64_MAX, &v),
			n == 0           ? -EINVAL
				: n > 20 ? -ERANGE
					 : 0);
		free(s);
	}
}
