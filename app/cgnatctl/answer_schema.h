/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What cgnatctl --json VERB prints, as a JSON schema (draft 7) made of commands.def, fields.def and
 * rows.def. A verb's own schema forbids members that are not declared.
 */
#pragma once

#include <jansson.h>

#include "command_table.h"

/* A new reference, or NULL for want of memory. */
json_t *cgn_schema_of(const struct cgn_command *cmd);
