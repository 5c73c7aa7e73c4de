/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control writes for the log (telemetry/natlog.def): fixed-size records into a ring that the
 * log thread empties. Control never waits: when the ring is full it counts what it cannot write,
 * and when half of it is free again it writes a GAP with that count, all that there is once more
 * (AGAIN), and SYNCED. So the stream, replayed from START, is what there is, whatever was lost.
 *
 * Without a ring nothing of this is done. Control thread, unless it says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alarms.h"
#include "fates.h"
#include "natlog.h"

struct cgn_alarm;
struct cgn_control;
struct cgn_explicit;
struct cgn_flow;
struct cgn_mapping;
struct cgn_natlog_status;
struct rte_ring;

enum { CGN_NATLOG_LIMITS = 1024 };

/* A limit that somebody is at: told when it is reached, and when it was not for a minute. */
struct cgn_natlog_limit {
	struct cgn_natlog_record reached;
	uint32_t who; /* holder or tenant */
	uint32_t last_s;
	bool is_used;
};

/* A tenant as records name it; blocks point here, since they may outlive it. */
struct cgn_natlog_name {
	char tenant[CGN_NAME_LEN];
	uint32_t vrf;
};

struct cgn_natlog_feed {
	struct rte_ring *ring; /* of struct cgn_natlog_record; NULL: no log */
	uint64_t number;       /* of the last record, lost ones too */
	uint64_t lost;         /* since start; read by requests */
	uint64_t gap;          /* of them, not told yet */
	uint64_t utc_ms;       /* of this turn, if has_time */
	bool has_time;
	/* Telling again: blocks first, then mappings. */
	struct {
		bool is_on, has_all; /* has_all: after a gap; else blocks that nobody was told of */
		uint32_t block, mapping;
	} walk;
	const void *dir; /* that the last walk knew */
	struct cgn_natlog_name *names;
	uint32_t n_names;  /* the first is nobody's */
	uint16_t *name_of; /* [CGN_MAX_TENANTS] */
	uint8_t *origins;  /* [table.explicit + 1]: 0, or the origin that was told, + 1 */
	struct cgn_natlog_limit *limits;
	uint32_t limit_cursor, limits_s;
	struct cgn_natlog_status *status; /* of the outputs; whoever has them owns it; NULL: none */
	uint64_t limits_untold;           /* since too many stood at one */
};

/* Makes the ring and begins: from now on control feeds it. 0 or -ENOMEM. Main thread, before
 * control starts. fini accepts one that was never made. */
int cgn_natlog_feed_init(struct cgn_control *c, const char *name, uint32_t n_records, int socket);
void cgn_natlog_feed_fini(struct cgn_control *c);

/* The last record. Main thread, after control has ended. */
void cgn_natlog_feed_end(struct cgn_natlog_feed *f);

/* A slice of what is to be told. Each turn. */
void cgn_natlog_turn(struct cgn_control *c);

/* Log thread: the next record, with its event if it is one; false when there is none. */
bool cgn_natlog_take(
	struct cgn_natlog_feed *f, struct cgn_natlog_record *r, struct cgn_event *event);

/* --- What has happened --- */

/* A mapping was published (MAPPING_MADE), or is about to end. */
void cgn_natlog_mapping(struct cgn_control *c, const struct cgn_mapping *m, enum cgn_natlog_id id);

/* An explicit mapping was made or changed, or is about to end. flags: CGN_NATLOG_RESTORED or 0. */
void cgn_natlog_explicit(struct cgn_control *c, const struct cgn_mapping *m,
	const struct cgn_explicit *e, uint8_t flags);
void cgn_natlog_explicit_end(
	struct cgn_control *c, const struct cgn_mapping *m, const struct cgn_explicit *e);

/* A new flow was refused. */
void cgn_natlog_refused(struct cgn_control *c, const struct cgn_flow *flow, enum cgn_fate fate);

/* What a subscriber has, looked at now and then. who: its holder; limit: its quota's mappings. */
void cgn_natlog_subscriber(
	struct cgn_control *c, uint32_t tenant, uint32_t who, uint64_t used, uint32_t limit);

/* An alarm was raised or cleared. tenant: CGN_NONE for the box. */
void cgn_natlog_alarm(struct cgn_control *c, uint32_t tenant, enum cgn_alarm_id id,
	const struct cgn_alarm *alarm);

/* An event was recorded. feed: NULL when there is no log. */
void cgn_natlog_event(struct cgn_natlog_feed *feed, const struct cgn_event *event);

/* --- For these files only --- */

/* How the tenant is called, as an index of names for as long as the daemon runs. */
uint16_t cgn_natlog_name(struct cgn_control *c, uint32_t tenant);

/* A record of that kind, of a tenant. */
struct cgn_natlog_record cgn_natlog_of_tenant(
	struct cgn_control *c, enum cgn_natlog_id id, uint32_t tenant);

/* Numbers it and writes it, or counts it as lost. */
void cgn_natlog_put(struct cgn_natlog_feed *f, struct cgn_natlog_record *r);

/* A block, told to nobody yet or again; false when it is nobody's business (natlog_tell.c). */
bool cgn_natlog_block(struct cgn_control *c, uint32_t block, bool again);
void cgn_natlog_block_change(void *control, uint32_t block, int change);
void cgn_natlog_mapping_again(struct cgn_control *c, const struct cgn_mapping *m);

void cgn_natlog_walk(struct cgn_control *c);   /* natlog_walk.c */
void cgn_natlog_limits(struct cgn_control *c); /* natlog_limits.c */
