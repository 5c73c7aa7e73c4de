/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations of very many tenants, for benches and tests of how time and memory grow with them.
 * A tenant has 100 subscribers in six prefixes, one attachment (every fourth a single tag on port
 * "trunk", the others two tags on port "access"), two outside addresses that are not neighbours,
 * and every tenth a port forward. All use the same inside addresses. With more than 100 listed
 * subscribers a tenant has one prefix with room for them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "load.h"

enum {
	MANY_TENANTS_MAX = 16000,
	MANY_TENANTS_SUBSCRIBERS = 100,
	MANY_TENANTS_ADDRESSES = 2,
};

struct many_tenants {
	uint32_t n;    /* tenants */
	uint32_t room; /* for how many the tables are made: not less than n, the same in a reload */
	uint32_t first; /* number of the first of them: those before it are gone */
	uint32_t
		changed; /* number of one with another quota; 0: none, as number 0 is never asked */
	uint32_t quota;  /* of mappings, of a subscriber of that one */
	uint32_t listed; /* subscribers in each tenant's list: half of them with a class, every
			  * tenth with a quota and a tag; more than 100 in a file of their own */
	const char *box; /* YAML lines of the appliance: all but tables and tenants */
};

/* Assigned addresses of a tenant. */
uint32_t many_tenants_addresses(const struct many_tenants *p);

/* The appliance's file, then the tenants', named "box" and "t0", "t1", …, and their lists "l0", …;
 * ends the process when memory is short. */
struct cgn_conf_source *many_tenants_make(const struct many_tenants *p, size_t *n_sources);
void many_tenants_free(struct cgn_conf_source *sources, size_t n_sources);
