/* SPDX-License-Identifier: BSD-3-Clause */
/* Sorting a closed segment; see segment.h. Called by logstore_house.c, and at the start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segment.h"

enum { FILE_MODE = 0640, OUT_SLOTS = 4096 };
static const char sorting[] = "sorting.tmp";

struct key {
	uint64_t place; /* 1 << 48 | outside << 16 | first; 0: a mark */
	uint32_t at;    /* slot in the file */
};

struct sort {
	struct cgn_segment_header header;
	uint8_t *bytes; /* of all slots */
	struct key *keys;
	uint32_t n, n_marks, n_damaged;
	bool has_snapshot;
};

static int
compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void
note(struct sort *s, const struct cgn_slot *slot, uint32_t at)
{
	struct cgn_segment_header *h = &s->header;
	const bool is_mark = !cgn_slot_has_outside(slot);
	const uint32_t ports = (uint32_t)slot->last - slot->first + 1;

	s->keys[s->n++] = (struct key){.at = at,
		.place = is_mark ? 0
				 : UINT64_C(1) << 48 | (uint64_t)slot->outside << 16 | slot->first};
	s->n_marks += is_mark;
	s->has_snapshot |= slot->kind == CGN_SLOT_SNAPSHOT_END;
	if (slot->kind == CGN_SLOT_NAME || slot->kind == CGN_SLOT_TEXT)
		return; /* their bytes mean others */
	if (!is_mark && slot->last >= slot->first && ports > h->max_ports)
		h->max_ports = ports;
	if (!(slot->flags & CGN_SLOT_SNAPSHOT) && cgn_slot_utc(slot, h->base_utc) > h->last_utc)
		h->last_utc = cgn_slot_utc(slot, h->base_utc);
}

/* What cannot be read at the end was being written; elsewhere it is damage. */
static void
look(struct sort *s)
{
	struct cgn_slot slot;
	uint32_t bad = 0;

	s->header.last_utc = s->header.base_utc;
	for (uint32_t i = 0; i < s->header.n_slots; i++) {
		if (!cgn_slot_decode(s->header.id, s->bytes + (size_t)i * CGN_SLOT_LEN, &slot)) {
			bad++;
			continue;
		}
		s->n_damaged += bad;
		bad = 0;
		note(s, &slot, i);
	}
	qsort(s->keys, s->n, sizeof(*s->keys), compare);
}

static int
write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The damage is the first mark, before the names: it was there from the start for all we know. */
static int
write_head(const struct sort *s, int fd)
{
	uint8_t bytes[CGN_SEGMENT_HEADER_LEN + CGN_SLOT_LEN];
	struct cgn_segment_header h = s->header;
	struct cgn_slot damaged = {.kind = CGN_SLOT_DAMAGED};
	const bool has_damage = s->n_damaged > 0;

	h.flags |= CGN_SEGMENT_SORTED;
	h.n_slots = s->n + has_damage;
	h.n_marks = s->n_marks + has_damage;
	cgn_segment_header_encode(&h, bytes);
	cgn_slot_set_mark(&damaged, s->n_damaged, 0);
	cgn_slot_encode(h.id, &damaged, bytes + CGN_SEGMENT_HEADER_LEN);
	return write_all(
		fd, bytes, CGN_SEGMENT_HEADER_LEN + (has_damage ? (size_t)CGN_SLOT_LEN : 0));
}

static int
write_sorted(const struct sort *s, int fd)
{
	static const size_t len = CGN_SLOT_LEN;
	uint8_t *out = malloc(OUT_SLOTS * len);
	uint32_t n = 0;
	int rc = out != NULL ? write_head(s, fd) : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < s->n; i++) {
		memcpy(out + n++ * len, s->bytes + s->keys[i].at * len, len);
		if (n == OUT_SLOTS || i + 1 == s->n) {
			rc = write_all(fd, out, n * len);
			n = 0;
		}
	}
	free(out);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	return rc;
}

/* Under another name until it is whole. */
static int
replace(const struct sort *s, int dir_fd, const char *name)
{
	int fd, rc;

	unlinkat(dir_fd, sorting, 0); /* of a crash; if it stays, the next line fails */
	fd = openat(
		dir_fd, sorting, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return -errno;
	rc = fchmod(fd, FILE_MODE) < 0 ? -errno : write_sorted(s, fd);
	close(fd);
	if (rc == 0 && renameat(dir_fd, sorting, dir_fd, name) < 0)
		rc = -errno;
	if (rc == 0 && fsync(dir_fd) < 0)
		rc = -errno;
	if (rc < 0)
		unlinkat(dir_fd, sorting, 0);
	return rc;
}

static int
sort_open(struct sort *s, int fd, int dir_fd, const char *name)
{
	const size_t n = s->header.n_slots;
	int rc;

	if (s->header.flags & CGN_SEGMENT_SORTED)
		return 1;
	s->bytes = malloc(n * CGN_SLOT_LEN + 1);
	s->keys = malloc((n + 1) * sizeof(*s->keys));
	if (s->bytes == NULL || s->keys == NULL)
		return -ENOMEM;
	rc = cgn_segment_read(fd, s->bytes, n * CGN_SLOT_LEN, CGN_SEGMENT_HEADER_LEN);
	if (rc < 0)
		return rc;
	look(s);
	if (!s->has_snapshot && s->n_damaged == 0) /* a crash in its first moment */
		return unlinkat(dir_fd, name, 0) < 0 ? -errno : -ENOENT;
	return replace(s, dir_fd, name);
}

int
cgn_segment_sort(int dir_fd, const struct cgn_segment *segment)
{
	char name[CGN_SEGMENT_NAME_LEN];
	struct sort s = {0};
	int fd = cgn_segment_open(dir_fd, segment, &s.header), rc;

	cgn_segment_name(segment, name);
	if (fd == -EBADMSG && segment->size < CGN_SEGMENT_HEADER_LEN)
		return unlinkat(dir_fd, name, 0) < 0 ? -errno : -ENOENT;
	if (fd < 0)
		return fd;
	rc = sort_open(&s, fd, dir_fd, name);
	close(fd);
	free(s.bytes);
	free(s.keys);
	return rc;
}
