/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arrays that grow without moving, while workers read and write them. Address space is reserved for
 * the largest number of items there can ever be; memory comes when a range is filled. Workers thus
 * keep plain pointers, and never fault: whoever hands out an index has filled its place before.
 *
 * What is not filled cannot be read or written: an index that is out of range ends the process
 * instead of finding a zero. It counts for no limit of memory either (vm.overcommit_memory,
 * mlockall, core files). Whole 2 MiB within a range that is filled at one time ask for transparent
 * huge pages; smaller ones do not, so that a small box pays for pages of 4 KiB only.
 *
 * create, fill and destroy: one thread at a time for an array, the main thread in the daemon; they
 * make system calls. Fill may run while others use what is filled already: it leaves its contents
 * alone.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Space for n_max items of size bytes; none is filled. 2 MiB aligned. Memory is taken from the NUMA
 * node `socket` as long as that has some; -1: from any. NULL and errno when there is no space.
 */
void *cgn_reserve_create(size_t n_max, size_t size, int socket);

/* NULL is accepted. */
void cgn_reserve_destroy(void *array);

/*
 * Makes items first … first+n-1 usable, zero where they were not so before. 0; -ENOMEM when the
 * system has no memory for them (what was filled before stays usable); -EOVERFLOW beyond n_max.
 */
int cgn_reserve_fill(void *array, size_t first, size_t n);

/* Bytes of memory behind the array, in whole pages, with its own bookkeeping. Any thread. */
uint64_t cgn_reserve_bytes(const void *array);
