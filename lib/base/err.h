/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The return convention, on one page.
 *
 * - A function that can fail returns 0 or a negative errno value (-ENOMEM, -EINVAL, -ENOSPC, …).
 * - A creator returns a pointer, or NULL with errno set.
 * - A function that cannot fail returns void or its value.
 * - find may return NULL or CGN_NONE; at must exist; is_ and has_ return bool.
 * - What happens to a packet is an enum cgn_fate, never an errno; the types differ.
 * - An error that only a person can mend is described once, where its cause is known, in a
 *   struct cgn_errmsg: what, where, and what to do.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* "No index": the value of every 32-bit index field that points nowhere. */
#define CGN_NONE UINT32_MAX

/* A message for the person who has to act on it. */
struct cgn_errmsg {
	char text[512];
};

static inline void __attribute__((format(printf, 2, 3)))
cgn_errmsg_set(struct cgn_errmsg *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
}
