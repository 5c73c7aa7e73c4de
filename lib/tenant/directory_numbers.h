/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers in struct cgn_directory; private to lib/tenant. Main thread. */
#pragma once

#include "directory.h"

/* Numbers in destination maps have this much room (cgn_dst_value). */
enum { CGN_MAX_NUMBERS = 1 << CGN_DST_SHIFT };

/*
 * Numbers interfaces, neighbours, subscribers and pool addresses; the tenants are numbered already.
 * Seals the maps from source address to inside index. Returns 0, -ENOMEM or -EOVERFLOW.
 */
int cgn_directory_numbers_build(struct cgn_directory *dir, const struct cgn_directory *old);
void cgn_directory_numbers_free(struct cgn_directory *dir);

/* The part of the above about subscribers and pool addresses; interfaces are numbered. */
int cgn_directory_addrs_build(struct cgn_directory *dir, const struct cgn_directory *old);
