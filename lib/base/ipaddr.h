/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 addresses and prefixes as configuration and control use them: plain integers in HOST byte
 * order. Wire order exists only in lib/net and in the fields typed rte_be32_t. No thread owns these
 * functions; they are pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgn_prefix {
	uint32_t addr; /* host order; host bits are zero unless the key asks for an interface
			  address */
	uint8_t len;   /* 0..32 */
};

enum { CGN_IP4_STRLEN = 16, CGN_PREFIX_STRLEN = 19 };

/* Netmask of a prefix length 0..32, host order. */
static inline uint32_t
cgn_mask(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

static inline uint32_t
cgn_prefix_first(struct cgn_prefix p)
{
	return p.addr & cgn_mask(p.len);
}

static inline uint32_t
cgn_prefix_last(struct cgn_prefix p)
{
	return p.addr | ~cgn_mask(p.len);
}

static inline uint64_t
cgn_prefix_size(struct cgn_prefix p)
{
	return UINT64_C(1) << (32 - p.len);
}

static inline bool
cgn_prefix_has(struct cgn_prefix p, uint32_t addr)
{
	return ((addr ^ p.addr) & cgn_mask(p.len)) == 0;
}

static inline bool
cgn_prefix_overlaps(struct cgn_prefix a, struct cgn_prefix b)
{
	return cgn_prefix_has(a, b.addr) || cgn_prefix_has(b, a.addr);
}

/* Strict dotted quad (no leading zeros, no short forms). Returns 0 or -EINVAL; *addr only on 0. */
int cgn_ip4_parse(const char *s, uint32_t *addr);

/* "a.b.c.d/len"; keeps host bits. A bare address is /32. Returns 0 or -EINVAL. */
int cgn_prefix_parse(const char *s, struct cgn_prefix *p);

/* Print into buf (CGN_IP4_STRLEN, CGN_PREFIX_STRLEN bytes at least); return buf. */
const char *cgn_ip4_str(uint32_t addr, char *buf);
const char *cgn_prefix_str(struct cgn_prefix p, char *buf);
