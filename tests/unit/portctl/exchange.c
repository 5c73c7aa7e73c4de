/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of clients, byte by byte, and their exchange with lib/portctl; see exchange.h. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

uint16_t
at16(const uint8_t *p, uint32_t off)
{
	return (uint16_t)(p[off] * 256 + p[off + 1]);
}

uint32_t
at32(const uint8_t *p, uint32_t off)
{
	return at16(p, off) * UINT32_C(65536) + at16(p, off + 2);
}

void
put16(uint8_t *p, uint32_t off, uint16_t v)
{
	p[off] = (uint8_t)(v / 256);
	p[off + 1] = (uint8_t)(v % 256);
}

void
put32(uint8_t *p, uint32_t off, uint32_t v)
{
	put16(p, off, (uint16_t)(v / 65536));
	put16(p, off + 2, (uint16_t)(v % 65536));
}

void
bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	model_init(&bed->model);
	bed->policy = (struct cgn_portctl_policy){.natpmp = true,
		.pcp = true,
		.map = true,
		.peer = true,
		.prefer_failure = true,
		.filter = true,
		.port_set = true,
		.natpmp_max_lifetime_s = 7200,
		.pcp_min_lifetime_s = 120,
		.pcp_max_lifetime_s = 86400};
	bed->client.port = 40000;
	bed->client.service = MODEL_SERVICE;
	bed_client(bed, 0);
}

void
bed_client(struct bed *bed, uint32_t inside)
{
	bed->client.inside = inside;
	bed->client.addr = MODEL_FIRST_INSIDE + inside;
}

uint32_t
bed_send(struct bed *bed, const uint8_t *payload, uint32_t len)
{
	struct model before = bed->model;
	uint8_t *exact = malloc(len + 1); /* odd address, and the red zone right behind */

	if (exact == NULL)
		abort();
	if (len > 0)
		memcpy(exact + 1, payload, len);
	memset(bed->replies, 0xee, sizeof(bed->replies));
	memset(&bed->outcome, 0xee, sizeof(bed->outcome));
	bed->n_replies = cgn_portctl_handle(&model_ops, &bed->model, &bed->policy, &bed->client,
		exact + 1, len, bed->replies, &bed->outcome);
	exchange_check(bed, &before, exact + 1, len);
	free(exact);
	return bed->n_replies;
}

uint32_t
bed_ask(struct bed *bed, const struct request *r)
{
	return bed_send(bed, r->bytes, r->len);
}

int
bed_result(struct bed *bed, const struct request *r)
{
	uint32_t n = bed_ask(bed, r);

	if (n != 1)
		return n == 0 ? -1 : -2;
	return bed->replies[0].bytes[0] == 2 ? bed->replies[0].bytes[3]
					     : at16(bed->replies[0].bytes, 2);
}

struct request
pmp_map(uint8_t opcode, uint16_t inside_port, uint16_t suggested, uint32_t lifetime_s)
{
	struct request r = {.len = 12};

	r.bytes[1] = opcode;
	put16(r.bytes, 4, inside_port);
	put16(r.bytes, 6, suggested);
	put32(r.bytes, 8, lifetime_s);
	return r;
}

static void
put_addr(uint8_t *p, uint32_t addr)
{
	p[10] = p[11] = 0xff;
	put32(p, 12, addr);
}

static struct request
pcp_header(const struct bed *bed, uint8_t opcode, uint32_t lifetime_s)
{
	struct request r = {.len = 24};

	r.bytes[0] = 2;
	r.bytes[1] = opcode;
	put32(r.bytes, 4, lifetime_s);
	put_addr(r.bytes + 8, bed->client.addr);
	return r;
}

struct request
pcp_announce(const struct bed *bed)
{
	return pcp_header(bed, 0, 0);
}

struct request
pcp_map(const struct bed *bed, uint8_t protocol, uint16_t inside_port, uint32_t lifetime_s)
{
	struct request r = pcp_header(bed, 1, lifetime_s);

	r.len = 60;
	for (uint8_t i = 0; i < 12; i++)
		r.bytes[24 + i] = 0xa0 + i;
	r.bytes[36] = protocol;
	put16(r.bytes, 40, inside_port);
	put_addr(r.bytes + 44, 0);
	return r;
}

/* To 192.0.2.1:443. */
struct request
pcp_peer(const struct bed *bed, uint8_t protocol, uint16_t inside_port, uint32_t lifetime_s)
{
	struct request r = pcp_map(bed, protocol, inside_port, lifetime_s);

	r.len = 80;
	r.bytes[1] = 2;
	put16(r.bytes, 60, 443);
	put_addr(r.bytes + 64, 0xc0000201);
	return r;
}

void
pcp_suggest(struct request *r, uint32_t addr, uint16_t port)
{
	put16(r->bytes, 42, port);
	put_addr(r->bytes + 44, addr);
}

void
pcp_option(struct request *r, uint8_t code, const void *data, uint16_t len)
{
	uint8_t *p = r->bytes + r->len;

	p[0] = code;
	p[1] = 0;
	put16(p, 2, len);
	if (len > 0)
		memcpy(p + 4, data, len);
	r->len += 4 + (len + 3u) / 4 * 4;
}

void
pcp_third_party(struct request *r, uint32_t addr)
{
	uint8_t data[16] = {0};

	put_addr(data, addr);
	pcp_option(r, 1, data, sizeof(data));
}

void
pcp_filter(struct request *r, uint8_t prefix_len, uint16_t port, uint32_t addr)
{
	uint8_t data[20] = {0, prefix_len};

	put16(data, 2, port);
	put_addr(data + 4, addr);
	pcp_option(r, 3, data, sizeof(data));
}

void
pcp_port_set(struct request *r, uint16_t size, uint16_t first, bool parity)
{
	uint8_t data[5] = {[4] = parity};

	put16(data, 0, size);
	put16(data, 2, first);
	pcp_option(r, 130, data, sizeof(data));
}
