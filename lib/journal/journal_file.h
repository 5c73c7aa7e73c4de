/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The journal's file on disk: opened under a lock, written at an offset, replaced as a whole. Knows
 * nothing of records. Main thread at open, then the exporter thread.
 *
 * The file is only ever created and replaced by writing NAME.new whole, syncing it and renaming it:
 * under its name there is at any moment either an empty file or one that was once complete.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* System calls that can fail or be cut short by a crash, and the clock; tests put others in place.
 * All but now_utc_s are as in their manual pages. */
struct cgn_journal_sys {
	ssize_t (*pread)(int fd, void *buf, size_t len, off_t offset);
	ssize_t (*pwrite)(int fd, const void *buf, size_t len, off_t offset);
	int (*fsync)(int fd);
	int (*fdatasync)(int fd);
	int (*ftruncate)(int fd, off_t size);
	int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
	uint64_t (*now_utc_s)(void);
};

extern const struct cgn_journal_sys *cgn_journal_sys;

struct cgn_journal_file {
	int fd;     /* locked */
	int dir_fd; /* the folder: every name is relative to it, whatever becomes of the path */
	bool is_dir_unsynced; /* a rename may be undone by a crash */
	char name[NAME_MAX + 1], new_name[NAME_MAX + 1];
};

/*
 * Opens path, or creates it empty, and locks it. 0 or negative errno with *err set: -EBUSY when
 * another process has it, -EINVAL when it is no regular file. A NAME.new that a crash left is
 * removed.
 */
int cgn_journal_file_open(struct cgn_journal_file *f, const char *path, struct cgn_errmsg *err);
void cgn_journal_file_close(struct cgn_journal_file *f);

/* Whether somebody removed the file, or moved it away, under the lock. */
bool cgn_journal_file_is_gone(const struct cgn_journal_file *f);

/* Writes all of it at offset of fd. 0 or negative errno; *written in both cases. */
int cgn_journal_file_write(int fd, const void *data, size_t len, uint64_t offset, size_t *written);

/* Cuts the file to size bytes, durably. 0 or negative errno. */
int cgn_journal_file_cut(struct cgn_journal_file *f, uint64_t size);

/* Begins a replacement: an empty NAME.new, locked. Returns its fd or negative errno. */
int cgn_journal_file_new(struct cgn_journal_file *f);

/*
 * Ends the replacement begun: syncs new_fd and puts it in the place of the file. 0 or negative
 * errno; then the file is what it was, and NAME.new is gone. cgn_journal_file_sync_dir is due.
 */
int cgn_journal_file_replace(struct cgn_journal_file *f, int new_fd);

/* Gives the replacement up. */
void cgn_journal_file_abandon(struct cgn_journal_file *f, int new_fd);

/* Makes the last rename durable. 0, at once when it is already, or negative errno. */
int cgn_journal_file_sync_dir(struct cgn_journal_file *f);
