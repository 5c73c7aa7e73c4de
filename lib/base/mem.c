/* SPDX-License-Identifier: BSD-3-Clause */
/* The default allocator and the hook; see mem.h. */
#include "mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *
libc_zalloc(const char *name, size_t size, int socket)
{
	void *p;

	(void)name;
	(void)socket;
	size = (size + 63) & ~(size_t)63;
	p = aligned_alloc(64, size);
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

static const struct cgn_mem_ops libc_ops = {.zalloc = libc_zalloc, .free = free};
const struct cgn_mem_ops *cgn_mem = &libc_ops;

void *
cgn_mem_zalloc(const char *name, size_t n, size_t size, int socket)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - 64)
		return NULL;
	return cgn_mem->zalloc(name, bytes ? bytes : 1, socket);
}

void
cgn_mem_free(void *p)
{
	if (p != NULL)
		cgn_mem->free(p);
}
