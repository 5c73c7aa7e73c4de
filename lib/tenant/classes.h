/* SPDX-License-Identifier: BSD-3-Clause */
/* The classes in struct cgn_directory, and who has which; private to lib/tenant. Main thread. */
#pragma once

#include "directory.h"

/* Numbers the classes of all tenants, which are numbered already. Returns 0 or -ENOMEM. */
int cgn_directory_classes_build(struct cgn_directory *dir, const struct cgn_directory *old);

/* Says of each inside index what its class is; addresses are numbered. Returns 0 or -ENOMEM. */
int cgn_directory_kinds_build(struct cgn_directory *dir);

void cgn_directory_classes_free(struct cgn_directory *dir);
