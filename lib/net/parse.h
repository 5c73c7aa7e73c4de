/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame bytes → struct cgn_pkt. The only code that trusts a length field, after checking it
 * against what is there. Pure; any thread; no EAL.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_vect.h>

#include "csum.h"
#include "pkt.h"

/* Bytes of headers that must be contiguous for every frame that can be forwarded: Ethernet, two
 * tags, IPv4 with all options, TCP without options. */
enum { CGN_PARSE_MAX_HEADERS = 14 + 8 + 60 + 20 };

/* Ethernet without tags, IPv4 without options, TCP without options. */
enum { CGN_PARSE_PLAIN = 14 + 20 + 20, CGN_PARSE_PLAIN_L3 = 14, CGN_PARSE_PLAIN_L4 = 14 + 20 };

/* Of such a frame, up to the ports. */
enum { CGN_PARSE_PLAIN_PORTS = CGN_PARSE_PLAIN_L4 + 4 };

/* As cgn_parse, for frames of any shape. */
void cgn_parse_any(const uint8_t *data, uint32_t len, uint32_t frame_len, bool ip_csum_good,
	struct cgn_pkt *pkt);

/*
 * Is it UDP to 5350 or 5351 without tags, options or fragmenting? What cgn_parse_any then finds is
 * no fragment, has ports and this one, however malformed it is. Reads one vector of EtherType to
 * protocol, where the destination port takes the place of bytes that do not matter.
 */
static inline bool
cgn_parse_is_plain_natpmp(const uint8_t *data, uint32_t len)
{
	const __m128i mask = _mm_setr_epi8(
		-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, -1, 0, 0, -1, (char)0xfe);
	const __m128i want = _mm_setr_epi8(0x08, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, IPPROTO_UDP, 0, 0,
		CGN_PORT_PMP_CLIENT >> 8, (char)(CGN_PORT_PMP_CLIENT & 0xff));
	__m128i head;
	uint16_t dport;

	if (unlikely(len < CGN_PARSE_PLAIN_PORTS))
		return false;
	memcpy(&dport, data + CGN_PARSE_PLAIN_L4 + 2, sizeof(dport));
	head = _mm_loadu_si128((const __m128i *)(const void *)(data + 12));
	head = _mm_insert_epi16(head, dport, 7);
	return _mm_testz_si128(_mm_xor_si128(head, want), mask);
}

static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "fields are put together in words");
static_assert(offsetof(struct cgn_pkt, ip_len) == 12 && offsetof(struct cgn_pkt, has_ports) == 16 &&
		offsetof(struct cgn_pkt, sport) == 20 && offsetof(struct cgn_pkt, src) == 24,
	"and in vectors");

/*
 * The first half of *pkt. tcp: all ones, or 0. head: 16 bytes of the frame from its EtherType on.
 * In a plain frame ports stand behind addresses, in *pkt before them and behind has_ports.
 */
static inline void
cgn_parse_plain_fill(const uint8_t *data, __m128i head, uint32_t tcp, struct cgn_pkt *pkt)
{
	/* ip_len in host order, TTL and protocol to the places that they have in *pkt. */
	const __m128i places = _mm_setr_epi8(
		-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 5, 4, 10, 11);
	const __m128i offsets = _mm_setr_epi16(
		0, 0, 0, 0, CGN_PARSE_PLAIN_L3, CGN_PARSE_PLAIN_L4, 0, 0);
	const uint32_t first = (CGN_UDP + (CGN_TCP - CGN_UDP) * (tcp & 1)) << 8 |
		(data[CGN_PARSE_PLAIN_L4 + 13] & tcp) << 16;
	__m128i low = _mm_or_si128(_mm_shuffle_epi8(head, places), offsets);
	/* TTL to checksum, source, destination, ports */
	__m128i ends = _mm_loadu_si128((const __m128i *)(const void *)(data + 22));
	__m128i *out = (__m128i *)(void *)pkt;

	_mm_storeu_si128(out, _mm_insert_epi32(low, (int)first, 0));
	ends = _mm_shuffle_epi32(ends, _MM_SHUFFLE(2, 1, 3, 0));
	_mm_storeu_si128(out + 1, _mm_insert_epi32(ends, 1, 0)); /* has_ports */
}

/*
 * As cgn_parse, if the frame is what nearly all are: no tags, no options, no fragment, TCP or UDP,
 * and nothing to complain about; but of *pkt the half "From the stages" is the caller's. Else
 * false, and cgn_parse_any must say what it is. No branch tells TCP from UDP: they come mixed.
 */
static inline bool
cgn_parse_plain(const uint8_t *data, uint32_t len, uint32_t frame_len, bool ip_csum_good,
	struct cgn_pkt *pkt)
{
	/* EtherType, version and header length, MF and offset */
	const __m128i mask = _mm_setr_epi8(-1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, 0, 0, 0, 0, 0);
	const __m128i want = _mm_setr_epi8(0x08, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const uint8_t *ip = data + CGN_PARSE_PLAIN_L3, *l4 = data + CGN_PARSE_PLAIN_L4;
	uint32_t ip_len, tcp, n, n_tcp, n_udp;
	__m128i head;

	if (unlikely(len < CGN_PARSE_PLAIN))
		return false;
	head = _mm_loadu_si128((const __m128i *)(const void *)(data + 12));
	tcp = -(uint32_t)(ip[9] == IPPROTO_TCP);
	if (unlikely(!_mm_testz_si128(_mm_xor_si128(head, want), mask) ||
		    ip[9] != (IPPROTO_UDP ^ ((IPPROTO_UDP ^ IPPROTO_TCP) & tcp))))
		return false;
	/* Of TCP the length of the header, of UDP that of all. */
	n_tcp = (uint32_t)(l4[12] >> 4) * 4;
	n_udp = (uint32_t)(l4[4] << 8 | l4[5]);
	ip_len = (uint32_t)(ip[2] << 8 | ip[3]);
	n = n_udp ^ ((n_udp ^ n_tcp) & tcp);
	if (unlikely((n < 8 + (12 & tcp)) | (n + 20 > ip_len) |
		    (ip_len > frame_len - CGN_PARSE_PLAIN_L3)))
		return false;
	if (unlikely(!ip_csum_good) && cgn_csum_fold(cgn_csum_words(ip, 20)) != 0xffff)
		return false;
	cgn_parse_plain_fill(data, head, tcp, pkt);
	return true;
}

/*
 * data: the frame; len: contiguous bytes at data; frame_len: bytes of the whole frame (≥ len,
 * larger when it is chained). ip_csum_good: the device has verified the IPv4 header checksum.
 * Sets every field above "From the stages" and zeroes the others. A frame whose headers are not
 * within len bytes although they are within frame_len gets kind BAD_ETH, BAD_IP or BAD_L4 as if it
 * were cut: make CGN_PARSE_MAX_HEADERS contiguous first.
 * has_ports is set whenever a UDP or TCP port pair can be read, in first fragments and in packets
 * that are otherwise malformed too, so that classify can drop NAT-PMP from outside in every shape.
 * The ports of a fragment never come from Ethernet padding.
 */
static inline void
cgn_parse(const uint8_t *data, uint32_t len, uint32_t frame_len, bool ip_csum_good,
	struct cgn_pkt *pkt)
{
	if (unlikely(!cgn_parse_plain(data, len, frame_len, ip_csum_good, pkt)))
		cgn_parse_any(data, len, frame_len, ip_csum_good, pkt);
	else
		memset((uint8_t *)pkt + CGN_PKT_STAGES, 0, sizeof(*pkt) - CGN_PKT_STAGES);
}
