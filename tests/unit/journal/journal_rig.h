/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal in a folder of its own, what was replayed from it, and a disk and a clock that do as
 * the test says. Syncs do nothing unless they are to fail: nobody pulls the plug here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "journal.h"
#include "journal_model.h"
#include "scratch.h"

enum { RIG_NOW_UTC_S = 1700000000, RIG_MAX_BYTES = 64 << 20 };

struct rig {
	char dir[SCRATCH_LEN], path[SCRATCH_LEN + 16], new_path[SCRATCH_LEN + 16];
	struct cgn_journal *j;
	struct cgn_journal_report report;
	struct cgn_errmsg err;
	struct model replayed;
	/* Set by tests, used by the system calls: 0 or an errno to fail with. */
	int read_errno, write_errno, fsync_errno, fdatasync_errno, rename_errno, cut_errno;
	int dir_fsync_errno;
	uint64_t disk_bytes; /* that can still be written; then write_errno or ENOSPC */
	uint64_t now_utc_s;
	uint32_t n_renames, n_fdatasyncs;
	bool is_sync_real;
};

extern struct rig rig;

void rig_start(void);  /* .init of a test suite */
void rig_finish(void); /* .fini */

/* Opens with the bound given, forgets earlier replays; asserts success or returns errno. */
void rig_open(uint64_t max_bytes);
int rig_open_fails(void);
void rig_close(void);

void rig_append(struct cgn_journal_record r);
void rig_flush(void); /* with sync; asserts success */

/* Whole files. rig_read allocates. */
uint8_t *rig_read(size_t *len);
void rig_write(const void *data, size_t len);
uint64_t rig_file_bytes(void);

/* Closes, opens and asserts that nothing was cut and the replay is the same as m. */
void rig_expect_reopened(const struct model *m);
