/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads messages and headers of PPTP; called by control/pptp_edit.c and datapath/other_proto.c. */
#include "pptp.h"

#include <string.h>

enum {
	HEADER = 12,
	CONTROL = 1, /* PPTP message type */
	RESULT_AT = 16,
	CONNECTED = 1,
	/* RFC 2637 section 4.1: of the first byte K set, S as may be, C, R, s and Recur zero. */
	GRE_MASK = 0xef,
	GRE_KEY = 0x20,
	GRE_A = 0x80, /* of the second */
	GRE_VERSION = 1,
	GRE_PROTOCOL = 0x880b,
};

#define COOKIE UINT32_C(0x1a2b3c4d)

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* RFC 2637 sections 2.7 to 2.15: the length of the message, and where it names calls. */
static const struct layout {
	uint8_t len, pns_at, pac_at;
	bool of_pns, of_pac, is_reply;
} layouts[] = {
	[CGN_PPTP_OUT_REQUEST] = {168, 12, 0, .of_pns = true},
	[CGN_PPTP_OUT_REPLY] = {32, 14, 12, .of_pac = true, .is_reply = true},
	[CGN_PPTP_IN_REPLY] = {24, 12, 14, .of_pns = true, .is_reply = true},
	[CGN_PPTP_IN_CONNECTED] = {28, 12, 0, .of_pac = true},
	[CGN_PPTP_CLEAR_REQUEST] = {16, 12, 0, .of_pns = true},
	[CGN_PPTP_DISCONNECT_NOTIFY] = {148, 0, 12, .of_pac = true},
	[CGN_PPTP_WAN_ERROR] = {40, 12, 0, .of_pac = true},
	[CGN_PPTP_SET_LINK_INFO] = {24, 12, 0, .of_pac = true},
};

static const struct layout *
layout_of(uint16_t type, bool from_pns)
{
	const struct layout *l = type < sizeof(layouts) / sizeof(layouts[0]) ? &layouts[type]
									     : NULL;

	return l != NULL && (from_pns ? l->of_pns : l->of_pac) ? l : NULL;
}

bool
cgn_pptp_next(const uint8_t *text, uint32_t len, bool from_pns, uint32_t *at,
	struct cgn_pptp_message *msg)
{
	const uint8_t *p = text + *at;
	const struct layout *l;
	uint32_t n;

	if (len - *at < HEADER)
		return false;
	n = get16(p);
	/* Messages have even lengths, so that a call id is one word of the checksum. */
	if (n < HEADER || n % 2 != 0 || n > len - *at || get16(p + 2) != CONTROL ||
		((uint32_t)get16(p + 4) << 16 | get16(p + 6)) != COOKIE)
		return false;
	*msg = (struct cgn_pptp_message){.type = get16(p + 8)};
	l = layout_of(msg->type, from_pns);
	if (l != NULL && l->len != n)
		return false;
	if (l != NULL && l->pns_at != 0) {
		msg->pns_at = *at + l->pns_at;
		msg->pns = get16(p + l->pns_at);
	}
	if (l != NULL && l->pac_at != 0)
		msg->pac = get16(p + l->pac_at);
	msg->accepts = l != NULL && l->is_reply && p[RESULT_AT] == CONNECTED;
	*at += n;
	return true;
}

void
cgn_pptp_gre_write(uint8_t gre[CGN_PPTP_GRE_HEADER], rte_be16_t call)
{
	static const uint8_t header[CGN_PPTP_GRE_HEADER] = {
		GRE_KEY, GRE_VERSION, GRE_PROTOCOL >> 8, GRE_PROTOCOL & 255};

	memcpy(gre, header, sizeof(header));
	memcpy(gre + CGN_PPTP_GRE_CALL, &call, sizeof(call));
}

bool
cgn_pptp_gre(const uint8_t *gre, uint32_t len, rte_be16_t *call)
{
	if (len < CGN_PPTP_GRE_HEADER || (gre[0] & GRE_MASK) != GRE_KEY ||
		(gre[1] & ~GRE_A) != GRE_VERSION || get16(gre + 2) != GRE_PROTOCOL)
		return false;
	memcpy(call, gre + CGN_PPTP_GRE_CALL, sizeof(*call));
	return true;
}
