/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/radius/radius_packet: what is believed, what is read, what is answered. */
#include "radius_packet.h"

#include <string.h>

#include <criterion/criterion.h>

#include "request_build.h"
#include "vectors.h"

static struct cgn_radius_secret secret;
static struct cgn_radius_request req;

static void
setup(void)
{
	secret = rb_secret();
	cr_assert_str_eq(RB_SECRET, VECTOR_SECRET);
}

TestSuite(radius_packet, .init = setup);

static enum cgn_accounting_result
read_bytes(const void *bytes, size_t len)
{
	return cgn_radius_read(bytes, (uint32_t)len, &secret, &req);
}

static enum cgn_accounting_result
read_packet(struct rb_packet *p)
{
	rb_sign(p);
	return read_bytes(p->bytes, p->len);
}

/* A Start with all it needs. */
static void
begin_start(struct rb_packet *p)
{
	rb_begin(p, 9);
	rb_number(p, RB_STATUS, 1);
	rb_text(p, RB_SESSION, "S1");
	rb_number(p, RB_NAS, 0xc0000241);
}

static void
expect_answer(const void *expected, size_t len)
{
	uint8_t out[CGN_RADIUS_MAX];
	uint32_t n = cgn_radius_answer(&req, &secret, out);

	cr_assert_eq(n, len);
	cr_expect_arr_eq(out, expected, len);
}

static bool
text_is(struct cgn_radius_text text, const char *expected)
{
	/* The bytes of an empty text may be NULL, which memcmp must not be given. */
	return text.len == strlen(expected) &&
		(text.len == 0 || memcmp(text.bytes, expected, text.len) == 0);
}

Test(radius_packet, start_of_radclient_is_read)
{
	cr_assert_eq(
		read_bytes(radclient_start, sizeof(radclient_start)), CGN_ACCOUNTING_NO_CONCERN);
	cr_expect_eq(req.kind, CGN_ACCOUNTING_START);
	cr_expect_eq(req.framed_addr, 0x6440000a);
	cr_expect_eq(req.nas.addr, 0xc0000241);
	cr_expect_neq(req.nas.id, 0);
	cr_expect_eq(req.event_s, 1700000000);
	cr_expect_eq(req.delay_s, 0);
	cr_expect(text_is(req.user_name, "alice@example.net"));
	cr_expect(text_is(req.session, "S-0001"));
	cr_expect(text_is(req.class_value, "gold"));
	cr_expect_eq(req.filter_id.len, 0);
	cr_expect_eq(req.calling_station.len, 0);
}

/* RFC 2866 section 3, Response Authenticator; section 5.13, Proxy-State in its order */
Test(radius_packet, answer_has_proxy_states_in_their_order)
{
	read_bytes(radclient_start, sizeof(radclient_start));
	expect_answer(radclient_start_answer, sizeof(radclient_start_answer));
	cr_assert_eq(read_bytes(longest, sizeof(longest)), CGN_ACCOUNTING_NO_CONCERN);
	expect_answer(longest_answer, sizeof(longest_answer));
}

/* RFC 3579 section 3.2 */
Test(radius_packet, message_authenticator_is_checked)
{
	cr_assert_eq(read_bytes(radclient_stop, sizeof(radclient_stop)), CGN_ACCOUNTING_NO_CONCERN);
	cr_expect_eq(req.kind, CGN_ACCOUNTING_STOP);
	cr_expect_eq(req.delay_s, 7);
	expect_answer(radclient_stop_answer, sizeof(radclient_stop_answer));
	cr_expect_eq(read_bytes(message_first, sizeof(message_first)), CGN_ACCOUNTING_NO_CONCERN);
	cr_expect_eq(read_bytes(message_wrong, sizeof(message_wrong)), CGN_ACCOUNTING_WRONG_SECRET);
	cr_expect_eq(req.kind, CGN_ACCOUNTING_UNREAD);
}

/* RFC 2866 section 3, Request Authenticator */
Test(radius_packet, a_changed_bit_is_not_believed)
{
	uint8_t packet[sizeof(radclient_start)];

	for (size_t bit = 0; bit < 8 * sizeof(packet); bit++) {
		enum cgn_accounting_result result;

		memcpy(packet, radclient_start, sizeof(packet));
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		result = read_bytes(packet, sizeof(packet));
		cr_expect(
			result == CGN_ACCOUNTING_WRONG_SECRET || result == CGN_ACCOUNTING_MALFORMED,
			"bit %zu", bit);
		cr_expect_eq(req.kind, CGN_ACCOUNTING_UNREAD);
	}
	secret.bytes[0]++;
	cr_expect_eq(
		read_bytes(radclient_start, sizeof(radclient_start)), CGN_ACCOUNTING_WRONG_SECRET);
}

