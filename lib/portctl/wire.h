/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Big-endian numbers in the bytes of NAT-PMP and PCP messages, and IPv4 addresses in the 16 bytes
 * that PCP gives every address. Unaligned; no lengths are checked here. Used inside lib/portctl
 * only, on the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { CGN_PCP_ADDR_LEN = 16 };

static inline uint16_t
cgn_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
cgn_get_be32(const uint8_t *p)
{
	return (uint32_t)cgn_get_be16(p) << 16 | cgn_get_be16(p + 2);
}

static inline void
cgn_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
cgn_put_be32(uint8_t *p, uint32_t v)
{
	cgn_put_be16(p, (uint16_t)(v >> 16));
	cgn_put_be16(p + 2, (uint16_t)v);
}

/* ::ffff:a.b.c.d, RFC 6887 section 5: all 96 leading bits count. */
static inline bool
cgn_pcp_addr_is_ip4(const uint8_t *p)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(p, prefix, sizeof(prefix)) == 0;
}

static inline uint32_t
cgn_pcp_addr_get_ip4(const uint8_t *p)
{
	return cgn_get_be32(p + 12);
}

static inline void
cgn_pcp_addr_put_ip4(uint8_t *p, uint32_t addr)
{
	memset(p, 0, 10);
	p[10] = p[11] = 0xff;
	cgn_put_be32(p + 12, addr);
}
