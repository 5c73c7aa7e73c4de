/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A simulated appliance with a journal of its state that is killed and started again, as the daemon
 * is. What a crash may cost is what has not reached the journal: restart_export says when something
 * does. Wrong use and failures to set up end the process with a message. One thread; one at a time.
 */
#pragma once

#include "journal.h"
#include "scratch.h"
#include "sim.h"

struct restart {
	struct cgn_sim *sim; /* NULL: it is down */
	struct cgn_journal *journal;
	struct cgn_journal_report report;   /* of the last start */
	struct cgn_journal_record *records; /* that the journal held then */
	uint32_t n_records, n_alloc;
	uint64_t lease_age_s; /* by which blocks are older than the journal says */
	uint32_t log_ring;    /* records of the log's ring, a power of two; 0: there is no log */
	char path[SCRATCH_LEN];
};

/* Journal, rings, control, and what the journal holds, in the order of the daemon; the journal is
 * new the first time. */
void restart_start(struct restart *r, const struct cgn_sim_params *params);

/* What control has told the journal so far reaches it. */
void restart_export(struct restart *r);

/* Until control has told it all. */
void restart_run_and_export(struct restart *r);

/* Nothing is saved, so that a stop is no different. The appliance must be sound. */
void restart_kill(struct restart *r);

/* Kills it if it runs, and removes the journal. */
void restart_fini(struct restart *r);
