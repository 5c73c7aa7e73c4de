/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of a pcapng file; see pcapng.h. Sections are those of draft-ietf-opsawg-pcapng. */
#include "pcapng.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a, /* section 4.1 */
	BLOCK_INTERFACE = 1,        /* section 4.2 */
	BLOCK_STATISTICS = 5,       /* section 4.6 */
	BLOCK_PACKET = 6,           /* section 4.3 */
	MAGIC = 0x1a2b3c4d,
	LINK_ETHERNET = 1,
	OPT_END = 0,
	OPT_COMMENT = 1, /* section 3.5 */
	OPT_SHB_USERAPPL = 4,
	OPT_IF_NAME = 2,
	OPT_IF_DESCRIPTION = 3,
	OPT_IF_TSRESOL = 9,
	OPT_EPB_FLAGS = 2,
	OPT_ISB_START = 2,
	OPT_ISB_END = 3,
	OPT_ISB_RECEIVED = 4,
	OPT_ISB_DROPPED = 5,
	FLAG_INBOUND = 1, /* section 4.3.1 */
	FLAG_OUTBOUND = 2,
	TSRESOL_NS = 9,
	COMMENT_MAX = 512,
	BLOCK_MAX = 16384, /* any block that is written here, with room to spare */
};

static uint32_t
padded(uint32_t n)
{
	return (n + 3) & ~UINT32_C(3);
}

static void
put(struct cgn_pcapng *p, const void *bytes, uint32_t n)
{
	if (n > 0) /* the option that ends options has no value */
		memcpy(p->buffer + p->n, bytes, n);
	memset(p->buffer + p->n + n, 0, padded(n) - n);
	p->n += padded(n);
}

static void
put_u32(struct cgn_pcapng *p, uint32_t value)
{
	put(p, &value, sizeof(value));
}

static void
put_option(struct cgn_pcapng *p, uint16_t code, const void *value, uint32_t len)
{
	const uint16_t head[2] = {code, (uint16_t)len};

	put(p, head, sizeof(head));
	put(p, value, len);
}

static uint32_t
text_len(const char *text)
{
	size_t len = strlen(text); /* strnlen: gcc warns of it with LTO and a profile */

	return len < COMMENT_MAX ? (uint32_t)len : COMMENT_MAX;
}

static void
put_text(struct cgn_pcapng *p, uint16_t code, const char *text)
{
	put_option(p, code, text, text_len(text));
}

/* The high half first, as all times are (section 4.3). */
static void
put_time(struct cgn_pcapng *p, uint64_t ns)
{
	put_u32(p, (uint32_t)(ns >> 32));
	put_u32(p, (uint32_t)ns);
}

