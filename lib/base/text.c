/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict decimal numbers. Pure; any thread. */
#include "text.h"

#include <errno.h>

int
cgn_u64_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	int rc = 0;

	if (s[0] == '\0' || (s[0] == '0' && s[1] != '\0'))
		return -EINVAL;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			rc = -ERANGE;
	}
	if (rc < 0 || v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}
