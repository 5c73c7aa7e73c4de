/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small NAT behind struct cgn_portctl_ops, for tests and fuzzing of lib/portctl: one outside
 * address a tenant, a short range of ports, arrays searched from end to end. It keeps the rules
 * that control has to keep, so that a test can look at state as well as at bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portctl.h"

enum { MODEL_MAX_ENTRIES = 64, MODEL_N_INSIDE = 4, MODEL_MAX_FILTERS = 4 };

enum {
	MODEL_FIRST_INSIDE = 0x6440000a, /* 100.64.0.10, and the three after it */
	MODEL_SERVICE = 0x64400001,      /* 100.64.0.1 */
};
#define MODEL_OUTSIDE UINT32_C(0xcb007110)          /* 203.0.113.16 */
#define MODEL_OUTSIDE_TENANT_1 UINT32_C(0xcb007120) /* 203.0.113.32 */

enum model_kind {
	MODEL_FREE,
	MODEL_IMPLICIT, /* made by traffic */
	MODEL_NATPMP,
	MODEL_PCP_MAP,
	MODEL_PCP_PEER,
	MODEL_STATIC,
	MODEL_RESTING, /* deleted while traffic was recent: nobody else gets the port yet */
};

struct model_entry {
	enum model_kind kind;
	bool implicit_below; /* explicit on top of one made by traffic */
	uint32_t tenant, inside;
	enum cgn_proto proto;
	uint16_t inside_port, port, n_ports;
	uint32_t end_s;      /* of the explicit lifetime */
	uint32_t idle_end_s; /* until when recent outbound traffic would keep it */
	uint8_t nonce[CGN_PCP_NONCE_LEN];
	uint8_t n_filters;
	struct cgn_portctl_filter filters[MODEL_MAX_FILTERS];
	uint32_t client_addr;
	uint16_t client_port;
};

struct model {
	uint32_t now_s, epoch_s;
	bool has_address;
	uint16_t first_port, last_port; /* what may be given out */
	uint16_t quota;                 /* explicit ports a subscriber */
	uint32_t n_asks;                /* calls of ask and delete_all */
	struct cgn_explicit_ask last_ask;
	struct model_entry entries[MODEL_MAX_ENTRIES];
};

extern const struct cgn_portctl_ops model_ops;

void model_init(struct model *m);

/* Moves time on; what has expired goes. */
void model_elapse(struct model *m, uint32_t seconds);

/* Puts an entry for inside index 0 of tenant 0 straight in, as traffic or the operator would. */
struct model_entry *model_put(struct model *m, enum model_kind kind, enum cgn_proto proto,
	uint16_t inside_port, uint16_t port);

/* The live entry that covers the inside port of inside index 0 of tenant 0, or NULL. */
struct model_entry *model_find(struct model *m, enum cgn_proto proto, uint16_t inside_port);

uint32_t model_count(const struct model *m);

/* Has what clients could notice changed? Counters of calls do not count. */
bool model_same(const struct model *a, const struct model *b);