/* RFC 2866 section 3: shorter than its Length is dropped, what follows it is not looked at */
Test(radius_packet, length_counts_not_the_datagram)
{
	uint8_t padded[sizeof(radclient_start) + 3];

	memcpy(padded, radclient_start, sizeof(radclient_start));
	memset(padded + sizeof(radclient_start), 0xff, 3);
	cr_expect_eq(read_bytes(padded, sizeof(padded)), CGN_ACCOUNTING_NO_CONCERN);
	cr_expect_eq(req.len, sizeof(radclient_start));
	for (uint32_t n = 0; n < sizeof(radclient_start); n++)
		cr_expect_eq(read_bytes(padded, n), CGN_ACCOUNTING_MALFORMED, "%u", n);
}

Test(radius_packet, other_codes_and_lengths_are_malformed)
{
	struct rb_packet p;

	begin_start(&p);
	for (int code = 0; code < 256; code++) {
		p.bytes[0] = (uint8_t)code;
		cr_expect_eq(read_packet(&p),
			code == 4 ? CGN_ACCOUNTING_NO_CONCERN : CGN_ACCOUNTING_MALFORMED);
	}
	p.bytes[0] = 4;
	rb_sign(&p);
	p.bytes[2] = 0;
	p.bytes[3] = CGN_RADIUS_MIN - 1;
	cr_expect_eq(read_bytes(p.bytes, p.len), CGN_ACCOUNTING_MALFORMED);
}

/* RFC 2865 section 5: an attribute's length is 2 at least, and within the packet */
Test(radius_packet, attributes_are_bounded)
{
	static const struct {
		uint8_t n, bytes[4];
		bool good;
	} tails[] = {
		{1, {26}, false},           /* half a header */
		{2, {26, 0}, false},        /* length 0 */
		{2, {26, 1}, false},        /* length 1 */
		{2, {26, 3}, false},        /* beyond the packet */
		{2, {26, 255}, false},      /* far beyond */
		{2, {26, 2}, true},         /* no value */
		{3, {26, 3, 7}, true},      /* to the end */
		{4, {26, 3, 7, 26}, false}, /* half a header after a good one */
	};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct rb_packet p;

		begin_start(&p);
		memcpy(p.bytes + p.len, tails[i].bytes, tails[i].n);
		p.len = (uint16_t)(p.len + tails[i].n);
		cr_expect_eq(read_packet(&p),
			tails[i].good ? CGN_ACCOUNTING_NO_CONCERN : CGN_ACCOUNTING_MALFORMED,
			"tail %zu", i);
	}
}

Test(radius_packet, numbers_have_four_bytes)
{
	static const uint8_t types[] = {RB_NAS, RB_ADDRESS, RB_STATUS, RB_DELAY, RB_EVENT};
	static const uint8_t lens[] = {0, 1, 3, 5, 16};

	for (size_t t = 0; t < sizeof(types); t++)
		for (size_t l = 0; l < sizeof(lens); l++) {
			struct rb_packet p;

			rb_begin(&p, 1);
			rb_bytes(&p, types[t], "0123456789abcdef", lens[l]);
			cr_expect_eq(read_packet(&p), CGN_ACCOUNTING_MALFORMED, "%u, %u bytes",
				types[t], lens[l]);
		}
}

/* RFC 2866 section 5.13 */
Test(radius_packet, what_may_stand_once_does_not_stand_twice)
{
	static const struct {
		uint8_t type;
		bool good;
	} twice[] = {{RB_USER, false}, {RB_NAS, false}, {RB_ADDRESS, false}, {RB_STATION, false},
		{RB_NAS_ID, false}, {RB_STATUS, false}, {RB_DELAY, false}, {RB_SESSION, false},
		{RB_EVENT, false}, {RB_FILTER, true}, {RB_CLASS, true}, {RB_PROXY, true},
		{26, true}};

	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		struct rb_packet p;

		rb_begin(&p, 1);
		if (twice[i].type != RB_STATUS)
			rb_number(&p, RB_STATUS, 1);
		if (twice[i].type != RB_SESSION)
			rb_text(&p, RB_SESSION, "S1");
		if (twice[i].type != RB_NAS)
			rb_number(&p, RB_NAS, 0xc0000241);
		rb_text(&p, twice[i].type, "\1\1\1\1");
		rb_text(&p, twice[i].type, "\2\2\2\2");
		cr_expect_eq(read_packet(&p),
			twice[i].good ? CGN_ACCOUNTING_NO_CONCERN : CGN_ACCOUNTING_MALFORMED,
			"type %u", twice[i].type);
	}
	cr_expect(text_is(req.class_value, ""), "of the last, vendor-specific");
}

Test(radius_packet, first_class_and_filter_count)
{
	struct rb_packet p;

	begin_start(&p);
	rb_text(&p, RB_FILTER, "gold");
	rb_text(&p, RB_FILTER, "silver");
	rb_text(&p, RB_CLASS, "c1");
	rb_text(&p, RB_CLASS, "c2");
	cr_assert_eq(read_packet(&p), CGN_ACCOUNTING_NO_CONCERN);
	cr_expect(text_is(req.filter_id, "gold"));
	cr_expect(text_is(req.class_value, "c1"));
}

