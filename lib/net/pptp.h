/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PPTP (RFC 2637): the messages of a control connection that name calls (section 2), and the
 * header of the data packets, enhanced GRE (section 4.1). Each end numbers the calls of its own;
 * a data packet carries the number of the end that it goes to. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

enum { CGN_PORT_PPTP = 1723 }; /* RFC 2637 section 3 */

/* Control message types that name a call of the PNS, and one that ends a call. */
enum cgn_pptp_type {
	CGN_PPTP_OUT_REQUEST = 7, /* of the PNS */
	CGN_PPTP_OUT_REPLY = 8,   /* of the PAC */
	CGN_PPTP_IN_REPLY = 10,   /* of the PNS */
	CGN_PPTP_IN_CONNECTED = 11,
	CGN_PPTP_CLEAR_REQUEST = 12,     /* of the PNS */
	CGN_PPTP_DISCONNECT_NOTIFY = 13, /* of the PAC */
	CGN_PPTP_WAN_ERROR = 14,
	CGN_PPTP_SET_LINK_INFO = 15, /* of the PNS by the RFC; PACs send it too */
};

struct cgn_pptp_message {
	uint16_t type;     /* any */
	uint32_t pns_at;   /* where the PNS's call id is, in the text; 0: it names none */
	uint16_t pns, pac; /* call ids, host order; pac: of a reply or a disconnect, else 0 */
	bool accepts;      /* a reply that says: connected (result code 1) */
};

/*
 * The message that begins at *at, which moves behind it; false when none does that is whole, of the
 * length that its type has, and begins with the magic cookie. from_pns: who has sent the text.
 * Begin with *at = 0, with the text of a segment; pns_at is even.
 */
bool cgn_pptp_next(const uint8_t *text, uint32_t len, bool from_pns, uint32_t *at,
	struct cgn_pptp_message *msg);

/* Where the call id is in the header at gre, of which len bytes can be read. */
enum { CGN_PPTP_GRE_CALL = 6, CGN_PPTP_GRE_HEADER = 8 };

/* Writes the header of a data packet of the call, with nothing in it. */
void cgn_pptp_gre_write(uint8_t gre[CGN_PPTP_GRE_HEADER], rte_be16_t call);

/* True and *call when it is a data packet of PPTP. */
bool cgn_pptp_gre(const uint8_t *gre, uint32_t len, rte_be16_t *call);
