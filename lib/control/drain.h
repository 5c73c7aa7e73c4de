/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draining at run time: an outside address, a tenant or the whole box takes nothing new, and what
 * is there lives on. An address may have an end: what is left of it then ends, or, asked for by
 * NAT-PMP or PCP, moves to another address and its client is told, as when a reload takes the
 * address away (RFC 6887 sections 8.5 and 14.2; RFC 6886 section 3.7).
 *
 * It lasts until it is undone or the daemon ends; a reload changes nothing about it, but for what
 * the reload takes away. Beside it stands the key drain of a tenant's file: an address drains while
 * either says so. Control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgn_control;
struct cgn_directory;
struct cgn_errmsg;

struct cgn_drain {
	uint64_t since_utc_s;
	uint32_t ends_s; /* control's seconds; of has_end */
	bool is_on;      /* by the operator */
	bool has_end;    /* an address: ends_s holds */
	bool is_ending;  /* its mappings are being ended */
	bool told_empty; /* an event has said that it is empty */
};

struct cgn_drains {
	struct cgn_drain *pools;   /* [n_pool], reserved */
	struct cgn_drain *tenants; /* [n_tenants], reserved */
	struct cgn_drain box;
	uint32_t n_on;              /* by the operator, of all */
	uint32_t looked_s, look_at; /* second and next address of the pass over addresses */
	uint32_t sweep_at;         /* next entry of the table, while some address is ending; or 0 */
	uint32_t n_ended, n_moved; /* by the sweep */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_drains_init(struct cgn_drains *d, int socket);
void cgn_drains_fini(struct cgn_drains *d);

/* Memory for the numbers of a directory. 0 or -ENOMEM. Main thread, before control sees them. */
int cgn_drains_fill(struct cgn_drains *d, const struct cgn_directory *dir);

/*
 * Begin and end; again with another end is allowed. NULL, or why not as static text. after_s: 0 for
 * no end. *open: addresses of the tenant that take new mappings still.
 */
const char *cgn_drain_pool(struct cgn_control *c, uint32_t pool, uint32_t after_s, uint32_t *open);
const char *cgn_undrain_pool(struct cgn_control *c, uint32_t pool, uint32_t *open);
const char *cgn_drain_tenant(struct cgn_control *c, uint32_t tenant, bool on);
const char *cgn_drain_box(struct cgn_control *c, bool on);

/* Is anything new of this tenant refused? */
bool cgn_drain_refuses(const struct cgn_control *c, uint32_t tenant);

/* Does the address drain by the operator's word? */
bool cgn_drain_holds(const struct cgn_control *c, uint32_t pool);

/* An address drains from now on by the configuration. */
void cgn_drain_configured(struct cgn_control *c, uint32_t pool);

/* Forgets what another directory no longer has. */
void cgn_drains_switch(
	struct cgn_control *c, const struct cgn_directory *old, const struct cgn_directory *fresh);

/* A slice of what is due. Returns the work done. */
uint32_t cgn_drains_turn(struct cgn_control *c);
