/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffered reading of the journal; called by journal.c at open, on the main thread. */
#include "journal_reader.h"

#include <errno.h>
#include <string.h>

#include "journal_file.h"
#include "journal_record.h"

void
cgn_journal_reader_init(struct cgn_journal_reader *reader, int fd)
{
	reader->fd = fd;
	reader->offset = 0;
	reader->first = reader->end = 0;
	reader->version = 0;
	reader->why = NULL;
}

/* Makes want bytes ready, or all that are left of the file. want is less than the buffer. */
static int
fill(struct cgn_journal_reader *reader, size_t want)
{
	if (reader->end - reader->first >= want)
		return 0;
	memmove(reader->buf, reader->buf + reader->first, reader->end - reader->first);
	reader->end -= reader->first;
	reader->first = 0;
	while (reader->end < want) {
		ssize_t n = cgn_journal_sys->pread(reader->fd, reader->buf + reader->end,
			sizeof(reader->buf) - reader->end, (off_t)(reader->offset + reader->end));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		reader->end += (size_t)n;
	}
	return 0;
}

static void
use(struct cgn_journal_reader *reader, size_t len)
{
	reader->first += len;
	reader->offset += len;
}

int
cgn_journal_reader_header(struct cgn_journal_reader *reader)
{
	int rc = fill(reader, CGN_JOURNAL_HEADER_LEN);

	if (rc < 0)
		return rc;
	rc = cgn_journal_header_decode(reader->buf, reader->end, &reader->version);
	if (rc == 0)
		use(reader, CGN_JOURNAL_HEADER_LEN);
	return rc;
}

int
cgn_journal_reader_next(struct cgn_journal_reader *reader, struct cgn_journal_record *r)
{
	int rc = fill(reader, CGN_JOURNAL_RECORD_MAX);
	size_t len = reader->end - reader->first;

	if (rc < 0)
		return rc;
	if (len == 0)
		return 0;
	rc = cgn_journal_record_decode(
		reader->buf + reader->first, len, reader->version, r, &reader->why);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		reader->why = "the file ends in the middle of it";
		return -EBADMSG;
	}
	use(reader, (size_t)rc);
	return 1;
}
