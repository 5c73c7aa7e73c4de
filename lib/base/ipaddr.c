/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing and printing of IPv4 addresses and prefixes. Called by conf, manage and the tools. */
#include "ipaddr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Reads a decimal number of at most max without sign or leading zero; moves *s past it. */
static int
parse_decimal(const char **s, unsigned int max, unsigned int *out)
{
	const char *p = *s;
	unsigned int v = 0;

	if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
		return -EINVAL;
	while (*p >= '0' && *p <= '9') {
		v = v * 10 + (unsigned int)(*p++ - '0');
		if (v > max)
			return -EINVAL;
	}
	*s = p;
	*out = v;
	return 0;
}

static int
parse_quad(const char **s, uint32_t *addr)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned int octet;

		if (i > 0 && *(*s)++ != '.')
			return -EINVAL;
		if (parse_decimal(s, 255, &octet) < 0)
			return -EINVAL;
		v = v << 8 | octet;
	}
	*addr = v;
	return 0;
}

int
cgn_ip4_parse(const char *s, uint32_t *addr)
{
	uint32_t v;

	if (parse_quad(&s, &v) < 0 || *s != '\0')
		return -EINVAL;
	*addr = v;
	return 0;
}

int
cgn_prefix_parse(const char *s, struct cgn_prefix *p)
{
	unsigned int len = 32;
	uint32_t v;

	if (parse_quad(&s, &v) < 0)
		return -EINVAL;
	if (*s == '/') {
		s++;
		if (parse_decimal(&s, 32, &len) < 0)
			return -EINVAL;
	}
	if (*s != '\0')
		return -EINVAL;
	p->addr = v;
	p->len = (uint8_t)len;
	return 0;
}

const char *
cgn_ip4_str(uint32_t addr, char *buf)
{
	snprintf(buf, CGN_IP4_STRLEN, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
		addr & 255);
	return buf;
}

const char *
cgn_prefix_str(struct cgn_prefix p, char *buf)
{
	size_t n;

	cgn_ip4_str(p.addr, buf);
	n = strlen(buf);
	snprintf(buf + n, CGN_PREFIX_STRLEN - n, "/%u", p.len);
	return buf;
}
