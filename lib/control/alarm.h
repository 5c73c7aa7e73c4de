/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Alarms of the box and of each tenant (alarms.def). Once a second a pass over all of them begins,
 * some tenants a turn. One is raised when its value reaches the bound, and cleared when it has been
 * below the lower bound for alarms.clear_s without a break; both are logged once, within a rate. A
 * pass over the subscribers goes on beside it, to count those that are at a limit of their own.
 * Control thread; others ask (manage/query.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alarms.h"
#include "clock.h"
#include "conf.h"

struct cgn_control;

enum cgn_alarm_state { CGN_ALARM_NEVER, CGN_ALARM_ACTIVE, CGN_ALARM_CLEARED };

struct cgn_alarm {
	uint64_t value, limit;     /* at the last look; limit 0: none */
	uint64_t counted;          /* RATE: the count at the last look */
	uint64_t peak, peak_utc_s; /* highest value since start, and when it was seen */
	uint64_t since_utc_s;      /* of the state */
	uint32_t n_raised;
	uint32_t looked_s,
		high_s;   /* control's seconds: last look; last one above the clear bound */
	uint8_t state;    /* enum cgn_alarm_state */
	bool is_counting; /* RATE: counted holds */
};

struct cgn_alarms {
	struct cgn_alarm box[CGN_N_BOX_ALARMS];
	struct cgn_tenant_alarms {
		struct cgn_alarm each[CGN_N_TENANT_ALARMS];
		uint32_t n_at_limit,
			n_at_limit_so_far; /* subscribers; of the last pass, this one */
		uint32_t pass;             /* this one */
	} * tenants;                       /* [CGN_MAX_TENANTS], reserved */
	uint32_t n_active, n_raised;       /* of all */
	uint32_t pass_s;                   /* second of the pass */
	uint32_t pass;                     /* over the subscribers */
	uint32_t tenant_cursor, inside_cursor;
	cgn_ns_t inside_at;   /* when the next slice of subscribers is due */
	uint64_t log_full_at; /* rate.h */
	uint32_t n_unlogged;  /* lines that the rate held back */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_alarms_init(struct cgn_alarms *a, int socket);
void cgn_alarms_fini(struct cgn_alarms *a);

/* Memory for tenants below n. 0 or -ENOMEM. Main thread, before control sees them. */
int cgn_alarms_fill(struct cgn_alarms *a, uint32_t n_tenants);

/* A slice of what is due. */
void cgn_alarms_turn(struct cgn_control *c);

/* Values at which an alarm of this kind is raised, and below which it is cleared. */
struct cgn_alarm_bounds {
	uint64_t raise, clear;
};
struct cgn_alarm_bounds cgn_alarm_bounds(
	const struct cgn_conf *conf, enum cgn_alarm_kind kind, uint64_t limit);

/* Seconds since 1970. */
uint64_t cgn_alarm_utc_s(void);
