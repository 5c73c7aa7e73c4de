/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking page by page and sorting the members of the answers into metrics; see snapshot.h. */
#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exposition.h"

enum {
	TAKE_MAX_MS = 4000,    /* Prometheus waits 10 s, of which an answer may take 5 */
	LABELS_MAX_LEN = 1024, /* the daemon's strings have at most 127 bytes, escaped 254 */
};

bool
cgn_snapshot_init(struct cgn_snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->series = calloc(cgn_n_metrics, sizeof(json_t *));
	for (size_t i = 0; s->series != NULL && i < cgn_n_metrics; i++) {
		s->series[i] = json_object();
		if (s->series[i] == NULL) {
			cgn_snapshot_fini(s);
			return false;
		}
	}
	return s->series != NULL;
}

void
cgn_snapshot_fini(struct cgn_snapshot *s)
{
	for (size_t i = 0; s->series != NULL && i < cgn_n_metrics; i++)
		json_decref(s->series[i]);
	free(s->series);
	s->series = NULL;
}

static bool
is_of(size_t i, enum cgn_metric_source source)
{
	enum cgn_metric_kind kind = cgn_metrics[i].kind;

	return (kind == CGN_LINE_METRIC || kind == CGN_LINE_ALSO) &&
		cgn_metric_family(i)->source == source;
}

/* All metrics of a source, or of all but the exporter's own (CGN_SOURCE_EXPORTER). */
static void
forget(struct cgn_snapshot *s, enum cgn_metric_source source)
{
	for (size_t i = 0; i < cgn_n_metrics; i++) {
		if (source == CGN_SOURCE_EXPORTER ? !is_of(i, source) : is_of(i, source))
			json_object_clear(s->series[i]);
	}
}

/* The labels of a sample as text; false when the row lacks one of them. */
static bool
labels_of(const char *labels, const json_t *row, char *text)
{
	struct cgn_metric_label label;
	size_t n = 0;

	text[0] = '\0';
	while ((labels = cgn_metric_label_next(labels, &label)) != NULL) {
		char escaped[CGN_ESCAPED_LEN];
		const char *value = label.value[0] != '\0'
			? label.value
			: json_string_value(json_object_get(row, label.name));

		if (value == NULL)
			return false;
		cgn_exposition_escape(value, true, escaped);
		n += (size_t)snprintf(text + n, LABELS_MAX_LEN - n, "%s%s=\"%s\"", n > 0 ? "," : "",
			label.name, escaped);
		if (n >= LABELS_MAX_LEN)
			return false;
	}
	return true;
}

/* The value of a field as metrics.def writes it; false when the row has none. */
static bool
value_of(const char *field, const json_t *row, json_int_t *value)
{
	const char *equals = strchr(field, '=');
	const json_t *member;
	char name[CGN_LABEL_LEN];

	*value = 1;
	if (field[0] == '\0')
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(field, "="), field);
	member = json_object_get(row, name);
	if (equals != NULL) {
		if (!json_is_string(member))
			return false;
		*value = strcmp(json_string_value(member), equals + 1) == 0;
		return true;
	}
	*value = json_integer_value(member);
	return json_is_integer(member);
}

void
cgn_snapshot_add(struct cgn_snapshot *s, enum cgn_metric_source source, const json_t *row)
{
	char labels[LABELS_MAX_LEN];
	json_int_t value;

	for (size_t i = 0; i < cgn_n_metrics; i++) {
		json_t *known;

		if (!is_of(i, source) || !labels_of(cgn_metrics[i].labels, row, labels) ||
			!value_of(cgn_metrics[i].field, row, &value))
			continue;
		known = json_object_get(s->series[i], labels);
		if (known != NULL)
			json_integer_set(known, json_integer_value(known) + value);
		else
			json_object_set_new(s->series[i], labels, json_integer(value));
	}
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* One page. *cursor becomes that of the next one, 0 behind the last. */
static enum cgn_exit
take_page(struct cgn_snapshot *s, struct cgn_client *client, enum cgn_metric_source source,
	uint64_t *cursor)
{
	const struct cgn_metric_ask *ask = &cgn_metric_asks[source];
	const struct cgn_command *cmd = &cgn_commands[ask->command];
	json_t *answer, *row;
	enum cgn_exit result;
	const char *key;
	char params[128];
	uint64_t next;

	snprintf(params, sizeof(params), "%s%scursor=%" PRIu64, ask->params,
		ask->params[0] != '\0' ? "," : "", *cursor);
	s->n_requests++;
	result = cgn_client_ask(
		client, cmd, cmd->shape == CGN_SHAPE_ITEM ? ask->params : params, &answer);
	if (result != CGN_EXIT_OK)
		return result;
	if (cmd->shape == CGN_SHAPE_ITEM || (cmd->shape == CGN_SHAPE_BOTH && *cursor == 0))
		cgn_snapshot_add(s, source, json_object_get(answer, "item"));
	json_object_foreach(json_object_get(answer, "rows"), key, row)
		cgn_snapshot_add(s, source, row);
	next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
	json_decref(answer);
	if (next != 0 && next <= *cursor) {
		snprintf(client->why, sizeof(client->why), "%s: the pages go round in circles",
			cmd->path);
		return CGN_EXIT_REFUSED;
	}
	*cursor = next;
	return CGN_EXIT_OK;
}

static enum cgn_exit
take_source(struct cgn_snapshot *s, struct cgn_client *client, enum cgn_metric_source source,
	uint64_t until_us)
{
	enum cgn_exit result;
	uint64_t cursor = 0;

	do {
		if (now_us() > until_us) {
			snprintf(client->why, sizeof(client->why),
				"the daemon is too slow: not all answers within %u s",
				TAKE_MAX_MS / 1000);
			return CGN_EXIT_AWAY;
		}
		result = take_page(s, client, source, &cursor);
	} while (result == CGN_EXIT_OK && cursor != 0);
	if (result == CGN_EXIT_REFUSED) {
		s->n_refused++;
		snprintf(s->why, sizeof(s->why), "%s", client->why);
		forget(s, source);
		return CGN_EXIT_OK;
	}
	return result;
}

static void
add_own(struct cgn_snapshot *s, uint64_t scrape_us)
{
	json_t *own = json_pack("{s:s, s:i, s:I, s:i, s:i}", "version", CGN_VERSION, "up", s->up,
		"scrape_us", (json_int_t)scrape_us, "requests", (int)s->n_requests, "refused",
		(int)s->n_refused);

	cgn_snapshot_add(s, CGN_SOURCE_EXPORTER, own);
	json_decref(own);
}

void
cgn_snapshot_take(struct cgn_snapshot *s, const struct cgn_client_where *where)
{
	struct cgn_client *client = malloc(sizeof(*client));
	const uint64_t began_us = now_us();
	enum cgn_exit result;

	if (client == NULL) {
		snprintf(s->why, sizeof(s->why), "not enough memory");
		add_own(s, 0);
		return;
	}
	result = cgn_client_open(client, where);
	for (int i = 0; result == CGN_EXIT_OK && i < CGN_N_SOURCES; i++)
		result = take_source(
			s, client, (enum cgn_metric_source)i, began_us + TAKE_MAX_MS * 1000);
	s->up = result == CGN_EXIT_OK;
	if (!s->up) {
		snprintf(s->why, sizeof(s->why), "%s", client->why);
		forget(s, CGN_SOURCE_EXPORTER);
	}
	add_own(s, now_us() - began_us);
	cgn_client_close(client);
	free(client);
}
