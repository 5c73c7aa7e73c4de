/* SPDX-License-Identifier: BSD-3-Clause */
/* Composing frames for tests; see packet_build.h. Any thread. */
#include "packet_build.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

enum { ETHERTYPE_ARP = 0x0806, ETHERTYPE_IP4 = 0x0800 };

static const struct packet_spec defaults = {
	.dst_mac = {0x02, 0, 0, 0, 0, 0x01},
	.src_mac = {0x02, 0, 0, 0, 0, 0x02},
	.ethertype = ETHERTYPE_IP4,
	.ttl = 64,
	.frag = PACKET_DF,
	.payload_len = 16,
};

struct packet_spec
packet_udp(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	struct packet_spec s = defaults;

	s.proto = IPPROTO_UDP;
	s.src = src;
	s.sport = sport;
	s.dst = dst;
	s.dport = dport;
	return s;
}

struct packet_spec
packet_tcp(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags)
{
	struct packet_spec s = packet_udp(src, sport, dst, dport);

	s.proto = IPPROTO_TCP;
	s.tcp_flags = flags;
	s.tcp_seq = 0x01020304;
	return s;
}

struct packet_spec
packet_icmp(uint32_t src, uint32_t dst, uint8_t type, uint8_t code)
{
	struct packet_spec s = packet_udp(src, 0, dst, 0);

	s.proto = IPPROTO_ICMP;
	s.icmp_type = type;
	s.icmp_code = code;
	return s;
}

struct packet_spec
packet_echo(uint32_t src, uint32_t dst, bool request, uint16_t id)
{
	struct packet_spec s = packet_icmp(src, dst, request ? 8 : 0, 0);

	s.icmp_rest = (uint32_t)id << 16 | 1;
	return s;
}

struct packet_spec
packet_arp(void)
{
	static const uint8_t request[28] = {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 100, 64, 0,
		10, 0, 0, 0, 0, 0, 0, 100, 64, 0, 1};
	struct packet_spec s = defaults;

	memset(s.dst_mac, 0xff, sizeof(s.dst_mac));
	s.ethertype = ETHERTYPE_ARP;
	s.payload = request;
	s.payload_len = sizeof(request);
	return s;
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] * 256 + p[1]);
}

/* Adds with end-around carry at every step: slow, and not how lib/net does it. */
static uint16_t
csum_add(uint16_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t s = sum + (i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i]);

		sum = (uint16_t)(s > 0xffff ? s - 0xffff : s);
	}
	return sum;
}

uint16_t
packet_csum(const uint8_t *p, uint32_t len)
{
	return csum_add(0, p, len) ^ 0xffff;
}

static uint16_t
l4_csum_off(uint8_t proto)
{
	return proto == IPPROTO_TCP ? 16 : proto == IPPROTO_UDP ? 6 : 2;
}

uint16_t
packet_l4_csum_field(const uint8_t *ip)
{
	return get16(ip + (ip[0] & 15) * 4 + l4_csum_off(ip[9]));
}

uint16_t
packet_l4_csum(const uint8_t *ip)
{
	static const uint8_t zero[2];
	const uint8_t *l4 = ip + (ip[0] & 15) * 4;
	uint32_t len = ip[9] == IPPROTO_UDP ? get16(l4 + 4) : get16(ip + 2) - (ip[0] & 15) * 4u;
	uint16_t off = l4_csum_off(ip[9]), sum = 0;
	uint8_t tail[4] = {0, ip[9]};

	put16(tail + 2, len);
	if (ip[9] != IPPROTO_ICMP) {
		sum = csum_add(sum, ip + 12, 8);
		sum = csum_add(sum, tail, 4);
	}
	sum = csum_add(sum, l4, off);
	sum = csum_add(sum, zero, 2);
	sum = csum_add(sum, l4 + off + 2, len - off - 2) ^ 0xffff;
	return ip[9] == IPPROTO_UDP && sum == 0 ? 0xffff : sum;
}

bool
packet_l4_csum_is_right(const uint8_t *ip)
{
	uint16_t field = packet_l4_csum_field(ip);

	return field == packet_l4_csum(ip) || (ip[9] == IPPROTO_UDP && field == 0);
}

bool
packet_ip_csum_is_right(const uint8_t *ip)
{
	return packet_csum(ip, (ip[0] & 15) * 4u) == 0;
}

void
packet_mirror(uint8_t *frame, uint32_t off)
{
	uint8_t *ip = frame + off, *l4 = ip + (ip[0] & 15) * 4, t[4];

	memcpy(t, ip + 12, 4);
	memcpy(ip + 12, ip + 16, 4);
	memcpy(ip + 16, t, 4);
	if (ip[9] == IPPROTO_ICMP)
		return;
	memcpy(t, l4, 2);
	memcpy(l4, l4 + 2, 2);
	memcpy(l4 + 2, t, 2);
}

