/* SPDX-License-Identifier: BSD-3-Clause */
/* See request_build.h. */
#include "request_build.h"

#include <string.h>

#include <nettle/md5.h>

void
rb_begin(struct rb_packet *p, uint8_t id)
{
	*p = (struct rb_packet){.len = CGN_RADIUS_MIN, .bytes = {4, id}};
}

void
rb_bytes(struct rb_packet *p, uint8_t type, const void *value, uint8_t len)
{
	p->bytes[p->len] = type;
	p->bytes[p->len + 1] = (uint8_t)(len + 2);
	if (len > 0)
		memcpy(p->bytes + p->len + 2, value, len);
	p->len = (uint16_t)(p->len + len + 2);
}

void
rb_text(struct rb_packet *p, uint8_t type, const char *text)
{
	rb_bytes(p, type, text, (uint8_t)strlen(text));
}

void
rb_number(struct rb_packet *p, uint8_t type, uint32_t number)
{
	const uint8_t bytes[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number};

	rb_bytes(p, type, bytes, sizeof(bytes));
}

void
rb_sign(struct rb_packet *p)
{
	struct md5_ctx md5;

	p->bytes[2] = (uint8_t)(p->len >> 8);
	p->bytes[3] = (uint8_t)p->len;
	memset(p->bytes + 4, 0, CGN_RADIUS_AUTHENTICATOR_LEN);
	md5_init(&md5);
	md5_update(&md5, p->len, p->bytes);
	md5_update(&md5, strlen(RB_SECRET), (const uint8_t *)RB_SECRET);
	md5_digest(&md5, CGN_RADIUS_AUTHENTICATOR_LEN, p->bytes + 4);
}

struct cgn_radius_secret
rb_secret(void)
{
	struct cgn_radius_secret secret = {.len = (uint8_t)strlen(RB_SECRET)};

	memcpy(secret.bytes, RB_SECRET, secret.len);
	return secret;
}
