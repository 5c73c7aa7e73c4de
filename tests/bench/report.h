/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines that scripts/bench prints: one JSON object a result. */
#pragma once

#include <stdint.h>

enum { REPORT_RUNS = 15, REPORT_PARAMS = 512 };

/* Values of one thing, run by run, and of its floor measured beside each. */
struct series {
	uint32_t n;
	double values[REPORT_RUNS];
	double floors[REPORT_RUNS]; /* all 0: there is none */
};

void series_add(struct series *s, double value, double floor);

/* Of n values, which it sorts. share: 0.5 is the median. */
double quantile(double *values, uint32_t n, double share);

/*
 * params: the inside of a JSON object, as printf; the machine's part is added. The ratio is the
 * median of the ratios run by run, so that what slows the machine down for a while cancels out.
 */
void report(const char *name, const char *unit, const struct series *s, const char *params, ...)
	__attribute__((format(printf, 4, 5)));
