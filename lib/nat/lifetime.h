/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a mapping lives without traffic, by protocol and state. Every number is a key of the
 * tenant (timeouts.*), with the RFC clause of its minimum and default in keys.def.
 * Pure; control thread.
 */
#pragma once

#include <stdint.h>

#include "conf.h"
#include "mapping.h"

/* Idle limit of the mapping in its present state, seconds. */
uint32_t cgn_lifetime_idle_s(const struct cgn_conf_timeouts *timeouts, const struct cgn_mapping *m);

/* Second in which the mapping expires if nothing more happens. */
uint32_t cgn_lifetime_end_s(const struct cgn_conf_timeouts *timeouts, const struct cgn_mapping *m);

/*
 * When to look at the mapping next: at its end, or earlier when a change of state could shorten
 * its life in between, so that an expiry is never late.
 */
uint32_t cgn_lifetime_check_s(
	const struct cgn_conf_timeouts *timeouts, const struct cgn_mapping *m, uint32_t now_s);
