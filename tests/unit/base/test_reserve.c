/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/reserve: what is filled can be used, stays where it is, and is accounted. */
#include "reserve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "rand.h"

enum { PAGE = 4096, PAGE_ITEMS = PAGE / sizeof(uint64_t), N_MAX = 1 << 20 };

static uint64_t *array;

static void
start(void)
{
	array = cgn_reserve_create(N_MAX, sizeof(*array), -1);
	cr_assert_not_null(array);
}

static void
finish(void)
{
	cgn_reserve_destroy(array);
}

TestSuite(reserve, .init = start, .fini = finish);

Test(reserve, items_are_zero_and_keep_their_values_and_place)
{
	cr_assert_eq(cgn_reserve_fill(array, 0, 10), 0);
	for (uint64_t i = 0; i < 10; i++) {
		cr_assert_eq(array[i], 0);
		array[i] = i + 1;
	}
	cr_assert_eq(cgn_reserve_fill(array, 5, N_MAX - 5), 0);
	for (uint64_t i = 0; i < N_MAX; i++)
		cr_assert_eq(array[i], i < 10 ? i + 1 : 0);
	array[N_MAX - 1] = 7;
	cr_assert_eq(array[N_MAX - 1], 7);
}

Test(reserve, filled_pages_are_resident)
{
	unsigned char in_core[4] = {0};

	cr_assert_eq(cgn_reserve_fill(array, 0, 4 * PAGE_ITEMS), 0);
	cr_assert_eq(mincore(array, 4 * PAGE, in_core), 0);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(in_core[i] & 1, 1, "page %d would fault", i);
}

Test(reserve, pages_are_accounted_once)
{
	uint64_t empty = cgn_reserve_bytes(array);

	cr_assert_eq(empty, PAGE);
	cgn_reserve_fill(array, 0, 1);
	cr_assert_eq(cgn_reserve_bytes(array), empty + PAGE);
	cgn_reserve_fill(array, 1, PAGE_ITEMS - 1);
	cr_assert_eq(cgn_reserve_bytes(array), empty + PAGE);
	cgn_reserve_fill(array, 10 * PAGE_ITEMS - 1, 2); /* the end of one page and the next */
	cr_assert_eq(cgn_reserve_bytes(array), empty + 3 * PAGE);
	cgn_reserve_fill(array, 0, 12 * PAGE_ITEMS); /* all between */
	cr_assert_eq(cgn_reserve_bytes(array), empty + 12 * PAGE);
	cgn_reserve_fill(array, 3, 0);
	cr_assert_eq(cgn_reserve_bytes(array), empty + 12 * PAGE);
}

Test(reserve, range_beyond_the_maximum_is_refused)
{
	cr_assert_eq(cgn_reserve_fill(array, N_MAX, 1), -EOVERFLOW);
	cr_assert_eq(cgn_reserve_fill(array, 1, N_MAX), -EOVERFLOW);
	cr_assert_eq(cgn_reserve_fill(array, SIZE_MAX, 2), -EOVERFLOW);
	cr_assert_eq(cgn_reserve_fill(array, 2, SIZE_MAX), -EOVERFLOW);
	cr_assert_eq(cgn_reserve_fill(array, N_MAX, 0), 0);
}

Test(reserve, place_that_is_not_filled_ends_the_process, .signal = SIGSEGV)
{
	cgn_reserve_fill(array, 0, PAGE_ITEMS);
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it instead */
	atomic_store((_Atomic uint64_t *)&array[PAGE_ITEMS], 1);
}

Test(reserve, space_that_no_machine_has_is_refused)
{
	errno = 0;
	cr_assert_null(cgn_reserve_create(SIZE_MAX / 2, 4, -1));
	cr_assert_eq(errno, ENOMEM);
	cr_assert_null(cgn_reserve_create((size_t)1 << 60, 1, -1));
	cr_assert_eq(errno, ENOMEM);
	cgn_reserve_destroy(NULL);
}

Test(reserve, lack_of_memory_is_an_error_and_keeps_what_is_there)
{
	struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20}; /* below what runs here */

	cr_assert_eq(cgn_reserve_fill(array, 0, 10), 0);
	array[3] = 3;
	cr_assert_eq(setrlimit(RLIMIT_DATA, &limit), 0);
	cr_assert_eq(cgn_reserve_fill(array, PAGE_ITEMS, 512 * PAGE_ITEMS), -ENOMEM);
	cr_assert_eq(cgn_reserve_bytes(array), 2 * PAGE);
	cr_assert_eq(array[3], 3);
}

Test(reserve, space_for_the_largest_box_costs_no_memory)
{
	void *large = cgn_reserve_create((size_t)1 << 24, 1024, 0); /* 16 GiB */

	cr_assert_not_null(large);
	cr_assert_eq((uintptr_t)large % (2 << 20), 0);
	cr_assert_eq(cgn_reserve_bytes(large), PAGE);
	cr_assert_eq(cgn_reserve_fill(large, ((size_t)1 << 24) - 1, 1), 0);
	memset((char *)large + (((size_t)1 << 34) - 1024), 1, 1024);
	cr_assert_eq(cgn_reserve_bytes(large), 2 * PAGE);
	cgn_reserve_destroy(large);
}

static _Atomic bool done;

static void *
count_up(void *arg)
{
	uint64_t n = 0;

	for (; !atomic_load(&done); n++)
		for (uint32_t i = 0; i < PAGE_ITEMS; i++)
			__atomic_store_n(&array[i], n + 1, __ATOMIC_RELAXED);
	*(uint64_t *)arg = n;
	return NULL;
}

Test(reserve, filling_leaves_alone_what_others_write_meanwhile)
{
	uint64_t n = 0;
	pthread_t thread;

	cgn_reserve_fill(array, 0, PAGE_ITEMS);
	cr_assert_eq(pthread_create(&thread, NULL, count_up, &n), 0);
	for (size_t i = 0; i < N_MAX / 4; i += PAGE_ITEMS)
		cr_assert_eq(cgn_reserve_fill(array, i, PAGE_ITEMS), 0);
	atomic_store(&done, true);
	pthread_join(thread, NULL);
	for (uint32_t i = 0; i < PAGE_ITEMS; i++)
		cr_assert_eq(array[i], n);
}

Test(reserve, random_ranges_are_accounted_like_a_list_of_pages)
{
	static bool pages[N_MAX / PAGE_ITEMS];
	struct cgn_rand rand;

	cgn_rand_init(&rand, 42);
	for (int round = 0; round < 200; round++) {
		size_t first = cgn_rand_below(&rand, N_MAX), n = cgn_rand_below(&rand, 3000);
		uint64_t bytes = PAGE;

		n = n < N_MAX - first ? n : N_MAX - first;
		cr_assert_eq(cgn_reserve_fill(array, first, n), 0);
		for (size_t i = first; i < first + n; i++) {
			pages[i / PAGE_ITEMS] = true;
			cr_assert(array[i] == 0 || array[i] == i);
			array[i] = i;
		}
		for (size_t p = 0; p < N_MAX / PAGE_ITEMS; p++)
			bytes += pages[p] ? PAGE : 0;
		cr_assert_eq(cgn_reserve_bytes(array), bytes);
	}
}
