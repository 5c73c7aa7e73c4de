/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of the log as syslog messages (RFC 5424). Structured: the fields as SD-PARAMs of an
 * element named "nat@32473", or "event@32473" for events, and the sentence as MSG. Compact: no
 * structured data, and the fields alone as MSG, in the order of natlog.def; half as long.
 * 32473 is the number that RFC 5612 keeps for examples: the project has none of its own.
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natlog.h"

enum {
	/* An event of eight long texts, every character of them escaped, with its sentence. */
	CGN_SYSLOG_MAX = 3072,
	CGN_SYSLOG_HOST_LEN = 256, /* RFC 5424 6: 255 characters */
};

struct cgn_syslog_style {
	char host[CGN_SYSLOG_HOST_LEN]; /* "-" when nobody knows */
	uint32_t pid;
	uint8_t facility; /* 0 to 23 */
	bool is_compact;
};

/*
 * Writes the message, without a final newline, into buf, and returns its length. Every record has
 * one. event: of a record that is one.
 */
size_t cgn_syslog_text(const struct cgn_syslog_style *style, const struct cgn_natlog_record *r,
	const struct cgn_event *event, char buf[CGN_SYSLOG_MAX]);
