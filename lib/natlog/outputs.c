/* SPDX-License-Identifier: BSD-3-Clause */
/* All outputs of the log; see outputs.h. */
#include "outputs_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tls.h"

bool
cgn_outputs_are_wanted(const struct cgn_conf *conf)
{
	return conf->log.n_collectors > 0 || conf->log.n_servers > 0 || conf->log.is_local;
}

static int
create_lanes(struct cgn_outputs *out, const struct cgn_conf *conf)
{
	bool is_each = conf->log.delivery == CGN_DELIVERY_ALL;
	uint32_t n = is_each ? conf->log.n_collectors : 1;
	uint32_t n_collectors = is_each ? 1 : conf->log.n_collectors;

	out->lanes = calloc(n, sizeof(*out->lanes));
	if (out->lanes == NULL)
		return -ENOMEM;
	for (; out->n_lanes < n; out->n_lanes++)
		if (cgn_lane_init(&out->lanes[out->n_lanes], &conf->log.collectors[out->n_lanes],
			    n_collectors, conf) < 0)
			return -ENOMEM;
	return 0;
}

static void
set_style(struct cgn_syslog_style *style, const struct cgn_conf *conf)
{
	*style = (struct cgn_syslog_style){.pid = (uint32_t)getpid(),
		.facility = (uint8_t)conf->log.facility,
		.is_compact = conf->log.form == CGN_LOG_COMPACT};
	if (gethostname(style->host, sizeof(style->host) - 1) < 0 || style->host[0] == '\0')
		snprintf(style->host, sizeof(style->host), "-");
}

static int
create_targets(struct cgn_outputs *out, const struct cgn_conf *conf)
{
	uint32_t n = conf->log.n_servers + conf->log.is_local;

	set_style(&out->style, conf);
	out->targets = calloc(n, sizeof(*out->targets));
	if (out->targets == NULL)
		return -ENOMEM;
	for (; out->n_targets < conf->log.n_servers; out->n_targets++) {
		if (cgn_syslog_init_at(
			    &out->targets[out->n_targets], &conf->log.servers[out->n_targets]) < 0)
			return -ENOMEM;
	}
	if (!conf->log.is_local)
		return 0;
	return cgn_syslog_init_local(&out->targets[out->n_targets++], "/dev/log");
}

static int
check_list(const struct cgn_conf *conf, const char *list, const struct cgn_conf_collector *all,
	uint32_t n, struct cgn_errmsg *err)
{
	struct cgn_errmsg why;

	for (uint32_t i = 0; i < n; i++) {
		if (all[i].protocol != CGN_TRANSPORT_TLS || cgn_tls_check(&all[i], &why) == 0)
			continue;
		cgn_errmsg_set(err, "%.200s:%u:%u: %s[%u]: %.280s", conf->files[all[i].pos.file],
			all[i].pos.line, all[i].pos.col, list, i, why.text);
		return -EINVAL;
	}
	return 0;
}

int
cgn_outputs_check(const struct cgn_conf *conf, struct cgn_errmsg *err)
{
	int rc = check_list(
		conf, "log.ipfix.collectors", conf->log.collectors, conf->log.n_collectors, err);

	return rc < 0 ? rc
		      : check_list(conf, "log.syslog.servers", conf->log.servers,
				conf->log.n_servers, err);
}

struct cgn_outputs *
cgn_outputs_create(const struct cgn_conf *conf, struct cgn_errmsg *err)
{
	struct cgn_outputs *out = calloc(1, sizeof(*out));
	int rc = cgn_outputs_check(conf, err);

	if (rc == 0 && out == NULL)
		rc = -ENOMEM;
	if (rc == 0 && conf->log.n_collectors > 0)
		rc = create_lanes(out, conf);
	if (rc == 0 && (conf->log.n_servers > 0 || conf->log.is_local))
		rc = create_targets(out, conf);
	if (rc == 0) {
		cgn_ipfix_begin(&out->message);
		return out;
	}
	if (rc == -ENOMEM)
		cgn_errmsg_set(err, "no memory for the outputs of the log");
	cgn_outputs_destroy(out);
	errno = -rc;
	return NULL;
}

