/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints results; see report.h. Main thread. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
quantile(double *values, uint32_t n, double share)
{
	uint32_t at = (uint32_t)(share * n);

	qsort(values, n, sizeof(*values), compare);
	return values[at < n ? at : n - 1];
}

void
series_add(struct series *s, double value, double floor)
{
	if (s->n == REPORT_RUNS)
		machine_die("more than %d runs", REPORT_RUNS);
	s->values[s->n] = value;
	s->floors[s->n++] = floor;
}

static double
median(const double *values, uint32_t n)
{
	double copy[REPORT_RUNS];

	memcpy(copy, values, n * sizeof(*values));
	return quantile(copy, n, 0.5);
}

static double
round3(double x)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", x);
	return strtod(text, NULL);
}

void
report(const char *name, const char *unit, const struct series *s, const char *params, ...)
{
	double ratios[REPORT_RUNS], sorted[REPORT_RUNS], middle = median(s->values, s->n);
	char text[REPORT_PARAMS];
	va_list ap;

	va_start(ap, params);
	vsnprintf(text, sizeof(text), params, ap);
	va_end(ap);
	memcpy(sorted, s->values, sizeof(sorted));
	quantile(sorted, s->n, 0);
	printf("{\"name\": \"%s\", \"params\": {%s, \"memory\": \"%s\", \"optimised\": %s, "
	       "\"load\": %.1f}, \"value\": %.10g, \"unit\": \"%s\", ",
		name, text, machine_memory(), machine_is_optimised() ? "true" : "false",
		machine_load(), round3(middle), unit);
	if (s->floors[0] > 0) {
		for (uint32_t i = 0; i < s->n; i++)
			ratios[i] = s->values[i] / s->floors[i];
		printf("\"floor\": %.10g, \"ratio\": %.10g, ", round3(median(s->floors, s->n)),
			round3(median(ratios, s->n)));
	} else
		printf("\"floor\": null, \"ratio\": null, ");
	printf("\"median\": %.10g, \"min\": %.10g, \"max\": %.10g, \"runs\": %u}\n", round3(middle),
		round3(sorted[0]), round3(sorted[s->n - 1]), s->n);
	fflush(stdout);
}
