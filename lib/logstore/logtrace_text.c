/* SPDX-License-Identifier: BSD-3-Clause */
/* Times and notes of an answer as text; see logtrace.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "logtrace.h"

const char *
cgn_logtrace_time_str(uint64_t utc_ms, char buf[CGN_LOGTRACE_TIMELEN])
{
	time_t utc_s = (time_t)(utc_ms / 1000);
	size_t n = 0;
	struct tm tm;

	if (utc_ms != 0 && gmtime_r(&utc_s, &tm) != NULL)
		n = strftime(buf, CGN_LOGTRACE_TIMELEN - 6, "%Y-%m-%dT%H:%M:%S", &tm);
	if (n == 0)
		snprintf(buf, CGN_LOGTRACE_TIMELEN, "-");
	else
		snprintf(
			buf + n, CGN_LOGTRACE_TIMELEN - n, ".%03uZ", (unsigned int)(utc_ms % 1000));
	return buf;
}

/* ".017Z", or "Z". */
static int
parse_end(const char *text, uint64_t *ms, uint64_t *span_ms)
{
	*ms = 0;
	*span_ms = 1000;
	if (*text == '.') {
		text++;
		while (*text >= '0' && *text <= '9' && *span_ms > 1) {
			*span_ms /= 10;
			*ms += (uint64_t)(*text++ - '0') * *span_ms;
		}
		if (*span_ms == 1000)
			return -EINVAL;
	}
	return strcmp(text, "Z") == 0 || *text == '\0' ? 0 : -EINVAL;
}

int
cgn_logtrace_time_parse(const char *text, uint64_t now_ms, uint64_t *utc_ms, uint64_t *span_ms)
{
	unsigned int y, mo, d, h, mi, s;
	struct tm tm, again;
	int n = 0;
	uint64_t ms;
	time_t utc_s;

	if (strcmp(text, "now") == 0) {
		*utc_ms = now_ms;
		*span_ms = 1;
		return 0;
	}
	if (strlen(text) < 19 || strspn(text, "0123456789-:. TZ") != strlen(text) ||
		(text[10] != 'T' && text[10] != ' ') ||
		/* NOLINTNEXTLINE(cert-err34-c): so few digits fit */
		sscanf(text, "%4u-%2u-%2u%*[T ]%2u:%2u:%2u%n", &y, &mo, &d, &h, &mi, &s, &n) != 6 ||
		n != 19 || parse_end(text + n, &ms, span_ms) < 0)
		return -EINVAL;
	tm = (struct tm){.tm_year = (int)y - 1900,
		.tm_mon = (int)mo - 1,
		.tm_mday = (int)d,
		.tm_hour = (int)h,
		.tm_min = (int)mi,
		.tm_sec = (int)s};
	again = tm;
	utc_s = timegm(&again);
	if (utc_s < 0 || again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday ||
		again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min ||
		again.tm_sec != tm.tm_sec)
		return -EINVAL; /* 31 February */
	*utc_ms = (uint64_t)utc_s * 1000 + ms;
	return 0;
}

bool
cgn_logtrace_is_sure(const struct cgn_logtrace_answer *answer)
{
	for (uint32_t i = 0; i < answer->n_notes; i++)
		if (answer->notes[i].kind != CGN_LOGTRACE_STOPPED)
			return false;
	for (uint32_t i = 0; i < answer->n_holders; i++)
		if (answer->holders[i].is_until_unsure)
			return false;
	return true;
}

const char *
cgn_logtrace_note_str(const struct cgn_logtrace_note *note, char *buf)
{
	char from[CGN_LOGTRACE_TIMELEN], until[CGN_LOGTRACE_TIMELEN];
	const size_t n = CGN_LOGTRACE_STRLEN;

	cgn_logtrace_time_str(note->from, from);
	cgn_logtrace_time_str(note->until == UINT64_MAX ? 0 : note->until, until);
	switch (note->kind) {
	case CGN_LOGTRACE_GAP:
		snprintf(buf, n, "%" PRIu64 " records lost, between %s and %s", note->n, from,
			until);
		break;
	case CGN_LOGTRACE_CRASHED:
		snprintf(buf, n, "the daemon ended without a word between %s and %s", from, until);
		break;
	case CGN_LOGTRACE_STOPPED:
		snprintf(buf, n, "no daemon ran from %s to %s", from, until);
		break;
	case CGN_LOGTRACE_SET_BACK:
		snprintf(buf, n, "the clock was set back from %s to %s", until, from);
		break;
	case CGN_LOGTRACE_DAMAGED:
		snprintf(buf, n, "%" PRIu64 " damaged records, between %s and %s", note->n, from,
			until);
		break;
	case CGN_LOGTRACE_BEFORE:
		snprintf(buf, n, "the log begins only at %s", from);
		break;
	case CGN_LOGTRACE_AFTER:
		snprintf(buf, n, "the log ends at %s, and no daemon writes it", until);
		break;
	default:
		snprintf(buf, n, "there is more than this answer can hold");
		break;
	}
	return buf;
}
