/* SPDX-License-Identifier: BSD-3-Clause */
/* cgnatctl trace --at --store: the local log without the daemon. */
#pragma once

#include "offline.h"

/* Not a verb of its own. Words: the folder, "203.0.113.17:40000/tcp", the time. CGN_EXIT_DIFFERENT:
 * the folder cannot be read. */
extern const struct cgn_offline cgn_offline_trace;
