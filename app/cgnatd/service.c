/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon as a service of systemd; see service.h. Called by main.c and reload.c. */
#include "service.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "daemon.h"
#include "log.h"
#include "query.h"

enum {
	BEATS = 4,         /* looks in the time of the watchdog: one may find a slow turn */
	BEAT_MAX_S = 5,    /* for the status line, which has to be somewhat fresh */
	STATUS_EVERY_S = 5 /* it costs control a request */
};

static void append(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void
append(char *text, size_t size, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, size - n, fmt, ap);
	va_end(ap);
}

static uint32_t
count_drains(const struct cgn_conf *conf)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < conf->n_tenants; t++)
		n += conf->tenants[t].n_drains;
	return n;
}

/* False when control did not answer: then there is nothing new to say. */
static bool
status_str(struct cgn_daemon *d, char *text, size_t size)
{
	const struct cgn_conf *conf = d->conf;
	struct cgn_query_box q;

	if (cgn_request_call(&d->box->control->requests, cgn_query_box, &q, sizeof(q)) < 0)
		return false;
	snprintf(text, size,
		"%u of %u mappings, %u explicit; %u subscribers of %u tenants; %u worker%s",
		q.mappings, conf->table.mappings, q.explicits, d->box->dir->n_subscribers,
		conf->n_tenants, d->box->dp.n_workers, d->box->dp.n_workers == 1 ? "" : "s");
	if (count_drains(conf) > 0)
		append(text, size, "; %u prefixes drain", count_drains(conf));
	if (q.alarms_active > 0)
		append(text, size, "; %u alarms", q.alarms_active);
	if (d->retired != NULL)
		append(text, size, "; changes to another configuration");
	if (d->service.last_reload[0] != '\0')
		append(text, size, "; last reload %s", d->service.last_reload);
	return true;
}

static void
tell_status(struct cgn_daemon *d, cgn_ns_t now)
{
	struct cgn_service *s = &d->service;
	char text[sizeof(s->status)];

	if (now < s->status_at || !status_str(d, text, sizeof(text)))
		return;
	s->status_at = now + STATUS_EVERY_S * CGN_NS_PER_S;
	if (strcmp(text, s->status) == 0)
		return;
	memcpy(s->status, text, sizeof(text));
	sd_notifyf(0, "STATUS=%s", text);
}

static cgn_ns_t
beat_interval(const struct cgn_service *s)
{
	cgn_ns_t longest = BEAT_MAX_S * CGN_NS_PER_S;

	return s->watchdog > 0 && s->watchdog / BEATS < longest ? s->watchdog / BEATS : longest;
}

void
cgn_service_ready(struct cgn_daemon *d)
{
	struct cgn_service *s = &d->service;
	uint64_t watchdog_us = 0;

	s->on = getenv("NOTIFY_SOCKET") != NULL;
	if (!s->on)
		return;
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		s->watchdog = watchdog_us * CGN_NS_PER_US;
	for (uint16_t w = 0; w < d->box->dp.n_workers; w++)
		cgn_progress_add(&s->progress, &d->box->workers[w].counters);
	cgn_progress_add(&s->progress, &d->box->control->counters);
	s->beat_at = cgn_clock_now() + beat_interval(s);
	sd_notifyf(0, "READY=1\nMAINPID=%d", (int)getpid());
	tell_status(d, cgn_clock_now());
}

void
cgn_service_reloading(struct cgn_daemon *d)
{
	struct timespec ts;

	if (!d->service.on)
		return;
	/* systemd 253 and later tells this reload from the one before by it; 252 does not mind. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading the configuration",
		(uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
	d->service.status[0] = '\0';
}

void
cgn_service_reloaded(struct cgn_daemon *d, const struct cgn_reload_result *result)
{
	struct cgn_service *s = &d->service;
	time_t now = time(NULL);
	struct tm tm;

	if (!s->on)
		return;
	gmtime_r(&now, &tm);
	snprintf(s->last_reload, sizeof(s->last_reload), "%s at %02d:%02d:%02dZ, %u live, %u drain",
		cgn_reload_outcome_str(result->outcome), tm.tm_hour, tm.tm_min, tm.tm_sec,
		result->diff.n_by_reload[CGN_RELOAD_LIVE],
		result->diff.n_by_reload[CGN_RELOAD_DRAIN]);
	if (result->outcome == CGN_RELOAD_REFUSED || result->outcome == CGN_RELOAD_BAD)
		append(s->last_reload, sizeof(s->last_reload), ": %.90s", result->message);
	sd_notify(0, "READY=1");
	s->status_at = 0;
	tell_status(d, cgn_clock_now());
}

void
cgn_service_stopping(struct cgn_daemon *d)
{
	if (d->service.on)
		sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

/* Says once which loop does not turn, and once that all do again. */
static void
complain(struct cgn_service *s, bool made, uint32_t stuck)
{
	if (!made && !s->complained && stuck == s->progress.n - 1)
		cgn_err("service", "control does not turn; the watchdog is not fed");
	else if (!made && !s->complained)
		cgn_err("service", "worker does not turn worker=%u; the watchdog is not fed",
			stuck);
	else if (made && s->complained)
		cgn_notice("service", "all loops turn again");
	s->complained = !made;
}

void
cgn_service_beat(struct cgn_daemon *d)
{
	struct cgn_service *s = &d->service;
	cgn_ns_t now = cgn_clock_now();
	uint32_t stuck = 0;
	bool made;

	if (!s->on || now < s->beat_at)
		return;
	s->beat_at = now + beat_interval(s);
	made = cgn_progress_made(&s->progress, &stuck);
	complain(s, made, stuck);
	if (!made)
		return;
	if (s->watchdog > 0)
		sd_notify(0, "WATCHDOG=1");
	tell_status(d, now);
}

cgn_ns_t
cgn_service_patience(const struct cgn_daemon *d)
{
	cgn_ns_t now = cgn_clock_now();

	if (!d->service.on)
		return 0;
	return d->service.beat_at > now ? d->service.beat_at - now : 1;
}
