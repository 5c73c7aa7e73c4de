/* SPDX-License-Identifier: BSD-3-Clause */
/* Counting and logging of what became of datagrams. RADIUS thread; for radius.c. */
#pragma once

#include "radius.h"

/* Counts; says in the log, once a minute for each client and result, what an operator can mend. */
void cgn_radius_tell(struct cgn_radius *r, struct cgn_radius_client *client,
	const struct cgn_radius_datagram *d, enum cgn_accounting_kind kind,
	enum cgn_accounting_result result);

/* A request named a class that the tenant does not have; once a minute for each client. */
void cgn_radius_tell_class(
	const struct cgn_radius *r, struct cgn_radius_client *client, const char *name);

/* The same for a datagram from nobody's client. */
void cgn_radius_tell_unknown(struct cgn_radius *r, const struct cgn_radius_datagram *d);
