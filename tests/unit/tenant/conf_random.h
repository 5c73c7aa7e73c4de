/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random configurations out of a small world, so that two of them share tenants, links and
 * addresses in many ways. They keep the rules that the directory relies on.
 */
#pragma once

#include "conf.h"
#include "rand.h"

enum { CONF_RANDOM_TENANTS = 6, CONF_RANDOM_PORTS = 3, CONF_RANDOM_VIDS = 12 };

/* Ports 0 and 1 are inside, 2 is outside. Freed by cgn_conf_free. */
struct cgn_conf *conf_random(struct cgn_rand *r);

/* An address at, or next to, an end of something in the configuration; now and then any. */
uint32_t conf_random_addr(struct cgn_rand *r, const struct cgn_conf *conf);
