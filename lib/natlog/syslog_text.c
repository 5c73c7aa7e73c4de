/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of syslog messages; see syslog_text.h. */
#include "syslog_text.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipaddr.h"

enum { NOTICE = 5, WARNING = 4, VALUE_LEN = 32 };

struct text {
	char *buf;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, CGN_SYSLOG_MAX - t->len, fmt, ap);
	va_end(ap);
	assert(n >= 0 && t->len + (size_t)n < CGN_SYSLOG_MAX);
	t->len += (size_t)n;
}

/* RFC 5424 6.3.3: these three are escaped, and what is no character of a line is none here. */
static void
add_escaped(struct text *t, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\' || c == ']')
			add(t, "\\");
		add(t, "%c", c < 0x20 || c == 0x7f ? '?' : c);
	}
}

static const char *
proto_str(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_GRE:
		return "gre";
	case IPPROTO_ESP:
		return "esp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "-";
	}
}

/* In the order of enum cgn_explicit_origin (portctl/portctl.h). */
static const char *
origin_str(uint8_t origin)
{
	static const char *const names[] = {"natpmp", "pcp_map", "pcp_peer", "operator"};

	return origin < sizeof(names) / sizeof(names[0]) ? names[origin] : "-";
}

/* buf: VALUE_LEN bytes. */
static const char *
value_str(const struct cgn_natlog_record *r, enum cgn_natlog_field field, char *buf)
{
	uint64_t number;

	switch (field) {
	case CGN_NATLOG_FIELD_TENANT:
		return r->tenant;
	case CGN_NATLOG_FIELD_INSIDE:
		return cgn_ip4_str(r->inside_addr, buf);
	case CGN_NATLOG_FIELD_OUTSIDE:
		return cgn_ip4_str(r->outside_addr, buf);
	case CGN_NATLOG_FIELD_PROTO:
		return proto_str(r->proto);
	case CGN_NATLOG_FIELD_ORIGIN:
		return origin_str(r->origin);
	case CGN_NATLOG_FIELD_INSIDE_PORT:
		number = r->inside_port;
		break;
	case CGN_NATLOG_FIELD_OUTSIDE_PORT:
	case CGN_NATLOG_FIELD_FIRST:
		number = r->outside_port;
		break;
	case CGN_NATLOG_FIELD_LAST:
		number = r->last_port;
		break;
	default:
		number = r->value;
		break;
	}
	snprintf(buf, VALUE_LEN, "%llu", (unsigned long long)number);
	return buf;
}
static_assert((int)VALUE_LEN >= (int)CGN_IP4_STRLEN, "an address fits");

/* Numbers of IPFIX alone say nothing beside the tenant's name and the kind. */
static bool
is_shown(const struct cgn_natlog_record *r, enum cgn_natlog_field field)
{
	return cgn_natlog_has((enum cgn_natlog_id)r->id, field) && field != CGN_NATLOG_FIELD_VRF &&
		field != CGN_NATLOG_FIELD_POOL && field != CGN_NATLOG_FIELD_QUOTA &&
		field != CGN_NATLOG_FIELD_THRESHOLD;
}

static void
add_fields(struct text *t, const struct cgn_natlog_record *r, bool is_compact)
{
	char buf[VALUE_LEN];

	for (int i = 0; i < CGN_N_NATLOG_FIELDS; i++) {
		enum cgn_natlog_field field = (enum cgn_natlog_field)i;

		if (!is_shown(r, field))
			continue;
		if (is_compact)
			add(t, " %s", value_str(r, field, buf));
		else
			add(t, " %s=\"%s\"", cgn_natlog_fields[i].name, value_str(r, field, buf));
	}
	if (r->flags & CGN_NATLOG_AGAIN)
		add(t, is_compact ? " again" : " again=\"1\"");
	if (r->flags & CGN_NATLOG_RESTORED)
		add(t, is_compact ? " restored" : " restored=\"1\"");
}

static void
add_event_value(struct text *t, const struct cgn_event_value *v)
{
	char addr[CGN_IP4_STRLEN];

	add(t, " %s=\"", cgn_event_fields[v->field].name);
	switch (cgn_event_fields[v->field].type) {
	case CGN_EVENT_TYPE_NUMBER:
		add(t, "%llu", (unsigned long long)v->number);
		break;
	case CGN_EVENT_TYPE_ADDRESS:
		add(t, "%s", cgn_ip4_str(v->addr, addr));
		break;
	case CGN_EVENT_TYPE_ENDPOINT:
		add(t, "%s:%u", cgn_ip4_str(v->addr, addr), v->port);
		break;
	default:
		add_escaped(t, v->text);
		break;
	}
	add(t, "\"");
}

static void
add_event(struct text *t, const struct cgn_natlog_record *r, const struct cgn_event *event,
	bool is_compact)
{
	char who[CGN_EVENT_WHO_STRLEN], values[CGN_EVENT_STRLEN];

	cgn_event_who_str(&event->who, who);
	if (is_compact) { /* of one line, since values are quoted where they must be */
		add(t, "- %llu%s %s %s", (unsigned long long)r->number,
			event->is_refused ? " refused" : "", who,
			cgn_event_values_str(event, values));
		return;
	}
	add(t, "[event@32473 number=\"%llu\" by=\"%s\" via=\"%s\" refused=\"%d\"",
		(unsigned long long)r->number, who, cgn_event_via_str(event->who.via),
		event->is_refused);
	if (event->who.claimed[0] != '\0') {
		add(t, " claimed=\"");
		add_escaped(t, event->who.claimed);
		add(t, "\"");
	}
	for (uint8_t i = 0; i < event->n_values; i++)
		add_event_value(t, &event->values[i]);
	add(t, "] %s", cgn_events[event->id].sentence);
}

static void
add_record(struct text *t, const struct cgn_natlog_record *r, bool is_compact)
{
	if (is_compact) {
		add(t, "- %llu", (unsigned long long)r->number);
		add_fields(t, r, true);
		return;
	}
	add(t, "[nat@32473 number=\"%llu\"", (unsigned long long)r->number);
	add_fields(t, r, false);
	add(t, "] %s", cgn_natlogs[r->id].sentence);
}

size_t
cgn_syslog_text(const struct cgn_syslog_style *style, const struct cgn_natlog_record *r,
	const struct cgn_event *event, char buf[CGN_SYSLOG_MAX])
{
	bool is_event = r->id == CGN_NATLOG_EVENT;
	uint8_t severity = is_event ? (uint8_t)cgn_events[event->id].severity
				    : cgn_natlogs[r->id].severity;
	struct text t = {.buf = buf};
	time_t utc_s = (time_t)(r->utc_ms / 1000);
	struct tm tm;

	gmtime_r(&utc_s, &tm);
	add(&t, "<%u>1 %04d-%02d-%02dT%02d:%02d:%02d.%03uZ %s cgnatd %u %s ",
		style->facility * 8U + (severity == CGN_EVENT_WARNING ? WARNING : NOTICE),
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		(unsigned int)(r->utc_ms % 1000), style->host, style->pid,
		is_event ? cgn_events[event->id].name : cgn_natlogs[r->id].name);
	if (is_event)
		add_event(&t, r, event, style->is_compact);
	else
		add_record(&t, r, style->is_compact);
	return t.len;
}
