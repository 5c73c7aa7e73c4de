/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is made of keys.def and rules.def alone: the example files and docs/config.md. Called by
 * cgn-gen-docs and by the test that compares its output with the committed files.
 */
#include "render.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

/* Example files keep lines short enough to be read side by side. */
enum { COMMENT_COLUMNS = 96 };

struct example {
	FILE *out;
	enum cgn_schema schema;
	uint32_t indent;
	uint32_t item; /* number of the item in the innermost list */
	bool is_item_start;
};

static void example_keys(struct example *e, const struct cgn_key *parent);

/* Part number i of "a|b", the last one if there are fewer. */
static void
print_part(FILE *out, const char *parts, uint32_t i)
{
	for (; i > 0 && strchr(parts, '|') != NULL; i--)
		parts = strchr(parts, '|') + 1;
	fprintf(out, "%.*s", (int)strcspn(parts, "|"), parts);
}

static void
print_comment(FILE *out, uint32_t indent, const char *text)
{
	uint32_t column = 0;

	while (*text != '\0') {
		uint32_t n = (uint32_t)strcspn(text, " ");

		if (column != 0 && column + 1 + n > COMMENT_COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0)
			column = (uint32_t)fprintf(out, "%*s#", (int)indent, "");
		column += (uint32_t)fprintf(out, " %.*s", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

const char *
cgn_key_range_str(const struct cgn_key *key, char *buf, size_t size)
{
	switch (key->type) {
	case CGN_KEY_NUMBER:
	case CGN_KEY_LIMIT:
	case CGN_KEY_VLAN:
	case CGN_KEY_OUTER_VLAN:
	case CGN_KEY_RANGE:
		snprintf(buf, size, "%" PRIu64 " to %" PRIu64 "%s%s", key->min, key->max,
			key->unit[0] != '\0' ? " " : "", key->unit);
		break;
	case CGN_KEY_PREFIX:
	case CGN_KEY_IFADDR:
		snprintf(buf, size, "/%" PRIu64 " to /%" PRIu64, key->min, key->max);
		break;
	case CGN_KEY_NAME:
	case CGN_KEY_DEVICE:
	case CGN_KEY_WORD:
	case CGN_KEY_FILE:
		snprintf(buf, size, "%" PRIu64 " to %" PRIu64 " characters", key->min, key->max);
		break;
	case CGN_KEY_LIST:
		snprintf(buf, size, "%" PRIu64 " to %" PRIu64 " items", key->min, key->max);
		break;
	case CGN_KEY_CHOICE:
		snprintf(buf, size, "%s", key->unit);
		break;
	case CGN_KEY_TPID:
		snprintf(buf, size, "0x88a8, 0x8100");
		break;
	default:
		buf[0] = '\0';
	}
	return buf;
}

static void
example_comment(const struct example *e, const struct cgn_key *key)
{
	char range[96], text[512];

	cgn_key_range_str(key, range, sizeof(range));
	snprintf(text, sizeof(text), "%s%s%s%s%s%s", key->help, range[0] != '\0' ? " (" : "", range,
		range[0] != '\0' ? ")" : "",
		key->presence == CGN_PRESENCE_REQUIRED ? " Required." : "",
		key->presence == CGN_PRESENCE_OPTIONAL ? " Optional." : "");
	print_comment(e->out, e->is_item_start ? e->indent - 2 : e->indent, text);
}

/* The first item of a list explains and shows every key; the others what they must have. */
static bool
is_shown(const struct example *e, const struct cgn_key *key)
{
	return e->item == 0 || key->presence == CGN_PRESENCE_REQUIRED;
}

static void
example_line(struct example *e, const struct cgn_key *key)
{
	const char *head = e->is_item_start              ? "- "
		: key->presence == CGN_PRESENCE_OPTIONAL ? "# "
							 : "";
	uint32_t indent = e->is_item_start ? e->indent - 2 : e->indent;

	fprintf(e->out, "%*s%s%s%s", (int)indent, "", head, cgn_key_name(key),
		cgn_key_is_item(key) ? "" : ":");
	e->is_item_start = false;
}

/* As many items as the samples of its keys have parts. */
static uint32_t
count_items(const struct example *e, const struct cgn_key *list)
{
	const struct cgn_key *key = NULL;
	uint32_t most = 1;

	while ((key = cgn_key_child(e->schema, list, key)) != NULL) {
		uint32_t n = 1;

		for (const char *p = key->value; key->type != CGN_KEY_LIST && *p != '\0'; p++)
			n += *p == '|';
		most = n > most ? n : most;
	}
	return most;
}

/* A list that is empty by default still shows what an item looks like. */
static void
example_of_keys(const struct example *e, const struct cgn_key *parent)
{
	const struct cgn_key *key = NULL;
	const char *comma = "";

	while ((key = cgn_key_child(e->schema, parent, key)) != NULL) {
		fprintf(e->out, "%s", comma);
		if (!cgn_key_is_item(key))
			fprintf(e->out, "%s: ", cgn_key_name(key));
		if (key->type == CGN_KEY_MAP || key->type == CGN_KEY_LIST) {
			fputc(key->type == CGN_KEY_MAP ? '{' : '[', e->out);
			example_of_keys(e, key);
			fputc(key->type == CGN_KEY_MAP ? '}' : ']', e->out);
		} else {
			print_part(e->out, key->value, 0);
		}
		comma = ", ";
	}
}

static void
example_of_item(const struct example *e, const struct cgn_key *list)
{
	bool is_value = cgn_key_is_item(cgn_key_child(e->schema, list, NULL));

	fprintf(e->out, "%*s# for instance [%s", (int)e->indent, "", is_value ? "" : "{");
	example_of_keys(e, list);
	fputs(is_value ? "]\n" : "}]\n", e->out);
}

static void
example_list(struct example *e, const struct cgn_key *list)
{
	const struct cgn_key *child = cgn_key_child(e->schema, list, NULL);
	uint32_t n = count_items(e, list), outer = e->item;

	if (list->presence == CGN_PRESENCE_DEFAULT) {
		fprintf(e->out, " %s\n", list->value);
		example_of_item(e, list);
		return;
	}
	fputc('\n', e->out);
	e->indent += 4;
	for (e->item = 0; e->item < n; e->item++) {
		e->is_item_start = true;
		if (!cgn_key_is_item(child)) {
			example_keys(e, list);
			continue;
		}
		if (e->item == 0)
			example_comment(e, child);
		example_line(e, child);
		print_part(e->out, child->value, e->item);
		fputc('\n', e->out);
	}
	e->indent -= 4;
	e->item = outer;
}

static void
example_keys(struct example *e, const struct cgn_key *parent)
{
	const struct cgn_key *key = NULL;

	while ((key = cgn_key_child(e->schema, parent, key)) != NULL) {
		if (!is_shown(e, key))
			continue;
		if (parent == NULL)
			fputc('\n', e->out);
		if (e->item == 0)
			example_comment(e, key);
		example_line(e, key);
		if (key->type == CGN_KEY_MAP) {
			fputc('\n', e->out);
			e->indent += 2;
			example_keys(e, key);
			e->indent -= 2;
		} else if (key->type == CGN_KEY_LIST) {
			example_list(e, key);
		} else {
			fputc(' ', e->out);
			print_part(e->out, key->value, e->item);
			fputc('\n', e->out);
		}
	}
}

void
cgn_render_example(FILE *out, enum cgn_schema schema)
{
	struct example e = {.out = out, .schema = schema};

	fputs("# Made by scripts/gen-docs from lib/conf/keys.def; do not edit.\n", out);
	fputs(schema == CGN_SCHEMA_BOX
			? "# The appliance file with every key at its default. Check yours with\n"
			  "# cgnatd --check -c FILE.\n"
			: "# A tenant's file with every key at its default. The appliance file "
			  "lists it under\n"
			  "# tenants.\n",
		out);
	example_keys(&e, NULL);
}

const char *
cgn_key_type_str(const struct cgn_key *key)
{
	static const char *const words[] = {
		[CGN_KEY_LIST] = "list",
		[CGN_KEY_NUMBER] = "number",
		[CGN_KEY_LIMIT] = "number",
		[CGN_KEY_BOOL] = "true, false",
		[CGN_KEY_CHOICE] = "word",
		[CGN_KEY_NAME] = "name",
		[CGN_KEY_DEVICE] = "text",
		[CGN_KEY_WORD] = "word",
		[CGN_KEY_FILE] = "path",
		[CGN_KEY_PORT] = "name of a port",
		[CGN_KEY_VLAN] = "number",
		[CGN_KEY_OUTER_VLAN] = "number",
		[CGN_KEY_TPID] = "hexadecimal",
		[CGN_KEY_ADDRESS] = "address",
		[CGN_KEY_PREFIX] = "prefix",
		[CGN_KEY_IFADDR] = "address/length",
		[CGN_KEY_RANGE] = "port or first-last",
	};

	return words[key->type];
}

/* Text in a table cell: a bar would end it. */
static void
print_cell(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		fputs(*text == '|' ? ", " : (char[2]){*text, '\0'}, out);
}

const char *
cgn_key_reload_str(const struct cgn_key *key, char *buf, size_t size)
{
	const char *added = cgn_reload_name(key->reload[CGN_CHANGE_ADDED]);
	const char *removed = cgn_reload_name(key->reload[CGN_CHANGE_REMOVED]);

	if (key->is_identity)
		snprintf(buf, size, "item");
	else if (strcmp(added, removed) == 0)
		snprintf(buf, size, "%s", added);
	else
		snprintf(buf, size, "added %s, removed %s", added, removed);
	return buf;
}

static void
reference_key(FILE *out, const struct cgn_key *key)
{
	char range[96];

	if (key->type == CGN_KEY_MAP) {
		fprintf(out, "| **`%s`** | | | | | %s |\n", key->path, key->help);
		return;
	}
	cgn_key_range_str(key, range, sizeof(range));
	fprintf(out, "| `%s` | %s | ", key->path, cgn_key_type_str(key));
	print_cell(out, range);
	fputs(" | ", out);
	if (key->presence == CGN_PRESENCE_DEFAULT)
		fprintf(out, "`%s`", key->value);
	else
		fputs(key->presence == CGN_PRESENCE_REQUIRED ? "required" : "none", out);
	fputs(" | ", out);
	fputs(cgn_key_reload_str(key, range, sizeof(range)), out);
	fputs(" | ", out);
	print_cell(out, key->help);
	fputs(" |\n", out);
}

static void
reference_schema(FILE *out, enum cgn_schema schema, const char *title)
{
	fprintf(out, "\n## %s\n\n", title);
	fputs("| Key | Type | Range | Default | Reload | Meaning |\n|---|---|---|---|---|---|\n",
		out);
	for (uint32_t i = 0; i < cgn_n_keys; i++)
		if (cgn_keys[i].schema == schema)
			reference_key(out, &cgn_keys[i]);
}

/* What follows from changes whose class does not say all. */
static void
reference_effects(FILE *out)
{
	fputs("\n## What becomes of what is there\n\n"
	      "| Key | Change | Reload | What follows |\n|---|---|---|---|\n",
		out);
	for (const struct cgn_key *key = cgn_keys; key < cgn_keys + cgn_n_keys; key++)
		for (uint32_t c = 0; c < CGN_N_CHANGES; c++)
			/* What is required and no item of a list can only be changed. */
			if (key->effect[c] != NULL &&
				(key->type == CGN_KEY_LIST || c == CGN_CHANGE_CHANGED))
				fprintf(out, "| `%s` | %s | %s | %s |\n", key->path,
					cgn_change_name(c), cgn_reload_name(key->reload[c]),
					key->effect[c]);
}

void
cgn_render_reference(FILE *out)
{
	fputs("<!-- Made by scripts/gen-docs from lib/conf/keys.def and rules.def; do not edit. "
	      "-->\n"
	      "# Configuration reference\n\n"
	      "The appliance file (`cgnatd -c FILE`) names one file per tenant. All of them are "
	      "YAML,\n"
	      "UTF-8, one document each, without anchors, aliases and tags. `config/example.yaml` "
	      "and\n"
	      "`config/example-tenant.yaml` show every key; `config/minimal.yaml` what is "
	      "needed.\n\n"
	      "`cgnatd --check -c FILE` reads all files and reports every error as\n"
	      "`file:line:column: key: what is wrong; what to do`, without touching a port.\n\n"
	      "`[]` in a key stands for each item of a list. Reload says what a change means for "
	      "a running\n"
	      "box: *live* applies to what comes after, and nothing is lost; *drain*: what is "
	      "there "
	      "ends or\n"
	      "moves on, [as said below](#what-becomes-of-what-is-there); *restart* needs a new "
	      "start. *item*:\n"
	      "the value names its item, so another one is an item removed and one added. "
	      "`cgnatctl diff OLD NEW`\n"
	      "says it for two configurations.\n",
		out);
	reference_schema(out, CGN_SCHEMA_BOX, "The appliance file");
	reference_schema(out, CGN_SCHEMA_TENANT, "A tenant's file");
	reference_effects(out);
	fputs("\n## Rules about more than one key\n\n"
	      "The name of the rule that is broken ends the message, in brackets.\n\n"
	      "| Rule | What must hold |\n|---|---|\n",
		out);
	for (uint32_t i = 0; i < CGN_N_RULES; i++)
		fprintf(out, "| `%s` | %s |\n", cgn_rule_name(i), cgn_rule_help(i));
}
