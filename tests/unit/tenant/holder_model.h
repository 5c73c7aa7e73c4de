/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The subscriber of an inside index by definition: what the configuration assigns, address by
 * address, without a look at runs.
 */
#pragma once

#include "directory.h"

struct holder_model {
	uint32_t mask_len;
	uint32_t least; /* the subscriber's least address that is somebody's */
};

/* inside lives. */
struct holder_model holder_model_of(const struct cgn_directory *dir, uint32_t inside);

/* Is the subscriber as large in both, and called by the same address? Both indices live. */
bool holder_model_is_same(
	const struct cgn_directory *a, uint32_t i, const struct cgn_directory *b, uint32_t k);

/* Every index has the holder that the model says, and the directory counts as many of them. */
void holder_model_check(const struct cgn_directory *dir, uint64_t seed);
