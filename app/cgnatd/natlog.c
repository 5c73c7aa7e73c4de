/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log thread: a plain thread that takes records off control's ring and gives them to the
 * outputs (lib/natlog). It touches no table; a collector that is slow or away delays nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon.h"
#include "log.h"
#include "outputs.h"

enum {
	REPORT_MS = 200, /* between two looks of telemetry at the outputs */
	BATCH = 1024,    /* records between two looks at the outputs */
	IDLE_US = 10000, /* a record leaves about 10 ms after what it tells of */
	MANY = 64,       /* so many in a turn: the next one comes sooner, for … */
	BUSY_US = 1000, /* … a collector's socket holds some 200 datagrams, if nobody raised that */
	LAST_TURNS = 200, /* of IDLE_US: for what is left when the daemon stops */
};

struct cgn_natlog_thread {
	struct cgn_outputs *outputs;
	struct cgn_store_thread *store; /* NULL: nothing is kept here */
	struct cgn_natlog_status status;
	uint64_t reported_ms;
	pthread_t thread;
	atomic_bool stop;
};

static uint64_t
ms_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint32_t
turn(struct cgn_daemon *d)
{
	struct cgn_outputs *outputs = d->natlog->outputs;
	uint64_t now_ms = ms_of(CLOCK_MONOTONIC);
	struct cgn_natlog_record r;
	struct cgn_event event;
	uint32_t n = 0;

	for (; n < BATCH && cgn_natlog_take(&d->box->control->natlog, &r, &event); n++) {
		cgn_outputs_put(outputs, &r, &event);
		cgn_store_put(d->natlog->store, &r, &event);
	}
	cgn_outputs_turn(outputs, now_ms, ms_of(CLOCK_REALTIME));
	cgn_store_turn(
		d->natlog->store, atomic_load(&d->natlog->stop) ? NULL : d->box->control, now_ms);
	if (now_ms - d->natlog->reported_ms >= REPORT_MS) {
		d->natlog->reported_ms = now_ms;
		cgn_outputs_report(outputs, &d->natlog->status);
	}
	return n;
}

static void *
natlog_main(void *arg)
{
	struct cgn_daemon *d = arg;
	uint32_t left = LAST_TURNS, n, last;

	pthread_setname_np(pthread_self(), "cgn-log");
	while (!atomic_load(&d->natlog->stop)) {
		n = 0;
		do {
			last = turn(d);
			n += last;
		} while (last == BATCH);
		cgn_outputs_wait(d->natlog->outputs, n < MANY ? IDLE_US : BUSY_US);
	}
	do {
		while (turn(d) > 0)
			;
		if (!cgn_outputs_are_busy(d->natlog->outputs))
			break;
		cgn_outputs_wait(d->natlog->outputs, IDLE_US);
	} while (--left > 0);
	return NULL;
}

static void
destroy(struct cgn_daemon *d)
{
	cgn_natlog_feed_fini(d->box->control);
	cgn_outputs_destroy(d->natlog->outputs);
	pthread_mutex_destroy(&d->natlog->status.lock);
	cgn_store_stop(d->natlog->store);
	free(d->natlog);
	d->natlog = NULL;
}

static int
create(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	d->natlog->outputs = cgn_outputs_create(d->conf, err);
	if (d->natlog->outputs == NULL)
		return -errno;
	if (d->conf->log.store.directory[0] != '\0') {
		d->natlog->store = cgn_store_start(d->conf, err);
		if (d->natlog->store == NULL)
			return -errno;
	}
	if (cgn_natlog_feed_init(d->box->control, "cgn", d->conf->log.ring, (int)rte_socket_id()) ==
		0) {
		d->box->control->natlog.status = &d->natlog->status;
		return 0;
	}
	cgn_errmsg_set(err,
		"no memory for %u records of the log: lower log.ring or raise "
		"memory.size_mib",
		d->conf->log.ring);
	return -ENOMEM;
}

int
cgn_natlog_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	int rc;

	if (!cgn_outputs_are_wanted(d->conf) && d->conf->log.store.directory[0] == '\0')
		return 0;
	d->natlog = calloc(1, sizeof(*d->natlog));
	if (d->natlog == NULL) {
		cgn_errmsg_set(err, "not enough memory");
		return -ENOMEM;
	}
	pthread_mutex_init(&d->natlog->status.lock, NULL);
	rc = create(d, err);
	if (rc == 0) {
		rc = -pthread_create(&d->natlog->thread, NULL, natlog_main, d);
		if (rc < 0)
			cgn_errmsg_set(
				err, "the log thread could not be started: %s", strerror(-rc));
	}
	if (rc < 0)
		destroy(d);
	return rc;
}

void
cgn_natlog_stop(struct cgn_daemon *d)
{
	if (d->natlog == NULL)
		return;
	cgn_natlog_feed_end(&d->box->control->natlog);
	atomic_store(&d->natlog->stop, true);
	pthread_join(d->natlog->thread, NULL);
	destroy(d);
}
