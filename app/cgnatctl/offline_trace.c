/* SPDX-License-Identifier: BSD-3-Clause */
/* See offline_trace.h. Answers as the daemon does (manage/show_trace_at.c), but for who is called
 * how now. */
#include "offline_trace.h"

#include <jansson.h>
#include <time.h>

#include "logtrace.h"

static uint64_t
now_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool
parse(const char *const *words, struct cgn_logtrace_question *q)
{
	const uint64_t now = now_ms(CLOCK_REALTIME);

	if (cgn_logtrace_transport_parse(words[1], q) < 0)
		fprintf(stderr,
			"cgnatctl: transport: '%s' is not an address, port and protocol such as "
			"203.0.113.17:40000/udp\n",
			words[1]);
	else if (cgn_logtrace_time_parse(words[2], now, &q->utc_ms, &q->span_ms) < 0)
		fprintf(stderr,
			"cgnatctl: at: '%s' is not a time such as '2026-11-23 14:03:22Z' (UTC)\n",
			words[2]);
	else if (q->utc_ms > now)
		fprintf(stderr, "cgnatctl: at: %s is still to come\n", words[2]);
	else
		return true;
	return false;
}

static json_t *
rows_of(const struct cgn_logtrace_answer *answer)
{
	json_t *rows = json_array();
	struct cgn_logtrace_row row;

	for (uint32_t i = 0; i < cgn_logtrace_n_rows(answer); i++) {
		cgn_logtrace_row(answer, i, &row);
		json_array_append_new(rows,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "what", row.what, "tenant",
				row.tenant, "inside", row.inside, "outside", row.outside, "from",
				row.from, "until", row.until, "sure", row.sure, "note", row.note));
	}
	return rows;
}

static void
print_text(FILE *out, const json_t *item, const json_t *rows)
{
	static const char *const columns[] = {
		"what", "tenant", "inside", "outside", "from", "until", "sure", "note"};
	const char *key;
	json_t *value, *row;
	size_t i;

	json_object_foreach((json_t *)item, key, value)
	{
		if (json_is_string(value))
			fprintf(out, "%-10s %s\n", key, json_string_value(value));
		else
			fprintf(out, "%-10s %" JSON_INTEGER_FORMAT " ms\n", key,
				json_integer_value(value));
	}
	fputs("\nholders:\n", out);
	json_array_foreach((json_t *)rows, i, row)
	{
		for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
			fprintf(out, c == 0 ? "%s" : "  %s",
				json_string_value(json_object_get(row, columns[c])));
		fputc('\n', out);
	}
}

static void
print(const char *const *words, const struct cgn_logtrace_answer *answer, uint64_t took_ms,
	bool json, FILE *out)
{
	char sentence[128], time[CGN_LOGTRACE_TIMELEN];
	const struct cgn_logtrace_holder *best = cgn_logtrace_sentence(answer, sentence);
	struct cgn_logtrace_row row = {.tenant = "-", .inside = "-"};
	json_t *item, *rows = rows_of(answer);

	if (best != NULL)
		cgn_logtrace_row(answer, (uint32_t)(best - answer->holders), &row);
	item = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I}", "transport", words[1], "at",
		words[2], "answer", sentence, "sure", cgn_logtrace_is_sure(answer) ? "yes" : "no",
		"tenant", row.tenant, "inside", row.inside, "id", "-", "begins",
		cgn_logtrace_time_str(answer->begins, time), "took_ms", (json_int_t)took_ms);
	if (json) {
		json_object_set(item, "holders", rows);
		json_dumpf(item, out, JSON_INDENT(2));
		fputc('\n', out);
	} else {
		print_text(out, item, rows);
	}
	json_decref(item);
	json_decref(rows);
}

static enum cgn_exit
run(const char *const *words, bool json, FILE *out)
{
	const uint64_t start = now_ms(CLOCK_MONOTONIC);
	struct cgn_logtrace_answer answer;
	struct cgn_logtrace_question q;
	int rc;

	if (!parse(words, &q))
		return CGN_EXIT_USAGE;
	rc = cgn_logtrace(words[0], &q, &answer);
	if (rc < 0) {
		fprintf(stderr, "cgnatctl: the log in %s cannot be read: %s\n", words[0],
			cgn_logtrace_error_str(rc));
		return CGN_EXIT_DIFFERENT;
	}
	print(words, &answer, now_ms(CLOCK_MONOTONIC) - start, json, out);
	return fflush(out) == 0 ? CGN_EXIT_OK : CGN_EXIT_USAGE;
}

const struct cgn_offline cgn_offline_trace = {"trace",
	"who had an outside port, from the files of a local log", "DIR A.B.C.D:PORT/PROTOCOL TIME",
	3, 3, "0 printed, 1 the folder cannot be read, 2 wrong usage", run};
