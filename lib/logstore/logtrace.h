/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who had an outside port at a time, from the files of a local log (logstore.h), whether a daemon
 * writes there or not. Only reads; any thread. Answers say what they are sure of: whatever happened
 * to the log around that time is part of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "slot.h"

enum { CGN_LOGTRACE_HOLDERS = 16, CGN_LOGTRACE_NOTES = 16 };

struct cgn_logtrace_question {
	uint32_t outside; /* host order */
	uint16_t port;
	uint8_t proto; /* IP protocol number */
	uint64_t utc_ms,
		span_ms; /* a time, and how exactly it is known: a second, say; at least 1 */
};

/* One who had it, in that span. */
struct cgn_logtrace_holder {
	uint8_t kind; /* CGN_SLOT_BLOCK_LEASED, MAPPING_MADE, EXPLICIT_MADE; 0: computed */
	uint8_t proto, origin;
	uint8_t inside_len; /* of the prefix that inside is; 32: an address */
	char tenant[CGN_NAME_LEN];
	uint32_t inside, outside;
	uint16_t inside_port, first, last; /* inside_port: of a mapping */
	uint64_t from, until;              /* ms since 1970; until 0: to the end of the log */
	bool is_from_unsure;               /* it may have begun earlier */
	bool is_until_unsure;              /* it may have ended earlier */
	bool is_restored;                  /* taken over from the run of the daemon before */
};

enum cgn_logtrace_note_kind {
	CGN_LOGTRACE_GAP,      /* n records were lost between from and until */
	CGN_LOGTRACE_CRASHED,  /* the daemon ended between from and until, without a word */
	CGN_LOGTRACE_STOPPED,  /* no daemon ran between from and until (0: to the end of the log) */
	CGN_LOGTRACE_SET_BACK, /* the clock was set back, to from, from until: that time was twice
				*/
	CGN_LOGTRACE_DAMAGED,  /* n slots of a file that has that time cannot be read */
	CGN_LOGTRACE_BEFORE,   /* the log begins at from */
	CGN_LOGTRACE_AFTER,    /* it ends at until */
	CGN_LOGTRACE_TOO_MANY, /* there are more holders, or notes, than fit */
};

struct cgn_logtrace_note {
	enum cgn_logtrace_note_kind kind;
	uint64_t n, from, until;
};

struct cgn_logtrace_answer {
	struct cgn_logtrace_holder holders[CGN_LOGTRACE_HOLDERS];
	uint32_t n_holders;
	struct cgn_logtrace_note notes[CGN_LOGTRACE_NOTES];
	uint32_t n_notes;
	uint32_t n_files; /* that were looked into */
	uint64_t begins;  /* of the log; 0: it is empty */
};

/* 0 or -errno: of the folder, of memory; -EOVERFLOW: more records of that port than can be kept. */
int cgn_logtrace(const char *directory, const struct cgn_logtrace_question *q,
	struct cgn_logtrace_answer *answer);

/* Is nothing wrong around that time, and nobody's end in doubt? Who began earlier had it all the
 * same. */
bool cgn_logtrace_is_sure(const struct cgn_logtrace_answer *answer);

/* Holders, then notes, as text; "-" for what one has not. */
struct cgn_logtrace_row {
	const char *what; /* block, mapping, explicit, computed, note */
	const char *sure; /* of a holder: yes, or which is right: from, until, neither */
	char tenant[CGN_NAME_LEN], inside[32], outside[32], from[32], until[32];
	char note[128];
};
static inline uint32_t
cgn_logtrace_n_rows(const struct cgn_logtrace_answer *answer)
{
	return answer->n_holders + answer->n_notes;
}
void cgn_logtrace_row(
	const struct cgn_logtrace_answer *answer, uint32_t i, struct cgn_logtrace_row *row);

/* Who it was, in a sentence, and the holder that says it best; NULL: nobody. buf: 128 bytes. */
const struct cgn_logtrace_holder *cgn_logtrace_sentence(
	const struct cgn_logtrace_answer *answer, char buf[128]);

/* "203.0.113.17:40000/tcp". 0 or -EINVAL. */
int cgn_logtrace_transport_parse(const char *text, struct cgn_logtrace_question *q);

/* Why a trace came to nothing. */
const char *cgn_logtrace_error_str(int rc);

/* In words. buf: CGN_LOGTRACE_STRLEN bytes. */
enum { CGN_LOGTRACE_STRLEN = 128, CGN_LOGTRACE_TIMELEN = 32 };
const char *cgn_logtrace_note_str(const struct cgn_logtrace_note *note, char *buf);

/* "2026-11-23T14:03:22.017Z"; "-" for 0. */
const char *cgn_logtrace_time_str(uint64_t utc_ms, char buf[CGN_LOGTRACE_TIMELEN]);

/* "2026-11-23T14:03:22Z", with a blank for the T and up to three digits behind a point; or "now".
 * 0 or -EINVAL. */
int cgn_logtrace_time_parse(const char *text, uint64_t now_ms, uint64_t *utc_ms, uint64_t *span_ms);
