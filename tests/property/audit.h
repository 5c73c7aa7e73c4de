/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must be true of a box at any quiet moment, whatever has happened to it. Called by the
 * property tests between operations; control's thread.
 */
#pragma once

#include <stdbool.h>

#include "box.h"

/*
 * Table, pool, timers, quotas and hash agree on the same set of mappings. False, with the reason on
 * standard error, when they do not. Costs a walk over everything.
 */
bool audit_is_sound(const struct cgn_box *box);

/*
 * No switch is under way: every mapping's next hop is that of its subscriber in the directory, and
 * no neighbour of a link that is gone is known. False with the reason likewise.
 */
bool audit_follows_directory(const struct cgn_box *box);

/*
 * A number that differs when anything does that control has written: mappings, ports, counts,
 * quotas, epochs, neighbours, fates, and which directory is in force. For what must change nothing.
 */
uint64_t audit_fingerprint(const struct cgn_box *box);

/* Nothing is mapped, resting, leased or waiting: the box is as it was made. */
bool audit_is_empty(const struct cgn_box *box);

/* The seed of this run: CGN_SEED, or the time; printed. */
uint64_t audit_seed(const char *test);