void
cgn_outputs_destroy(struct cgn_outputs *out)
{
	if (out == NULL)
		return;
	for (uint32_t i = 0; i < out->n_lanes; i++)
		cgn_lane_fini(&out->lanes[i]);
	free(out->lanes);
	for (uint32_t i = 0; i < out->n_targets; i++)
		cgn_syslog_fini(&out->targets[i]);
	free(out->targets);
	free(out);
}

static void
flush_message(struct cgn_outputs *out)
{
	if (out->message.n_records == 0)
		return;
	for (uint32_t i = 0; i < out->n_lanes; i++)
		cgn_lane_put(&out->lanes[i], &out->message);
	cgn_ipfix_begin(&out->message);
}

static void
put_ipfix(struct cgn_outputs *out, const struct cgn_natlog_record *r)
{
	if (r->id == CGN_NATLOG_GAP) {
		flush_message(out);
		for (uint32_t i = 0; i < out->n_lanes; i++)
			cgn_lane_lose(&out->lanes[i], r->value);
	}
	if (out->n_lanes == 0 || cgn_ipfix_add(&out->message, r))
		return;
	flush_message(out);
	cgn_ipfix_add(&out->message, r);
}

void
cgn_outputs_put(
	struct cgn_outputs *out, const struct cgn_natlog_record *r, const struct cgn_event *event)
{
	char text[CGN_SYSLOG_MAX];
	size_t len;

	out->number = r->number;
	put_ipfix(out, r);
	if (out->n_targets == 0)
		return;
	len = cgn_syslog_text(&out->style, r, event, text);
	for (uint32_t i = 0; i < out->n_targets; i++)
		cgn_syslog_put(&out->targets[i], text, len);
}

/* What a server did not get is a gap there alone. */
static void
tell_lost(struct cgn_outputs *out, struct cgn_syslog_target *target, uint64_t utc_ms)
{
	struct cgn_natlog_record gap = {.id = CGN_NATLOG_GAP,
		.number = out->number,
		.utc_ms = utc_ms,
		.value = cgn_syslog_lost(target)};
	char text[CGN_SYSLOG_MAX];

	if (gap.value == 0)
		return;
	cgn_warn("log", "records lost on the way to a syslog server %s records=%llu",
		target->link.name, (unsigned long long)gap.value);
	cgn_syslog_put(target, text, cgn_syslog_text(&out->style, &gap, NULL, text));
}

void
cgn_outputs_turn(struct cgn_outputs *out, uint64_t now_ms, uint64_t utc_ms)
{
	flush_message(out);
	for (uint32_t i = 0; i < out->n_lanes; i++)
		cgn_lane_turn(&out->lanes[i], now_ms, (uint32_t)(utc_ms / 1000));
	for (uint32_t i = 0; i < out->n_targets; i++) {
		tell_lost(out, &out->targets[i], utc_ms);
		cgn_syslog_turn(&out->targets[i], now_ms);
	}
}

void
cgn_outputs_wait(const struct cgn_outputs *out, uint32_t us)
{
	const struct timespec limit = {.tv_nsec = (long)us * 1000};
	struct pollfd fds[CGN_NATLOG_OUTPUTS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < out->n_lanes; i++)
		if (out->lanes[i].taker != NULL)
			fds[n++] = (struct pollfd){
				.fd = out->lanes[i].taker->link.fd, .events = POLLOUT};
	for (uint32_t i = 0; i < out->n_targets; i++)
		if (out->targets[i].link.is_open && out->targets[i].used > 0)
			fds[n++] = (struct pollfd){
				.fd = out->targets[i].link.fd, .events = POLLOUT};
	ppoll(fds, n, &limit, NULL);
}

bool
cgn_outputs_are_busy(const struct cgn_outputs *out)
{
	for (uint32_t i = 0; i < out->n_lanes; i++)
		if (out->lanes[i].n_queued > 0)
			return true;
	for (uint32_t i = 0; i < out->n_targets; i++)
		if (out->targets[i].used > 0)
			return true;
	return out->message.n_records > 0;
}
