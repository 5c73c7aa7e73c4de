/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/pptp: which messages name calls, where, and which packets are data of them. */
#include <string.h>

#include <criterion/criterion.h>

#include "pptp.h"

enum { PNS = 0x1122, PAC = 0x3344 };

static uint8_t text[1024];
static uint32_t len;

static void
put16(uint32_t at, uint16_t value)
{
	text[at] = (uint8_t)(value >> 8);
	text[at + 1] = (uint8_t)value;
}

/* One more message, with these words behind its header. */
static void
add(uint16_t type, uint16_t n, uint16_t first, uint16_t second)
{
	memset(text + len, 0, n);
	put16(len, n);
	put16(len + 2, 1);
	put16(len + 4, 0x1a2b);
	put16(len + 6, 0x3c4d);
	put16(len + 8, type);
	put16(len + 12, first);
	if (n >= 16)
		put16(len + 14, second);
	if (n > 16)
		text[len + 16] = 1; /* result code: connected */
	len += n;
}

static struct cgn_pptp_message
only(bool from_pns)
{
	struct cgn_pptp_message msg;
	uint32_t at = 0;

	cr_assert(cgn_pptp_next(text, len, from_pns, &at, &msg));
	cr_assert_eq(at, len);
	return msg;
}

Test(pptp, call_ids_of_each_message_are_found)
{
	static const struct {
		uint16_t type, n, first, second;
		bool from_pns;
		uint32_t pns_at;
		uint16_t pac;
		bool accepts;
	} rows[] = {
		{CGN_PPTP_OUT_REQUEST, 168, PNS, 0, true, 12, 0, false},
		{CGN_PPTP_OUT_REPLY, 32, PAC, PNS, false, 14, PAC, true},
		{CGN_PPTP_IN_REPLY, 24, PNS, PAC, true, 12, PAC, true},
		{CGN_PPTP_IN_CONNECTED, 28, PNS, 0, false, 12, 0, false},
		{CGN_PPTP_CLEAR_REQUEST, 16, PNS, 0, true, 12, 0, false},
		{CGN_PPTP_DISCONNECT_NOTIFY, 148, PAC, 0, false, 0, PAC, false},
		{CGN_PPTP_WAN_ERROR, 40, PNS, 0, false, 12, 0, false},
		{CGN_PPTP_SET_LINK_INFO, 24, PNS, 0, false, 12, 0, false},
		/* Of the other side they name no call of the PNS. */
		{CGN_PPTP_SET_LINK_INFO, 24, PAC, 0, true, 0, 0, false},
		{CGN_PPTP_OUT_REQUEST, 168, PNS, 0, false, 0, 0, false},
		{1, 156, 0x100, 0, true, 0, 0, false},
		{5, 16, 7, 7, false, 0, 0, false},
	};

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cgn_pptp_message msg;

		len = 0;
		add(rows[i].type, rows[i].n, rows[i].first, rows[i].second);
		msg = only(rows[i].from_pns);
		cr_expect_eq(msg.type, rows[i].type);
		cr_expect_eq(msg.pns_at, rows[i].pns_at, "row %u", i);
		cr_expect_eq(msg.pns, rows[i].pns_at != 0 ? PNS : 0, "row %u", i);
		cr_expect_eq(msg.pac, rows[i].pac, "row %u", i);
		cr_expect_eq(msg.accepts, rows[i].accepts, "row %u", i);
	}
}

Test(pptp, a_refused_call_is_not_accepted)
{
	len = 0;
	add(CGN_PPTP_OUT_REPLY, 32, PAC, PNS);
	text[16] = 2;
	cr_expect(!only(false).accepts);
}

Test(pptp, messages_follow_each_other)
{
	struct cgn_pptp_message msg;
	uint32_t at = 0;

	len = 0;
	add(5, 16, 1, 2);
	add(CGN_PPTP_OUT_REQUEST, 168, PNS, 0);
	cr_assert(cgn_pptp_next(text, len, true, &at, &msg));
	cr_expect_eq(msg.pns_at, 0);
	cr_assert(cgn_pptp_next(text, len, true, &at, &msg));
	cr_expect_eq(msg.pns_at, 16 + 12);
	cr_expect(!cgn_pptp_next(text, len, true, &at, &msg));
	/* The end is missing. */
	at = 16;
	cr_expect(!cgn_pptp_next(text, len - 1, true, &at, &msg));
}

Test(pptp, what_is_no_message_is_not_read)
{
	static const struct {
		uint32_t at;
		uint16_t value;
	} wrong[] = {{0, 15}, {0, 11}, {0, 0}, {0, 30}, {0, 34}, {0, 0xffff}, {2, 2}, {4, 0x1a2c},
		{6, 0x3c4e}};

	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cgn_pptp_message msg;
		uint32_t at = 0;

		len = 0;
		add(CGN_PPTP_OUT_REPLY, 32, PAC, PNS);
		put16(wrong[i].at, wrong[i].value);
		cr_expect(!cgn_pptp_next(text, len, false, &at, &msg), "row %u", i);
	}
}

Test(pptp, data_packets_are_known_by_their_header)
{
	uint8_t gre[] = {0x30, 0x81, 0x88, 0x0b, 0, 4, 0x11, 0x22, 0, 0, 0, 1};
	rte_be16_t call;

	cr_assert(cgn_pptp_gre(gre, sizeof(gre), &call));
	cr_expect_eq(call, RTE_BE16(0x1122));
	gre[0] = 0x20; /* an acknowledgement alone, then neither */
	cr_expect(cgn_pptp_gre(gre, 8, &call));
	gre[1] = 1;
	cr_expect(cgn_pptp_gre(gre, 8, &call));
	cr_expect(!cgn_pptp_gre(gre, 7, &call));
	gre[1] = 0; /* RFC 2784 */
	cr_expect(!cgn_pptp_gre(gre, 8, &call));
	gre[1] = 1;
	gre[0] = 0xa0; /* with a checksum */
	cr_expect(!cgn_pptp_gre(gre, 8, &call));
	gre[0] = 0;
	cr_expect(!cgn_pptp_gre(gre, 8, &call));
	gre[0] = 0x20;
	gre[2] = 8; /* IPv4 inside */
	cr_expect(!cgn_pptp_gre(gre, 8, &call));
	cgn_pptp_gre_write(gre, RTE_BE16(PAC));
	cr_expect(cgn_pptp_gre(gre, 8, &call));
	cr_expect_eq(call, RTE_BE16(PAC));
}
