/* SPDX-License-Identifier: BSD-3-Clause */
/* Which files are looked into, and in which order; see logtrace.h. */
#include "logtrace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "logtrace_det.h"
#include "logtrace_replay.h"
#include "natlog.h"

struct trace {
	const struct cgn_logtrace_question *q;
	struct cgn_logtrace_answer *answer;
	int dir_fd;
	struct cgn_segment *list;
	int n;
	struct cgn_loaded loaded;
	struct cgn_replay replay;
};

static int
load(struct trace *t, int i)
{
	return cgn_loaded_read(&t->loaded, t->dir_fd, &t->list[i], t->q);
}

/* When the file ends: when the next one begins, unless the clock was set back for that. */
static uint64_t
end_of(const struct trace *t, int i)
{
	const struct cgn_segment *next = &t->list[i + 1];

	if (i + 1 == t->n)
		return UINT64_MAX;
	return next->prev_utc > next->base_utc ? next->prev_utc : next->base_utc;
}

static bool
has_time(const struct trace *t, int i)
{
	return t->list[i].base_utc < t->q->utc_ms + t->q->span_ms && end_of(t, i) >= t->q->utc_ms;
}

/* A damaged file is one that says nothing, and that is told. */
static int
load_or_tell(struct trace *t, int i)
{
	int rc = load(t, i);

	if (rc == -EBADMSG && has_time(t, i))
		cgn_replay_note(t->answer, CGN_LOGTRACE_DAMAGED, t->list[i].size / CGN_SLOT_LEN,
			t->list[i].base_utc, end_of(t, i));
	return rc == -EBADMSG || rc == -ENOENT ? 1 : rc;
}

/* Has the file a record of a mapping of that port up to the begin of the span? And since when is
 * the block around it held, in its snapshot; 0: there is none. */
static bool
has_mapping(const struct trace *t, uint64_t *block_since)
{
	const struct cgn_loaded *l = &t->loaded;

	*block_since = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		const struct cgn_slot *s = &l->slots[i];

		if (s->flags & CGN_SLOT_SNAPSHOT) {
			if (s->kind == CGN_SLOT_BLOCK_LEASED)
				*block_since = s->tail;
			continue;
		}
		if (cgn_slot_utc(s, l->header.base_utc) > t->q->utc_ms)
			break;
		/* One that is told again began before. */
		if ((s->kind == CGN_SLOT_MAPPING_MADE && !(s->flags & CGN_NATLOG_AGAIN)) ||
			s->kind == CGN_SLOT_MAPPING_ENDED || s->kind == CGN_SLOT_START)
			return true;
	}
	return false;
}

/* Mappings that traffic made are in no snapshot. So the file is sought where the last one of that
 * port began; it is no older than the block around it, nor than the run of the daemon. */
static int
find_mapping(struct trace *t, int i, int *at)
{
	uint64_t since, block_since = 0;

	for (*at = i; i >= 0; i--) {
		int rc = load_or_tell(t, i);

		if (rc < 0)
			return rc;
		if (rc > 0)
			continue;
		if (has_mapping(t, &since)) {
			*at = i;
			return 0;
		}
		if (!(t->loaded.header.flags & CGN_SEGMENT_MAPPINGS_BEFORE) ||
			(block_since != 0 && since != block_since))
			return 0;
		block_since = since;
	}
	return 0;
}

/* From i, which is over, to the last file whose snapshot still has all that is open. */
static int
skip(struct trace *t, int i)
{
	int low = i, high = t->n; /* low: has them; high: has not, or is none */

	if (cgn_replay_has_open(&t->replay, true) || t->replay.gap.is_on)
		return i + 1;
	while (high - low > 1) {
		/* The newest first: what is held for long is mostly held still. */
		int middle = high == t->n ? t->n - 1 : low + (high - low) / 2;
		int rc = load(t, middle);

		if (rc < 0 && rc != -EBADMSG && rc != -ENOENT)
			return rc;
		if (rc == 0 && cgn_replay_is_in(&t->replay, &t->loaded))
			low = middle;
		else
			high = middle;
		if (low == t->n - 1)
			break;
	}
	return low > i ? low : i + 1;
}

/* Whoever writes there has the lock. */
static bool
is_written(const struct trace *t)
{
	int fd = openat(t->dir_fd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool is_locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return is_locked;
}

/* What is after the last record is known only while a daemon would write it. */
static void
tell_end(struct trace *t)
{
	if (!t->replay.is_stopped && t->q->utc_ms + t->q->span_ms > t->replay.last_utc &&
		!is_written(t))
		cgn_replay_note(t->answer, CGN_LOGTRACE_AFTER, 0, 0, t->replay.last_utc);
}

static int
replay(struct trace *t, int first, int last)
{
	int i = first, rc = 0;

	while (rc >= 0 && i < t->n) {
		rc = load_or_tell(t, i);
		if (rc == 0) {
			cgn_replay_file(&t->replay, &t->loaded);
			if (has_time(t, i))
				rc = cgn_logtrace_det(&t->loaded, t->q, t->answer);
		}
		if (rc < 0)
			return rc;
		if (i < last)
			i++;
		else if (!cgn_replay_has_open(&t->replay, false) &&
			t->replay.last_utc >= t->q->utc_ms + t->q->span_ms && !t->replay.gap.is_on)
			return 0;
		else
			i = rc = skip(t, i);
	}
	if (rc < 0)
		return rc;
	cgn_replay_end(&t->replay);
	tell_end(t);
	return 0;
}

static int
trace(struct trace *t)
{
	struct cgn_logtrace_answer *a = t->answer;
	int first = t->n, last = -1, rc = 0;

	if (t->n == 0)
		return 0;
	a->begins = t->list[0].base_utc;
	for (int i = 0; i < t->n; i++) {
		if (!has_time(t, i))
			continue;
		first = i < first ? i : first;
		last = i;
	}
	if (t->q->utc_ms + t->q->span_ms <= a->begins)
		cgn_replay_note(a, CGN_LOGTRACE_BEFORE, 0, a->begins, 0);
	if (last < 0)
		return 0;
	rc = find_mapping(t, first, &first);
	if (rc == 0)
		rc = replay(t, first, last);
	return rc;
}

int
cgn_logtrace(const char *directory, const struct cgn_logtrace_question *q,
	struct cgn_logtrace_answer *answer)
{
	struct trace *t = calloc(1, sizeof(*t));
	int rc;

	memset(answer, 0, sizeof(*answer));
	if (t == NULL)
		return -ENOMEM;
	t->q = q;
	t->answer = answer;
	t->replay.q = q;
	t->replay.answer = answer;
	t->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = t->dir_fd < 0 ? -errno : cgn_segment_list(t->dir_fd, &t->list);
	t->n = rc;
	if (rc >= 0)
		rc = trace(t);
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	cgn_loaded_free(&t->loaded);
	free(t->list);
	free(t);
	return rc;
}
