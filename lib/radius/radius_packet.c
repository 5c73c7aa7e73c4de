/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounting-Request and Accounting-Response as bytes. Called by radius_server.c and tests. */
#include "radius_packet.h"

#include <stdio.h>
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>

enum { CODE_REQUEST = 4, CODE_RESPONSE = 5 }; /* RFC 2866 section 3 */

/* RFC 2865 section 5, RFC 2866 section 5, RFC 2869 sections 5.3 and 5.14. */
enum {
	ATTR_USER_NAME = 1,
	ATTR_NAS_IP_ADDRESS = 4,
	ATTR_FRAMED_IP_ADDRESS = 8,
	ATTR_FILTER_ID = 11,
	ATTR_CLASS = 25,
	ATTR_CALLING_STATION_ID = 31,
	ATTR_NAS_IDENTIFIER = 32,
	ATTR_PROXY_STATE = 33,
	ATTR_ACCT_STATUS_TYPE = 40,
	ATTR_ACCT_DELAY_TIME = 41,
	ATTR_ACCT_SESSION_ID = 44,
	ATTR_EVENT_TIMESTAMP = 55,
	ATTR_MESSAGE_AUTHENTICATOR = 80,
	ATTR_HEADER = 2, /* type and length, which counts itself */
};

static uint32_t
load32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* MD5 over the packet with this authenticator in its place, and the secret. */
static void
digest_packet(const uint8_t *packet, uint32_t len, const uint8_t *authenticator,
	const struct cgn_radius_secret *secret, uint8_t *digest)
{
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, 4, packet);
	md5_update(&md5, CGN_RADIUS_AUTHENTICATOR_LEN, authenticator);
	md5_update(&md5, len - CGN_RADIUS_MIN, packet + CGN_RADIUS_MIN);
	md5_update(&md5, secret->len, secret->bytes);
	md5_digest(&md5, MD5_DIGEST_SIZE, digest);
}

static const uint8_t zeros[CGN_RADIUS_AUTHENTICATOR_LEN];

/* RFC 2866 section 3, Request Authenticator. */
static bool
is_authentic(const uint8_t *bytes, uint32_t len, const struct cgn_radius_secret *secret)
{
	uint8_t digest[MD5_DIGEST_SIZE];

	digest_packet(bytes, len, zeros, secret, digest);
	return memeql_sec(digest, cgn_radius_authenticator(bytes), sizeof(digest));
}

/*
 * RFC 3579 section 3.2, with an authenticator of zeros since the Request Authenticator is made
 * after it (as RFC 5176 section 2.3 says of requests that are signed alike). at: of its value.
 */
static bool
message_is_authentic(
	const uint8_t *bytes, uint32_t len, uint32_t at, const struct cgn_radius_secret *secret)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct hmac_md5_ctx hmac;

	hmac_md5_set_key(&hmac, secret->len, secret->bytes);
	hmac_md5_update(&hmac, 4, bytes);
	hmac_md5_update(&hmac, sizeof(zeros), zeros);
	hmac_md5_update(&hmac, at - CGN_RADIUS_MIN, bytes + CGN_RADIUS_MIN);
	hmac_md5_update(&hmac, sizeof(zeros), zeros);
	at += sizeof(digest);
	hmac_md5_update(&hmac, len - at, bytes + at);
	hmac_md5_digest(&hmac, sizeof(digest), digest);
	return memeql_sec(digest, bytes + at - sizeof(digest), sizeof(digest));
}

/* Attributes are looked at one by one; the packet's own bounds hold for all of them. */
struct reader {
	struct cgn_radius_request *req;
	uint64_t seen[2]; /* bits by type, of those that may stand once and are below 128 */
	uint32_t message_authenticator, status;
};

