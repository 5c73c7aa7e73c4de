/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a journal file from its start, record by record. Main thread, at open. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "journal.h"

enum { CGN_JOURNAL_READ_BYTES = 65536 };

struct cgn_journal_reader {
	int fd;
	uint64_t offset;   /* in the file, of buf[first] */
	size_t first, end; /* bytes of buf that are read and not yet used */
	uint32_t version;  /* of the format, once the header is read */
	const char *why;   /* after -EBADMSG: what is wrong with the record at offset */
	uint8_t buf[CGN_JOURNAL_READ_BYTES];
};

/* Begins at the start of fd, which stays the caller's. */
void cgn_journal_reader_init(struct cgn_journal_reader *reader, int fd);

/*
 * The header. 0, -ENODATA (file is empty, or nothing but the start of a header), -EPROTONOSUPPORT
 * (reader->version is not known), -EBADMSG (not a journal or damaged), or another errno of reading.
 */
int cgn_journal_reader_header(struct cgn_journal_reader *reader);

/* The next record. 1, 0 at the end of the file, -EBADMSG for one that is torn or damaged, or
 * another errno of reading. */
int cgn_journal_reader_next(struct cgn_journal_reader *reader, struct cgn_journal_record *r);