static void
put_option_time(struct cgn_pcapng *p, uint16_t code, uint64_t ns)
{
	const uint32_t halves[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	put_option(p, code, halves, sizeof(halves));
}

static void
begin_block(struct cgn_pcapng *p, uint32_t type)
{
	if (p->n + BLOCK_MAX > sizeof(p->buffer))
		cgn_pcapng_flush(p);
	p->block = p->n;
	put_u32(p, type);
	put_u32(p, 0);
}

/* Its length stands at both ends (section 3.1). */
static void
end_block(struct cgn_pcapng *p)
{
	uint32_t len = p->n + 4 - p->block;

	memcpy(p->buffer + p->block + 4, &len, sizeof(len));
	put_u32(p, len);
	p->total += len;
}

void
cgn_pcapng_begin(struct cgn_pcapng *p, int fd, const char *application, const char *comment)
{
	const uint16_t version[2] = {1, 0};
	const int64_t unknown_len = -1;

	memset(p, 0, offsetof(struct cgn_pcapng, buffer));
	p->fd = fd;
	begin_block(p, BLOCK_SECTION);
	put_u32(p, MAGIC);
	put(p, version, sizeof(version));
	put(p, &unknown_len, sizeof(unknown_len));
	put_text(p, OPT_COMMENT, comment);
	put_text(p, OPT_SHB_USERAPPL, application);
	put_option(p, OPT_END, NULL, 0);
	end_block(p);
}

void
cgn_pcapng_interface(
	struct cgn_pcapng *p, const char *name, const char *description, uint32_t snaplen)
{
	const uint16_t link[2] = {LINK_ETHERNET, 0};
	const uint8_t resolution = TSRESOL_NS;

	begin_block(p, BLOCK_INTERFACE);
	put(p, link, sizeof(link));
	put_u32(p, snaplen);
	put_text(p, OPT_IF_NAME, name);
	put_text(p, OPT_IF_DESCRIPTION, description);
	put_option(p, OPT_IF_TSRESOL, &resolution, sizeof(resolution));
	put_option(p, OPT_END, NULL, 0);
	end_block(p);
}

uint32_t
cgn_pcapng_packet_size(const struct cgn_pcapng_packet *packet)
{
	enum { HEAD = 28, FLAGS = 8, COMMENT_HEAD = 4, END = 4, TAIL = 4 };

	return HEAD + padded(packet->cap_len) + FLAGS + COMMENT_HEAD +
		padded(text_len(packet->comment)) + END + TAIL;
}

void
cgn_pcapng_packet(struct cgn_pcapng *p, const struct cgn_pcapng_packet *packet)
{
	const uint32_t flags = packet->is_outbound ? FLAG_OUTBOUND : FLAG_INBOUND;

	begin_block(p, BLOCK_PACKET);
	put_u32(p, packet->interface);
	put_time(p, packet->at_ns);
	put_u32(p, packet->cap_len);
	put_u32(p, packet->len);
	put(p, packet->bytes, packet->cap_len);
	put_option(p, OPT_EPB_FLAGS, &flags, sizeof(flags));
	put_text(p, OPT_COMMENT, packet->comment);
	put_option(p, OPT_END, NULL, 0);
	end_block(p);
}

void
cgn_pcapng_statistics(struct cgn_pcapng *p, const struct cgn_pcapng_statistics *s)
{
	begin_block(p, BLOCK_STATISTICS);
	put_u32(p, s->interface);
	put_time(p, s->end_ns);
	put_text(p, OPT_COMMENT, s->comment);
	put_option_time(p, OPT_ISB_START, s->start_ns);
	put_option_time(p, OPT_ISB_END, s->end_ns);
	put_option(p, OPT_ISB_RECEIVED, &s->received, sizeof(s->received));
	put_option(p, OPT_ISB_DROPPED, &s->dropped, sizeof(s->dropped));
	put_option(p, OPT_END, NULL, 0);
	end_block(p);
}

/* Writes the buffer; returns how many bytes of it the file has now. */
static uint32_t
write_buffer(struct cgn_pcapng *p)
{
	uint32_t done = 0;

	while (done < p->n) {
		ssize_t n = write(p->fd, p->buffer + done, p->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			p->error = n < 0 ? -errno : -EIO;
			break;
		}
		done += (uint32_t)n;
	}
	return done;
}

/* Bytes of the whole blocks among the first n of the buffer. */
static uint32_t
whole_blocks(const struct cgn_pcapng *p, uint32_t n)
{
	uint32_t at = 0, len;

	while (at + 8 <= n) {
		memcpy(&len, p->buffer + at + 4, sizeof(len));
		if (len > n - at)
			break;
		at += len;
	}
	return at;
}

int
cgn_pcapng_flush(struct cgn_pcapng *p)
{
	uint32_t done;

	if (p->error != 0) {
		p->n = 0; /* what comes after the end is forgotten */
		return p->error;
	}
	done = write_buffer(p);
	p->whole += whole_blocks(p, done);
	p->n = 0;
	if (p->error != 0 && ftruncate(p->fd, (off_t)p->whole) < 0)
		return p->error; /* nothing more can be done: the last block is cut */
	return p->error;
}