/* May stand once: of those that are read, all but Filter-Id and Class (RFC 2866 section 5.13). */
static bool
is_first(struct reader *r, uint8_t type)
{
	bool seen = r->seen[type / 64] >> (type % 64) & 1;

	r->seen[type / 64] |= UINT64_C(1) << (type % 64);
	return !seen;
}

static bool
read_text(struct reader *r, uint8_t type, struct cgn_radius_text value, struct cgn_radius_text *to)
{
	if (type == ATTR_FILTER_ID || type == ATTR_CLASS) {
		if (to->len == 0)
			*to = value;
		return true;
	}
	*to = value;
	return is_first(r, type);
}

static bool
read_number(struct reader *r, uint8_t type, struct cgn_radius_text value, uint32_t *to)
{
	if (value.len != sizeof(*to) || !is_first(r, type))
		return false;
	*to = load32(value.bytes);
	return true;
}

static uint32_t
digest32(struct cgn_radius_text value)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, value.len, value.bytes);
	md5_digest(&md5, sizeof(digest), digest);
	return load32(digest) | (load32(digest) == 0);
}

static bool
read_attribute(struct reader *r, uint8_t type, struct cgn_radius_text value)
{
	struct cgn_radius_request *req = r->req;

	switch (type) {
	case ATTR_USER_NAME:
		return read_text(r, type, value, &req->user_name);
	case ATTR_CALLING_STATION_ID:
		return read_text(r, type, value, &req->calling_station);
	case ATTR_ACCT_SESSION_ID:
		return read_text(r, type, value, &req->session);
	case ATTR_FILTER_ID:
		return read_text(r, type, value, &req->filter_id);
	case ATTR_CLASS:
		return read_text(r, type, value, &req->class_value);
	case ATTR_NAS_IDENTIFIER:
		req->nas.id = value.len > 0 ? digest32(value) : 0;
		return is_first(r, type);
	case ATTR_NAS_IP_ADDRESS:
		return read_number(r, type, value, &req->nas.addr);
	case ATTR_FRAMED_IP_ADDRESS:
		return read_number(r, type, value, &req->framed_addr);
	case ATTR_ACCT_STATUS_TYPE:
		return read_number(r, type, value, &r->status);
	case ATTR_ACCT_DELAY_TIME:
		return read_number(r, type, value, &req->delay_s);
	case ATTR_EVENT_TIMESTAMP:
		return read_number(r, type, value, &req->event_s);
	case ATTR_MESSAGE_AUTHENTICATOR:
		r->message_authenticator = (uint32_t)(value.bytes - req->bytes);
		return value.len == MD5_DIGEST_SIZE && is_first(r, type);
	default:
		return true;
	}
}

static bool
read_attributes(struct reader *r)
{
	const struct cgn_radius_request *req = r->req;
	uint32_t at = CGN_RADIUS_MIN;

	while (at < req->len) {
		const uint8_t *attr = req->bytes + at;

		if (req->len - at < ATTR_HEADER || attr[1] < ATTR_HEADER || attr[1] > req->len - at)
			return false;
		if (!read_attribute(r, attr[0],
			    (struct cgn_radius_text){
				    attr + ATTR_HEADER, (uint8_t)(attr[1] - ATTR_HEADER)}))
			return false;
		at += attr[1];
	}
	return true;
}

static enum cgn_accounting_kind
kind_of(uint32_t status)
{
	switch (status) { /* RFC 2866 section 5.1 */
	case 1:
		return CGN_ACCOUNTING_START;
	case 2:
		return CGN_ACCOUNTING_STOP;
	case 3:
		return CGN_ACCOUNTING_INTERIM;
	case 7:
		return CGN_ACCOUNTING_ON;
	case 8:
		return CGN_ACCOUNTING_OFF;
	default:
		return CGN_ACCOUNTING_OTHER;
	}
}

/* RFC 2866 section 4.1 and 5.13; a session's name only where there is a session. */
static bool
is_complete(const struct cgn_radius_request *req)
{
	return (req->nas.addr != 0 || req->nas.id != 0) &&
		(req->kind > CGN_ACCOUNTING_INTERIM || req->session.len > 0);
}