static uint32_t
build_eth(const struct packet_spec *s, uint8_t *p)
{
	uint32_t n = 12;

	assert(s->n_tags <= PACKET_MAX_TAGS);
	memcpy(p, s->dst_mac, 6);
	memcpy(p + 6, s->src_mac, 6);
	for (int i = 0; i < s->n_tags; i++, n += 4) {
		put16(p + n, s->tags[i].tpid);
		put16(p + n + 2, s->tags[i].tci);
	}
	put16(p + n, s->ethertype);
	return n + 2;
}

static uint32_t
build_payload(const struct packet_spec *s, uint8_t *p)
{
	assert(s->payload_len <= PACKET_MAX - 200);
	if (s->payload != NULL)
		memcpy(p, s->payload, s->payload_len);
	else
		for (uint32_t i = 0; i < s->payload_len; i++)
			p[i] = (uint8_t)(0xa0 + i * 7);
	return s->payload_len;
}

/* Everything behind the IP header; the checksum is still zero. */
static uint32_t
build_l4(const struct packet_spec *s, uint8_t *p)
{
	uint32_t n = 0;

	if ((s->frag & 0x1fff) != 0)
		return build_payload(s, p);
	switch (s->proto) {
	case IPPROTO_TCP:
		n = 20u + s->tcp_opts_len;
		put16(p, s->sport);
		put16(p + 2, s->dport);
		put32(p + 4, s->tcp_seq);
		put32(p + 8, s->tcp_ack);
		p[12] = (uint8_t)((s->tcp_doff ? s->tcp_doff : n / 4) << 4);
		p[13] = s->tcp_flags;
		put16(p + 14, 0xffff); /* window */
		put32(p + 16, 0);
		if (s->tcp_opts_len != 0)
			memcpy(p + 20, s->tcp_opts, s->tcp_opts_len);
		break;
	case IPPROTO_UDP:
		n = 8;
		put16(p, s->sport);
		put16(p + 2, s->dport);
		put16(p + 4, n + s->payload_len);
		put16(p + 6, 0);
		break;
	case IPPROTO_ICMP:
		n = 8;
		p[0] = s->icmp_type;
		p[1] = s->icmp_code;
		put16(p + 2, 0);
		put32(p + 4, s->icmp_rest);
		break;
	}
	return n + build_payload(s, p + n);
}

/* ip is complete but for what the spec breaks. */
static void
finish_l4(const struct packet_spec *s, uint8_t *ip, uint8_t *l4)
{
	uint16_t csum;

	if ((s->frag & 0x1fff) != 0 ||
		(s->proto != IPPROTO_TCP && s->proto != IPPROTO_UDP && s->proto != IPPROTO_ICMP))
		return;
	csum = packet_l4_csum(ip) ^ s->l4_csum_xor;
	if (s->proto == IPPROTO_UDP && s->udp_no_csum)
		csum = 0;
	put16(l4 + l4_csum_off(s->proto), csum);
	if (s->proto == IPPROTO_UDP)
		put16(l4 + 4, (uint32_t)(get16(l4 + 4) + s->udp_len_add));
}

static uint32_t
build_ip(const struct packet_spec *s, uint8_t *ip)
{
	uint32_t hdr_len = 20 + (s->opts_len + 3u) / 4 * 4, len;

	assert(hdr_len <= 60);
	memset(ip, 0, hdr_len);
	if (s->opts_len != 0)
		memcpy(ip + 20, s->opts, s->opts_len);
	len = hdr_len + build_l4(s, ip + hdr_len);
	ip[0] = (uint8_t)(0x40 | hdr_len / 4);
	ip[1] = s->tos;
	put16(ip + 2, len);
	put16(ip + 4, s->id);
	put16(ip + 6, s->frag);
	ip[8] = s->ttl;
	ip[9] = s->proto;
	put32(ip + 12, s->src);
	put32(ip + 16, s->dst);
	finish_l4(s, ip, ip + hdr_len);
	put16(ip + 2, (uint32_t)((int)len + s->ip_len_add));
	ip[0] = (uint8_t)((s->version ? s->version : 4) << 4 | (s->ihl ? s->ihl : hdr_len / 4));
	put16(ip + 10, packet_csum(ip, hdr_len) ^ s->ip_csum_xor);
	return len;
}

uint32_t
packet_build(const struct packet_spec *s, uint8_t *frame)
{
	uint32_t n = build_eth(s, frame);

	n += s->ethertype == ETHERTYPE_IP4 ? build_ip(s, frame + n) : build_payload(s, frame + n);
	for (; n < s->pad_to; n++)
		frame[n] = 0xee;
	return s->cut_to != 0 && s->cut_to < n ? s->cut_to : n;
}
