/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What would become of a packet: a made frame goes through the data path's own stages on a worker
 * that is none, with copies of the mappings and rates that it meets, and through the decisions of
 * admission and allocation, which change nothing here. Nothing is sent, made, touched or counted.
 * Control thread, as a request of telemetry (request.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control.h"

/* The stages that were reached; each has its members in struct cgn_explain. */
enum cgn_explain_reached {
	CGN_EXPLAIN_IFACE = 1 << 0,    /* iface */
	CGN_EXPLAIN_SOURCE = 1 << 1,   /* inside: subscriber */
	CGN_EXPLAIN_DEST = 1 << 2,     /* dst_value, or no route */
	CGN_EXPLAIN_FOUND = 1 << 3,    /* mapping */
	CGN_EXPLAIN_CONTROL = 1 << 4,  /* a new mapping is asked for: rates let it through */
	CGN_EXPLAIN_QUOTA = 1 << 5,    /* use: within its quotas */
	CGN_EXPLAIN_PORTS = 1 << 6,    /* choice: there is a port for it */
	CGN_EXPLAIN_RECEIVER = 1 << 7, /* to: mapping of a hairpin's receiver */
	CGN_EXPLAIN_NEXT_HOP = 1 << 8, /* neigh */
	CGN_EXPLAIN_CONTACT = 1 << 9,  /* control is asked to note the peer */
};

struct cgn_explain {
	/* In; addresses and ports in host order. ICMP: echo with sport as identifier. */
	uint32_t src, dst;
	uint16_t port; /* network port */
	uint16_t sport, dport, ip_len;
	struct cgn_tags tags;
	uint8_t proto, tcp_flags, ttl, icmp_type;
	uint8_t ip_proto; /* proto CGN_OTHER */
	/* Out. */
	bool is_impossible; /* no buffer for the frame */
	uint32_t reached;   /* sum of enum cgn_explain_reached */
	enum cgn_fate fate; /* NONE: a NAT-PMP or PCP request for the server, which reads it */
	uint16_t tenant;
	uint32_t iface, inside;
	char id[CGN_SESSION_ID_LEN]; /* of the session of inside, or "" */
	uint32_t assigned_iface;     /* where the source is assigned, or CGN_NONE */
	bool has_route;
	uint32_t dst_value; /* of directory.h */
	struct cgn_mapping mapping, to;
	bool is_dependent;      /* the new mapping would be for its remote end alone (share.h) */
	struct cgn_port shared; /* on this port; pool CGN_NONE: on that of choice */
	struct cgn_pool_choice choice;
	struct cgn_block block; /* of choice, unless it is a new one */
	struct cgn_use tenant_use, use;
	struct cgn_class limits; /* of use; its name is not to be used */
	bool is_owner;           /* has its outside address for itself */
	uint32_t neigh;
	uint8_t neigh_state; /* enum cgn_neigh_state */
	bool is_resolved;    /* else the packet is held until the next hop answers */
};
void cgn_explain_run(struct cgn_control *c, void *explain);

/* The packet as a frame, or NULL: only its headers are there, the rest is only said to be
 * (explain_frame.c). */
struct rte_mbuf *cgn_explain_frame(const struct cgn_control *c, const struct cgn_explain *e);

/* What the look-ups of classify will find, for the story; the decisions are classify's. */
void cgn_explain_describe(const struct cgn_control *c, struct cgn_explain *e);

/* The stages behind the look-up, and noting a new peer (explain_contact.c). What control says. */
enum cgn_fate cgn_explain_stages(struct cgn_control *c, struct cgn_worker *w,
	struct cgn_contacts *copy, struct cgn_explain *e);

/* The worker that is none; fini accepts NULL. 0 or -ENOMEM. Main thread. */
int cgn_explain_init(struct cgn_control *c, int socket);
void cgn_explain_fini(struct cgn_control *c);

static_assert(sizeof(struct cgn_explain) <= CGN_REQUEST_ARG_MAX, "fits a request");
