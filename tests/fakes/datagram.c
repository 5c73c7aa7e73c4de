/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams in fragments; see datagram.h. */
#include "datagram.h"

#include <stdlib.h>
#include <string.h>

#include "sim_internal.h"

enum { MAX_OPEN = 256, MF = 0x2000, OFFSET = 0x1fff };

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t
hdr_len(const uint8_t *ip)
{
	return (ip[0] & 15) * 4u;
}

static void
fix_ip_csum(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, packet_csum(ip, hdr_len(ip)));
}

static uint32_t
l4_len(const uint8_t *ip)
{
	return ip[9] == 6 ? (ip[hdr_len(ip) + 12] >> 4) * 4u : 8;
}

void
datagram_make(struct datagram *d, const struct cgn_sim *sim, uint16_t port,
	const struct packet_spec *spec, uint32_t payload_len)
{
	static const uint8_t csum_at[256] = {[6] = 16, [17] = 6, [1] = 2};
	struct packet_spec s = *spec;
	uint8_t frame[PACKET_MAX], *l4;
	uint32_t n;

	s.payload_len = 0;
	memcpy(s.dst_mac, cgn_sim_port_mac(sim, port), 6);
	cgn_sim_host_mac(sim, s.src, s.src_mac);
	n = packet_build(&s, frame);
	d->l2_len = 14u + 4u * s.n_tags;
	d->len = n - d->l2_len;
	memcpy(d->l2, frame, d->l2_len);
	memcpy(d->ip, frame + d->l2_len, d->len);
	if (d->len + payload_len > DATAGRAM_MAX)
		cgn_sim_die("a datagram of %u bytes", d->len + payload_len);
	for (uint32_t i = 0; i < payload_len; i++)
		d->ip[d->len + i] = (uint8_t)(i * 31 + (i >> 8) + s.id);
	d->len += payload_len;
	put16(d->ip + 2, d->len);
	l4 = d->ip + hdr_len(d->ip);
	if (s.proto == 17)
		put16(l4 + 4, datagram_payload(d));
	put16(l4 + csum_at[s.proto], 0);
	put16(l4 + csum_at[s.proto], packet_l4_csum(d->ip));
	fix_ip_csum(d->ip);
}

uint32_t
datagram_payload(const struct datagram *d)
{
	return d->len - hdr_len(d->ip);
}

void
datagram_send_as(struct cgn_sim *sim, uint16_t port, const struct datagram *d, uint32_t off,
	uint32_t len, uint16_t field)
{
	uint32_t hdr = hdr_len(d->ip);
	struct cgn_sim_frame f = {.len = d->l2_len + hdr + len};
	uint8_t *ip = f.bytes + d->l2_len;

	memcpy(f.bytes, d->l2, d->l2_len);
	memcpy(ip, d->ip, hdr);
	memcpy(ip + hdr, d->ip + hdr + off, len);
	put16(ip + 2, hdr + len);
	put16(ip + 6, field);
	fix_ip_csum(ip);
	if (!cgn_sim_send(sim, port, f.bytes, f.len))
		cgn_sim_die("no room for a fragment");
}

void
datagram_send(
	struct cgn_sim *sim, uint16_t port, const struct datagram *d, uint32_t off, uint32_t len)
{
	uint16_t flags = get16(d->ip + 6) & PACKET_DF;
	bool is_last = off + len >= datagram_payload(d);

	len = is_last ? datagram_payload(d) - off : len;
	datagram_send_as(sim, port, d, off, len, (uint16_t)(flags | (is_last ? 0 : MF) | off / 8));
}

/* A datagram while it is put together. */
struct part {
	uint32_t n, end;
	uint8_t ip[DATAGRAM_MAX + 1];
	uint8_t has[DATAGRAM_MAX + 1];
};

static struct part *parts[MAX_OPEN];
static uint32_t n_parts, largest;
static bool in_order;

static bool
is_of(const struct part *p, const uint8_t *ip)
{
	return memcmp(p->ip + 12, ip + 12, 8) == 0 && p->ip[9] == ip[9] &&
		memcmp(p->ip + 4, ip + 4, 2) == 0;
}

static struct part *
part_of(const uint8_t *ip)
{
	for (uint32_t i = 0; i < n_parts; i++)
		if (is_of(parts[i], ip) && !(parts[i]->end > 0 && parts[i]->n == parts[i]->end))
			return parts[i];
	if (n_parts == MAX_OPEN)
		cgn_sim_die("more than %d datagrams", MAX_OPEN);
	parts[n_parts] = calloc(1, sizeof(**parts));
	if (parts[n_parts] == NULL)
		cgn_sim_die("no memory");
	memcpy(parts[n_parts]->ip, ip, 20); /* options are left out */
	return parts[n_parts++];
}

static void
put_in(const uint8_t *ip)
{
	uint32_t hdr = hdr_len(ip), len = get16(ip + 2) - hdr, field = get16(ip + 6);
	uint32_t off = (field & OFFSET) * 8;
	struct part *p = part_of(ip);

	if (len + hdr > largest)
		largest = len + hdr;
	in_order &= off == p->n;
	if (off == 0)
		memcpy(p->ip, ip, 20);
	if (off + len > DATAGRAM_MAX - 20)
		cgn_sim_die("the box has sent a fragment beyond 65535");
	for (uint32_t i = off; i < off + len; i++) {
		if (p->has[i] != 0)
			cgn_sim_die("the box has sent fragments that overlap");
		p->has[i] = 1;
		p->ip[20 + i] = ip[hdr + i - off];
	}
	p->n += len;
	if ((field & MF) == 0)
		p->end = off + len;
}

static void
finish(const struct part *p, struct datagram *d)
{
	memcpy(d->ip, p->ip, 20);
	memcpy(d->ip + 20, p->ip + 20, p->end);
	d->ip[0] = 0x45;
	d->len = 20 + p->end;
	put16(d->ip + 2, d->len);
	put16(d->ip + 6, 0);
	fix_ip_csum(d->ip);
}

uint32_t
datagram_collect(struct cgn_sim *sim, uint16_t port, struct datagram *d, uint32_t *n_left)
{
	static struct cgn_sim_frame f;
	uint32_t n_whole = 0;

	largest = 0;
	in_order = true;
	while (cgn_sim_receive(sim, port, &f)) {
		uint32_t off = 12;

		while (get16(f.bytes + off) == 0x8100 || get16(f.bytes + off) == 0x88a8)
			off += 4;
		if (get16(f.bytes + off) == 0x0800)
			put_in(f.bytes + off + 2);
	}
	for (uint32_t i = 0; i < n_parts; i++)
		if (parts[i]->end > 0 && parts[i]->n == parts[i]->end && n_whole++ == 0)
			finish(parts[i], d);
	if (n_left != NULL)
		*n_left = n_parts - n_whole;
	while (n_parts > 0)
		free(parts[--n_parts]);
	return n_whole;
}

uint32_t
datagram_largest(void)
{
	return largest;
}

bool
datagram_were_in_order(void)
{
	return in_order;
}

bool
datagram_is_translated(const struct datagram *got, const struct datagram *sent)
{
	uint32_t from = hdr_len(sent->ip) + l4_len(sent->ip), n = sent->len - from;

	return got->len == 20 + datagram_payload(sent) && packet_ip_csum_is_right(got->ip) &&
		packet_l4_csum_is_right(got->ip) &&
		memcmp(got->ip + got->len - n, sent->ip + from, n) == 0;
}
