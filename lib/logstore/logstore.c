/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening the store, and putting records; see logstore.h. */
#include "logstore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipaddr.h"
#include "logstore_impl.h"

enum { LOCK_TRIES = 20, LOCK_US = 5000 };

static int
open_dir(struct cgn_logstore *store, const char *directory)
{
	store->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir_fd < 0 || faccessat(store->dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return -errno;
	store->lock_fd = openat(
		store->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (store->lock_fd < 0)
		return -errno;
	/* Who only reads looks at the lock for a moment (logtrace.c). */
	for (int tries = 0; flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (tries == LOCK_TRIES)
			return -EBUSY;
		usleep(LOCK_US);
	}
	return 0;
}

/* The run before may have ended in the middle of a slot: that is left out from now on. Its last
 * record says whether the clock was set back since. */
static int
look_back(struct cgn_logstore *store)
{
	struct cgn_segment_header header;
	struct cgn_segment *list;
	int n = cgn_segment_list(store->dir_fd, &list), fd;

	if (n < 0)
		return n;
	store->current = n > 0 ? list[n - 1].id + 1 : 1;
	for (int i = n - 1; i >= 0 && store->last_utc == 0; i--) {
		/* When that fails, house tries again; the file can be read as it is. */
		if (cgn_segment_sort(store->dir_fd, &list[i]) < 0)
			continue;
		fd = cgn_segment_open(store->dir_fd, &list[i], &header);
		if (fd < 0)
			continue;
		store->last_utc = store->gap_utc = header.last_utc;
		close(fd);
	}
	free(list);
	return 0;
}

static const char *
advice(int rc)
{
	switch (rc) {
	case -EBUSY:
		return "another daemon has it; stop that, or name another folder";
	case -ENOENT:
	case -ENOTDIR:
		return "create the folder";
	default:
		return "check the path and the permissions";
	}
}

struct cgn_logstore *
cgn_logstore_open(const char *directory, const struct cgn_logstore_limits *limits, uint64_t utc_ms,
	struct cgn_errmsg *err)
{
	struct cgn_logstore *store = calloc(1, sizeof(*store));
	int rc = -ENOMEM;

	if (store != NULL) {
		store->limits = *limits;
		store->fd = store->dir_fd = store->lock_fd = -1;
		store->run_utc = utc_ms;
		rc = cgn_live_init(&store->live);
	}
	if (rc == 0)
		rc = open_dir(store, directory);
	if (rc == 0)
		rc = look_back(store);
	if (rc == 0)
		return store;
	cgn_errmsg_set(err, "the log's folder %.200s cannot be used: %s; %s", directory,
		strerror(-rc), advice(rc));
	cgn_logstore_close(store);
	errno = -rc;
	return NULL;
}

void
cgn_logstore_close(struct cgn_logstore *store)
{
	if (store == NULL)
		return;
	if (store->fd >= 0 && cgn_logstore_flush(store) == 0) {
		fdatasync(store->fd); /* whoever stops us has no use for the error */
		close(store->fd);
	}
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	cgn_live_fini(&store->live);
	free(store->names);
	cgn_logstore_free_dets(store);
	free(store);
}

/* --- Records --- */

static struct cgn_slot
slot_of(const struct cgn_natlog_record *r)
{
	const enum cgn_natlog_id id = (enum cgn_natlog_id)r->id;
	struct cgn_slot s = {.kind = cgn_natlogs[id].number,
		.flags = r->flags,
		.proto = r->proto,
		.origin = r->origin,
		.inside = r->inside_addr,
		.outside = r->outside_addr,
		.inside_port = r->inside_port,
		.first = r->outside_port,
		.last = r->last_port};

	if (cgn_natlog_has(id, CGN_NATLOG_FIELD_OUTSIDE_PORT))
		s.last = s.first;
	if (!cgn_slot_has_outside(&s)) /* a limit, or how many: nothing else of it has 64 bits */
		cgn_slot_set_mark(&s, r->value, (uint64_t)r->inside_addr);
	return s;
}

/* "100.64.1.0/24" or an address; its length goes where a port would. */
static bool
parse_holder(const char *text, struct cgn_slot *s)
{
	struct cgn_prefix prefix;

	if (cgn_prefix_parse(text, &prefix) < 0)
		return false;
	s->inside = prefix.addr;
	s->inside_port = prefix.len < 32 ? prefix.len : 0;
	return true;
}

/* block_taken and block_returned of events.def as a slot that is found by its address. */
static bool
det_slot(const struct cgn_event *ev, struct cgn_slot *s, const char **tenant)
{
	unsigned int first = 0, last = 0;

	*s = (struct cgn_slot){.kind = ev->id == CGN_EVENT_BLOCK_TAKEN ? CGN_SLOT_DET_TAKEN
								       : CGN_SLOT_DET_RETURNED};
	*tenant = "";
	for (uint8_t i = 0; i < ev->n_values; i++) {
		const struct cgn_event_value *v = &ev->values[i];

		if (v->field == CGN_EVENT_FIELD_TENANT)
			*tenant = v->text;
		else if (v->field == CGN_EVENT_FIELD_POOL)
			s->outside = v->addr;
		else if (v->field == CGN_EVENT_FIELD_HOLDER)
			parse_holder(v->text, s);
		else if (v->field == CGN_EVENT_FIELD_PORTS &&
			/* NOLINTNEXTLINE(cert-err34-c): five digits fit */
			sscanf(v->text, "%5u-%5u", &first, &last) != 2)
			return false;
	}
	s->first = (uint16_t)first;
	s->last = (uint16_t)last;
	return last >= first && last <= UINT16_MAX;
}

static bool
is_block_event(const struct cgn_event *ev)
{
	return ev->id == CGN_EVENT_BLOCK_TAKEN || ev->id == CGN_EVENT_BLOCK_RETURNED;
}

/* Everybody keeps what he has in live, also while nothing can be written. */
static int
put_slot(struct cgn_logstore *store, struct cgn_slot *s, uint64_t utc_ms)
{
	uint8_t *bytes;

	/* Without memory it is in this file, but not in the snapshot of the next. */
	cgn_live_apply(&store->live, s, utc_ms);
	if (store->fd < 0)
		return -EIO;
	if (s->name != 0 && cgn_slot_has_outside(s) &&
		store->names[s->name].segment != store->header.id &&
		cgn_logstore_put_name(store, s->name) < 0)
		return -EIO;
	bytes = cgn_logstore_slot(store);
	if (bytes == NULL)
		return -EIO;
	cgn_slot_encode(store->header.id, s, bytes);
	return 0;
}

static int
put_event(struct cgn_logstore *store, const struct cgn_event *event, uint64_t utc_ms, uint64_t tail)
{
	const char *tenant;
	struct cgn_slot s;

	if (is_block_event(event) && det_slot(event, &s, &tenant)) {
		s.tail = tail;
		s.name = cgn_logstore_name(store, tenant, 0);
		return put_slot(store, &s, utc_ms);
	}
	if (event->id == CGN_EVENT_DETERMINISTIC)
		cgn_logstore_keep_det(store, event); /* likewise */
	return store->fd >= 0 ? cgn_logstore_put_event(store, event) : -EIO;
}

static int
put_record(struct cgn_logstore *store, const struct cgn_natlog_record *r, uint64_t utc_ms,
	uint64_t tail)
{
	struct cgn_slot s = slot_of(r);

	s.tail = tail;
	s.name = cgn_logstore_name(store, r->tenant, r->vrf);
	if (r->id == CGN_NATLOG_GAP) {
		cgn_slot_set_mark(&s, r->value, store->last_utc);
		store->healing = s;
		store->healing.tail = utc_ms;
		store->healing.flags |= CGN_SLOT_SNAPSHOT;
	} else if (r->id <= CGN_NATLOG_SYNCED) {
		store->healing.kind = 0;
	}
	store->has_mappings |= r->id == CGN_NATLOG_MAPPING_MADE;
	return put_slot(store, &s, utc_ms);
}

static_assert(CGN_NATLOG_START == 0 && CGN_NATLOG_SYNCED == 3, "the first four are about the log");

static bool
is_full(const struct cgn_logstore *store, uint64_t utc_ms, uint64_t number)
{
	const struct cgn_segment_header *h = &store->header;

	return utc_ms < store->last_utc || number - h->base_number > UINT32_MAX ||
		utc_ms - h->base_utc >= store->limits.segment_s * 1000 ||
		store->size + store->used >= store->limits.segment_bytes;
}

/* An open file that takes this record, if there can be one. */
static void
make_ready(struct cgn_logstore *store, uint64_t utc_ms, uint64_t number)
{
	if (store->fd >= 0 && is_full(store, utc_ms, number) && cgn_logstore_flush(store) == 0)
		cgn_logstore_end(store);
	if (store->fd < 0 && store->stats.error == 0)
		cgn_logstore_begin(store, utc_ms, number - 1);
}

void
cgn_logstore_put(struct cgn_logstore *store, const struct cgn_natlog_record *r,
	const struct cgn_event *event)
{
	uint64_t utc_ms = r->utc_ms, tail;
	int rc;

	if (utc_ms < store->last_utc && store->last_utc - utc_ms < CGN_LOGSTORE_STEP_MS)
		utc_ms = store->last_utc;
	make_ready(store, utc_ms, r->number);
	tail = cgn_slot_tail((uint32_t)(utc_ms - store->header.base_utc),
		(uint32_t)(r->number - store->header.base_number));
	rc = r->id == CGN_NATLOG_EVENT ? put_event(store, event, utc_ms, tail)
				       : put_record(store, r, utc_ms, tail);
	if (rc == 0) {
		store->n_buffered++;
	} else {
		store->gap++;
		store->stats.lost++;
	}
	store->last_utc = utc_ms;
	store->last_number = r->number;
}

void
cgn_logstore_turn(struct cgn_logstore *store, uint64_t now_ms, uint64_t utc_ms)
{
	if (store->fd >= 0) {
		cgn_logstore_flush(store); /* what is lost is counted */
		store->retry_ms = now_ms + CGN_LOGSTORE_RETRY_MS;
		return;
	}
	if (store->stats.error == 0 || now_ms < store->retry_ms)
		return;
	store->retry_ms = now_ms + CGN_LOGSTORE_RETRY_MS;
	cgn_logstore_begin(
		store, utc_ms > store->last_utc ? utc_ms : store->last_utc, store->last_number);
}

struct cgn_logstore_stats
cgn_logstore_stats(const struct cgn_logstore *store)
{
	return store->stats;
}
