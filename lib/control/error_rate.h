/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many ICMP errors the box may send (icmp.errors_per_s, RFC 1812 section 4.3.2.8). Half of the
 * rate is divided evenly among the shares of the directory, which are the attachments and, for what
 * comes from outside, the tenants; the other half is for whoever comes first. So nobody can use up
 * what others are told, and the box as a whole keeps its rate; a burst may exceed the configured
 * one by a packet a share. Control thread.
 */
#pragma once

#include "directory.h"
#include "rate.h"

struct cgn_error_rates {
	struct cgn_rate share, common;
	uint64_t common_full_at;
	uint64_t *full_at; /* [CGN_MAX_SHARES], reserved */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_error_rates_init(struct cgn_error_rates *r, int socket);
void cgn_error_rates_fini(struct cgn_error_rates *r);

/* Divides what the configuration allows among the shares of dir, for which there is memory. */
void cgn_error_rates_set(struct cgn_error_rates *r, const struct cgn_directory *dir);

/* May an error be sent about a packet of this share? Takes it if so. */
bool cgn_error_rates_take(struct cgn_error_rates *r, uint32_t share, cgn_ns_t now);
