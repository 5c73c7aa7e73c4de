/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of the configuration the RADIUS thread works with: where it listens, whom it believes, and
 * the counters of each client. Made by the main thread from a directory, of which nothing is kept;
 * then the RADIUS thread's (radius.h).
 *
 * A request belongs to the tenant whose radius.clients hold its source, among those that listen at
 * the address and port where it came in. No two of them overlap there (rule
 * radius-clients-overlap), so the source alone says tenant and secret.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "directory.h"
#include "radius_packet.h"

struct cgn_radius_listen {
	uint32_t addr; /* host order */
	uint16_t port;
};

struct cgn_radius_tenant {
	uint32_t number;
	char name[CGN_NAME_LEN];
	struct cgn_radius_secret secret;
	enum cgn_radius_subscriber subscriber;
	enum cgn_radius_class class_from;
	char (*classes)[CGN_NAME_LEN]; /* that the tenant has, if class_from says anything */
	uint32_t n_classes;
};

struct cgn_radius_client {
	struct cgn_prefix prefix;
	uint32_t listen, tenant;                    /* indices */
	uint64_t counts[CGN_N_ACCOUNTING_COUNTERS]; /* [kind][result]; read by telemetry */
	/* The RADIUS thread's: what the log has of each result, and when it got it. */
	uint64_t told[CGN_N_ACCOUNTING_RESULTS];
	cgn_ns_t told_at[CGN_N_ACCOUNTING_RESULTS];
	cgn_ns_t told_class_at;
};

struct cgn_radius_settings {
	struct cgn_radius_listen *listens;
	struct cgn_radius_tenant *tenants;
	struct cgn_radius_client *clients; /* sorted by listen and address */
	uint32_t n_listens, n_tenants, n_clients;
};

/* Reads the secrets too. NULL with *err and errno. destroy accepts NULL. */
struct cgn_radius_settings *cgn_radius_settings_create(
	const struct cgn_directory *dir, struct cgn_errmsg *err);
void cgn_radius_settings_destroy(struct cgn_radius_settings *settings);

/* The client that a source is, or NULL: nobody's. */
struct cgn_radius_client *cgn_radius_settings_find(
	const struct cgn_radius_settings *settings, uint32_t listen, uint32_t src);

/* Has the tenant a class of this name? */
bool cgn_radius_tenant_has_class(const struct cgn_radius_tenant *tenant, const char *name);

/*
 * Reads a shared secret: the file's one line, without what ends it. -EACCES when others than owner
 * and group may read it or others than the owner may write it; or -errno; with *err.
 */
int cgn_radius_secret_read(
	const char *path, struct cgn_radius_secret *secret, struct cgn_errmsg *err);
