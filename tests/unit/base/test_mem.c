/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/mem: the default allocator and the hook. */
#include "mem.h"

#include <stdint.h>
#include <stdlib.h>

#include <criterion/criterion.h>

static size_t asked_size;
static int asked_socket, n_freed;

static void *
spy_zalloc(const char *name, size_t size, int socket)
{
	cr_assert_str_eq(name, "thing");
	asked_size = size;
	asked_socket = socket;
	return calloc(1, size);
}

static void
spy_free(void *p)
{
	n_freed++;
	free(p);
}

static const struct cgn_mem_ops spy = {.zalloc = spy_zalloc, .free = spy_free};

Test(mem, memory_is_zeroed_and_on_a_cache_line)
{
	for (int round = 0; round < 20; round++) {
		unsigned char *p = cgn_mem_zalloc("thing", 3, 50, -1);

		cr_assert_not_null(p);
		cr_assert_eq((uintptr_t)p % 64, 0);
		for (int i = 0; i < 150; i++) {
			cr_assert_eq(p[i], 0);
			p[i] = 0xff; /* the next round may get this memory again */
		}
		cgn_mem_free(p);
	}
}

Test(mem, product_that_overflows_is_refused)
{
	cr_assert_null(cgn_mem_zalloc("thing", SIZE_MAX / 8, 16, -1));
	cr_assert_null(cgn_mem_zalloc("thing", SIZE_MAX - 10, 1, -1));
}

Test(mem, nothing_is_a_pointer_that_can_be_freed)
{
	void *p = cgn_mem_zalloc("thing", 0, 16, -1);

	cr_assert_not_null(p, "NULL would look like a lack of memory");
	cgn_mem_free(p);
	cgn_mem_free(NULL);
}

Test(mem, hook_gets_size_and_node_and_frees_what_it_gave)
{
	void *p;

	cgn_mem = &spy;
	p = cgn_mem_zalloc("thing", 6, 7, 1);
	cr_assert_not_null(p);
	cr_assert_eq(asked_size, 42);
	cr_assert_eq(asked_socket, 1);
	cgn_mem_free(NULL);
	cr_assert_eq(n_freed, 0);
	cgn_mem_free(p);
	cr_assert_eq(n_freed, 1);
}
