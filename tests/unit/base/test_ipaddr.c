/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/ipaddr: what is accepted, what is refused, and the prefix arithmetic. */
#include "ipaddr.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

static const char *const bad_quads[] = {"", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.",
	"1.2.3.4.5", "256.0.0.1", "1.2.3.256", "1.2.3.1000", "01.2.3.4", "1.2.3.00", "1.2.3.-4",
	"+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/32", "0x1.2.3.4", "1.2.3.a", "a", "1,2,3,4",
	"4294967296.0.0.0", "99999999999999999999.0.0.0", "1.2.3.4\n"};

static const char *const bad_prefixes[] = {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/032",
	"10.0.0.0/00", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.0 /8", "10.0.0.0//8", "10.0.0/8", "/8",
	"10.0.0.0/4294967304", "10.0.0.0/8/8", ""};

Test(ipaddr, dotted_quad_becomes_a_host_order_integer)
{
	static const struct {
		const char *s;
		uint32_t addr;
	} rows[] = {{"0.0.0.0", 0}, {"255.255.255.255", UINT32_MAX}, {"1.2.3.4", 0x01020304},
		{"100.64.0.10", 0x6440000a}, {"203.0.113.16", 0xcb007110}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t addr = 42;

		cr_expect_eq(cgn_ip4_parse(rows[i].s, &addr), 0, "%s", rows[i].s);
		cr_expect_eq(addr, rows[i].addr, "%s", rows[i].s);
	}
}

Test(ipaddr, malformed_quads_are_refused_and_leave_the_result_alone)
{
	for (size_t i = 0; i < sizeof(bad_quads) / sizeof(bad_quads[0]); i++) {
		uint32_t addr = 42;

		cr_expect_eq(cgn_ip4_parse(bad_quads[i], &addr), -EINVAL, "'%s'", bad_quads[i]);
		cr_expect_eq(addr, 42, "'%s'", bad_quads[i]);
	}
}

Test(ipaddr, prefix_keeps_its_host_bits)
{
	struct cgn_prefix p;

	cr_assert_eq(cgn_prefix_parse("100.64.0.1/16", &p), 0);
	cr_expect_eq(p.addr, 0x64400001);
	cr_expect_eq(p.len, 16);
}

Test(ipaddr, bare_address_is_a_prefix_of_32_bits)
{
	struct cgn_prefix p;

	cr_assert_eq(cgn_prefix_parse("192.0.2.1", &p), 0);
	cr_expect_eq(p.addr, 0xc0000201);
	cr_expect_eq(p.len, 32);
}

Test(ipaddr, malformed_prefixes_are_refused_and_leave_the_result_alone)
{
	for (size_t i = 0; i < sizeof(bad_prefixes) / sizeof(bad_prefixes[0]); i++) {
		struct cgn_prefix p = {.addr = 42, .len = 7};

		cr_expect_eq(
			cgn_prefix_parse(bad_prefixes[i], &p), -EINVAL, "'%s'", bad_prefixes[i]);
		cr_expect(p.addr == 42 && p.len == 7, "'%s'", bad_prefixes[i]);
	}
}

Test(ipaddr, every_bad_quad_is_refused_as_a_prefix_too)
{
	for (size_t i = 0; i < sizeof(bad_quads) / sizeof(bad_quads[0]); i++) {
		struct cgn_prefix p;

		if (strchr(bad_quads[i], '/') == NULL)
			cr_expect_eq(
				cgn_prefix_parse(bad_quads[i], &p), -EINVAL, "'%s'", bad_quads[i]);
	}
}

