/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole configuration file into memory, or a sentence why not. Called by conf.c, main thread. */
#pragma once

#include <stddef.h>

#include "err.h"

/* Reads at most max bytes. Returns 0 with *text, to be freed, and *len; -ENOMEM; or -EINVAL with
 * "cannot …: why; what to do" in err. */
int cgn_file_read(const char *path, size_t max, char **text, size_t *len, struct cgn_errmsg *err);

/* entry as seen from the folder of the file base, without "." parts and double slashes; to be
 * freed. NULL: no memory. */
char *cgn_path_join(const char *base, const char *entry);
