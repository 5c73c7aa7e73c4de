/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the command "reload" asks of the daemon, which alone knows where the configuration is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "diff.h"

enum cgn_reload_outcome {
	CGN_RELOAD_APPLIED,   /* new packets see the new configuration */
	CGN_RELOAD_DRY_RUN,   /* it would be applied; nothing was */
	CGN_RELOAD_UNCHANGED, /* nothing is different */
	CGN_RELOAD_REFUSED, /* something needs a restart, or there is no memory: nothing applied */
	CGN_RELOAD_BAD,     /* the new configuration has errors: nothing applied */
	CGN_RELOAD_BUSY,    /* another client is asking, or the daemon stops: nothing was read */
	CGN_N_RELOAD_OUTCOMES
};

/* "applied", "dry_run", … */
const char *cgn_reload_outcome_str(enum cgn_reload_outcome outcome);

struct cgn_reload_result {
	enum cgn_reload_outcome outcome;
	char message[512];             /* why it was not applied, or what goes on now */
	struct cgn_diff diff;          /* empty unless both configurations could be compared */
	struct cgn_conf_errors errors; /* when BAD */
};

/* Frees what it holds; it may be all zeros. */
void cgn_reload_result_fini(struct cgn_reload_result *result);

/* What came of it, into the record of who asked. Any thread. */
struct cgn_event;
void cgn_reload_describe(struct cgn_event *ev, const struct cgn_reload_result *result);

struct cgn_reloader {
	/* Telemetry threads, several at a time, no box held; returns when the outcome is known. */
	void (*run)(void *ctx, bool dry_run, struct cgn_reload_result *result);
	void *ctx;
};

/* The reloads, not dry runs, that ended so since start; counted by main, read by any thread. */
void cgn_reload_count(enum cgn_reload_outcome outcome);
uint64_t cgn_reload_n(enum cgn_reload_outcome outcome);

/* Main thread; NULL: no more. Waits for a run that goes on, which the daemon must let end. */
void cgn_manage_set_reloader(const struct cgn_reloader *reloader);

/*
 * Main thread: keeps all handlers away from the box from hold to release, so that what they read
 * can be exchanged.
 */
void cgn_manage_hold(void);
void cgn_manage_release(void);
