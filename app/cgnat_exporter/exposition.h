/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot as text: OpenMetrics 1.0.0, or version 0.0.4 of Prometheus' own format, which older
 * collectors and node_exporter's text files want. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct cgn_snapshot;

enum cgn_exposition {
	CGN_OPENMETRICS,
	CGN_PROMETHEUS,
};

const char *cgn_exposition_content_type(enum cgn_exposition format);

/*
 * The format for a request whose header Accept (RFC 9110 section 12.5.1) is this, NULL for none:
 * the one with more weight, OpenMetrics when they are equal. A client that takes neither gets
 * OpenMetrics, as exporters do.
 */
enum cgn_exposition cgn_exposition_choose(const char *accept);

void cgn_exposition_write(
	FILE *out, const struct cgn_snapshot *snapshot, enum cgn_exposition format);

/* Backslash and end of line escaped, quotes too if asked; cut at the end of out. */
enum { CGN_ESCAPED_LEN = 512 };
void cgn_exposition_escape(const char *text, bool quotes, char out[CGN_ESCAPED_LEN]);
