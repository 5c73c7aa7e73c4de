/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures that go on and that have ended; see captures.h. */
#include "captures.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "capture_file.h"
#include "counters.h"
#include "ipaddr.h"
#include "log.h"

enum { BATCH = 64 };

/* Owner of `file` and of what is written: poll while ACTIVE, else who holds the lock. */
enum state { FREE, ACTIVE, ENDED };

struct slot {
	_Atomic int state;  /* release by who makes it so */
	_Atomic int wanted; /* enum cgn_capture_end: asked of poll */
	_Atomic int end;    /* the same: what came of it */
	_Atomic uint64_t packets, bytes, lost;
	/* Fixed while ACTIVE. */
	struct cgn_capture_info info;
	cgn_ns_t started, until;
	uint64_t lost_before[CGN_TAP_N_SIDES]; /* counts of the tap at the start */
	struct cgn_capture_file file;
};

struct cgn_captures {
	struct cgn_tap *tap;
	char dir[CGN_DEVICE_LEN];
	uint64_t max_bytes;
	pthread_mutex_t lock; /* of those who start, stop and list; poll does not take it */
	uint32_t last_id;
	struct slot slots[CGN_TAPS];
};

const char *
cgn_capture_end_str(enum cgn_capture_end end)
{
	static const char *const names[CGN_CAPTURE_N_ENDS] = {
		"running", "packets", "bytes", "seconds", "stopped", "reload", "exit", "failed"};

	return names[end];
}

