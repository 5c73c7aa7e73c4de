/* SPDX-License-Identifier: BSD-3-Clause */
/* See changes.h. Called by watch.c and table.c. */
#include "changes.h"

#include <string.h>

#include "cell.h"

enum { KEY_LEN = 1024 };

void
cgn_changes_init(struct cgn_changes *changes, bool with_style)
{
	*changes = (struct cgn_changes){
		.with_style = with_style, .is_first = true, .now = json_object()};
}

void
cgn_changes_fini(struct cgn_changes *changes)
{
	json_decref(changes->before);
	json_decref(changes->now);
	changes->before = changes->now = NULL;
}

void
cgn_changes_next(struct cgn_changes *changes)
{
	changes->is_first = changes->before == NULL && json_object_size(changes->now) == 0;
	json_decref(changes->before);
	changes->before = changes->now;
	changes->now = json_object();
	changes->n_changed = changes->n_new = 0;
}

size_t
cgn_changes_n_gone(const struct cgn_changes *changes)
{
	const size_t kept = json_object_size(changes->now) - changes->n_new;
	const size_t before = json_object_size(changes->before);

	return !changes->is_first && before > kept ? before - kept : 0;
}

/* The key columns' values, or those of all texts when none is declared. */
static const char *
key_of(const struct cgn_command *cmd, const json_t *row, char *key)
{
	bool has_key = false;
	size_t n = 0;

	for (size_t f = 0; f < cgn_n_fields; f++)
		has_key = has_key ||
			(&cgn_commands[cgn_fields[f].command] == cmd &&
				cgn_field_is_key(&cgn_fields[f]));
	key[0] = '\0';
	for (size_t f = 0; f < cgn_n_fields && n < KEY_LEN; f++) {
		const struct cgn_field *field = &cgn_fields[f];
		const json_t *value = json_object_get(row, field->name);
		char buf[CGN_CELL_LEN];

		if (&cgn_commands[field->command] != cmd || strcmp(field->where, "rows") != 0 ||
			!(has_key ? cgn_field_is_key(field) : json_is_string(value)))
			continue;
		n += (size_t)snprintf(key + n, KEY_LEN - n, "%s\t", cgn_cell_of(value, buf).text);
	}
	return key;
}

const json_t *
cgn_changes_row(
	struct cgn_changes *changes, const struct cgn_command *cmd, const json_t *row, FILE *out)
{
	char key[KEY_LEN];
	const json_t *before;
	bool has_changed;

	if (changes == NULL)
		return NULL;
	key_of(cmd, row, key);
	before = json_object_get(changes->before, key);
	has_changed = before != NULL && !json_equal(before, row);
	if (json_object_get(changes->now, key) == NULL)
		changes->n_new += before == NULL;
	json_object_set(changes->now, key, (json_t *)row);
	changes->n_changed += has_changed;
	fputs(changes->is_first ? "  " : before == NULL ? "+ " : has_changed ? "* " : "  ", out);
	return changes->is_first ? NULL : before;
}

void
cgn_changes_print_head(const struct cgn_changes *changes, FILE *out)
{
	if (changes != NULL)
		fputs("  ", out);
}

void
cgn_changes_print(const struct cgn_changes *changes, FILE *out, const char *text, bool has_changed)
{
	const bool with_style = changes != NULL && changes->with_style && has_changed;

	fprintf(out, with_style ? "\033[1m%s\033[0m" : "%s", text);
}
