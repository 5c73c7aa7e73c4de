/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder for captures and a local log that says who has the port that tests trace: a1's block
 * around 203.0.113.18:8443. */
#pragma once

#include <criterion/criterion.h>
#include <dirent.h>
#include <unistd.h>

#include "logstore.h"
#include "sim.h"

#define FOLDERS "capture: {directory: %s}\nlog: {store: {directory: %s}}\n"

static inline void
remove_folder(const char *folder)
{
	DIR *d = opendir(folder);

	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(folder);
}

static inline void
written_log(const char *folder)
{
	const struct cgn_logstore_limits limits = {UINT64_MAX, 86400, 1 << 20, 86400};
	struct cgn_natlog_record r = {.id = CGN_NATLOG_BLOCK_LEASED,
		.number = 1,
		.utc_ms = UINT64_C(1790000000000),
		.inside_addr = SIM_A1,
		.outside_addr = 0xcb007112,
		.outside_port = 8192,
		.last_port = 8703,
		.tenant = "a"};
	struct cgn_errmsg err;
	struct cgn_logstore *store = cgn_logstore_open(folder, &limits, r.utc_ms, &err);

	cr_assert_not_null(store, "%s", err.text);
	cgn_logstore_put(store, &r, NULL);
	cgn_logstore_close(store);
}
