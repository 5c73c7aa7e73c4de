/* SPDX-License-Identifier: BSD-3-Clause */
/* An appliance that is killed and started again; see restart.h. */
#include "restart.h"

#include <stdlib.h>
#include <unistd.h>

#include <rte_ring.h>

#include "control.h"
#include "pool_fixture.h"
#include "sim_internal.h"

enum { MAX_BYTES = 16 << 20 };

static void
on_replay(void *ctx, const struct cgn_journal_record *record)
{
	struct restart *r = ctx;

	if (r->n_records == r->n_alloc) {
		r->n_alloc = r->n_alloc * 2 + 1024;
		r->records = realloc(r->records, r->n_alloc * sizeof(r->records[0]));
		if (r->records == NULL)
			cgn_sim_die("no memory");
	}
	r->records[r->n_records] = *record;
	if (record->type == CGN_JOURNAL_LEASE)
		r->records[r->n_records].at_utc_s -= r->lease_age_s;
	r->n_records++;
}

static void
make_file(struct restart *r)
{
	int fd = mkstemp(scratch_template(r->path, "restart"));

	if (fd < 0)
		cgn_sim_die("no file %s", r->path);
	close(fd);
}

void
restart_start(struct restart *r, const struct cgn_sim_params *params)
{
	struct cgn_control *c;
	struct cgn_errmsg err;

	if (r->path[0] == '\0')
		make_file(r);
	r->n_records = 0;
	r->journal = cgn_journal_open(r->path, MAX_BYTES, on_replay, r, &r->report, &err);
	if (r->journal == NULL)
		cgn_sim_die("no journal: %s", err.text);
	cgn_sim_eal();
	r->sim = cgn_sim_create(params);
	c = r->sim->box->control;
	if (cgn_state_init(&c->state, r->sim->name, SOCKET_ID_ANY) < 0)
		cgn_sim_die("no memory");
	if (r->log_ring > 0 && cgn_natlog_feed_init(c, r->sim->name, r->log_ring, 0) < 0)
		cgn_sim_die("no memory");
	cgn_state_restore(c, r->records, r->n_records);
	if (!pool_is_consistent(c->pool))
		cgn_sim_die("the pool is not consistent after a start");
	cgn_sim_run(r->sim);
}

/* As the exporter works. */
void
restart_export(struct restart *r)
{
	struct cgn_journal_record record;

	while (cgn_state_take(&r->sim->box->control->state, &record, 1) == 1)
		if (cgn_journal_append(r->journal, &record) != 0)
			cgn_sim_die("the journal takes no record");
	if (cgn_journal_flush(r->journal, false) != 0)
		cgn_sim_die("the journal is not written");
}

void
restart_run_and_export(struct restart *r)
{
	const struct cgn_state *state = &r->sim->box->control->state;

	do {
		cgn_sim_run(r->sim);
		restart_export(r);
		cgn_sim_poll_control(r->sim);
	} while (rte_ring_count(state->ring) > 0 || state->resync);
}

void
restart_kill(struct restart *r)
{
	struct cgn_control *c = r->sim->box->control;

	if (!pool_is_consistent(c->pool) || !cgn_sim_is_sound(r->sim))
		cgn_sim_die("the appliance is not sound at its end");
	if (r->log_ring > 0)
		cgn_natlog_feed_fini(c);
	cgn_state_fini(&c->state);
	cgn_sim_destroy(r->sim);
	r->sim = NULL;
	cgn_journal_close(r->journal);
	r->journal = NULL;
}

void
restart_fini(struct restart *r)
{
	if (r->sim != NULL)
		restart_kill(r);
	unlink(r->path);
	free(r->records);
	*r = (struct restart){0};
}
