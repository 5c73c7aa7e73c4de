/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outside addresses that come back to their tenant after directories without them: they get the
 * number that they had, under which their ports may rest still (RFC 6888 REQ-8). Private to
 * lib/tenant. Main thread.
 */
#pragma once

#include "directory.h"

/*
 * The numbers of old that its pool addresses have had and that dir's configuration asks for again,
 * the tenants being numbered: a sealed map from address to number, one address a range, to be
 * finished by the caller. Returns 0 or -ENOMEM.
 */
int cgn_directory_returning(const struct cgn_directory *dir, const struct cgn_directory *old,
	struct cgn_range_map *map);

/* Makes pool_was and pool_were_of; pool_addrs and pool_tenants are there. Returns 0 or -ENOMEM. */
int cgn_directory_was_build(struct cgn_directory *dir, const struct cgn_directory *old);
