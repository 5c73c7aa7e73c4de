/* SPDX-License-Identifier: BSD-3-Clause */
/* Event records and what they look like as text; see events.h. */
#include "events.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipaddr.h"
#include "log.h"

const struct cgn_event_field_info cgn_event_fields[CGN_N_EVENT_FIELDS] = {
#define EVENT_FIELD(id, n, t, u, text)                                                             \
	[CGN_EVENT_FIELD_##id] = {                                                                 \
		.name = n, .unit = u, .sentence = text, .type = CGN_EVENT_TYPE_##t},
#include "events.def"
};

/* why is every act's, for when it is refused. */
#define F(id) (UINT64_C(1) << CGN_EVENT_FIELD_##id)
#define EXTRA_ACT F(WHY)
#define EXTRA_CHANGE 0
#define EXTRA_PORTS 0

const struct cgn_event_info cgn_events[CGN_N_EVENTS] = {
#define EVENT(id, n, k, s, f, text)                                                                \
	[CGN_EVENT_##id] = {.name = n,                                                             \
		.kind = CGN_EVENT_##k,                                                             \
		.severity = CGN_EVENT_##s,                                                         \
		.fields = (f) | EXTRA_##k,                                                         \
		.sentence = text},
#include "events.def"
};

#define EVENT(id, n, k, s, f, text)                                                                \
	static_assert(                                                                             \
		__builtin_popcountll((f) | EXTRA_##k) <= CGN_EVENT_MAX_VALUES, "fields of " n);
#include "events.def"

void
cgn_event_init(struct cgn_event *ev, enum cgn_event_id id)
{
	struct timespec utc;

	clock_gettime(CLOCK_REALTIME, &utc);
	memset(ev, 0, sizeof(*ev));
	ev->id = id;
	ev->utc_ms = (uint64_t)utc.tv_sec * 1000 + (uint64_t)utc.tv_nsec / 1000000;
}

static struct cgn_event_value *
value_of(struct cgn_event *ev, enum cgn_event_field field, enum cgn_event_type type)
{
	uint8_t i = 0;

	assert(cgn_event_has(ev->id, field) && cgn_event_fields[field].type == type);
	(void)type;
	while (i < ev->n_values && ev->values[i].field != field)
		i++;
	if (i == ev->n_values)
		ev->n_values++;
	memset(&ev->values[i], 0, sizeof(ev->values[i]));
	ev->values[i].field = (uint8_t)field;
	return &ev->values[i];
}

void
cgn_event_set_text(struct cgn_event *ev, enum cgn_event_field field, const char *text)
{
	struct cgn_event_value *v = value_of(ev, field, CGN_EVENT_TYPE_TEXT);

	snprintf(v->text, sizeof(v->text), "%s", text);
	for (char *c = v->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~') /* a line stays a line */
			*c = '?';
}

void
cgn_event_set_number(struct cgn_event *ev, enum cgn_event_field field, uint64_t number)
{
	value_of(ev, field, CGN_EVENT_TYPE_NUMBER)->number = number;
}

void
cgn_event_set_addr(struct cgn_event *ev, enum cgn_event_field field, uint32_t addr)
{
	value_of(ev, field, CGN_EVENT_TYPE_ADDRESS)->addr = addr;
}

void
cgn_event_set_end(struct cgn_event *ev, enum cgn_event_field field, uint32_t addr, uint16_t port)
{
	struct cgn_event_value *v = value_of(ev, field, CGN_EVENT_TYPE_ENDPOINT);

	v->addr = addr;
	v->port = port;
}

void
cgn_event_refuse(struct cgn_event *ev, const char *why)
{
	ev->is_refused = true;
	cgn_event_set_text(ev, CGN_EVENT_FIELD_WHY, why);
}

static int
value_write(const struct cgn_event_value *v, char *buf, size_t size)
{
	const struct cgn_event_field_info *info = &cgn_event_fields[v->field];
	bool quoted = info->type == CGN_EVENT_TYPE_TEXT && strchr(v->text, ' ') != NULL;
	char addr[CGN_IP4_STRLEN];

	switch (info->type) {
	case CGN_EVENT_TYPE_NUMBER:
		return snprintf(buf, size, "%s=%llu", info->name, (unsigned long long)v->number);
	case CGN_EVENT_TYPE_ADDRESS:
		return snprintf(buf, size, "%s=%s", info->name, cgn_ip4_str(v->addr, addr));
	case CGN_EVENT_TYPE_ENDPOINT:
		return snprintf(
			buf, size, "%s=%s:%u", info->name, cgn_ip4_str(v->addr, addr), v->port);
	default:
		return snprintf(buf, size, quoted ? "%s=\"%s\"" : "%s=%s", info->name, v->text);
	}
}

const char *
cgn_event_values_str(const struct cgn_event *ev, char buf[CGN_EVENT_STRLEN])
{
	size_t n = 0;

	buf[0] = '\0';
	for (int field = 0; field < CGN_N_EVENT_FIELDS; field++)
		for (uint8_t i = 0; i < ev->n_values; i++) {
			if (ev->values[i].field != field)
				continue;
			if (n > 0)
				buf[n++] = ' ';
			n += (size_t)value_write(&ev->values[i], buf + n, CGN_EVENT_STRLEN - n);
		}
	return buf;
}

/* All of them, with names, quotes and blanks. */
static_assert(CGN_EVENT_MAX_VALUES * (CGN_EVENT_TEXT_LEN + 16) < CGN_EVENT_STRLEN, "cannot be cut");

const char *
cgn_event_who_str(const struct cgn_event_who *who, char buf[CGN_EVENT_WHO_STRLEN])
{
	if (who->via == CGN_EVENT_BY_CONTROL)
		snprintf(buf, CGN_EVENT_WHO_STRLEN, "control");
	else if (!who->knows_uid)
		snprintf(buf, CGN_EVENT_WHO_STRLEN, "uid=unknown");
	else if (!who->knows_pid)
		snprintf(buf, CGN_EVENT_WHO_STRLEN, "uid=%u", who->uid);
	else
		snprintf(buf, CGN_EVENT_WHO_STRLEN, "uid=%u pid=%u", who->uid, who->pid);
	return buf;
}

const char *
cgn_event_via_str(enum cgn_event_via via)
{
	static const char *const names[] = {[CGN_EVENT_BY_CONTROL] = "-",
		[CGN_EVENT_BY_TELEMETRY] = "telemetry",
		[CGN_EVENT_BY_SIGNAL] = "signal"};

	return names[via];
}

void
cgn_event_log(const struct cgn_event *ev)
{
	const struct cgn_event_info *info = &cgn_events[ev->id];
	char who[CGN_EVENT_WHO_STRLEN], values[CGN_EVENT_STRLEN];
	enum cgn_log_level level = info->severity == CGN_EVENT_WARNING || ev->is_refused
		? CGN_LOG_WARNING
		: CGN_LOG_NOTICE;

	cgn_event_values_str(ev, values);
	if (info->kind != CGN_EVENT_ACT)
		cgn_log(level, "event", "%s %s", info->name, values);
	else
		cgn_log(level, "operator", "%s%s %s via=%s by %s claimed=%s",
			ev->is_refused ? "refused " : "", info->name, values,
			cgn_event_via_str(ev->who.via), cgn_event_who_str(&ev->who, who),
			ev->who.claimed[0] != '\0' ? ev->who.claimed : "-");
}
