/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler of `trace` of a time that is over: reads the files of the local log. Telemetry threads;
 * control is not asked. */
#include <string.h>
#include <time.h>

#include "clock.h"
#include "logtrace.h"
#include "show.h"

static uint64_t
utc_now_ms(void)
{
	struct timespec utc;

	clock_gettime(CLOCK_REALTIME, &utc);
	return (uint64_t)utc.tv_sec * 1000 + (uint64_t)utc.tv_nsec / 1000000;
}

/* What is asked, or false with the error answered. */
static bool
read_question(struct cgn_show *show, struct cgn_logtrace_question *q)
{
	const char *transport = show->params->values[CGN_PARAM_TRANSPORT].text;
	const char *at = show->params->values[CGN_PARAM_AT].text;
	const uint64_t now_ms = utc_now_ms();

	if (show->box->conf->log.store.directory[0] == '\0')
		cgn_reply_error(show->reply, "at",
			"nothing is kept on this machine; log.store.directory would");
	else if (cgn_logtrace_transport_parse(transport, q) < 0)
		cgn_reply_error(show->reply, "transport",
			"a protocol without ports; the log has tcp, udp and icmp");
	else if (cgn_logtrace_time_parse(at, now_ms, &q->utc_ms, &q->span_ms) < 0)
		cgn_reply_error(show->reply, "at",
			"'%.32s' is not a time such as 2026-11-23T14:03:22Z (UTC)", at);
	else if (q->utc_ms > now_ms)
		cgn_reply_error(show->reply, "at", "%.32s is still to come", at);
	return !show->reply->is_error;
}

/* What the list says now. */
static void
add_id(struct cgn_show *show, const struct cgn_logtrace_holder *h)
{
	const struct cgn_directory *dir = show->box->dir;
	const char *id = "-";

	for (uint32_t t = 0; h != NULL && t < dir->n_tenants; t++) {
		uint32_t inside;

		if (!cgn_directory_tenant_live(dir, t) ||
			strcmp(cgn_directory_tenant_name(dir, t), h->tenant) != 0)
			continue;
		inside = cgn_directory_inside_find(dir, t, h->inside);
		if (inside != CGN_NONE)
			id = cgn_show_id_str(show, inside, "");
	}
	cgn_reply_str(show->reply, "id", id);
}

static void
add_item(struct cgn_show *show, const struct cgn_logtrace_answer *answer, cgn_ns_t took)
{
	struct cgn_reply *r = show->reply;
	const struct cgn_logtrace_holder *best;
	char sentence[128], time[CGN_LOGTRACE_TIMELEN];
	struct cgn_logtrace_row row = {.tenant = "-", .inside = "-"};

	best = cgn_logtrace_sentence(answer, sentence);
	if (best != NULL)
		cgn_logtrace_row(answer, (uint32_t)(best - answer->holders), &row);
	cgn_reply_str(r, "transport", show->params->values[CGN_PARAM_TRANSPORT].text);
	cgn_reply_str(r, "at", show->params->values[CGN_PARAM_AT].text);
	cgn_reply_str(r, "answer", sentence);
	cgn_reply_str(r, "sure", cgn_logtrace_is_sure(answer) ? "yes" : "no");
	cgn_reply_str(r, "tenant", row.tenant);
	cgn_reply_str(r, "inside", row.inside);
	add_id(show, best);
	cgn_reply_str(r, "begins", cgn_logtrace_time_str(answer->begins, time));
	cgn_reply_u64(r, "took_ms", took / CGN_NS_PER_MS);
}

static void
add_rows(struct cgn_show *show, const struct cgn_logtrace_answer *answer)
{
	struct cgn_reply *r = show->reply;
	struct cgn_logtrace_row row;

	for (uint64_t i = cgn_show_cursor(show); i < cgn_logtrace_n_rows(answer); i++) {
		cgn_logtrace_row(answer, (uint32_t)i, &row);
		cgn_reply_row_begin(r);
		cgn_reply_str(r, "what", row.what);
		cgn_reply_str(r, "tenant", row.tenant);
		cgn_reply_str(r, "inside", row.inside);
		cgn_reply_str(r, "outside", row.outside);
		cgn_reply_str(r, "from", row.from);
		cgn_reply_str(r, "until", row.until);
		cgn_reply_str(r, "sure", row.sure);
		cgn_reply_str(r, "note", row.note);
		if (!cgn_show_row_end(show, i, i + 1))
			return;
	}
}

void
cgn_show_trace_at(struct cgn_show *show)
{
	const cgn_ns_t start = cgn_clock_now();
	struct cgn_logtrace_answer answer;
	struct cgn_logtrace_question q;
	int rc;

	if (!read_question(show, &q))
		return;
	rc = cgn_logtrace(show->box->conf->log.store.directory, &q, &answer);
	if (rc < 0) {
		cgn_reply_error(
			show->reply, "", "the log cannot be read: %s", cgn_logtrace_error_str(rc));
		return;
	}
	add_item(show, &answer, cgn_clock_now() - start);
	add_rows(show, &answer);
}
