/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of IPFIX messages, written out by hand from RFC 7011 and RFC 8158. What others make of
 * them: tests/e2e/log_ipfix.sh. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "ipfix.h"

static const uint64_t at_ms = UINT64_C(0x0000018bcfe56800);

static struct cgn_natlog_record
block(void)
{
	return (struct cgn_natlog_record){.id = CGN_NATLOG_BLOCK_LEASED,
		.utc_ms = at_ms,
		.inside_addr = 0x6440000a,
		.outside_addr = 0xcb007111,
		.outside_port = 40000,
		.last_port = 40511,
		.vrf = 7,
		.tenant = "isp"};
}

static uint32_t
get(const uint8_t *at, uint32_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | *at++;
	return value;
}

/* The template of a kind: its elements, by their places; returns how many, 0 when there is none. */
static uint32_t
find_template(uint32_t id, uint16_t elements[16], uint16_t lengths[16])
{
	struct cgn_ipfix_message msg;
	uint32_t at = CGN_IPFIX_HEADER_LEN + 4, end;

	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_templates(&msg);
	cr_assert_eq(get(msg.bytes + CGN_IPFIX_HEADER_LEN, 2), 2, "a template set");
	end = CGN_IPFIX_HEADER_LEN + get(msg.bytes + CGN_IPFIX_HEADER_LEN + 2, 2);
	while (at < end) {
		uint32_t has = get(msg.bytes + at, 2), n = get(msg.bytes + at + 2, 2);

		cr_assert_geq(has, 256);
		cr_assert_leq(n, 16);
		for (uint32_t i = 0; i < n && has == id; i++) {
			elements[i] = (uint16_t)get(msg.bytes + at + 4 + i * 4, 2);
			lengths[i] = (uint16_t)get(msg.bytes + at + 6 + i * 4, 2);
		}
		if (has == id)
			return n;
		at += 4 + n * 4;
	}
	cr_assert_eq(at, end, "templates fill their set");
	return 0;
}

Test(ipfix, block_record_is_what_the_rfcs_say)
{
	static const uint8_t expected[] = {
		0x00, 0x0a, 0x00, 0x31,                         /* version 10, 49 bytes */
		0x65, 0x53, 0xf1, 0x00,                         /* export time */
		0x00, 0x00, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x05, /* sequence 42, domain 5 */
		0x01, 0x05, 0x00, 0x21,                         /* set: template 261, 33 bytes */
		0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, /* 323 */
		16,                                             /* natEvent: block allocated */
		3, 'i', 's', 'p',                               /* 464 */
		0, 0, 0, 7,                                     /* 234 */
		0x64, 0x40, 0, 0x0a,                            /* 8 */
		0xcb, 0, 0x71, 0x11,                            /* 225 */
		0x9c, 0x40, 0x9e, 0x3f,                         /* 361, 362 */
	};
	struct cgn_natlog_record r = block();
	struct cgn_ipfix_message msg;

	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &r));
	cgn_ipfix_seal(&msg, 0x6553f100, 42, 5);
	cr_assert_eq(msg.n_records, 1);
	cr_assert_eq(msg.len, sizeof(expected), "%u bytes", msg.len);
	for (size_t i = 0; i < sizeof(expected); i++)
		cr_assert_eq(msg.bytes[i], expected[i], "byte %zu: %02x, not %02x", i, msg.bytes[i],
			expected[i]);
}

Test(ipfix, template_of_blocks_names_both_ends)
{
	static const uint16_t expected[] = {323, 230, 464, 234, 8, 225, 361, 362};
	static const uint16_t bytes[] = {8, 1, 65535, 4, 4, 4, 2, 2};
	uint16_t elements[16], lengths[16];

	cr_assert_eq(find_template(257 + CGN_NATLOG_BLOCK_LEASED, elements, lengths), 8);
	cr_assert_arr_eq(elements, expected, sizeof(expected));
	cr_assert_arr_eq(lengths, bytes, sizeof(bytes));
}

Test(ipfix, template_of_mappings_has_what_LOG_03_wants)
{
	static const uint16_t expected[] = {323, 230, 464, 234, 8, 7, 225, 227, 4};
	uint16_t elements[16], lengths[16];

	cr_assert_eq(find_template(257 + CGN_NATLOG_MAPPING_MADE, elements, lengths), 9);
	cr_assert_arr_eq(elements, expected, sizeof(expected));
}

Test(ipfix, no_template_has_a_destination)
{
	static const uint16_t forbidden[] = {11, 12, 226, 228}; /* LOG-09 */
	uint16_t elements[16], lengths[16];

	for (uint32_t id = 257; id < 257 + CGN_N_NATLOGS; id++) {
		uint32_t n = find_template(id, elements, lengths);

		for (uint32_t i = 0; i < n; i++)
			for (int f = 0; f < 4; f++)
				cr_assert_neq(elements[i], forbidden[f]);
	}
}

