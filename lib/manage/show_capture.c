/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers of captures: start, stop, list. Telemetry threads; the files are captures.c's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <netinet/in.h>

#include "ipaddr.h"
#include "show.h"

static uint64_t
number_or(const struct cgn_show *show, enum cgn_param_id id, uint64_t otherwise)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, id);

	return v != NULL ? v->number : otherwise;
}

static uint8_t
ip_proto(const struct cgn_param_value *v)
{
	static const uint8_t numbers[CGN_N_PROTOS] = {
		[CGN_TCP] = IPPROTO_TCP, [CGN_UDP] = IPPROTO_UDP, [CGN_ICMP] = IPPROTO_ICMP};

	return v != NULL ? numbers[v->number] : 0;
}

/* What is asked for, within the bounds; false with the error answered. */
static bool
read_spec(struct cgn_show *show, struct cgn_capture_spec *spec)
{
	const struct cgn_param_value *subscriber = cgn_params_find(
		show->params, CGN_PARAM_SUBSCRIBER);
	const struct cgn_param_value *peer = cgn_params_find(show->params, CGN_PARAM_PEER);
	uint64_t most = cgn_captures_max_bytes(show->box->captures);
	char who[CGN_EVENT_WHO_STRLEN];
	uint32_t tenant;

	if (!cgn_show_tenant_find(show, &tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_SUBSCRIBER, tenant, &spec->inside))
		return false;
	if (subscriber != NULL && subscriber->number != 32) {
		cgn_reply_error(show->reply, "subscriber",
			"a capture is of one address; name one of %s", subscriber->text);
		return false;
	}
	spec->tenant = (uint16_t)tenant;
	snprintf(spec->tenant_name, sizeof(spec->tenant_name), "%s",
		cgn_directory_tenant_name(show->box->dir, tenant));
	cgn_event_who_str(&show->event->who, who);
	snprintf(spec->by, sizeof(spec->by), "%s", who);
	spec->inside_addr = subscriber != NULL ? subscriber->addr : 0;
	spec->peer = peer != NULL ? peer->addr : 0;
	spec->ip_proto = ip_proto(cgn_params_find(show->params, CGN_PARAM_PROTO));
	spec->sides = (uint8_t)number_or(show, CGN_PARAM_SIDE, 3);
	spec->packets = (uint32_t)number_or(show, CGN_PARAM_PACKETS, CGN_CAPTURE_PACKETS);
	spec->seconds = (uint32_t)number_or(show, CGN_PARAM_SECONDS, CGN_CAPTURE_SECONDS);
	spec->snaplen = (uint32_t)number_or(show, CGN_PARAM_SNAPLEN, CGN_TAP_DATA);
	spec->bytes = number_or(show, CGN_PARAM_BYTES, RTE_MIN(most, (uint64_t)CGN_CAPTURE_BYTES));
	if (spec->bytes <= most)
		return true;
	cgn_reply_error(show->reply, "bytes", "%lu is more than capture.max_mib allows: %lu",
		(unsigned long)spec->bytes, (unsigned long)most);
	return false;
}

/* False, with the error answered, when the configuration has no captures. */
static bool
is_configured(struct cgn_show *show)
{
	if (show->box->captures != NULL)
		return true;
	cgn_reply_error(show->reply, "",
		"captures are off: capture.directory is not configured; it needs a new start");
	return false;
}

static const char *
addr_or_dash(uint32_t addr, bool is_given, char text[CGN_IP4_STRLEN])
{
	return is_given ? cgn_ip4_str(addr, text) : "-";
}

static const char *
proto_or_dash(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		return "-";
	}
}

static const char *
side_str(uint8_t sides)
{
	static const char *const names[] = {"-", "inside", "outside", "both"};

	return names[sides & 3];
}

/* The end of a path says more than its beginning. */
static void
set_file(struct cgn_event *ev, const char *file)
{
	size_t n = strlen(file);

	cgn_event_set_text(ev, CGN_EVENT_FIELD_FILE,
		n >= CGN_EVENT_TEXT_LEN ? file + n - CGN_EVENT_TEXT_LEN + 1 : file);
}

