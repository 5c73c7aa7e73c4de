/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for traffic: taken at start on the right NUMA node, given back at stop. The daemon points
 * it at DPDK's heap; tests without EAL leave the default (calloc), so that sanitizers see it.
 * Main thread only.
 */
#pragma once

#include <stddef.h>

struct cgn_mem_ops {
	void *(*zalloc)(
		const char *name, size_t size, int socket); /* 64-byte aligned, zeroed; or NULL */
	void (*free)(void *p);
};

extern const struct cgn_mem_ops *cgn_mem;

/* n objects of size bytes, zeroed; NULL when there is no room or the product overflows. */
void *cgn_mem_zalloc(const char *name, size_t n, size_t size, int socket);
void cgn_mem_free(void *p);
