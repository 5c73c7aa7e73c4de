/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's own state: one struct, filled stage by stage (stages.c) on the main thread and taken
 * down in reverse. Wiring only; the algorithms are in lib/.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "box.h"
#include "clock.h"
#include "err.h"
#include "events.h"
#include "service.h"

struct cgn_daemon {
	const struct cgn_options *options;
	const char *conf_path;
	struct cgn_conf *conf;    /* in force; read by the main thread only once threads run */
	struct cgn_conf *retired; /* the one before, while a switch goes on; else NULL */
	cgn_ns_t started;         /* when main began */
	char runtime_dir[256];    /* of EAL, kept for cleaning up after it */
	bool eal_up;
	struct cgn_dev devs[CGN_MAX_PORTS];
	uint16_t n_devs_open;
	struct rte_mempool *mempool;
	struct cgn_box *box;
	struct cgn_exporter *exporter;    /* NULL: no journal is configured */
	struct cgn_natlog_thread *natlog; /* natlog.c; NULL: the log has no outputs */
	pthread_t capture_thread;         /* if box->captures */
	atomic_bool capture_stop;
	struct cgn_radius_thread *radius; /* radius.c */
	atomic_bool stop;                 /* main sets it, the loops watch it */
	atomic_uint n_online;             /* loops that have begun */
	struct cgn_service service;
};

/* One step of the start. start: 0, or negative with *err filled and nothing of its own left. */
struct cgn_stage {
	const char *name;
	int (*start)(struct cgn_daemon *d, struct cgn_errmsg *err);
	void (*stop)(struct cgn_daemon *d);
};

/* Starts all stages in order; on failure stops those that were up and returns negative. */
int cgn_stages_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_stages_stop(struct cgn_daemon *d);

/* The stages. */
/* Confinement (confine.c): the first stage, before there are threads, and the last. */
int cgn_confine_begin(struct cgn_daemon *d, struct cgn_errmsg *err);
int cgn_confine_end(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_confine_stop(struct cgn_daemon *d);
int cgn_eal_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_eal_stop(struct cgn_daemon *d);
int cgn_ports_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_ports_stop(struct cgn_daemon *d);
/* The exporter (exporter.c): open and replay, control takes it back, run, join, close. */
int cgn_exporter_open(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_exporter_close(struct cgn_daemon *d);
void cgn_exporter_restore(struct cgn_daemon *d); /* control thread, before its first turn */
int cgn_exporter_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_exporter_stop(struct cgn_daemon *d);
/* The thread that gives records of the log to its outputs (natlog.c). */
int cgn_natlog_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_natlog_stop(struct cgn_daemon *d);
/* The local log (logstore.c), for the log thread alone. NULL with *err; NULL is accepted. turn:
 * control NULL: it has ended. */
struct cgn_store_thread;
struct cgn_natlog_record;
struct cgn_store_thread *cgn_store_start(const struct cgn_conf *conf, struct cgn_errmsg *err);
void cgn_store_stop(struct cgn_store_thread *t);
void cgn_store_put(struct cgn_store_thread *t, const struct cgn_natlog_record *r,
	const struct cgn_event *event);
void cgn_store_turn(struct cgn_store_thread *t, struct cgn_control *control, uint64_t now_ms);
/* The thread that writes captures (capture.c). */
int cgn_capture_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_capture_stop(struct cgn_daemon *d);
/*
 * The thread that takes RADIUS accounting (radius.c). prepare reads secrets and opens sockets for a
 * configuration that may come: NULL with *err; then take hands it to the thread, or drop forgets
 * it. Main thread.
 */
struct cgn_radius_next;
int cgn_radius_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_radius_stop(struct cgn_daemon *d);
struct cgn_radius_next *cgn_radius_prepare(
	struct cgn_daemon *d, const struct cgn_directory *dir, struct cgn_errmsg *err);
void cgn_radius_take(struct cgn_daemon *d, struct cgn_radius_next *next);
void cgn_radius_drop(struct cgn_radius_next *next);
int cgn_threads_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_threads_stop(struct cgn_daemon *d);

/*
 * Reload (reload.c). goes_on: whether the switch to another configuration is not over yet; frees
 * what it leaves behind when it is. by_command: does what a telemetry thread waits for, if any.
 * Both by_…: only when none goes on.
 */
int cgn_reload_start(struct cgn_daemon *d, struct cgn_errmsg *err);
void cgn_reload_stop(struct cgn_daemon *d);
void cgn_reload_by_signal(struct cgn_daemon *d, const struct cgn_event_who *who);
void cgn_reload_by_command(struct cgn_daemon *d);
bool cgn_reload_goes_on(struct cgn_daemon *d);

/* Largest frame of any port without its tags, for the size of packet buffers. */
uint16_t cgn_ports_data_room(const struct cgn_conf *conf);

/* Says, a line each without a newline, what of a good configuration an operator may not expect
 * (warnings.c). */
void cgn_warnings(const struct cgn_directory *dir, void (*say)(const char *line));

/* Logs what went through since start: the law and every fate that happened (report.c). */
void cgn_report_totals(const struct cgn_box *box);

/* Command line (options.c). */
struct cgn_options {
	const char *conf_path;
	bool check, print, no_seccomp, core_dumps;
};

/* 0: go on; 1: done (help, version); -EINVAL: said on stderr what is wrong. */
int cgn_options_parse(int argc, char **argv, struct cgn_options *opt);
