/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RADIUS accounting on the wire (RFC 2866, RFC 2869): reads a request, writes its answer. Pure and
 * without state; any thread. MD5 and HMAC-MD5 are nettle's: it takes no memory and cannot fail, and
 * GnuTLS, which the exporter's HTTP library needs, brings it along already.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "accounting.h"

enum {
	CGN_RADIUS_MIN = 20,   /* RFC 2866 section 3, as the next one */
	CGN_RADIUS_MAX = 4095, /* of a request, and of its answer */
	CGN_RADIUS_AUTHENTICATOR_LEN = 16,
	CGN_RADIUS_SECRET_MAX = 128,
};

struct cgn_radius_secret {
	uint8_t len; /* 1 at least */
	uint8_t bytes[CGN_RADIUS_SECRET_MAX];
};

/* Value of an attribute, in the packet; len 0: there is none. */
struct cgn_radius_text {
	const uint8_t *bytes;
	uint8_t len;
};

/* An access server, as the request calls it (RFC 2866 section 4.1: by either, or both). */
struct cgn_radius_nas {
	uint32_t addr; /* NAS-IP-Address, host order, or 0 */
	uint32_t id;   /* digest of NAS-Identifier, or 0 */
};

struct cgn_radius_request {
	const uint8_t *bytes; /* the packet, */
	uint16_t len;         /* without what follows its Length */
	enum cgn_accounting_kind kind;
	uint32_t framed_addr; /* host order; 0: none, or one that is no address (RFC 2865 5.8) */
	uint32_t delay_s;     /* Acct-Delay-Time */
	uint32_t event_s;     /* Event-Timestamp, or 0 */
	struct cgn_radius_nas nas;
	/* The first of each. */
	struct cgn_radius_text user_name, calling_station, session, filter_id, class_value;
};

/*
 * Reads len bytes as an Accounting-Request under this secret. NO_CONCERN when it is one (what comes
 * of it is for others to see), else MALFORMED, WRONG_SECRET or INCOMPLETE, and it must not be
 * answered (RFC 2866 section 3); kind is UNREAD unless the packet was authentic. *req points into
 * bytes. Attributes that may stand once and stand twice are MALFORMED; those that are not read are
 * only bounded.
 */
enum cgn_accounting_result cgn_radius_read(const uint8_t *bytes, uint32_t len,
	const struct cgn_radius_secret *secret, struct cgn_radius_request *req);

/*
 * Writes the Accounting-Response to out, CGN_RADIUS_MAX bytes: Proxy-State attributes of the
 * request in their order, the Response Authenticator over all (RFC 2866 sections 3 and 4.2). The
 * same request has the same answer. Returns its length.
 */
uint32_t cgn_radius_answer(
	const struct cgn_radius_request *req, const struct cgn_radius_secret *secret, uint8_t *out);

/* The request's authenticator, 16 bytes. */
static inline const uint8_t *
cgn_radius_authenticator(const uint8_t *bytes)
{
	return bytes + 4;
}

/* 64 bits of a digest of a session's name: its access server and Acct-Session-Id. Never 0. */
uint64_t cgn_radius_session_key(const struct cgn_radius_request *req);

/*
 * A value as text: printable ASCII without space, comma and percent as it is, all other bytes as
 * %XX. What does not fit into size bytes ends in "~" and eight digits of its digest, so that two
 * long values stay two. Returns false for an empty value, with "" in out.
 */
bool cgn_radius_text_str(const struct cgn_radius_text *text, char *out, uint32_t size);
