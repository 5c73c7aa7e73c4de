/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager is told (sd_notify(3)): ready, reloading, stopping, a line for
 * `systemctl status`, and, while control and every worker turn, that the watchdog need not bite.
 * Main thread. Without NOTIFY_SOCKET nothing of it has an effect.
 */
#pragma once

#include <stdbool.h>

#include "clock.h"
#include "progress.h"
#include "reloader.h"

struct cgn_daemon;

struct cgn_service {
	bool on;               /* somebody listens */
	cgn_ns_t watchdog;     /* silence that the manager takes for a hang; 0: it does not care */
	cgn_ns_t beat_at;      /* when to look next */
	cgn_ns_t status_at;    /* when the line is due next, if it is another by then */
	bool complained;       /* of a loop that does not turn */
	char last_reload[160]; /* what came of it; "" before the first */
	char status[512];      /* told last */
	struct cgn_progress progress;
};

/* All loops run. */
void cgn_service_ready(struct cgn_daemon *d);

/* Around a reload that is no dry run. */
void cgn_service_reloading(struct cgn_daemon *d);
void cgn_service_reloaded(struct cgn_daemon *d, const struct cgn_reload_result *result);

void cgn_service_stopping(struct cgn_daemon *d);

/* Whenever main comes by; long work calls it in between. Does nothing before beat_at. */
void cgn_service_beat(struct cgn_daemon *d);

/* How long main may wait for something else: ns, or 0 for ever. */
cgn_ns_t cgn_service_patience(const struct cgn_daemon *d);
