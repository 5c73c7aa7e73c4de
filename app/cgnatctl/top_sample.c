/* SPDX-License-Identifier: BSD-3-Clause */
/* See top_sample.h. Called by top.c and top_model.c. */
#include "top_sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "terminal.h"

enum { KEY_LEN = 512, PARAMS_LEN = 160 };

void
cgn_top_sample_fini(struct cgn_top_sample *s)
{
	json_decref(s->info);
	json_decref(s->ports);
	json_decref(s->cores);
	json_decref(s->rows);
	memset(s, 0, sizeof(*s));
}

/* The row's values in the columns that rows.def calls keys. */
static const char *
key_of(const struct cgn_command *cmd, const json_t *row, char *key)
{
	size_t n = 0;

	key[0] = '\0';
	for (size_t f = 0; f < cgn_n_fields && n < KEY_LEN; f++) {
		char buf[CGN_CELL_LEN];

		if (&cgn_commands[cgn_fields[f].command] == cmd && cgn_field_is_key(&cgn_fields[f]))
			n += (size_t)snprintf(key + n, KEY_LEN - n, "%s\t",
				cgn_cell_of(json_object_get(row, cgn_fields[f].name), buf).text);
	}
	return key;
}

/* All pages of a list into *rows, at most max_pages; *next: not 0 if there are more. */
static enum cgn_exit
take_rows(struct cgn_client *client, const struct cgn_command *cmd, const char *filter,
	json_t **rows, uint64_t *next)
{
	*rows = json_object();
	*next = 0;
	for (int page = 0; page < CGN_TOP_MAX_PAGES; page++) {
		char params[PARAMS_LEN], key[KEY_LEN];
		const uint64_t cursor = *next;
		enum cgn_exit result;
		const char *name;
		json_t *answer, *row;

		snprintf(params, sizeof(params), "%s%scursor=%" PRIu64, filter,
			filter[0] != '\0' ? "," : "", cursor);
		result = cgn_client_ask(client, cmd, params, &answer);
		if (result != CGN_EXIT_OK)
			return result;
		json_object_foreach(json_object_get(answer, "rows"), name, row)
			json_object_set(*rows, key_of(cmd, row, key), row);
		*next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
		json_decref(answer);
		if (*next <= cursor)
			break; /* the last; or they go round in circles */
	}
	return CGN_EXIT_OK;
}

static enum cgn_exit
take_info(struct cgn_top_sample *s, struct cgn_client *client)
{
	json_t *answer;
	enum cgn_exit result = cgn_client_ask(client, &cgn_commands[CGN_COMMAND_INFO], "", &answer);

	if (result != CGN_EXIT_OK)
		return result;
	s->info = json_incref(json_object_get(answer, "item"));
	s->info_ns = cgn_terminal_now_ns();
	json_decref(answer);
	if (s->info != NULL)
		return CGN_EXIT_OK;
	snprintf(client->why, sizeof(client->why), "info has no item; is it another version?");
	return CGN_EXIT_AWAY;
}

/* The view's rows; those of tenants are all asked for, whatever the tenant. */
static enum cgn_exit
take_view(struct cgn_top_sample *s, struct cgn_client *client, const char *tenant)
{
	const struct cgn_command *cmd = cgn_top_views[s->view].cmd;
	char filter[64] = "";
	uint64_t next = 0;
	enum cgn_exit result;

	if (tenant[0] != '\0' && (cmd->takes >> CGN_PARAM_TENANT & 1))
		snprintf(filter, sizeof(filter), "tenant=%s", tenant);
	result = take_rows(client, cmd, filter, &s->rows, &next);
	s->rows_ns = cgn_terminal_now_ns();
	s->is_part = next != 0;
	return result;
}

enum cgn_exit
cgn_top_sample_take(struct cgn_top_sample *s, struct cgn_client *client, enum cgn_top_view_id view,
	const char *tenant)
{
	enum cgn_exit result = take_info(s, client);
	uint64_t next;

	s->view = view;
	if (result == CGN_EXIT_OK)
		result = take_rows(client, &cgn_commands[CGN_COMMAND_PORTS], "", &s->ports, &next);
	s->ports_ns = cgn_terminal_now_ns();
	if (result == CGN_EXIT_OK)
		result = take_rows(
			client, &cgn_commands[CGN_COMMAND_WORKERS], "", &s->cores, &next);
	s->cores_ns = cgn_terminal_now_ns();
	if (result == CGN_EXIT_OK)
		result = take_view(s, client, tenant);
	else
		result = CGN_EXIT_AWAY; /* a daemon that refuses these is not the one */
	if (result == CGN_EXIT_AWAY)
		cgn_top_sample_fini(s);
	return result;
}

bool
cgn_top_sample_is_other(const struct cgn_top_sample *a, const struct cgn_top_sample *b)
{
	return cgn_top_number(a->info, "pid") != cgn_top_number(b->info, "pid") ||
		cgn_top_number(b->info, "uptime_s") < cgn_top_number(a->info, "uptime_s");
}

double
cgn_top_number(const json_t *object, const char *member)
{
	return json_number_value(json_object_get(object, member));
}

double
cgn_top_rate(const json_t *before, const json_t *now, const char *member, uint64_t ns)
{
	const json_t *a = json_object_get(before, member), *b = json_object_get(now, member);

	if (!json_is_integer(a) || !json_is_integer(b) || ns == 0 ||
		json_integer_value(b) < json_integer_value(a))
		return -1;
	/* The difference is exact; the numbers themselves would not be, as floating point. */
	return (double)(json_integer_value(b) - json_integer_value(a)) * 1e9 / (double)ns;
}

json_t *
cgn_top_row_before(const struct cgn_top_sample *before, enum cgn_top_view_id view, const char *key)
{
	return before->info != NULL && before->view == view ? json_object_get(before->rows, key)
							    : NULL;
}