enum cgn_accounting_result
cgn_radius_read(const uint8_t *bytes, uint32_t len, const struct cgn_radius_secret *secret,
	struct cgn_radius_request *req)
{
	struct reader r = {.req = req};
	uint32_t says;

	memset(req, 0, sizeof(*req));
	req->kind = CGN_ACCOUNTING_UNREAD;
	if (len < CGN_RADIUS_MIN || bytes[0] != CODE_REQUEST)
		return CGN_ACCOUNTING_MALFORMED;
	says = (uint32_t)bytes[2] << 8 | bytes[3];
	if (says < CGN_RADIUS_MIN || says > CGN_RADIUS_MAX || says > len)
		return CGN_ACCOUNTING_MALFORMED;
	req->bytes = bytes;
	req->len = (uint16_t)says;
	if (!is_authentic(bytes, says, secret))
		return CGN_ACCOUNTING_WRONG_SECRET;
	if (!read_attributes(&r))
		return CGN_ACCOUNTING_MALFORMED;
	if (r.message_authenticator != 0 &&
		!message_is_authentic(bytes, says, r.message_authenticator, secret))
		return CGN_ACCOUNTING_WRONG_SECRET;
	if (r.status == 0)
		return CGN_ACCOUNTING_INCOMPLETE;
	req->kind = kind_of(r.status);
	if (req->framed_addr >= UINT32_C(0xfffffffe)) /* "to be chosen", RFC 2865 section 5.8 */
		req->framed_addr = 0;
	return is_complete(req) ? CGN_ACCOUNTING_NO_CONCERN : CGN_ACCOUNTING_INCOMPLETE;
}

uint32_t
cgn_radius_answer(
	const struct cgn_radius_request *req, const struct cgn_radius_secret *secret, uint8_t *out)
{
	uint32_t len = CGN_RADIUS_MIN;

	for (uint32_t at = CGN_RADIUS_MIN; at < req->len; at += req->bytes[at + 1]) {
		const uint8_t *attr = req->bytes + at;

		if (attr[0] != ATTR_PROXY_STATE)
			continue;
		memcpy(out + len, attr, attr[1]);
		len += attr[1];
	}
	out[0] = CODE_RESPONSE;
	out[1] = req->bytes[1];
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)len;
	digest_packet(out, len, cgn_radius_authenticator(req->bytes), secret, out + 4);
	return len;
}

uint64_t
cgn_radius_session_key(const struct cgn_radius_request *req)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct md5_ctx md5;
	uint64_t key;

	md5_init(&md5);
	md5_update(&md5, sizeof(req->nas), (const uint8_t *)&req->nas);
	md5_update(&md5, req->session.len, req->session.bytes);
	md5_digest(&md5, sizeof(digest), digest);
	memcpy(&key, digest, sizeof(key));
	return key | (key == 0);
}

static uint32_t
put_char(char *out, uint8_t c)
{
	if (c > ' ' && c <= '~' && c != ',' && c != '%') {
		*out = (char)c;
		return 1;
	}
	return (uint32_t)snprintf(out, 4, "%%%02X", c);
}

bool
cgn_radius_text_str(const struct cgn_radius_text *text, char *out, uint32_t size)
{
	enum { TAIL = 10, ESCAPE = 4 }; /* "~", eight digits, zero; "%XX", zero */
	char whole[3 * UINT8_MAX + ESCAPE];
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; i < text->len; i++) {
		n += put_char(whole + n, text->bytes[i]);
		if (n <= size - TAIL)
			kept = n; /* no escape is cut in two */
	}
	whole[n] = '\0';
	if (n < size)
		memcpy(out, whole, n + 1);
	else
		snprintf(out, size, "%.*s~%08x", (int)kept, whole, digest32(*text));
	return n > 0;
}
