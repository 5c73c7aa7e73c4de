/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Encoding and decoding of journal records; called by journal.c on the exporter thread and by
 * journal_reader.c on the main thread. The layout is in journal_record.h.
 */
#include "journal_record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "crc32c.h"

static const uint8_t magic[8] = {'C', 'G', 'N', 'A', 'T', 'D', 'J', '\n'};

static uint8_t *
put_be(uint8_t *out, uint64_t value, int n_bytes)
{
	for (int i = n_bytes - 1; i >= 0; i--) {
		out[i] = (uint8_t)value;
		value >>= 8;
	}
	return out + n_bytes;
}

static uint64_t
get_be(const uint8_t **in, int n_bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < n_bytes; i++)
		value = value << 8 | *(*in)++;
	return value;
}

static void
header_encode(uint8_t *out, uint32_t version)
{
	uint8_t *p = out;

	memcpy(p, magic, sizeof(magic));
	p = put_be(p + sizeof(magic), version, 4);
	put_be(p, cgn_crc32c(0, out, CGN_JOURNAL_HEADER_LEN - 4), 4);
}

void
cgn_journal_header_encode(uint8_t *out)
{
	header_encode(out, CGN_JOURNAL_VERSION);
}

int
cgn_journal_header_decode(const uint8_t *in, size_t len, uint32_t *version)
{
	uint8_t good[CGN_JOURNAL_HEADER_LEN];
	const uint8_t *p = in + sizeof(magic);

	*version = 0;
	if (len < CGN_JOURNAL_HEADER_LEN) {
		cgn_journal_header_encode(good);
		if (len >= 12 && in[11] > 0 && in[11] < CGN_JOURNAL_VERSION)
			header_encode(good, in[11]); /* the version's last byte */
		return memcmp(in, good, len) == 0 ? -ENODATA : -EBADMSG;
	}
	if (memcmp(in, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	*version = (uint32_t)get_be(&p, 4);
	if (get_be(&p, 4) != cgn_crc32c(0, in, CGN_JOURNAL_HEADER_LEN - 4))
		return -EBADMSG;
	return *version >= 1 && *version <= CGN_JOURNAL_VERSION ? 0 : -EPROTONOSUPPORT;
}

static uint32_t
tenant_len(const struct cgn_journal_record *r)
{
	return (uint32_t)strnlen(r->tenant, sizeof(r->tenant));
}

static bool
is_session_valid(const struct cgn_journal_record *r)
{
	size_t id_len = strnlen(r->id, sizeof(r->id));

	return id_len > 0 && id_len < sizeof(r->id) && r->n_filters == 0 &&
		strnlen(r->class_name, sizeof(r->class_name)) < sizeof(r->class_name);
}

bool
cgn_journal_record_is_valid(const struct cgn_journal_record *r)
{
	uint32_t len = tenant_len(r);

	if (r->type < CGN_JOURNAL_EPOCH || r->type > CGN_JOURNAL_SESSION_END)
		return false;
	if (r->type >= CGN_JOURNAL_LEASE && r->proto != 0)
		return false;
	if (r->type == CGN_JOURNAL_LEASE &&
		(r->set_size == 0 || r->outside_port + (uint32_t)r->set_size > 65536))
		return false;
	if (len == 0 || len == sizeof(r->tenant) || r->n_filters > CGN_JOURNAL_MAX_FILTERS)
		return false;
	if (r->type == CGN_JOURNAL_SESSION)
		return is_session_valid(r);
	for (uint32_t i = 0; i < r->n_filters; i++)
		if (r->filters[i].prefix_len > 32)
			return false;
	return true;
}

uint32_t
cgn_journal_record_size(const struct cgn_journal_record *r)
{
	uint32_t len = CGN_JOURNAL_PREFIX_LEN + CGN_JOURNAL_FIXED_LEN + tenant_len(r);

	if (r->type == CGN_JOURNAL_SESSION)
		return len + 2 + (uint32_t)(strlen(r->id) + strlen(r->class_name));
	return len + r->n_filters * (uint32_t)CGN_JOURNAL_FILTER_LEN;
}

static uint8_t *
put_text(uint8_t *p, const char *text)
{
	size_t len = strlen(text);

	*p++ = (uint8_t)len;
	/* Its length stands before it. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(p, text, len);
	return p + len;
}

static uint8_t *
put_body(uint8_t *p, const struct cgn_journal_record *r)
{
	p = put_be(p, r->at_utc_s, 8);
	p = put_be(p, r->ends_utc_s, 8);
	p = put_be(p, r->inside_addr, 4);
	p = put_be(p, r->outside_addr, 4);
	p = put_be(p, r->inside_port, 2);
	p = put_be(p, r->outside_port, 2);
	p = put_be(p, r->client_port, 2);
	p = put_be(p, r->set_size, 2);
	p = put_be(p, r->set_first, 2);
	*p++ = r->proto;
	*p++ = r->origin;
	*p++ = r->flags;
	*p++ = r->n_filters;
	memcpy(p, r->nonce, CGN_JOURNAL_NONCE_LEN);
	p += CGN_JOURNAL_NONCE_LEN;
	p = put_be(p, r->client_addr, CGN_JOURNAL_CLIENT_LEN);
	p = put_text(p, r->tenant);
	if (r->type == CGN_JOURNAL_SESSION)
		return put_text(put_text(p, r->id), r->class_name);
	for (uint32_t i = 0; i < r->n_filters; i++) {
		p = put_be(p, r->filters[i].addr, 4);
		*p++ = r->filters[i].prefix_len;
		p = put_be(p, r->filters[i].port, 2);
	}
	return p;
}

static uint32_t
checksum(const uint8_t *record, uint32_t body_len)
{
	return cgn_crc32c(cgn_crc32c(0, record, 4), record + CGN_JOURNAL_PREFIX_LEN, body_len);
}

uint32_t
cgn_journal_record_encode(const struct cgn_journal_record *r, uint8_t *out)
{
	uint8_t *body = out + CGN_JOURNAL_PREFIX_LEN;
	uint32_t body_len;

	assert(cgn_journal_record_is_valid(r));
	body_len = (uint32_t)(put_body(body, r) - body);
	assert(CGN_JOURNAL_PREFIX_LEN + body_len == cgn_journal_record_size(r));
	put_be(out, body_len, 2);
	out[2] = r->type;
	out[3] = 0;
	put_be(out + 4, checksum(out, body_len), 4);
	return CGN_JOURNAL_PREFIX_LEN + body_len;
}

static uint32_t
fixed_len(uint32_t version)
{
	return CGN_JOURNAL_FIXED_LEN - (version == 1 ? CGN_JOURNAL_CLIENT_LEN : 0);
}

/* A text below size bytes, from p to end at most; NULL when there is none. */
static const uint8_t *
get_text(const uint8_t *p, const uint8_t *end, char *text, size_t size)
{
	size_t len = p < end ? *p++ : size;

	if (len >= size || len > (size_t)(end - p) || memchr(p, 0, len) != NULL)
		return NULL;
	memcpy(text, p, len);
	return p + len;
}

/* What a SESSION has behind the tenant's name, to the end. */
static bool
get_session(const uint8_t *p, const uint8_t *end, struct cgn_journal_record *r)
{
	p = get_text(p, end, r->id, sizeof(r->id));
	if (p != NULL)
		p = get_text(p, end, r->class_name, sizeof(r->class_name));
	return p == end && r->n_filters == 0;
}

/* Whether a file of that version has records of that type. */
static bool
has_type(uint32_t version, uint8_t type)
{
	return type <= (version == 1                  ? CGN_JOURNAL_DEL
				       : version == 2 ? CGN_JOURNAL_RETURN
						      : CGN_JOURNAL_SESSION_END);
}

static void
get_filters(const uint8_t *p, struct cgn_journal_record *r)
{
	for (uint32_t i = 0; i < r->n_filters; i++) {
		r->filters[i].addr = (uint32_t)get_be(&p, 4);
		r->filters[i].prefix_len = *p++;
		r->filters[i].port = (uint16_t)get_be(&p, 2);
	}
}

/* p: a whole body of body_len bytes, fixed_len at least. Returns why it is bad. */
static const char *
get_body(const uint8_t *p, uint32_t body_len, uint32_t version, struct cgn_journal_record *r)
{
	const uint8_t *end = p + body_len;
	bool is_session = r->type == CGN_JOURNAL_SESSION;
	uint32_t len;

	r->at_utc_s = get_be(&p, 8);
	r->ends_utc_s = get_be(&p, 8);
	r->inside_addr = (uint32_t)get_be(&p, 4);
	r->outside_addr = (uint32_t)get_be(&p, 4);
	r->inside_port = (uint16_t)get_be(&p, 2);
	r->outside_port = (uint16_t)get_be(&p, 2);
	r->client_port = (uint16_t)get_be(&p, 2);
	r->set_size = (uint16_t)get_be(&p, 2);
	r->set_first = (uint16_t)get_be(&p, 2);
	r->proto = *p++;
	r->origin = *p++;
	r->flags = *p++;
	r->n_filters = *p++;
	memcpy(r->nonce, p, CGN_JOURNAL_NONCE_LEN);
	p += CGN_JOURNAL_NONCE_LEN;
	r->client_addr = r->inside_addr;
	if (version != 1)
		r->client_addr = (uint32_t)get_be(&p, CGN_JOURNAL_CLIENT_LEN);
	len = *p++;
	if (len == 0 || len >= CGN_JOURNAL_TENANT_LEN || r->n_filters > CGN_JOURNAL_MAX_FILTERS ||
		body_len < fixed_len(version) + len ||
		(!is_session &&
			body_len !=
				fixed_len(version) + len +
					r->n_filters * (uint32_t)CGN_JOURNAL_FILTER_LEN))
		return "lengths do not agree";
	memcpy(r->tenant, p, len);
	p += len;
	if (!is_session)
		get_filters(p, r);
	else if (!get_session(p, end, r))
		return "lengths do not agree";
	if (tenant_len(r) != len || !cgn_journal_record_is_valid(r) || !has_type(version, r->type))
		return "a field has a value that is not allowed";
	return NULL;
}

int
cgn_journal_record_decode(const uint8_t *in, size_t len, uint32_t version,
	struct cgn_journal_record *r, const char **why)
{
	const uint8_t *p = in;
	uint32_t body_len;

	memset(r, 0, sizeof(*r));
	*why = NULL;
	if (len < CGN_JOURNAL_PREFIX_LEN)
		return 0;
	body_len = (uint32_t)get_be(&p, 2);
	r->type = *p++;
	if (body_len < fixed_len(version) ||
		body_len > CGN_JOURNAL_RECORD_MAX - CGN_JOURNAL_PREFIX_LEN)
		*why = "its length is not allowed";
	else if (len < CGN_JOURNAL_PREFIX_LEN + body_len)
		return 0;
	else if (*p++ != 0)
		*why = "a byte that must be zero is not";
	else if (get_be(&p, 4) != checksum(in, body_len))
		*why = "its checksum is wrong";
	else
		*why = get_body(p, body_len, version, r);
	return *why == NULL ? (int)(CGN_JOURNAL_PREFIX_LEN + body_len) : -EBADMSG;
}
