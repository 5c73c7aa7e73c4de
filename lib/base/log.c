/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats and writes log lines; called by every thread except workers. */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	const char *priority; /* sd-daemon(3) prefix */
} levels[] = {
	[CGN_LOG_ERROR] = {"error", "<3>"},
	[CGN_LOG_WARNING] = {"warning", "<4>"},
	[CGN_LOG_NOTICE] = {"notice", "<5>"},
	[CGN_LOG_INFO] = {"info", "<6>"},
	[CGN_LOG_DEBUG] = {"debug", "<7>"},
};

static atomic_int max_level = CGN_LOG_INFO;

void
cgn_log_set_level(enum cgn_log_level level)
{
	atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

int
cgn_log_level_parse(const char *s)
{
	for (int i = 0; i <= CGN_LOG_DEBUG; i++)
		if (strcmp(s, levels[i].name) == 0)
			return i;
	return -1;
}

static int
print_head(char *line, size_t size, enum cgn_log_level level, const char *area)
{
	struct timespec ts;
	struct tm tm;

	if (getenv("JOURNAL_STREAM") != NULL)
		return snprintf(line, size, "%s%s: ", levels[level].priority, area);
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	return snprintf(line, size,
		"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s: ", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000000,
		levels[level].name, area);
}

void
cgn_log(enum cgn_log_level level, const char *area, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	size_t n;
	int k;

	if ((int)level > atomic_load_explicit(&max_level, memory_order_relaxed))
		return;
	k = print_head(line, sizeof(line), level, area);
	if (k < 0)
		return;
	n = (size_t)k < sizeof(line) - 2 ? (size_t)k
					 : sizeof(line) - 2; /* room for NUL and newline */
	va_start(ap, fmt);
	k = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (k < 0)
		return;
	n += (size_t)k < sizeof(line) - n - 1 ? (size_t)k : sizeof(line) - n - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nowhere left to say it */
}
