/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strict number parsing for outside text (YAML scalars, telemetry parameters, command lines).
 */
#pragma once

#include <stdint.h>

/* Decimal digits only, no sign, no space, no leading zero, within [min, max].
 * Returns 0, -EINVAL (not a number) or -ERANGE; *out only on 0. */
int cgn_u64_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out);