Test(ipfix, events_are_those_of_rfc_8158_and_none_historic)
{
	static const uint8_t allowed[] = {3, 4, 5, 8, 9, 12, 13, 14, 15, 16, 17, 18}; /* LOG-02 */

	for (int id = 0; id < CGN_N_NATLOGS; id++)
		cr_assert(cgn_natlogs[id].nat_event == 0 ||
				memchr(allowed, cgn_natlogs[id].nat_event, sizeof(allowed)) != NULL,
			"%s", cgn_natlogs[id].name);
}

Test(ipfix, records_of_one_kind_share_a_set)
{
	struct cgn_natlog_record a = block(), b = block(), c = block();
	struct cgn_ipfix_message msg;

	b.outside_port = 41024;
	c.id = CGN_NATLOG_BLOCK_RETURNED;
	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &a));
	cr_assert(cgn_ipfix_add(&msg, &b));
	cr_assert(cgn_ipfix_add(&msg, &c));
	cr_assert_eq(get(msg.bytes + 16, 2), 257 + CGN_NATLOG_BLOCK_LEASED);
	cr_assert_eq(get(msg.bytes + 18, 2), 4 + 2 * 29);
	cr_assert_eq(get(msg.bytes + 16 + 62, 2), 257 + CGN_NATLOG_BLOCK_RETURNED);
	cr_assert_eq(get(msg.bytes + 18 + 62, 2), 4 + 29);
	cr_assert_eq(msg.len, 16 + 62 + 33);
	cr_assert_eq(msg.n_records, 3);
}

Test(ipfix, full_message_takes_no_more_and_stays_whole)
{
	struct cgn_natlog_record r = block();
	struct cgn_ipfix_message msg;
	uint32_t n = 0;

	memset(r.tenant, 'x', sizeof(r.tenant) - 1);
	cgn_ipfix_begin(&msg);
	while (cgn_ipfix_add(&msg, &r))
		n++;
	cr_assert_eq(n, (CGN_IPFIX_MAX - 20) / 57);
	cr_assert_eq(msg.n_records, n);
	cr_assert_eq(msg.len, 20 + n * 57);
	cr_assert_eq(get(msg.bytes + 18, 2), msg.len - 16u);
}

Test(ipfix, mapping_that_is_told_twice_is_sent_once)
{
	struct cgn_natlog_record r = block();
	struct cgn_ipfix_message msg;

	r.id = CGN_NATLOG_EXPLICIT_MADE;
	r.proto = IPPROTO_TCP;
	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &r));
	cr_assert_eq(msg.n_records, 1);
	r.flags = CGN_NATLOG_DOUBLE; /* LOG-04 */
	cr_assert(cgn_ipfix_add(&msg, &r));
	cr_assert_eq(msg.n_records, 1);
}

Test(ipfix, kinds_without_an_event_are_not_sent)
{
	struct cgn_natlog_record r = {.id = CGN_NATLOG_START};
	struct cgn_ipfix_message msg;

	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &r));
	cr_assert_eq(msg.len, CGN_IPFIX_HEADER_LEN);
}

Test(ipfix, quota_names_its_kind_and_limit)
{
	struct cgn_natlog_record r = {.id = CGN_NATLOG_SUBSCRIBER_QUOTA,
		.utc_ms = at_ms,
		.inside_addr = 0x6440000a,
		.value = 2000,
		.tenant = "t"};
	struct cgn_ipfix_message msg;
	const uint8_t *at = msg.bytes + 20 + 8;

	cgn_ipfix_begin(&msg);
	cr_assert(cgn_ipfix_add(&msg, &r));
	cr_assert_eq(at[0], 13);
	cr_assert_eq(get(at + 7, 4), 0x6440000a);
	cr_assert_eq(get(at + 11, 4), 3, "entries per user");
	cr_assert_eq(get(at + 15, 4), 2000);
}

Test(ipfix, what_was_lost_has_the_process_as_its_scope)
{
	struct cgn_ipfix_message msg;
	const uint8_t *at;
	uint32_t set;

	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_templates(&msg);
	set = 16 + get(msg.bytes + 18, 2);
	at = msg.bytes + set;
	cr_assert_eq(get(at, 2), 3, "an options template set");
	cr_assert_eq(get(at + 4, 2), 256);
	cr_assert_eq(get(at + 6, 2), 3);
	cr_assert_eq(get(at + 8, 2), 1);
	cr_assert_eq(get(at + 10, 4), 144u << 16 | 4);
	cr_assert_eq(get(at + 18, 4), 167u << 16 | 8);
	cr_assert_eq(set + get(at + 2, 2), msg.len);
	cr_assert(cgn_ipfix_add_lost(&msg, 99, at_ms, 12345));
	at = msg.bytes + set + get(at + 2, 2);
	cr_assert_eq(get(at, 2), 256);
	cr_assert_eq(get(at + 4, 4), 99);
	cr_assert_eq(get(at + 20, 4), 12345);
	cr_assert_eq(msg.n_records, 1, "templates are no data records");
}
