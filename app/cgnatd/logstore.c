/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The local log (lib/logstore): the log thread puts records, and a thread of its own sorts, syncs
 * and removes files, which may take the disk a while.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "act.h"
#include "daemon.h"
#include "log.h"
#include "logstore.h"

enum { HOUSE_US = 100000, HOUSE_TURNS = 10 };

struct cgn_store_thread {
	struct cgn_logstore *store;
	pthread_t thread;
	atomic_bool stop;
	int error;     /* that was told */
	uint64_t lost; /* when it was well last */
};

static uint64_t
utc_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void *
house_main(void *arg)
{
	struct cgn_store_thread *t = arg;

	pthread_setname_np(pthread_self(), "cgn-log-files");
	while (!atomic_load(&t->stop)) {
		cgn_logstore_house(t->store, utc_ms());
		for (int i = 0; i < HOUSE_TURNS && !atomic_load(&t->stop); i++)
			usleep(HOUSE_US);
	}
	return NULL;
}

struct cgn_store_thread *
cgn_store_start(const struct cgn_conf *conf, struct cgn_errmsg *err)
{
	const struct cgn_logstore_limits limits = {
		.max_bytes = (uint64_t)conf->log.store.max_mib << 20,
		.max_age_s = (uint64_t)conf->log.store.max_age_days * 86400,
		.segment_bytes = (uint64_t)conf->log.store.segment_mib << 20,
		.segment_s = 86400};
	struct cgn_store_thread *t = calloc(1, sizeof(*t));
	int rc = ENOMEM;

	if (t != NULL) {
		t->store = cgn_logstore_open(conf->log.store.directory, &limits, utc_ms(), err);
		rc = t->store == NULL ? errno : pthread_create(&t->thread, NULL, house_main, t);
	}
	if (rc == 0)
		return t;
	if (t == NULL || t->store != NULL)
		cgn_errmsg_set(err, "the local log could not be started: %s", strerror(rc));
	if (t != NULL)
		cgn_logstore_close(t->store);
	free(t);
	errno = rc;
	return NULL;
}

void
cgn_store_stop(struct cgn_store_thread *t)
{
	if (t == NULL)
		return;
	atomic_store(&t->stop, true);
	pthread_join(t->thread, NULL);
	cgn_logstore_close(t->store);
	free(t);
}

void
cgn_store_put(struct cgn_store_thread *t, const struct cgn_natlog_record *r,
	const struct cgn_event *event)
{
	if (t != NULL)
		cgn_logstore_put(t->store, r, event);
}

/* Tells once that it fails, and once that it goes on. */
static void
tell(struct cgn_store_thread *t, struct cgn_control *control)
{
	const struct cgn_logstore_stats stats = cgn_logstore_stats(t->store);
	struct cgn_event ev;

	if ((stats.error != 0) == (t->error != 0))
		return;
	cgn_event_init(
		&ev, stats.error != 0 ? CGN_EVENT_LOG_STORE_FAILED : CGN_EVENT_LOG_STORE_BACK);
	if (stats.error != 0)
		cgn_event_set_text(&ev, CGN_EVENT_FIELD_WHY, strerror(stats.error));
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_N, stats.lost - t->lost);
	t->error = stats.error;
	t->lost = stats.error == 0 ? stats.lost : t->lost;
	cgn_act_record(control, &ev);
}

void
cgn_store_turn(struct cgn_store_thread *t, struct cgn_control *control, uint64_t now_ms)
{
	if (t == NULL)
		return;
	cgn_logstore_turn(t->store, now_ms, utc_ms());
	if (control != NULL)
		tell(t, control);
}
