/* SPDX-License-Identifier: BSD-3-Clause */
/* The history of one port, file by file; called by logtrace.c. */
#pragma once

#include "logtrace_load.h"

enum { CGN_REPLAY_OPEN = 64 }; /* holders of a port at once: a block, a mapping; more by damage */

struct cgn_replay_open {
	struct cgn_slot slot;
	char tenant[CGN_NAME_LEN];
	uint64_t from, test_from; /* test_from: since the clock was set back */
	uint64_t segment;         /* whose snapshot has it */
	uint32_t round;
	bool is_from_unsure, is_matched, is_restored;
};

struct cgn_replay {
	const struct cgn_logtrace_question *q;
	struct cgn_logtrace_answer *answer;
	struct cgn_replay_open open[CGN_REPLAY_OPEN];
	uint32_t n_open;
	uint32_t round;
	struct {
		bool is_on;
		uint64_t n, from, utc;
	} gap;
	bool has_begun, is_stopped;
	uint64_t run_utc, last_utc, stopped_utc;
};

/* The next file, which follows on the last one. */
void cgn_replay_file(struct cgn_replay *r, const struct cgn_loaded *l);

/* There is none any more. */
void cgn_replay_end(struct cgn_replay *r);

/* Does anybody who has it still count for the answer? mapping: one that no snapshot shows. */
bool cgn_replay_has_open(const struct cgn_replay *r, bool mapping);

/* Are all of them in the file's snapshot? */
bool cgn_replay_is_in(const struct cgn_replay *r, const struct cgn_loaded *l);

void cgn_replay_note(struct cgn_logtrace_answer *answer, enum cgn_logtrace_note_kind kind,
	uint64_t n, uint64_t from, uint64_t until);
