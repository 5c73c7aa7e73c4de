/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internet checksum arithmetic (RFC 1071) and its incremental update by equation 3 of RFC 1624:
 * HC' = ~(~HC + ~m + m'). Equation 2 and RFC 1141 are wrong for some values and not used.
 *
 * A "delta" is the folded sum of (~m + m') over everything that changes; it is computed once per
 * mapping and applied to each packet. The delta of the opposite change is ~delta. All values are
 * 16-bit words as they stand in memory (the sum does not care about byte order).
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

/* 64 bits hold the sum of any packet's words. */
static inline uint16_t
cgn_csum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum of the words at p; an odd last byte is padded with zero. Fold it before use. */
static inline uint64_t
cgn_csum_words(const void *p, uint32_t len)
{
	const uint8_t *b = p;
	uint64_t sum = 0;
	uint32_t w;
	uint16_t h;

	for (; len >= 4; len -= 4, b += 4) {
		memcpy(&w, b, 4);
		sum += w;
	}
	if (len >= 2) {
		memcpy(&h, b, 2);
		sum += h;
		b += 2;
		len -= 2;
	}
	if (len != 0) {
		uint8_t pad[2] = {*b, 0};

		memcpy(&h, pad, 2);
		sum += h;
	}
	return sum;
}

/* Complete checksum of len bytes. */
static inline uint16_t
cgn_csum(const void *p, uint32_t len)
{
	return (uint16_t)~cgn_csum_fold(cgn_csum_words(p, len));
}

static inline uint64_t
cgn_csum_delta16(uint16_t from, uint16_t to)
{
	return (uint64_t)(uint16_t)~from + to;
}

static inline uint64_t
cgn_csum_delta32(uint32_t from, uint32_t to)
{
	return (uint64_t)(uint32_t)~from + to;
}

/* delta: folded, or the unfolded sum of a few. */
static inline uint16_t
cgn_csum_update(uint16_t csum, uint64_t delta)
{
	return (uint16_t)~cgn_csum_fold((uint16_t)~csum + delta);
}

/* The same for a folded delta, in two instructions: equation 4 of RFC 1624, HC' = HC - delta with
 * the borrow brought round, gives what equation 3 gives for every pair of values. */
static inline uint16_t
cgn_csum_update_folded(uint16_t csum, uint16_t delta)
{
	uint16_t after;
	bool borrow = __builtin_sub_overflow(csum, delta, &after);

	return (uint16_t)(after - borrow);
}

/* UDP: zero means "no checksum" and stays zero; a computed zero is sent as 0xffff (RFC 768). */
static inline uint16_t
cgn_csum_update_udp(uint16_t csum, uint64_t delta)
{
	if (csum == 0)
		return 0;
	csum = cgn_csum_update(csum, delta);
	return csum == 0 ? 0xffff : csum;
}

/*
 * ICMP: without a pseudo header a message can be zeros alone, namely an echo reply with identifier
 * and sequence number 0. Its checksum is 0xffff, and the difference gives 0, which is wrong for it;
 * for other messages both forms are right. may_be_zeros: type and identifier are 0 after the
 * change.
 */
static inline uint16_t
cgn_csum_update_icmp(uint16_t csum, uint64_t delta, bool may_be_zeros)
{
	csum = cgn_csum_update(csum, delta);
	return csum == 0 && may_be_zeros ? 0xffff : csum;
}
