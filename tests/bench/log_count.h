/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes that records of the log take in each output, by the encoders of lib/natlog. Addresses,
 * ports and times are those of the records; the sender's name is of the length of NAME. One thread.
 */
#pragma once

#include "ipfix.h"
#include "syslog_text.h"

#define LOG_COUNT_NAME "cgn1"

enum log_output { LOG_IPFIX, LOG_SYSLOG, LOG_COMPACT, LOG_N_OUTPUTS };
extern const char *const log_output_names[LOG_N_OUTPUTS];

struct log_count {
	uint64_t n_records, bytes[LOG_N_OUTPUTS];
	struct cgn_ipfix_message message; /* that is being filled */
};

void log_count_init(struct log_count *count);

/* event: of a record that is one. */
void log_count_put(
	struct log_count *count, const struct cgn_natlog_record *r, const struct cgn_event *event);

/* What waits in a message goes out, as the log thread does it every 10 ms. */
void log_count_flush(struct log_count *count);

/* Of templates, which go to each collector over UDP again and again. */
uint32_t log_count_templates(void);
