/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration for tests, out of YAML text, through the same loader and rules as the daemon's.
 * A text that is refused ends the process with the errors on standard error.
 */
#pragma once

#include "conf.h"

/* Two inside ports and an outside one; append more keys, then "tenants: [t0.yaml, …]". */
#define CONF_TEXT_BOX                                                                              \
	"cores: {workers: [0], control: 1}\n"                                                      \
	"ports:\n"                                                                                 \
	"  - {name: access, device: net_ring0, role: inside}\n"                                    \
	"  - {name: trunk, device: net_ring1, role: inside}\n"                                     \
	"  - {name: wan, device: net_ring2, role: outside}\n"                                      \
	"uplinks:\n"                                                                               \
	"  - {port: wan, address: 198.51.100.2/24}\n"                                              \
	"routes:\n"                                                                                \
	"  - {prefix: 0.0.0.0/0, via: 198.51.100.1}\n"

enum { CONF_TEXT_ACCESS, CONF_TEXT_TRUNK, CONF_TEXT_WAN }; /* its ports */

/* tenants: texts of t0.yaml, t1.yaml, … in their order. Freed by cgn_conf_free. */
struct cgn_conf *conf_text_load(const char *box, const char *const *tenants, uint32_t n_tenants);

/* One tenant. */
struct cgn_conf *conf_text_load_one(const char *box, const char *tenant);