Test(ipaddr, parsing_reads_no_byte_behind_the_end_of_the_string)
{
	static const char whole[] = "192.168.100.255/24";

	for (size_t n = 0; n < sizeof(whole); n++) {
		char *cut = strndup(whole, n); /* exact size: the sanitizer watches its end */
		struct cgn_prefix p;
		uint32_t addr;
		bool is_quad = n >= 13 && n <= 15; /* the last octet is 2, 25 or 255 */
		bool is_prefix = is_quad || n >= 17;

		cr_expect_eq(cgn_ip4_parse(cut, &addr) == 0, is_quad, "'%s'", cut);
		cr_expect_eq(cgn_prefix_parse(cut, &p) == 0, is_prefix, "'%s'", cut);
		free(cut);
	}
}

Test(ipaddr, printing_an_address_gives_what_parsing_takes)
{
	static const uint32_t addrs[] = {0, 1, UINT32_MAX, 0x01020304, 0x64400a0a, 0xff00ff00};

	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		char buf[CGN_IP4_STRLEN];
		uint32_t back = ~addrs[i];

		cr_expect_eq(cgn_ip4_str(addrs[i], buf), buf);
		cr_expect_eq(cgn_ip4_parse(buf, &back), 0, "%s", buf);
		cr_expect_eq(back, addrs[i], "%s", buf);
	}
}

Test(ipaddr, longest_texts_fit_their_buffers)
{
	char addr[CGN_IP4_STRLEN], prefix[CGN_PREFIX_STRLEN];

	cr_expect_str_eq(cgn_ip4_str(UINT32_MAX, addr), "255.255.255.255");
	cr_expect_str_eq(
		cgn_prefix_str((struct cgn_prefix){UINT32_MAX, 32}, prefix), "255.255.255.255/32");
	cr_expect_str_eq(cgn_prefix_str((struct cgn_prefix){0, 0}, prefix), "0.0.0.0/0");
}

Test(ipaddr, mask_of_every_length_has_that_many_leading_ones)
{
	for (unsigned int len = 0; len <= 32; len++) {
		uint32_t mask = cgn_mask((uint8_t)len);

		cr_expect_eq(__builtin_popcount(mask), (int)len);
		cr_expect_eq(mask & (~mask >> 1), 0, "holes in the mask of /%u", len);
	}
}

Test(ipaddr, prefix_of_every_length_spans_first_to_last)
{
	for (unsigned int len = 0; len <= 32; len++) {
		struct cgn_prefix p = {.addr = 0xcb0071ab, .len = (uint8_t)len};
		uint64_t first = cgn_prefix_first(p), last = cgn_prefix_last(p);

		cr_expect_eq(last - first + 1, cgn_prefix_size(p), "/%u", len);
		cr_expect_eq(cgn_prefix_size(p), UINT64_C(1) << (32 - len), "/%u", len);
		cr_expect(cgn_prefix_has(p, (uint32_t)first) && cgn_prefix_has(p, (uint32_t)last));
		cr_expect(first == 0 || !cgn_prefix_has(p, (uint32_t)first - 1), "/%u", len);
		cr_expect(last == UINT32_MAX || !cgn_prefix_has(p, (uint32_t)last + 1), "/%u", len);
	}
}

Test(ipaddr, overlap_is_containment_of_either_in_the_other)
{
	static const struct {
		struct cgn_prefix a, b;
		bool overlaps;
	} rows[] = {
		{{0x0a000000, 8}, {0x0a010000, 16}, true},
		{{0x0a010000, 16}, {0x0a000005, 8}, true}, /* host bits set */
		{{0x0a000000, 8}, {0x0b000000, 8}, false},
		{{0, 0}, {UINT32_MAX, 32}, true},
		{{0xcb007110, 28}, {0xcb007120, 28}, false},
		{{0xcb007110, 28}, {0xcb00711f, 32}, true},
		{{0xcb007110, 28}, {0xcb007120, 32}, false},
		{{1, 32}, {1, 32}, true},
		{{1, 32}, {2, 32}, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(
			cgn_prefix_overlaps(rows[i].a, rows[i].b), rows[i].overlaps, "row %zu", i);
		cr_expect_eq(
			cgn_prefix_overlaps(rows[i].b, rows[i].a), rows[i].overlaps, "row %zu", i);
	}
}
