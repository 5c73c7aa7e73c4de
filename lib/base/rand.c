/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffered kernel randomness; used by nat (ports, secrets) on the control and main threads. */
#include "rand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void
cgn_rand_init(struct cgn_rand *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->state = seed;
	r->is_seeded = seed != 0;
	r->next = sizeof(r->buf) / sizeof(r->buf[0]);
}

static void
refill(struct cgn_rand *r)
{
	size_t got = 0;

	while (got < sizeof(r->buf)) {
		ssize_t n = getrandom((char *)r->buf + got, sizeof(r->buf) - got, 0);

		/* Fails only with EINTR here: valid buffer, no flags, a kernel that has it. */
		if (n > 0)
			got += (size_t)n;
	}
	r->next = 0;
}

uint64_t
cgn_rand_u64(struct cgn_rand *r)
{
	if (r->is_seeded) { /* splitmix64 */
		uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		return z ^ (z >> 31);
	}
	if (r->next == sizeof(r->buf) / sizeof(r->buf[0]))
		refill(r);
	return r->buf[r->next++];
}
