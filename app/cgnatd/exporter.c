/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exporter: a plain thread that takes records off control's ring and writes them to the state
 * journal. It touches no table; a slow or full disk delays nothing but itself.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"

enum { BATCH = 64, IDLE_US = 10000 }; /* an answer is on disk about 10 ms after it was given */

struct cgn_exporter {
	struct cgn_journal *journal;
	struct cgn_journal_record *restored; /* what the journal held, for control */
	uint32_t n_restored, n_alloc;
	pthread_t thread;
	bool running, complained;
	atomic_bool stop;
};

static void
collect(void *ctx, const struct cgn_journal_record *r)
{
	struct cgn_exporter *x = ctx;

	if (x->n_restored == x->n_alloc) {
		uint32_t n = x->n_alloc > 0 ? x->n_alloc * 2 : 1024;
		struct cgn_journal_record *more = realloc(x->restored, n * sizeof(*more));

		if (more == NULL)
			return; /* counted as lost by the epoch, which control then starts anew */
		x->restored = more;
		x->n_alloc = n;
	}
	x->restored[x->n_restored++] = *r;
}

static int
open_journal(struct cgn_daemon *d, struct cgn_exporter *x, struct cgn_errmsg *err)
{
	struct cgn_journal_report report;

	x->journal = cgn_journal_open(d->conf->state.journal,
		(uint64_t)d->conf->state.max_mib << 20, collect, x, &report, err);
	if (x->journal == NULL)
		return -errno;
	cgn_info("state", "journal opened file=%s records=%lu live=%lu blocks=%lu sessions=%lu",
		d->conf->state.journal, (unsigned long)report.records, (unsigned long)report.live,
		(unsigned long)report.leases, (unsigned long)report.sessions);
	if (report.cut_bytes > 0)
		cgn_warn("state", "journal tail cut: %s bytes=%lu; mappings made last may be lost",
			report.cut_reason, (unsigned long)report.cut_bytes);
	return 0;
}

/* Says once when the journal cannot be written, and once when it can again. */
static void
watch(struct cgn_exporter *x, int rc)
{
	if (rc < 0 && !x->complained)
		cgn_err("state", "journal cannot be written: %s; kept in memory and tried again",
			strerror(-rc));
	else if (rc == 0 && x->complained)
		cgn_notice("state", "journal is written again");
	x->complained = rc < 0;
}

static uint32_t
export_batch(struct cgn_daemon *d)
{
	struct cgn_exporter *x = d->exporter;
	struct cgn_journal_record records[BATCH];
	uint32_t n = cgn_state_take(&d->box->control->state, records, BATCH);
	int rc = 0;

	for (uint32_t i = 0; i < n; i++) {
		int one = cgn_journal_append(x->journal, &records[i]);

		rc = one < 0 ? one : rc;
	}
	if (rc < 0)
		watch(x, rc);
	return n;
}

static void *
exporter_main(void *arg)
{
	struct cgn_daemon *d = arg;
	struct cgn_exporter *x = d->exporter;

	pthread_setname_np(pthread_self(), "cgn-exporter");
	while (!atomic_load(&x->stop)) {
		while (export_batch(d) == BATCH)
			;
		watch(x, cgn_journal_flush(x->journal, true));
		usleep(IDLE_US);
	}
	while (export_batch(d) > 0)
		;
	return NULL;
}

int
cgn_exporter_open(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	int rc;

	if (d->conf->state.journal[0] == '\0')
		return 0;
	d->exporter = calloc(1, sizeof(*d->exporter));
	if (d->exporter == NULL) {
		cgn_errmsg_set(err, "not enough memory");
		return -ENOMEM;
	}
	rc = open_journal(d, d->exporter, err);
	if (rc == 0) {
		rc = cgn_state_init(&d->box->control->state, "cgn", (int)rte_socket_id());
		if (rc < 0)
			cgn_errmsg_set(err, "no memory for the state ring: raise memory.size_mib");
	}
	if (rc < 0)
		cgn_exporter_close(d);
	return rc;
}

void
cgn_exporter_close(struct cgn_daemon *d)
{
	if (d->exporter == NULL)
		return;
	cgn_journal_close(d->exporter->journal);
	cgn_state_fini(&d->box->control->state);
	free(d->exporter->restored);
	free(d->exporter);
	d->exporter = NULL;
}

void
cgn_exporter_restore(struct cgn_daemon *d)
{
	struct cgn_exporter *x = d->exporter;

	if (x == NULL)
		return;
	cgn_state_restore(d->box->control, x->restored, x->n_restored);
	free(x->restored);
	x->restored = NULL;
}

int
cgn_exporter_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	int rc;

	if (d->exporter == NULL)
		return 0;
	rc = pthread_create(&d->exporter->thread, NULL, exporter_main, d);
	if (rc != 0) {
		cgn_errmsg_set(err, "the exporter thread could not be started: %s", strerror(rc));
		return -rc;
	}
	d->exporter->running = true;
	return 0;
}

void
cgn_exporter_stop(struct cgn_daemon *d)
{
	if (d->exporter == NULL || !d->exporter->running)
		return;
	atomic_store(&d->exporter->stop, true);
	pthread_join(d->exporter->thread, NULL);
	d->exporter->running = false;
}
