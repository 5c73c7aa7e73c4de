/* SPDX-License-Identifier: BSD-3-Clause */
/* The file that is being written; see logstore_impl.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logstore_impl.h"

enum { FILE_MODE = 0640 }; /* it says who had which address */

static struct cgn_segment
as_segment(const struct cgn_logstore *store)
{
	return (struct cgn_segment){.id = store->header.id,
		.base_utc = store->header.base_utc,
		.prev_utc = store->header.prev_utc};
}

void
cgn_logstore_end(struct cgn_logstore *store)
{
	close(store->fd);
	store->fd = -1;
	store->used = store->n_buffered = 0;
	atomic_store_explicit(&store->current, store->header.id + 1, memory_order_release);
}

/* What is in the buffer is lost, and the file ends where the last good slot does. */
static void
fail(struct cgn_logstore *store, int error)
{
	int rc = ftruncate(store->fd, (off_t)store->size);

	(void)rc; /* if that fails too, a torn end is left out when the file is sorted */
	store->stats.error = error;
	store->gap += store->n_buffered;
	store->stats.lost += store->n_buffered;
	cgn_logstore_end(store);
}

int
cgn_logstore_flush(struct cgn_logstore *store)
{
	uint32_t done = 0;

	while (done < store->used) {
		ssize_t n = write(store->fd, store->buf + done, store->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(store, n < 0 ? errno : EIO);
			return -EIO;
		}
		done += (uint32_t)n;
	}
	store->size += store->used;
	store->stats.written += store->n_buffered;
	store->used = store->n_buffered = 0;
	if (store->gap == 0)
		store->gap_utc = store->last_utc;
	return 0;
}

uint8_t *
cgn_logstore_slot(struct cgn_logstore *store)
{
	uint8_t *slot;

	if (store->used + CGN_SLOT_LEN > sizeof(store->buf) && cgn_logstore_flush(store) < 0)
		return NULL;
	slot = store->buf + store->used;
	store->used += CGN_SLOT_LEN;
	return slot;
}

static int
put_slot(struct cgn_logstore *store, const struct cgn_slot *s)
{
	uint8_t *slot = cgn_logstore_slot(store);

	if (slot == NULL)
		return -EIO;
	cgn_slot_encode(store->header.id, s, slot);
	return 0;
}

static int
put_snapshot(struct cgn_logstore *store)
{
	const struct cgn_live_entry *e;
	struct cgn_slot s, end = {.kind = CGN_SLOT_SNAPSHOT_END};
	uint32_t i = 0;
	int rc = 0;

	for (uint32_t n = 1; rc == 0 && n <= store->n_names; n++)
		rc = cgn_logstore_put_name(store, (uint16_t)n);
	while (rc == 0 && (e = cgn_live_next(&store->live, &i)) != NULL) {
		s = e->slot;
		s.flags = (uint8_t)(s.flags | CGN_SLOT_SNAPSHOT |
			(e->is_unsure ? CGN_SLOT_UNSURE : 0));
		if (store->healing.kind != 0 && e->told != store->live.round)
			s.flags |= CGN_SLOT_UNTOLD;
		s.tail = e->since;
		rc = put_slot(store, &s);
	}
	if (rc == 0 && store->healing.kind != 0)
		rc = put_slot(store, &store->healing);
	for (uint32_t n = 0; rc == 0 && n < store->n_dets; n++)
		rc = cgn_logstore_put_event(store, store->dets[n].event);
	if (rc == 0)
		rc = put_slot(store, &end);
	return rc;
}

static int
put_gap(struct cgn_logstore *store)
{
	struct cgn_slot gap = {.kind = CGN_SLOT_GAP, .flags = CGN_SLOT_LOCAL};

	if (store->gap == 0)
		return 0;
	cgn_slot_set_mark(&gap, store->gap, store->gap_utc);
	return put_slot(store, &gap);
}

static int
create(struct cgn_logstore *store)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND;
	struct cgn_segment segment = as_segment(store);
	char name[CGN_SEGMENT_NAME_LEN];

	cgn_segment_name(&segment, name);
	store->fd = openat(store->dir_fd, name, flags, FILE_MODE);
	if (store->fd < 0)
		return -errno;
	return fchmod(store->fd, FILE_MODE) < 0 ? -errno : 0; /* umask may have taken bits */
}

/* A file without its snapshot would say that nobody has anything. */
static void
abandon(struct cgn_logstore *store)
{
	struct cgn_segment segment = as_segment(store);
	char name[CGN_SEGMENT_NAME_LEN];

	cgn_segment_name(&segment, name);
	if (store->fd >= 0)
		cgn_logstore_end(store);
	unlinkat(store->dir_fd, name, 0);
}

int
cgn_logstore_begin(struct cgn_logstore *store, uint64_t utc_ms, uint64_t number)
{
	bool is_made;
	int rc;

	store->header = (struct cgn_segment_header){
		.id = atomic_load_explicit(&store->current, memory_order_relaxed),
		.base_utc = utc_ms,
		.base_number = number,
		.run_utc = store->run_utc,
		.prev_utc = store->gap_utc > store->last_utc ? store->gap_utc : store->last_utc,
		.flags = store->has_mappings ? CGN_SEGMENT_MAPPINGS_BEFORE : 0};
	store->used = CGN_SEGMENT_HEADER_LEN;
	store->n_buffered = 0;
	store->size = 0;
	rc = create(store);
	is_made = store->fd >= 0;
	cgn_segment_header_encode(&store->header, store->buf);
	if (rc == 0)
		rc = put_snapshot(store);
	if (rc == 0)
		rc = put_gap(store);
	if (rc == 0)
		rc = cgn_logstore_flush(store);
	if (rc < 0) {
		if (rc != -EIO || store->stats.error == 0)
			store->stats.error = -rc;
		if (is_made)
			abandon(store);
		return rc;
	}
	store->stats.error = 0;
	store->gap = 0;
	store->gap_utc = store->last_utc;
	return 0;
}
