/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of the log; see log_count.h. */
#include "log_count.h"

const char *const log_output_names[LOG_N_OUTPUTS] = {"ipfix", "syslog", "compact"};

void
log_count_init(struct log_count *count)
{
	*count = (struct log_count){0};
	cgn_ipfix_begin(&count->message);
}

void
log_count_flush(struct log_count *count)
{
	if (count->message.n_records == 0)
		return;
	count->bytes[LOG_IPFIX] += count->message.len;
	cgn_ipfix_begin(&count->message);
}

static uint64_t
line_length(const struct cgn_natlog_record *r, const struct cgn_event *event, bool is_compact)
{
	struct cgn_syslog_style style = {
		.host = LOG_COUNT_NAME, .pid = 1234, .facility = 16, .is_compact = is_compact};
	char text[CGN_SYSLOG_MAX];

	return cgn_syslog_text(&style, r, event, text) + 1; /* and the end of the line, as stored */
}

void
log_count_put(
	struct log_count *count, const struct cgn_natlog_record *r, const struct cgn_event *event)
{
	count->n_records++;
	count->bytes[LOG_SYSLOG] += line_length(r, event, false);
	count->bytes[LOG_COMPACT] += line_length(r, event, true);
	if (cgn_ipfix_add(&count->message, r))
		return;
	log_count_flush(count);
	cgn_ipfix_add(&count->message, r);
}

uint32_t
log_count_templates(void)
{
	struct cgn_ipfix_message message;

	cgn_ipfix_begin(&message);
	cgn_ipfix_add_templates(&message);
	return message.len;
}