void
cgn_show_capture_start(struct cgn_show *show)
{
	struct cgn_capture_spec spec = {0};
	struct cgn_capture_info info;
	struct cgn_errmsg err;
	struct timespec utc;

	if (!is_configured(show) || !read_spec(show, &spec))
		return;
	clock_gettime(CLOCK_REALTIME, &utc);
	if (cgn_captures_start(show->box->captures, &spec, cgn_clock_now(),
		    (uint64_t)utc.tv_sec * CGN_NS_PER_S + (uint64_t)utc.tv_nsec, &info, &err) < 0) {
		cgn_reply_error(show->reply, "", "%s", err.text);
		return;
	}
	cgn_show_event_who(show, spec.inside);
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_CAPTURE, info.id);
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_PACKETS, spec.packets);
	set_file(show->event, info.file);
	cgn_reply_str(show->reply, "done", "started");
	cgn_reply_u64(show->reply, "capture", info.id);
	cgn_reply_str(show->reply, "tenant", spec.tenant_name);
	cgn_reply_u64(show->reply, "packets_max", spec.packets);
	cgn_reply_u64(show->reply, "bytes_max", spec.bytes);
	cgn_reply_u64(show->reply, "seconds_max", spec.seconds);
	cgn_reply_str(show->reply, "file", info.file);
}

void
cgn_show_capture_stop(struct cgn_show *show)
{
	const struct cgn_param_value *id = cgn_params_find(show->params, CGN_PARAM_CAPTURE);
	struct cgn_capture_info info;
	int rc;

	if (!is_configured(show))
		return;
	rc = cgn_captures_stop(show->box->captures, (uint32_t)id->number, &info);
	if (rc == -ENOENT)
		cgn_reply_error(show->reply, "capture", "there is no capture %s", id->text);
	else if (rc < 0)
		cgn_reply_error(show->reply, "capture", "%s has ended already: %s", id->text,
			cgn_capture_end_str(info.end));
	if (rc < 0)
		return;
	cgn_event_set_text(show->event, CGN_EVENT_FIELD_TENANT, info.spec.tenant_name);
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_PACKETS, info.packets);
	set_file(show->event, info.file);
	cgn_reply_str(show->reply, "done", "stopped");
	cgn_reply_u64(show->reply, "capture", info.id);
	cgn_reply_u64(show->reply, "packets", info.packets);
	cgn_reply_str(show->reply, "file", info.file);
}

static void
add_row(struct cgn_reply *r, const struct cgn_capture_info *info)
{
	const struct cgn_capture_spec *s = &info->spec;
	time_t started = (time_t)(info->started_utc_ns / CGN_NS_PER_S);
	char inside[CGN_IP4_STRLEN], peer[CGN_IP4_STRLEN], when[32];
	struct tm tm;

	gmtime_r(&started, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	cgn_reply_u64(r, "capture", info->id);
	cgn_reply_str(r, "tenant", s->tenant_name);
	cgn_reply_str(r, "subscriber", addr_or_dash(s->inside_addr, s->inside != CGN_NONE, inside));
	cgn_reply_str(r, "peer", addr_or_dash(s->peer, s->peer != 0, peer));
	cgn_reply_str(r, "proto", proto_or_dash(s->ip_proto));
	cgn_reply_str(r, "side", side_str(s->sides));
	cgn_reply_str(r, "state", cgn_capture_end_str(info->end));
	cgn_reply_u64(r, "packets", info->packets);
	cgn_reply_u64(r, "packets_max", s->packets);
	cgn_reply_u64(r, "lost", info->lost);
	cgn_reply_u64(r, "bytes", info->bytes);
	cgn_reply_u64(r, "bytes_max", s->bytes);
	cgn_reply_u64(r, "left_s", info->left_s);
	cgn_reply_u64(r, "snaplen", s->snaplen);
	cgn_reply_str(r, "started", when);
	cgn_reply_str(r, "by", s->by);
	cgn_reply_str(r, "file", info->file);
}

void
cgn_show_captures(struct cgn_show *show)
{
	cgn_ns_t now = cgn_clock_now();
	struct cgn_capture_info info;
	uint64_t at = cgn_show_cursor(show);

	if (!is_configured(show) || at > UINT32_MAX)
		return;
	for (bool more = cgn_captures_find(show->box->captures, (uint32_t)at, now, &info); more;) {
		uint32_t id = info.id;
		cgn_reply_row_begin(show->reply);
		add_row(show->reply, &info);
		more = cgn_captures_find(show->box->captures, id + 1, now, &info);
		if (!cgn_show_row_end(show, id, more ? info.id : 0))
			return;
	}
}
