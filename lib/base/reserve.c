/* SPDX-License-Identifier: BSD-3-Clause */
/* Address space, pages on demand; see reserve.h. */
#include "reserve.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum {
	PAGE = 4096,
	HUGE = 2 * 1024 * 1024,
	PREFERRED = 1, /* MPOL_PREFERRED; numaif.h is libnuma's */
	WORD_BITS = 64,
};

/* Stands right before the array; before it, downwards, a bit for each page that is filled. */
struct reserve {
	void *map;
	size_t map_len;
	size_t n_max, size;
	_Atomic uint64_t filled; /* bytes */
	uint64_t pad[3];
};
_Static_assert(sizeof(struct reserve) == 64, "the array begins on a page");

static struct reserve *
reserve_of(const void *array)
{
	return (struct reserve *)(uintptr_t)array - 1;
}

static uint64_t *
filled_word(struct reserve *r, size_t page)
{
	return (uint64_t *)(void *)r - 1 - page / WORD_BITS;
}

static bool
is_filled(struct reserve *r, size_t page)
{
	return *filled_word(r, page) >> (page % WORD_BITS) & 1;
}

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* A wish: a kernel without NUMA, or a container that forbids the call, leaves memory where it is.
 */
static void
prefer_node(void *start, size_t len, int socket)
{
	unsigned long mask;

	if (socket < 0 || socket >= (int)(8 * sizeof(mask)))
		return;
	mask = 1ul << socket;
	(void)syscall(SYS_mbind, start, len, PREFERRED, &mask, 8 * sizeof(mask) + 1, 0);
}

void *
cgn_reserve_create(size_t n_max, size_t size, int socket)
{
	size_t bytes, meta, len;
	struct reserve *r;
	char *map, *array;

	if (__builtin_mul_overflow(n_max, size, &bytes) || bytes > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	bytes = round_up(bytes > 0 ? bytes : 1, HUGE);
	meta = round_up(sizeof(*r) + round_up(bytes / PAGE, WORD_BITS) / 8, PAGE);
	len = bytes + round_up(meta, HUGE) + HUGE;
	map = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	array = (char *)round_up((uintptr_t)map + meta, HUGE);
	if (mprotect(array - meta, meta, PROT_READ | PROT_WRITE) < 0) {
		munmap(map, len);
		errno = ENOMEM;
		return NULL;
	}
	r = reserve_of(array);
	*r = (struct reserve){.map = map, .map_len = len, .n_max = n_max, .size = size};
	prefer_node(array, bytes, socket);
	return array;
}

void
cgn_reserve_destroy(void *array)
{
	if (array != NULL)
		munmap(reserve_of(array)->map, reserve_of(array)->map_len);
}

/* Without MADV_POPULATE_WRITE: writes to each page without changing what others write there. */
static void
touch(char *start, size_t len)
{
	for (size_t at = 0; at < len; at += PAGE)
		atomic_fetch_or_explicit((_Atomic char *)(start + at), 0, memory_order_relaxed);
}

static int
populate(char *start, size_t len)
{
	char *huge = (char *)round_up((uintptr_t)start, HUGE);
	char *huge_end = (char *)((uintptr_t)(start + len) / HUGE * HUGE);

	if (mprotect(start, len, PROT_READ | PROT_WRITE) < 0)
		return -ENOMEM;
	if (huge < huge_end)
		(void)madvise(huge, (size_t)(huge_end - huge), MADV_HUGEPAGE); /* a wish */
	while (madvise(start, len, MADV_POPULATE_WRITE) < 0) {
		if (errno == EINTR || errno == EAGAIN)
			continue;
		if (errno != EINVAL)
			return -ENOMEM;
		touch(start, len);
		break;
	}
	return 0;
}

/* Pages first … end-1, none of which is filled. */
static int
fill_pages(void *array, size_t first, size_t end)
{
	struct reserve *r = reserve_of(array);
	size_t len = (end - first) * PAGE;
	int rc = populate((char *)array + first * PAGE, len);

	if (rc < 0)
		return rc;
	for (size_t page = first; page < end; page++)
		*filled_word(r, page) |= UINT64_C(1) << (page % WORD_BITS);
	atomic_fetch_add_explicit(&r->filled, len, memory_order_relaxed);
	return 0;
}

int
cgn_reserve_fill(void *array, size_t first, size_t n)
{
	struct reserve *r = reserve_of(array);
	size_t page, end;

	if (first > r->n_max || n > r->n_max - first)
		return -EOVERFLOW;
	if (n == 0)
		return 0;
	page = first * r->size / PAGE;
	end = ((first + n) * r->size + PAGE - 1) / PAGE;
	while (page < end) {
		size_t from;
		int rc;

		while (page < end && is_filled(r, page))
			page++;
		from = page;
		while (page < end && !is_filled(r, page))
			page++;
		rc = from < page ? fill_pages(array, from, page) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

uint64_t
cgn_reserve_bytes(const void *array)
{
	return atomic_load_explicit(&reserve_of(array)->filled, memory_order_relaxed) + PAGE;
}