/* RFC 2866 sections 4.1 and 5.13 */
Test(radius_packet, what_is_needed_must_be_there)
{
	static const struct {
		uint32_t status; /* 0: none */
		bool session, nas, nas_id;
		enum cgn_accounting_result expected;
	} rows[] = {
		{0, true, true, true, CGN_ACCOUNTING_INCOMPLETE},
		{1, true, true, false, CGN_ACCOUNTING_NO_CONCERN},
		{1, true, false, true, CGN_ACCOUNTING_NO_CONCERN},
		{1, true, false, false, CGN_ACCOUNTING_INCOMPLETE},
		{2, false, true, true, CGN_ACCOUNTING_INCOMPLETE},
		{3, false, true, true, CGN_ACCOUNTING_INCOMPLETE},
		{7, false, true, false, CGN_ACCOUNTING_NO_CONCERN},
		{8, false, false, true, CGN_ACCOUNTING_NO_CONCERN},
		{7, false, false, false, CGN_ACCOUNTING_INCOMPLETE},
		{9, false, true, true, CGN_ACCOUNTING_NO_CONCERN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rb_packet p;

		rb_begin(&p, 1);
		if (rows[i].status != 0)
			rb_number(&p, RB_STATUS, rows[i].status);
		if (rows[i].session)
			rb_text(&p, RB_SESSION, "S1");
		if (rows[i].nas)
			rb_number(&p, RB_NAS, 0xc0000241);
		if (rows[i].nas_id)
			rb_text(&p, RB_NAS_ID, "bng1");
		cr_expect_eq(read_packet(&p), rows[i].expected, "row %zu", i);
	}
}

/* RFC 2865 section 5.8 */
Test(radius_packet, addresses_to_be_chosen_are_none)
{
	static const uint32_t none[] = {0, 0xfffffffe, 0xffffffff};

	for (size_t i = 0; i < 3; i++) {
		struct rb_packet p;

		begin_start(&p);
		rb_number(&p, RB_ADDRESS, none[i]);
		cr_assert_eq(read_packet(&p), CGN_ACCOUNTING_NO_CONCERN);
		cr_expect_eq(req.framed_addr, 0);
	}
}

static uint64_t
key_of(uint32_t nas, const char *nas_id, const char *session)
{
	struct rb_packet p;

	rb_begin(&p, 1);
	rb_number(&p, RB_STATUS, 1);
	rb_text(&p, RB_SESSION, session);
	if (nas != 0)
		rb_number(&p, RB_NAS, nas);
	if (nas_id != NULL)
		rb_text(&p, RB_NAS_ID, nas_id);
	cr_assert_eq(read_packet(&p), CGN_ACCOUNTING_NO_CONCERN);
	return cgn_radius_session_key(&req);
}

Test(radius_packet, a_session_is_named_by_its_access_server_too)
{
	cr_expect_eq(key_of(1, NULL, "S1"), key_of(1, NULL, "S1"));
	cr_expect_neq(key_of(1, NULL, "S1"), key_of(1, NULL, "S2"));
	cr_expect_neq(key_of(1, NULL, "S1"), key_of(2, NULL, "S1"));
	cr_expect_neq(key_of(1, "a", "S1"), key_of(1, "b", "S1"));
}

static const char *
str_of(const void *bytes, uint8_t len, uint32_t size)
{
	static char out[256];
	struct cgn_radius_text text = {bytes, len};

	cr_assert_eq(cgn_radius_text_str(&text, out, size), len > 0);
	cr_assert_lt(strlen(out), size);
	return out;
}

Test(radius_packet, text_has_no_space_comma_or_control)
{
	cr_expect_str_eq(str_of("alice@example.net", 17, 64), "alice@example.net");
	cr_expect_str_eq(str_of("a b,c%", 6, 64), "a%20b%2Cc%25");
	cr_expect_str_eq(str_of("\0\xff\n", 3, 64), "%00%FF%0A");
	cr_expect_str_eq(str_of("", 0, 64), "");
}

Test(radius_packet, long_texts_stay_different)
{
	char a[253], b[253], first[64];

	memset(a, 'x', sizeof(a));
	memcpy(b, a, sizeof(b));
	b[252] = 'y';
	strcpy(first, str_of(a, 253, 64));
	cr_expect_eq(strlen(first), 63);
	cr_expect_str_neq(first, str_of(b, 253, 64));
	memset(a, 'x', 63);
	cr_expect_eq(strspn(str_of(a, 63, 64), "x"), 63, "just fits");
	memset(a, ' ', sizeof(a)); /* escapes are not cut in two */
	cr_expect_eq(strchr(str_of(a, 253, 64), '~') - str_of(a, 253, 64), 54);
}
