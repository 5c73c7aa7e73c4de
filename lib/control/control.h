/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control core: the only writer of the mapping table, the pool, the subscribers and the
 * neighbours. One thread. A new flow travels
 *
 *   punt_drain → admit → allocate → publish → reinject          (files of these names)
 *
 * and a mapping ends by expire (or an operator's request) → unlink, then reclaim after every worker
 * has passed a quiescent point. Nothing here blocks; each turn does a bounded amount of each work.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "counters.h"
#include "directory_switch.h"
#include "dataplane.h"
#include "det_log.h"
#include "drain.h"
#include "alarm.h"
#include "alg_edit.h"
#include "busiest.h"
#include "contact.h"
#include "contact_record.h"
#include "announce.h"
#include "epoch.h"
#include "error_rate.h"
#include "event_log.h"
#include "explicit.h"
#include "fair_queue.h"
#include "natlog_feed.h"
#include "pptp.h"
#include "rand.h"
#include "refusals.h"
#include "request.h"
#include "session.h"
#include "share.h"
#include "state.h"
#include "subscriber.h"
#include "tcp_end.h"
#include "unsolicited.h"
#include "wheel.h"
#include "worker.h"

/* What is unlinked, on its way to be reclaimed; mappings are chained through their timers' nodes.
 */
struct cgn_limbo {
	uint32_t first;          /* mapping index or CGN_MAPPING_NONE */
	uint32_t first_filter;   /* filter set or 0 */
	uint32_t first_sessions; /* record of tcp_session.h or 0 */
	uint32_t first_contact;  /* of nat/contact.h or 0 */
	uint32_t n;              /* of all four */
	uint64_t token;          /* of rte_rcu_qsbr_start, for the list that waits */
};

/* Mapping Updates that are under way, by explicit record (portctl_update.c). */
struct cgn_updates {
	struct cgn_wheel wheel;
	struct cgn_update {
		struct cgn_wheel_node node;
		uint8_t left;     /* copies to send */
		uint8_t waited_s; /* for the client's MAC */
	} * at;                   /* [table.explicit + 1] */
};

/* Packets for one worker, handed back at the end of the turn. */
struct cgn_back_buffer {
	uint16_t n;
	struct rte_mbuf *mbufs[CGN_BURST];
	uint32_t mark; /* place in the worker's ring (cgn_reinject_mark) */
};

/* Places in the rooms that nobody else can have. */
struct cgn_promise {
	uint32_t mappings, explicit_mappings;
};

struct cgn_control {
	struct cgn_dataplane *dp;
	/* The tables, writable. */
	struct cgn_table *table;
	struct cgn_pool *pool;
	struct cgn_neigh_table *neigh;
	struct cgn_subscriber
		*subscribers;         /* [n_inside], reserved (base/reserve.h); cgn_subscriber_of */
	struct cgn_use *tenants;      /* [n_tenants], reserved */
	struct cgn_promise *promises; /* [n_tenants], reserved; in force */
	struct cgn_room mapping_room, explicit_room;
	struct cgn_wheel wheel; /* of mappings */
	struct cgn_limbo open, waiting;
	struct cgn_explicit_pool explicits;
	struct cgn_sessions sessions;
	struct cgn_switch change; /* of directories */
	/* Main makes and frees it between two switches, control reads it during one. */
	struct cgn_switch_plan *plan;
	struct cgn_updates updates;
	struct cgn_state state; /* ring to the journal; set up by the daemon */
	struct cgn_portctl_reply replies[CGN_EXPLICIT_MAX_ANSWERS]; /* of the request at hand */
	struct cgn_why why; /* of the request at hand, when the rules have refused it */
	struct cgn_refusals refusals;
	struct cgn_busiest busiest;
	uint64_t *request_counts; /* [n_tenants][CGN_N_REQUEST_COUNTERS]; read by telemetry */
	struct cgn_filters filters;
	struct cgn_others others;
	struct cgn_dependents dependents;
	struct cgn_algs algs;
	struct cgn_tcp_session_pool tcp_sessions;
	struct cgn_contacts contacts;
	struct cgn_wheel contact_wheel;
	struct cgn_tcp_ending tcp_ending;
	struct cgn_epoch *epochs;       /* [n_tenants], reserved */
	struct cgn_announce *announces; /* [n_ifaces], reserved; trains of NAT-PMP and PCP */
	uint32_t announce_cursor;
	cgn_ns_t announce_slot_at; /* next start of a train, see cgn_announce_slot */
	bool announcing, announcing_more;
	struct cgn_rand rand;
	/* Packets. */
	struct rte_mempool *mempool; /* for packets that the box makes */
	struct cgn_back_buffer back[CGN_MAX_WORKERS];
	struct cgn_alarms alarms;
	struct cgn_event_log events;
	struct cgn_det_log det_log;
	struct cgn_natlog_feed natlog; /* ring to the log thread; set up by the daemon */
	struct cgn_drains drains;
	struct cgn_fair_queue queue; /* of new flows and requests */
	struct cgn_error_rates error_rates;
	struct cgn_unsolicited_syns syns;
	uint32_t announce_next, announce_round, announce_at_s; /* gratuitous ARP at start */
	cgn_ns_t announce_slice_at;                            /* a few of them each millisecond */
	/* Time of this turn. */
	cgn_ns_t now;
	uint32_t now_s, start_s;
	struct cgn_counters counters;        /* read by telemetry */
	uint64_t expired, grace_wait_ns_max; /* read by requests, on this thread */
	bool stopping;
	bool has_begun; /* the first turn is over; before that, the journal may be taken back */
	cgn_ns_t grace_since;
	bool grace_over; /* of the waiting list: what is left is only work */
	struct cgn_request_box requests;
	struct cgn_scratch *scratch; /* of explain.c */
};

struct cgn_control_params {
	struct cgn_dataplane
		*dp; /* dir, rcu, devs and workers set; table, pool and neigh are set here */
	struct rte_mempool *mempool;
	const char *name; /* prefix of EAL object names, at most 12 characters */
	uint64_t seed;    /* 0, or a reproducible sequence of random numbers for tests */
	int socket;
};

/* Creates the tables and control's own state. Main thread. NULL with *err and errno set. */
struct cgn_control *cgn_control_create(
	const struct cgn_control_params *params, struct cgn_errmsg *err);

/* All threads have ended: what waits for next hops ends as STOPPED. Main thread. */
void cgn_control_settle(struct cgn_control *c);

/*
 * Memory for the subscribers, tenants and interfaces of dir, the next directory; pool and
 * neighbours have functions of their own (cgn_pool_fill, cgn_neigh_add). 0; -ENOMEM or -EOVERFLOW
 * with *err, and nothing has changed. Main thread, while control runs and before it can see dir.
 */
int cgn_control_fill(
	struct cgn_control *c, const struct cgn_directory *dir, struct cgn_errmsg *err);

/* Workers have ended and packets are settled (cgn_control_settle). Frees the tables. NULL is
 * accepted. */
void cgn_control_destroy(struct cgn_control *c);

/* Control thread, once before the first poll: time begins. */
void cgn_control_start(struct cgn_control *c, cgn_ns_t now);

/* One turn at time now. Returns the amount of work done; 0 means idle. */
uint32_t cgn_control_poll(struct cgn_control *c, cgn_ns_t now);

/* --- The steps; control thread only. --- */

/* Configuration of a tenant, or the last one of a tenant that a switch is taking away. */
static inline const struct cgn_conf_tenant *
cgn_conf_of(const struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_directory *dir = c->dp->dir;

	return cgn_directory_tenant_live(dir, tenant) ? dir->tenants[tenant].conf
						      : c->change.old->tenants[tenant].conf;
}

/*
 * The number that the subscriber of an inside index is kept under (cgn_directory_holder), also of
 * one that a switch is taking away: its mappings end during the switch.
 */
static inline uint32_t
cgn_holder_of(const struct cgn_control *c, uint32_t inside)
{
	uint32_t holder = cgn_directory_holder(c->dp->dir, inside);

	if (holder != inside || c->change.old == NULL ||
		cgn_directory_inside_live(c->dp->dir, inside))
		return holder;
	return cgn_directory_holder(c->change.old, inside);
}

static inline struct cgn_subscriber *
cgn_subscriber_of(const struct cgn_control *c, uint32_t inside)
{
	return &c->subscribers[cgn_holder_of(c, inside)];
}

/* Does everything that the packet names exist? Not so for what a switch has overtaken. */
static inline bool
cgn_is_current(const struct cgn_control *c, const struct cgn_pkt *pkt)
{
	const struct cgn_directory *dir = c->dp->dir;

	return cgn_directory_iface_live(dir, pkt->iface) &&
		(pkt->tenant == CGN_TENANT_BOX || cgn_directory_tenant_live(dir, pkt->tenant));
}

/*
 * Is an assigned address anybody's, so that it may have mappings? Not so while a session is missing
 * that its prefix wants, or the one it had is ending (session.c).
 */
bool cgn_is_served(const struct cgn_control *c, uint32_t inside);

/* Takes new flows and local packets from all workers (punt_drain.c). */
uint32_t cgn_punt_drain(struct cgn_control *c);

/*
 * What making mappings for n ≤ CGN_PUNT_AHEAD packets will touch is asked of memory, and what can
 * be known before the first of them is served (punt_ahead.c).
 */
enum { CGN_PUNT_AHEAD = 32 };
struct cgn_ahead {
	uint64_t draw; /* see cgn_flow */
	bool is_new;   /* surely no mapping, when the packets are served in their order */
};
void cgn_punt_ahead(
	struct cgn_control *c, struct rte_mbuf *const *mbufs, uint32_t n, struct cgn_ahead *known);

/*
 * Ends what waits in the queue and names what is gone, or all of it when control is stopping: a
 * number may have another owner in the directory after next (punt_drain.c).
 */
void cgn_punt_purge(struct cgn_control *c);

/* The inside end of a mapping to be made. */
struct cgn_flow {
	uint32_t inside; /* inside index */
	uint16_t tenant;
	rte_be16_t port;      /* inside port or ICMP identifier */
	enum cgn_proto proto; /* of the space of ports, see cgn_mapping_space */
	uint8_t other;        /* IP protocol of a mapping by addresses alone, or 0 */
	rte_be32_t remote; /* of that; or, when traffic of TCP or UDP asks, of its first packet */
	rte_be16_t remote_port; /* likewise; remote 0: of no matter */
	bool is_ftp, is_pptp;   /* its first packet is for a server of these */
	bool is_call;           /* GRE, of a call of PPTP; port is the inside end's id of it */
	uint64_t draw;          /* random bits to choose its port by; 0: the pool draws */
};

/* That of the packet that opens it. */
static inline struct cgn_flow
cgn_flow_of(const struct cgn_pkt *pkt)
{
	if (pkt->proto == CGN_OTHER)
		return (struct cgn_flow){.inside = pkt->inside,
			.tenant = pkt->tenant,
			.proto = CGN_ICMP,
			.other = pkt->ip_proto,
			.remote = pkt->dir == CGN_OUT2IN ? pkt->src : pkt->dst};
	return (struct cgn_flow){.inside = pkt->inside,
		.tenant = pkt->tenant,
		.port = pkt->dir == CGN_OUT2IN ? pkt->dport : pkt->sport,
		.proto = (enum cgn_proto)pkt->proto,
		.remote = pkt->dir == CGN_IN2OUT && pkt->proto != CGN_ICMP ? pkt->dst : 0,
		.remote_port = pkt->dport,
		.is_ftp = pkt->proto == CGN_TCP && pkt->dport == RTE_BE16(CGN_PORT_FTP),
		.is_pptp = pkt->proto == CGN_TCP && pkt->dport == RTE_BE16(CGN_PORT_PPTP)};
}

/* Its mapping, or CGN_MAPPING_NONE (allocate.c). */
uint32_t cgn_flow_find(const struct cgn_control *c, const struct cgn_flow *flow);

static inline struct cgn_pool_wish
cgn_wish_of(const struct cgn_flow *flow)
{
	return (struct cgn_pool_wish){.inside = flow->inside,
		.tenant = flow->tenant,
		.proto = flow->proto,
		.port = rte_be_to_cpu_16(flow->port),
		.draw = flow->draw};
}

/* Who hears of blocks that change hands (block_watch.c). Main thread, before the first lease. */
void cgn_block_watch_init(struct cgn_control *c);

/* May this subscriber open a mapping? CGN_FATE_NONE, or why not (admit.c). */
enum cgn_fate cgn_admit(struct cgn_control *c, const struct cgn_flow *flow);

/* What a tenant is promised of the rooms now; after a reload it follows in slices. */
static inline struct cgn_promise
cgn_promise_of(const struct cgn_control *c, uint32_t tenant)
{
	return c->promises[tenant];
}

/* Counts the rooms and sets all promises at the start (admit.c). */
void cgn_rooms_set(struct cgn_control *c);

/* What the directory promises the tenant, nothing when it is gone, is in force from now on. */
void cgn_promise_set(struct cgn_control *c, uint32_t tenant);

/*
 * A filled, unpublished mapping for the flow, at the wanted outside port, or at one of the pool's
 * choice when wanted is NULL (allocate.c). CGN_FATE_NONE and *m, or why not.
 */
enum cgn_fate cgn_allocate(struct cgn_control *c, const struct cgn_flow *flow,
	const struct cgn_port *wanted, uint32_t *m);

/* Undoes cgn_allocate. */
void cgn_unallocate(struct cgn_control *c, uint32_t m);

/* Makes both directions visible and starts the timer. CGN_FATE_NONE or TABLE_FULL (publish.c). */
enum cgn_fate cgn_publish(struct cgn_control *c, uint32_t m);

/*
 * Hides both directions; the entry is reclaimed later. The port rests for timeouts.port_rest_s, or
 * for at_least_s if that is longer (publish.c).
 */
void cgn_unlink(struct cgn_control *c, uint32_t m);
void cgn_unlink_resting(struct cgn_control *c, uint32_t m, uint32_t at_least_s);

/*
 * mark notes what has been sent back to workers so far; is_taken: they have begun with all of it,
 * so that after one more grace period nothing of it is under way (reinject.c).
 */
void cgn_reinject_mark(struct cgn_control *c);
bool cgn_reinject_is_taken(const struct cgn_control *c);

/* Sends a packet back to its worker for action (reinject.c). */
void cgn_reinject(struct cgn_control *c, struct rte_mbuf *m, enum cgn_pkt_action action);
void cgn_reinject_flush(struct cgn_control *c);

/* An empty packet of the box's own, to leave by worker 0; NULL when there is no buffer. */
struct rte_mbuf *cgn_originate(struct cgn_control *c, enum cgn_originated kind, uint16_t out_port);

/* Ends a packet on the control core: the counterpart of cgn_drop. The first fragment of a datagram
 * that came as a new flow goes back to its worker instead, and ends there with the others
 * (reinject.c). */
void cgn_control_drop(struct cgn_control *c, struct rte_mbuf *m, enum cgn_fate fate);

/* NAT-PMP and PCP from a subscriber: answers, and ends the packet (portctl_input.c). */
void cgn_portctl_input(struct cgn_control *c, struct rte_mbuf *m);
struct cgn_portctl_policy cgn_portctl_policy_of(const struct cgn_conf_portctl *conf);

/*
 * Tells the client of a mapping that its outside address or port is another now, three times or
 * until it refreshes the mapping; sends what is due (portctl_update.c).
 */
void cgn_portctl_update(struct cgn_control *c, uint32_t i);
void cgn_portctl_update_stop(struct cgn_control *c, uint32_t record);
uint32_t cgn_portctl_updates(struct cgn_control *c);

/* Tells all attachments of a tenant that its mapping state began anew; sends what is due. */
void cgn_portctl_announce_start(struct cgn_control *c, uint32_t tenant);
void cgn_portctl_announce(struct cgn_control *c);

/*
 * The operator's mappings (static_map.c). add and del return NULL, or why not, as static text; del
 * takes any explicit mapping of the inside port away. start: those of the configuration.
 */
const char *cgn_static_add(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s);
const char *cgn_static_del(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s);
void cgn_static_start(struct cgn_control *c);

/* One entry of the configuration comes or goes while the box runs; false when it did not. */
bool cgn_static_configure(struct cgn_control *c, uint32_t tenant, uint32_t entry);
bool cgn_static_withdraw(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s);
bool cgn_static_is_set(struct cgn_control *c, uint32_t tenant, const struct cgn_conf_static *s);

/*
 * The operator clears the mappings of a tenant, or of one subscriber: what traffic made and what
 * was asked for, but not the operator's own. A slice of it, to be called until is_over; then, if it
 * was the whole tenant or clients have lost something, the tenant's epoch begins anew and is
 * announced (RFC 6886 section 3.7, PMP-38). Starts zeroed but for tenant and inside (clear.c).
 */
struct cgn_clear {
	uint32_t tenant;
	uint32_t inside;        /* CGN_NONE: the whole tenant */
	uint32_t cursor;        /* entry of the table that was looked at last */
	uint32_t n, n_explicit; /* cleared so far; of these asked for by NAT-PMP or PCP */
	bool is_over;
};
void cgn_clear_slice(struct cgn_control *c, struct cgn_clear *clear);

/* Removes idle mappings, frees rested ports: a bounded slice (expire.c). Returns work done. */
uint32_t cgn_expire(struct cgn_control *c);

/* Gives back what every worker has let go of (reclaim.c). Returns work done. */
uint32_t cgn_reclaim(struct cgn_control *c);

/* ARP from a port; announcements at start; what neigh/ needs done (arp_control.c). */
void cgn_arp_input(struct cgn_control *c, struct rte_mbuf *m);
void cgn_arp_announce(struct cgn_control *c);
void cgn_arp_announce_start(struct cgn_control *c);
extern const struct cgn_neigh_ops cgn_arp_neigh_ops;

/* Tells the sender of a packet that has ended: port unreachable, within the rate. frame: as it came
 * in, its first frame_len bytes; what pkt names exists (refuse.c). */
void cgn_refuse_later(
	struct cgn_control *c, const uint8_t *frame, uint32_t frame_len, const struct cgn_pkt *pkt);

/* Drops a packet and tells its sender by ICMP, within the rate (refuse.c). */
void cgn_refuse(struct cgn_control *c, struct rte_mbuf *m, enum cgn_fate fate);
