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

enum { NOTICE = 5, WARNING = 4 };

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

/* Records come by the hundred thousand a second, and snprintf takes most of the time of one. */
static void
add_str(struct text *t, const char *s)
{
	size_t n = strlen(s);

	assert(t->len + n < CGN_SYSLOG_MAX);
	memcpy(t->buf + t->len, s, n + 1);
	t->len += n;
}

/* At least so many digits. */
static void
add_digits(struct text *t, uint64_t value, uint32_t n_digits)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	for (; value > 0 || n_digits > 0; value /= 10) {
		*--at = (char)('0' + value % 10);
		n_digits -= n_digits > 0;
	}
	add_str(t, at);
}

static void
add_number(struct text *t, uint64_t value)
{
	add_digits(t, value, 1);
}

static void
add_ip4(struct text *t, uint32_t addr)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		add_number(t, addr >> shift & 255);
		if (shift > 0)
			add_str(t, ".");
	}
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

static void
add_value(struct text *t, const struct cgn_natlog_record *r, enum cgn_natlog_field field)
{
	switch (field) {
	case CGN_NATLOG_FIELD_TENANT:
		add_str(t, r->tenant);
		break;
	case CGN_NATLOG_FIELD_INSIDE:
		add_ip4(t, r->inside_addr);
		break;
	case CGN_NATLOG_FIELD_OUTSIDE:
		add_ip4(t, r->outside_addr);
		break;
	case CGN_NATLOG_FIELD_PROTO:
		add_str(t, proto_str(r->proto));
		break;
	case CGN_NATLOG_FIELD_ORIGIN:
		add_str(t, origin_str(r->origin));
		break;
	case CGN_NATLOG_FIELD_INSIDE_PORT:
		add_number(t, r->inside_port);
		break;
	case CGN_NATLOG_FIELD_OUTSIDE_PORT:
	case CGN_NATLOG_FIELD_FIRST:
		add_number(t, r->outside_port);
		break;
	case CGN_NATLOG_FIELD_LAST:
		add_number(t, r->last_port);
		break;
	default:
		add_number(t, r->value);
		break;
	}
}

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
	for (int i = 0; i < CGN_N_NATLOG_FIELDS; i++) {
		enum cgn_natlog_field field = (enum cgn_natlog_field)i;

		if (!is_shown(r, field))
			continue;
		add_str(t, " ");
		if (!is_compact) {
			add_str(t, cgn_natlog_fields[i].name);
			add_str(t, "=\"");
		}
		add_value(t, r, field);
		if (!is_compact)
			add_str(t, "\"");
	}
	if (r->flags & CGN_NATLOG_AGAIN)
		add_str(t, is_compact ? " again" : " again=\"1\"");
	if (r->flags & CGN_NATLOG_RESTORED)
		add_str(t, is_compact ? " restored" : " restored=\"1\"");
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
	add_str(t, is_compact ? "- " : "[nat@32473 number=\"");
	add_number(t, r->number);
	if (!is_compact)
		add_str(t, "\"");
	add_fields(t, r, is_compact);
	if (is_compact)
		return;
	add_str(t, "] ");
	add_str(t, cgn_natlogs[r->id].sentence);
}

/* RFC 5424 6.2.3, in UTC. */
static void
add_time(struct text *t, uint64_t utc_ms)
{
	time_t utc_s = (time_t)(utc_ms / 1000);
	struct tm tm;

	gmtime_r(&utc_s, &tm);
	add_digits(t, (uint64_t)tm.tm_year + 1900, 4);
	add_str(t, "-");
	add_digits(t, (uint64_t)tm.tm_mon + 1, 2);
	add_str(t, "-");
	add_digits(t, (uint64_t)tm.tm_mday, 2);
	add_str(t, "T");
	add_digits(t, (uint64_t)tm.tm_hour, 2);
	add_str(t, ":");
	add_digits(t, (uint64_t)tm.tm_min, 2);
	add_str(t, ":");
	add_digits(t, (uint64_t)tm.tm_sec, 2);
	add_str(t, ".");
	add_digits(t, utc_ms % 1000, 3);
	add_str(t, "Z ");
}

size_t
cgn_syslog_text(const struct cgn_syslog_style *style, const struct cgn_natlog_record *r,
	const struct cgn_event *event, char buf[CGN_SYSLOG_MAX])
{
	bool is_event = r->id == CGN_NATLOG_EVENT;
	uint8_t severity = is_event ? (uint8_t)cgn_events[event->id].severity
				    : cgn_natlogs[r->id].severity;
	struct text t = {.buf = buf};

	add_str(&t, "<");
	add_number(&t, style->facility * 8U + (severity == CGN_EVENT_WARNING ? WARNING : NOTICE));
	add_str(&t, ">1 ");
	add_time(&t, r->utc_ms);
	add_str(&t, style->host);
	add_str(&t, " cgnatd ");
	add_number(&t, style->pid);
	add_str(&t, " ");
	add_str(&t, is_event ? cgn_events[event->id].name : cgn_natlogs[r->id].name);
	add_str(&t, " ");
	if (is_event)
		add_event(&t, r, event, style->is_compact);
	else
		add_record(&t, r, style->is_compact);
	return t.len;
}
