/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control knows about the holder of an inside address: use against its quota, its paired
 * outside address and its port blocks. An array indexed by inside index: the
 * holder's (cgn_directory_holder), and the entries of his other addresses lie idle. Control is the
 * only reader and writer, others ask it.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#include "err.h"
#include "quota.h"

/* Assigned addresses of a box: a 10.0.0.0/8, 1 GiB of the structure below. */
enum { CGN_MAX_INSIDE = 1 << 24 };

struct cgn_subscriber {
	struct cgn_use use;
	uint32_t pool; /* pool index of its paired address; kept when it holds no block; or CGN_NONE
			*/
	uint32_t first_block; /* chain of its blocks, newest first, or CGN_NONE */
	uint16_t n_blocks;
	uint16_t last_refusal;   /* enum cgn_fate of the newest refusal, or CGN_FATE_NONE */
	uint16_t newest_refusal; /* record of control/refusals.h, 0: none */
	uint16_t n_resting;      /* of n_blocks: resting since a restart (nat/lease.h) */
};

/*
 * What the holder of an inside index may have: the one place that knows where a class comes from.
 * The class that its session names, else that of its entry in the tenant's list, else that of its
 * prefix; and over any of them the limits of its own that the list gives it, for which the result
 * is made in *own. The tenant lives in dir. Control; others with a copy of what control told them.
 */
static inline const struct cgn_class *
cgn_class_of(const struct cgn_directory *dir, uint32_t tenant, const struct cgn_subscriber *sub,
	uint32_t inside, struct cgn_class *own)
{
	const struct cgn_class *c = cgn_directory_class_at(
		dir, tenant, sub->use.class_number, inside);

	if ((dir->inside_kinds[inside] & CGN_KIND_OWN) == 0)
		return c;
	*own = cgn_class_make(c->name, &cgn_directory_listed(dir, tenant, inside)->limits, c);
	return own;
}

static_assert(sizeof(struct cgn_subscriber) == 64, "the directory's price per assigned address");
