/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has the port by computation (RFC 7422), with the parameters that were in force; called by
 * logtrace.c for each file that has the time. */
#pragma once

#include "logtrace_load.h"

/* Adds a holder of kind 0 if a tenant's parameters give the port to one. 0 or -ENOMEM. */
int cgn_logtrace_det(const struct cgn_loaded *l, const struct cgn_logtrace_question *q,
	struct cgn_logtrace_answer *answer);
