/* SPDX-License-Identifier: BSD-3-Clause */
/* The look-up structures inside struct cgn_directory; private to lib/tenant. Main thread. */
#pragma once

#include "directory.h"

/* Everything is numbered already. Returns 0 or -ENOMEM. */
int cgn_directory_maps_build(struct cgn_directory *dir);
void cgn_directory_maps_free(struct cgn_directory *dir);

/* nat.bypass of all tenants; needs their subscribers. 0 or -ENOMEM (directory_bypass.c). */
int cgn_directory_bypass_build(struct cgn_directory *dir);
void cgn_directory_bypass_free(struct cgn_directory *dir);
