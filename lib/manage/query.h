/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What telemetry asks of control: functions that run on the control thread between two turns, on a
 * copied argument (request.h). Each looks at no more than CGN_QUERY_STEPS entries of anything, so
 * that packets wait at most some hundred microseconds; the cursor says where to go on.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "control.h"
#include "params.h"

enum {
	CGN_QUERY_ROWS = 64,
	CGN_QUERY_STEPS = 4096,    /* entries that lie side by side: 10 ns each */
	CGN_QUERY_FAR_STEPS = 512, /* those that need a look elsewhere: 100 to 200 ns each */
};

/* Start of each paged query. */
struct cgn_query {
	uint64_t cursor; /* in: where to begin, 0 at first; out: where to go on, 0 when finished */
	uint32_t limit;  /* in: rows wanted, at most CGN_QUERY_ROWS */
	uint32_t n;      /* out: rows found, maybe none before the end */
	uint32_t tenant; /* in: only this one, or CGN_NONE */
};

/* The numbers that a query is about: a tenant's, or all below n. */
static inline struct cgn_number_runs
cgn_query_numbers(const struct cgn_number_runs *tenants, uint32_t n, struct cgn_number_run *all)
{
	*all = (struct cgn_number_run){.n = n};
	return tenants != NULL ? *tenants : (struct cgn_number_runs){.runs = all, .n_runs = 1};
}

/* The number at which a cursor goes on, or CGN_NONE. */
static inline uint32_t
cgn_query_number_at(const struct cgn_number_runs *numbers, uint64_t cursor)
{
	return cgn_number_next(numbers, cursor < CGN_NONE ? (uint32_t)cursor : CGN_NONE);
}

/* Is inside one of the wanted subscriber's, or is every subscriber wanted (CGN_NONE)? */
static inline bool
cgn_query_wants(const struct cgn_control *c, uint32_t wanted, uint32_t inside)
{
	return wanted == CGN_NONE || cgn_holder_of(c, wanted) == cgn_holder_of(c, inside);
}

struct cgn_query_box {
	uint32_t uptime_s;
	uint32_t mappings, limbo; /* published and unlinked; unlinked only */
	uint64_t made, refused, expired, grace_wait_ns_max;
	uint32_t neighbours, held;
	uint32_t explicits, filters, tcp_tracked, contacts; /* records in use */
	uint32_t dependent, shared_ports; /* mappings of one remote end, and ports they have */
	bool journal_on;
	uint64_t journal_written, journal_resyncs, journal_waits;
	uint32_t blocks_restored, blocks_resting; /* since the last restart */
	struct cgn_alarm alarms[CGN_N_BOX_ALARMS];
	uint32_t alarms_active, alarms_raised;
	uint32_t drains; /* by the operator */
};
void cgn_query_box(struct cgn_control *c, void *arg);

/* When a peak was, in seconds since 1970; 0 when there was none. */
uint64_t cgn_query_peak_utc_s(const struct cgn_control *c, const struct cgn_peak *peak);

