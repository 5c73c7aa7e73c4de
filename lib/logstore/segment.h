/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of a store: which there are, and their names, which say when they begin:
 * "ID-BASE_UTC-PREV_UTC.log" in decimal, times in ms. Relative to the folder's descriptor; any
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slot.h"

enum { CGN_SEGMENT_NAME_LEN = 64 };

struct cgn_segment {
	uint64_t id, base_utc, prev_utc;
	uint64_t size;
};

void cgn_segment_name(const struct cgn_segment *s, char name[CGN_SEGMENT_NAME_LEN]);

/* All of them by id, in *list, which the caller frees. Their number, or -errno. */
int cgn_segment_list(int dir_fd, struct cgn_segment **list);

/* All bytes at the offset; 0, -EIO at the end of the file, -errno. */
int cgn_segment_read(int fd, void *buf, size_t len, uint64_t offset);

/*
 * Opens it for reading. Its descriptor, or -errno; -EBADMSG: its header is damaged. *header is
 * filled; of an unsorted one, n_slots with what the size says.
 */
int cgn_segment_open(int dir_fd, const struct cgn_segment *s, struct cgn_segment_header *header);

/*
 * Sorts a segment that is written no more, in a file beside it that takes its place; a torn end is
 * left out. 0; 1: it is sorted already; -ENOENT: it had not even its snapshot, and is
 * removed; -errno: it is what it was. Takes 3 bytes of memory for 2 of the file.
 */
int cgn_segment_sort(int dir_fd, const struct cgn_segment *s);
