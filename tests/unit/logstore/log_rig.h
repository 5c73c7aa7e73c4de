/* SPDX-License-Identifier: BSD-3-Clause */
/* A local log in a folder of its own, with a clock that tests move. */
#pragma once

#include "logstore.h"
#include "logtrace.h"

enum { RIG_OUTSIDE = 0xcb007111, RIG_INSIDE = 0x6440000a, RIG_FIRST = 1024, RIG_LAST = 1535 };

extern struct cgn_logstore *rig_store;
extern struct cgn_logstore_limits rig_limits;
extern char rig_dir[];
extern uint64_t rig_utc_ms; /* of the next record */

void rig_setup(void); /* a folder, and a log that has begun */
void rig_teardown(void);
void rig_open(void);  /* and START */
void rig_close(void); /* as after a crash, but for what was put */

void rig_put(enum cgn_natlog_id id, const char *tenant, uint32_t inside);
void rig_put_event(const struct cgn_event *event);

/* Who had RIG_OUTSIDE:port/tcp then? */
struct cgn_logtrace_answer rig_trace(uint16_t port, uint64_t utc_ms);

bool rig_has_note(const struct cgn_logtrace_answer *answer, enum cgn_logtrace_note_kind kind);

/* The files' number, and the path of the newest. */
int rig_files(char newest[256]);
