/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs of consecutive free outside ports for PORT_SET (RFC 7753), within one block of a subscriber.
 * Control thread; looks at no more than the subscriber's blocks.
 */
#pragma once

#include "pool.h"

struct cgn_run_want {
	uint32_t inside, tenant;
	enum cgn_proto proto;
	uint32_t n;     /* at most so many, above 0 */
	uint16_t first; /* start here if all of them are free from here on; 0: anywhere */
	int parity;     /* of the first port: 0, 1, or -1 for any */
};

struct cgn_run {
	struct cgn_port at; /* first port */
	uint32_t n;         /* 0: none */
};

/*
 * The longest such run on the subscriber's paired address, which is another one by now if the old
 * one drains; leases one more block if that makes it longer. Takes no port yet.
 */
struct cgn_run cgn_pool_find_run(struct cgn_pool *pool, const struct cgn_run_want *want);

/* None of the run was taken: a block that was leased for it and is empty goes back. */
void cgn_pool_leave_run(struct cgn_pool *pool, const struct cgn_run *run);
