/* SPDX-License-Identifier: BSD-3-Clause */
/* See pcapng_read.h. */
#include "pcapng_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

struct block {
	const uint8_t *p;
	uint32_t len; /* of the body */
	uint32_t type;
};

static uint32_t
u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The value of an option at or behind at, and its length; NULL: there is none. */
static const uint8_t *
option(const struct block *b, uint32_t at, uint16_t wanted, uint16_t *len)
{
	while (at + 4 <= b->len) {
		uint16_t code = (uint16_t)(b->p[at] | b->p[at + 1] << 8);

		*len = (uint16_t)(b->p[at + 2] | b->p[at + 3] << 8);
		cr_assert_leq(at + 4 + *len, b->len, "option beyond its block");
		if (code == wanted)
			return b->p + at + 4;
		if (code == 0)
			break;
		at += 4 + ((*len + 3u) & ~3u);
	}
	return NULL;
}

static void
text(const struct block *b, uint32_t at, uint16_t code, char *to, size_t size)
{
	uint16_t len;
	const uint8_t *value = option(b, at, code, &len);

	cr_assert(value != NULL && len < size);
	memcpy(to, value, len);
	to[len] = '\0';
}

static uint64_t
number(const struct block *b, uint32_t at, uint16_t code)
{
	uint16_t len;
	const uint8_t *value = option(b, at, code, &len);
	uint64_t v;

	cr_assert(value != NULL && len == 8);
	memcpy(&v, value, 8);
	return v;
}

static void
read_packet(struct read_file *f, const struct block *b)
{
	struct read_packet *k = &f->packets[f->n_packets++];
	uint16_t len;
	const uint8_t *flags;

	cr_assert_leq(f->n_packets, READ_MAX);
	k->interface = u32(b->p);
	k->at = (uint64_t)u32(b->p + 4) << 32 | u32(b->p + 8);
	k->cap_len = u32(b->p + 12);
	k->len = u32(b->p + 16);
	cr_assert(k->interface < f->n_interfaces && k->cap_len <= READ_FRAME);
	memcpy(k->bytes, b->p + 20, k->cap_len);
	flags = option(b, 20 + ((k->cap_len + 3) & ~3u), 2, &len);
	cr_assert(flags != NULL && len == 4);
	k->flags = u32(flags);
	text(b, 20 + ((k->cap_len + 3) & ~3u), 1, k->comment, sizeof(k->comment));
}

static void
read_block(struct read_file *f, const struct block *b)
{
	switch (b->type) {
	case 0x0a0d0d0a:
		cr_assert_eq(u32(b->p), 0x1a2b3c4d);
		text(b, 16, 1, f->comment, sizeof(f->comment));
		break;
	case 1:
		cr_assert_lt(f->n_interfaces, 4);
		text(b, 8, 2, f->names[f->n_interfaces++], sizeof(f->names[0]));
		break;
	case 5:
		cr_assert_lt(u32(b->p), f->n_interfaces);
		f->received[u32(b->p)] = number(b, 12, 4);
		f->dropped[u32(b->p)] = number(b, 12, 5);
		f->n_statistics++;
		break;
	default:
		cr_assert_eq(b->type, 6, "block type %u", b->type);
		read_packet(f, b);
	}
}

struct read_file *
pcapng_read(const char *path)
{
	static uint8_t all[8 << 20];
	struct read_file *f = calloc(1, sizeof(*f));
	FILE *in = fopen(path, "rb");
	size_t n, at = 0;

	cr_assert(in != NULL && f != NULL, "%s", path);
	n = fread(all, 1, sizeof(all), in);
	fclose(in);
	while (at < n) {
		struct block b = {.p = all + at + 8, .type = u32(all + at)};
		uint32_t len = u32(all + at + 4);

		cr_assert(len >= 12 && len % 4 == 0 && at + len <= n, "block cut at %zu", at);
		cr_assert_eq(u32(all + at + len - 4), len, "lengths differ at %zu", at);
		b.len = len - 12;
		read_block(f, &b);
		at += len;
	}
	return f;
}