struct cgn_captures *
cgn_captures_create(struct cgn_tap *tap, const char *dir, uint32_t max_mib)
{
	struct cgn_captures *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->tap = tap;
	c->max_bytes = (uint64_t)max_mib << 20;
	snprintf(c->dir, sizeof(c->dir), "%s", dir);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
cgn_captures_destroy(struct cgn_captures *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

uint64_t
cgn_captures_max_bytes(const struct cgn_captures *c)
{
	return c->max_bytes;
}

static int
state_of(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_acquire);
}

/* Packets that the rings had no room for, of filter i, since the start of the process. */
static void
sum_lost(const struct cgn_tap *tap, uint32_t i, uint64_t lost[CGN_TAP_N_SIDES])
{
	memset(lost, 0, CGN_TAP_N_SIDES * sizeof(*lost));
	for (uint16_t n = 0; n < tap->n_sources; n++)
		for (int side = 0; side < CGN_TAP_N_SIDES; side++)
			lost[side] += cgn_counter_read(&tap->sources[n].lost[i][side]);
}

/* A place for one more: a free one, or that of the one that ended first. NULL: too many go on. */
static struct slot *
find_place(struct cgn_captures *c)
{
	struct slot *best = NULL;
	uint32_t n_active = 0;

	for (uint32_t i = 0; i < CGN_TAPS; i++) {
		struct slot *s = &c->slots[i];

		if (state_of(s) == ACTIVE)
			n_active++;
		else if (best == NULL || s->info.id < best->info.id)
			best = s;
	}
	return n_active < CGN_CAPTURES_MAX ? best : NULL;
}

static void
set_filter(struct cgn_tap_filter *f, const struct cgn_capture_spec *spec)
{
	atomic_store_explicit(&f->tenant, spec->tenant, memory_order_relaxed);
	atomic_store_explicit(&f->inside, spec->inside, memory_order_relaxed);
	atomic_store_explicit(&f->peer, spec->peer, memory_order_relaxed);
	atomic_store_explicit(&f->ip_proto, spec->ip_proto, memory_order_relaxed);
	atomic_store_explicit(&f->sides, spec->sides, memory_order_relaxed);
	atomic_store_explicit(&f->snaplen, spec->snaplen, memory_order_relaxed);
}

static void
publish(struct cgn_captures *c, struct slot *s, cgn_ns_t now)
{
	uint32_t i = (uint32_t)(s - c->slots);

	s->started = now;
	s->until = now + s->info.spec.seconds * CGN_NS_PER_S;
	atomic_store(&s->wanted, CGN_CAPTURE_GOES_ON);
	atomic_store(&s->end, CGN_CAPTURE_GOES_ON);
	atomic_store(&s->packets, 0);
	atomic_store(&s->bytes, s->file.pcapng.total);
	atomic_store(&s->lost, 0);
	sum_lost(c->tap, i, s->lost_before);
	set_filter(&c->tap->filters[i], &s->info.spec);
	atomic_store_explicit(&s->state, ACTIVE, memory_order_release);
	atomic_fetch_or_explicit(&c->tap->active, UINT32_C(1) << i, memory_order_release);
}

static void
copy_info(const struct slot *s, cgn_ns_t now, struct cgn_capture_info *info)
{
	*info = s->info;
	info->end = (enum cgn_capture_end)atomic_load(&s->end);
	info->packets = atomic_load(&s->packets);
	info->bytes = atomic_load(&s->bytes);
	info->lost = atomic_load(&s->lost);
	info->left_s = info->end == CGN_CAPTURE_GOES_ON && s->until > now
		? (uint32_t)((s->until - now + CGN_NS_PER_S - 1) / CGN_NS_PER_S)
		: 0;
}

static int
start_locked(struct cgn_captures *c, const struct cgn_capture_info *wish, cgn_ns_t now,
	struct cgn_capture_info *info, struct cgn_errmsg *err)
{
	struct slot *s = find_place(c);
	struct cgn_capture_info fresh = *wish;
	int rc;

	if (s == NULL) {
		cgn_errmsg_set(err, "%d captures are going on already; stop one", CGN_CAPTURES_MAX);
		return -EBUSY;
	}
	atomic_store(&s->state, FREE); /* what it remembered is gone */
	fresh.id = c->last_id + 1;
	rc = cgn_capture_file_open(&s->file, c->dir, &fresh, now, err);
	if (rc < 0)
		return rc;
	c->last_id = fresh.id;
	s->info = fresh;
	publish(c, s, now);
	copy_info(s, now, info);
	return 0;
}

int
cgn_captures_start(struct cgn_captures *c, const struct cgn_capture_spec *spec, cgn_ns_t now,
	uint64_t utc_ns, struct cgn_capture_info *info, struct cgn_errmsg *err)
{
	const struct cgn_capture_info wish = {.spec = *spec, .started_utc_ns = utc_ns};
	int rc;

	pthread_mutex_lock(&c->lock);
	rc = start_locked(c, &wish, now, info, err);
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static struct slot *
find(struct cgn_captures *c, uint32_t id)
{
	struct slot *best = NULL;

	for (uint32_t i = 0; i < CGN_TAPS; i++) {
		struct slot *s = &c->slots[i];

		if (state_of(s) != FREE && s->info.id >= id &&
			(best == NULL || s->info.id < best->info.id))
			best = s;
	}
	return best;
}

int
cgn_captures_stop(struct cgn_captures *c, uint32_t id, struct cgn_capture_info *info)
{
	struct slot *s;
	int rc = -ENOENT;

	pthread_mutex_lock(&c->lock);
	s = find(c, id);
	if (s != NULL && s->info.id == id) {
		rc = state_of(s) == ACTIVE ? 0 : -EALREADY;
		atomic_store(&s->wanted, CGN_CAPTURE_STOPPED);
		copy_info(s, s->until, info);
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

void
cgn_captures_end(struct cgn_captures *c, enum cgn_capture_end why)
{
	pthread_mutex_lock(&c->lock);
	for (uint32_t i = 0; i < CGN_TAPS; i++)
		if (state_of(&c->slots[i]) == ACTIVE)
			atomic_store(&c->slots[i].wanted, why);
	pthread_mutex_unlock(&c->lock);
}

bool
cgn_captures_find(struct cgn_captures *c, uint32_t id, cgn_ns_t now, struct cgn_capture_info *info)
{
	struct slot *s;

	pthread_mutex_lock(&c->lock);
	s = find(c, id);
	if (s != NULL)
		copy_info(s, now, info);
	pthread_mutex_unlock(&c->lock);
	return s != NULL;
}

/* A record for one capture, within its bounds. */
static void
take(struct cgn_captures *c, uint32_t i, const struct cgn_tap_record *r)
{
	struct slot *s = &c->slots[i];
	const struct cgn_capture_spec *spec = &s->info.spec;

	if (state_of(s) != ACTIVE || r->at < s->started || r->at >= s->until ||
		atomic_load(&s->end) != CGN_CAPTURE_GOES_ON ||
		!cgn_tap_matches(&c->tap->filters[i], r))
		return;
	if (s->file.pcapng.total + cgn_capture_file_size(spec, r) > spec->bytes) {
		atomic_store(&s->end, CGN_CAPTURE_FULL_BYTES);
		return;
	}
	cgn_capture_file_write(&s->file, spec, r);
	atomic_store(&s->bytes, s->file.pcapng.total);
	if (atomic_fetch_add(&s->packets, 1) + 1 == spec->packets)
		atomic_store(&s->end, CGN_CAPTURE_FULL_PACKETS);
}

/* At most one round of each ring, so that a flood does not keep the rest waiting. */
static uint32_t
drain(struct cgn_captures *c)
{
	uint32_t n_all = 0;

	for (uint16_t source = 0; source < c->tap->n_sources; source++) {
		struct rte_ring *ring = c->tap->sources[source].ring;
		uint32_t left = rte_ring_count(ring);

		while (left > 0) {
			struct rte_ring_zc_data zcd;
			uint32_t n = rte_ring_dequeue_zc_burst_elem_start(
				ring, CGN_TAP_RECORD, RTE_MIN(left, (uint32_t)BATCH), &zcd, NULL);

			for (uint32_t k = 0; k < n; k++) {
				const struct cgn_tap_record *r = k < zcd.n1
					? (struct cgn_tap_record *)zcd.ptr1 + k
					: (struct cgn_tap_record *)zcd.ptr2 + (k - zcd.n1);

				for (uint32_t taps = r->taps; taps != 0; taps &= taps - 1)
					take(c, (uint32_t)__builtin_ctz(taps), r);
			}
			rte_ring_dequeue_zc_elem_finish(ring, n);
			left -= n;
			n_all += n;
		}
	}
	return n_all;
}

static void
tell_end(const struct slot *s, int rc)
{
	const struct cgn_capture_info *info = &s->info;

	cgn_notice("operator",
		"capture ended id=%u tenant=%s why=%s packets=%lu bytes=%lu lost=%lu file=%s by=%s",
		info->id, info->spec.tenant_name,
		cgn_capture_end_str((enum cgn_capture_end)atomic_load(&s->end)),
		(unsigned long)atomic_load(&s->packets), (unsigned long)atomic_load(&s->bytes),
		(unsigned long)atomic_load(&s->lost), info->file, info->spec.by);
	if (rc < 0)
		cgn_err("capture", "%s cannot be written: %s; it is valid up to there", info->file,
			strerror(-rc));
}

static void
count_lost(struct cgn_captures *c, struct slot *s, uint64_t lost[CGN_TAP_N_SIDES])
{
	uint64_t sum = 0;

	sum_lost(c->tap, (uint32_t)(s - c->slots), lost);
	for (int side = 0; side < CGN_TAP_N_SIDES; side++) {
		lost[side] -= s->lost_before[side];
		sum += lost[side];
	}
	atomic_store(&s->lost, sum);
}

/* Its filter is off by now; what workers still put into the rings for it is not written. */
static void
finish(struct cgn_captures *c, struct slot *s, cgn_ns_t now)
{
	uint64_t lost[CGN_TAP_N_SIDES];
	int rc;

	count_lost(c, s, lost);
	rc = cgn_capture_file_close(&s->file, lost, now,
		cgn_capture_end_str((enum cgn_capture_end)atomic_load(&s->end)));
	atomic_store(&s->bytes, rc < 0 ? s->file.pcapng.whole : s->file.pcapng.total);
	if (rc < 0)
		atomic_store(&s->end, CGN_CAPTURE_FAILED);
	tell_end(s, rc);
	atomic_store_explicit(&s->state, ENDED, memory_order_release);
}

/* Whether a capture is to end now, and why. What is asked for counts last. */
static bool
is_over(struct cgn_captures *c, struct slot *s, cgn_ns_t now)
{
	uint64_t lost[CGN_TAP_N_SIDES];
	int wanted = atomic_load(&s->wanted);

	count_lost(c, s, lost);
	if (cgn_pcapng_flush(&s->file.pcapng) < 0)
		atomic_store(&s->end, CGN_CAPTURE_FAILED);
	else if (atomic_load(&s->end) != CGN_CAPTURE_GOES_ON)
		return true;
	else if (wanted != CGN_CAPTURE_GOES_ON)
		atomic_store(&s->end, wanted);
	else if (now >= s->until)
		atomic_store(&s->end, CGN_CAPTURE_TIME);
	return atomic_load(&s->end) != CGN_CAPTURE_GOES_ON;
}

uint32_t
cgn_captures_poll(struct cgn_captures *c, cgn_ns_t now)
{
	uint32_t n = drain(c);

	for (uint32_t i = 0; i < CGN_TAPS; i++) {
		struct slot *s = &c->slots[i];

		if (state_of(s) != ACTIVE || !is_over(c, s, now))
			continue;
		atomic_fetch_and(&c->tap->active, ~(UINT32_C(1) << i));
		finish(c, s, now);
	}
	return n;
}
