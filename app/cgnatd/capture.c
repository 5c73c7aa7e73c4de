/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The capture thread: a plain thread that takes what the tap has copied to the files of captures
 * (lib/capture). A slow or full disk loses packets of the captures, and counts them; nobody waits.
 */
#include <string.h>
#include <unistd.h>

#include "daemon.h"

enum { BUSY_US = 200, IDLE_US = 10000 }; /* 1024 packets fill a ring in 200 µs at 5 Mpps */

static void *
capture_main(void *arg)
{
	struct cgn_daemon *d = arg;
	struct cgn_captures *c = d->box->captures;

	pthread_setname_np(pthread_self(), "cgn-capture");
	while (!atomic_load(&d->capture_stop)) {
		cgn_captures_poll(c, cgn_clock_now());
		usleep(cgn_tap_active(d->box->dp.tap) != 0 ? BUSY_US : IDLE_US);
	}
	cgn_captures_end(c, CGN_CAPTURE_EXIT);
	cgn_captures_poll(c, cgn_clock_now());
	return NULL;
}

int
cgn_capture_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	int rc;

	if (d->box->captures == NULL)
		return 0;
	rc = pthread_create(&d->capture_thread, NULL, capture_main, d);
	if (rc != 0)
		cgn_errmsg_set(err, "the capture thread could not be started: %s", strerror(rc));
	return -rc;
}

void
cgn_capture_stop(struct cgn_daemon *d)
{
	if (d->box->captures == NULL)
		return;
	atomic_store(&d->capture_stop, true);
	pthread_join(d->capture_thread, NULL);
}
