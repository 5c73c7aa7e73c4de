/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who the person before cgnatctl is, for the record of what it changes: who called sudo or its
 * like, else the user's own name. The daemon cannot check it and says so (decision 0015).
 */
#pragma once

#include "options.h"

/* Adds by=LOGIN to the parameters of a command that takes it, unless it is given. */
void cgn_claim_add(struct cgn_options *options);