struct cgn_query_tenants {
	struct cgn_query q; /* cursor: tenant number */
	struct {
		uint32_t tenant;
		struct cgn_use use;
		struct cgn_pool_use pool;
		uint64_t peak_utc_s, busy_peak_utc_s, blocks_peak_utc_s;
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_tenants(struct cgn_control *c, void *arg);

struct cgn_query_tenant_alarms {
	uint32_t tenant;
	struct cgn_alarm each[CGN_N_TENANT_ALARMS];
};
void cgn_query_tenant_alarms(struct cgn_control *c, void *arg);

/* Alarms: those of the box, then of each tenant. */
struct cgn_query_alarms {
	struct cgn_query
		q; /* cursor: alarm of the box, or those and tenant × tenants' alarms + its */
	bool all;  /* also those that are neither active nor newly cleared */
	struct cgn_alarm_row {
		uint64_t at;
		uint32_t tenant; /* or CGN_NONE */
		enum cgn_alarm_id id;
		struct cgn_alarm alarm;
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_alarms(struct cgn_control *c, void *arg);

/* Events, newest first (query_event.c). A cursor is CGN_EVENT_END - number. */
#define CGN_EVENT_END (UINT64_C(1) << 62)
enum { CGN_QUERY_EVENTS = 28 };
struct cgn_query_events {
	struct cgn_query q;
	uint64_t after, from_utc_ms; /* only later numbers; only what is no older */
	struct cgn_event rows[CGN_QUERY_EVENTS];
};
void cgn_query_events(struct cgn_control *c, void *arg);

/* What drains, and draining (query_drain.c). */
enum cgn_drain_what { CGN_DRAIN_BOX, CGN_DRAIN_TENANT, CGN_DRAIN_POOL };
struct cgn_drain_row {
	uint64_t at;
	enum cgn_drain_what what;
	uint32_t tenant, pool; /* or CGN_NONE */
	struct cgn_drain drain;
	bool is_configured;
	uint32_t mappings, blocks; /* left */
	uint32_t left_s;           /* of drain.has_end */
};
struct cgn_query_drains {
	struct cgn_query q; /* cursor: place in the row of box, tenants, addresses */
	struct cgn_drain_row rows[CGN_QUERY_ROWS];
};
void cgn_query_drains(struct cgn_control *c, void *arg);

/* Changes state. */
struct cgn_query_drain {
	enum cgn_drain_what what;
	bool on;
	uint32_t tenant, pool, after_s;
	uint32_t open;            /* out, of a pool: addresses of the tenant that are open */
	const char *why;          /* out: NULL when it is done; static text */
	struct cgn_drain_row row; /* out */
};
void cgn_query_drain(struct cgn_control *c, void *arg);

/* Subscribers that hold something, or have a session. */
struct cgn_query_subscribers {
	struct cgn_query q; /* cursor: inside index; of holders */
	struct cgn_subscriber_row {
		uint32_t inside;
		struct cgn_subscriber sub;
		char id[CGN_SESSION_ID_LEN]; /* of its session, or "" */
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_subscribers(struct cgn_control *c, void *arg);
void cgn_query_subscriber_row(
	const struct cgn_control *c, uint32_t inside, struct cgn_subscriber_row *row);

/* The same of those who ask for the most new flows; cursor: slot of control/busiest.h. */
void cgn_query_busiest(struct cgn_control *c, void *arg);

/* Those who move the most bytes (query_talkers.c); cursor: slot × workers + worker. */
struct cgn_query_talkers {
	struct cgn_query q;
	struct cgn_talker_row {
		uint64_t at;
		uint64_t bytes[2]; /* by enum cgn_dir */
		struct cgn_subscriber_row of;
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_talkers(struct cgn_control *c, void *arg);

struct cgn_query_subscriber {
	uint32_t inside;
	struct cgn_subscriber_row row;
};
void cgn_query_subscriber(struct cgn_control *c, void *arg);

enum { CGN_QUERY_SHARER = 1 << 20 }; /* above 65536 × CGN_N_PROTOS */
struct cgn_query_mappings {
	/* cursor: entry of the table, or port of the subscriber's blocks and, times
	 * CGN_QUERY_SHARER, which of the mappings that share it */
	struct cgn_query q;
	uint32_t inside; /* only this subscriber, or CGN_NONE */
	uint32_t pool;   /* only this outside address and port, or CGN_NONE */
	uint16_t port;
	uint8_t protos; /* bit by enum cgn_proto */
	struct cgn_mapping_row {
		uint64_t at;
		uint32_t inside_addr, outside_addr; /* host order */
		uint16_t inside_port, outside_port, tenant;
		uint8_t proto, ip_proto; /* ip_proto: of CGN_OTHER */
		bool is_call;            /* ports are call ids */
		uint32_t remote;         /* of CGN_OTHER, and where it shares its port; else 0 */
		uint16_t remote_port;    /* likewise; host order both */
		uint32_t tcp, age_s, idle_s;
		int32_t left_s;            /* -1: the operator's */
		uint32_t filter, contacts; /* word of the mapping; peers it remembers */
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_mappings(struct cgn_control *c, void *arg);

/* The row of mapping i; at: its cursor. */
struct cgn_mapping_row cgn_query_mapping_row(const struct cgn_control *c, uint32_t i, uint64_t at);

/* Seconds since a packet came over a mapping, or -1: none yet. */
int32_t cgn_query_idle(const struct cgn_control *c, const struct cgn_mapping *m);

/* Explicit mappings (query_explicit.c). */
struct cgn_query_explicits {
	struct cgn_query q;      /* cursor: record */
	uint32_t inside;         /* only this subscriber, or CGN_NONE */
	uint8_t protos, origins; /* bits by enum cgn_proto and enum cgn_explicit_origin */
	struct cgn_explicit_row {
		uint64_t at;
		uint32_t inside_addr, outside_addr, client_addr; /* host order */
		uint16_t inside_port, outside_port, client_port, tenant;
		uint16_t set_first, set_size;
		uint8_t proto, origin, n_filters;
		int8_t n_sessions; /* live ones; -1: TCP without a record */
		int32_t idle_s;    /* -1: no packet yet */
		int32_t left_s;    /* -1: the operator's */
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_explicits(struct cgn_control *c, void *arg);

/* Refused requests, newest first (query_explicit.c). A cursor is CGN_REFUSAL_END - seq. */
#define CGN_REFUSAL_END (UINT64_C(1) << 62)
struct cgn_query_refusals {
	struct cgn_query q;
	uint32_t inside; /* only this subscriber, or CGN_NONE */
	struct cgn_refusal rows[CGN_QUERY_ROWS];
};
void cgn_query_refusals(struct cgn_control *c, void *arg);

/* The operator's wish for one mapping: these two change state (query_explicit.c). */
struct cgn_query_map {
	uint32_t tenant;
	struct cgn_conf_static map; /* delete: outside end is filled in */
	uint8_t origin;             /* delete, out: of what is gone, enum cgn_explicit_origin */
	const char *why;            /* out: NULL when it is done, else why not; static text */
};
void cgn_query_map_add(struct cgn_control *c, void *arg);
void cgn_query_map_delete(struct cgn_control *c, void *arg);

/* A slice of clearing; the argument is a struct cgn_clear. */
void cgn_query_clear(struct cgn_control *c, void *arg);

/* Seconds that are left of an explicit mapping's record, or -1 when it is the operator's. */
int32_t cgn_query_explicit_left(const struct cgn_control *c, const struct cgn_explicit *e);

/* Outside addresses. */
struct cgn_query_pools {
	struct cgn_query q; /* cursor: pool index */
	struct cgn_pool_row {
		uint32_t pool;
		uint16_t n_blocks, n_free;
		uint16_t state; /* enum cgn_addr_state */
		uint32_t busy[CGN_N_PROTOS], resting[CGN_N_PROTOS];
		struct cgn_peak mapped_peak, busy_peak, blocks_peak;
		uint64_t mapped_peak_utc_s, busy_peak_utc_s, blocks_peak_utc_s;
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_pools(struct cgn_control *c, void *arg);

struct cgn_query_blocks {
	struct cgn_query
		q; /* cursor: pool index × CGN_GRANULES + granule; of a subscriber: ordinal */
	uint32_t inside; /* only this subscriber, or CGN_NONE */
	struct cgn_block_row {
		uint64_t at;
		struct cgn_block block;
		uint32_t rests_s; /* still, since a restart; or 0 */
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_blocks(struct cgn_control *c, void *arg);

struct cgn_query_neighbours {
	struct cgn_query q;         /* cursor: neighbour index */
	uint32_t first, last, port; /* indices to look at, last exclusive; port index or CGN_NONE */
	struct cgn_neigh_row {
		uint32_t neigh;
		uint64_t mac;
		uint32_t age_s; /* since it was confirmed */
		uint16_t n_held;
		uint8_t state;
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_neighbours(struct cgn_control *c, void *arg);

static_assert(sizeof(struct cgn_query_alarms) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_drains) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_events) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_tenants) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_subscribers) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_talkers) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_mappings) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_explicits) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_refusals) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert((int)CGN_REFUSALS <= (int)CGN_QUERY_STEPS, "one query looks at all of them");
static_assert(sizeof(struct cgn_query_pools) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_blocks) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_neighbours) <= CGN_REQUEST_ARG_MAX, "fits a request");
