/* SPDX-License-Identifier: BSD-3-Clause */
/* libyaml's events made into a bounded tree. Called by conf.c for each file, on the main thread. */
#include "yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct builder {
	struct cgn_yaml *yaml;
	struct cgn_report *report;
	uint32_t max_nodes;
	yaml_parser_t parser;
	uint32_t stack[CGN_YAML_MAX_DEPTH];      /* open lists and maps */
	uint32_t last[CGN_YAML_MAX_DEPTH];       /* the latest child of each */
	uint32_t n_children[CGN_YAML_MAX_DEPTH]; /* keys and values counted apart */
	uint32_t depth;
	uint32_t n_documents;
	bool refused; /* something is wrong, but reading goes on to find more of the same */
};

static struct cgn_conf_pos
pos_at(const struct builder *b, const yaml_mark_t *mark)
{
	return (struct cgn_conf_pos){.file = b->yaml->file,
		.line = (uint32_t)mark->line + 1,
		.col = (uint32_t)mark->column + 1};
}

static struct cgn_conf_pos
pos_of_byte(uint16_t file, const char *text, size_t offset)
{
	struct cgn_conf_pos pos = {.file = file, .line = 1, .col = 1};

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			pos.line++;
			pos.col = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			pos.col++; /* columns are characters, not bytes */
		}
	}
	return pos;
}

/* Bytes of the well-formed UTF-8 sequence at s, or 0 (Unicode table 3-7). */
static size_t
utf8_len(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (n == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* libyaml guesses at encodings; here UTF-8 is the only one, and zero bytes are never text. */
static int
check_bytes(const char *text, size_t len, uint16_t file, struct cgn_report *report)
{
	size_t i = 0;

	while (i < len && text[i] != '\0') {
		size_t n = utf8_len((const unsigned char *)text + i, len - i);

		if (n == 0)
			break;
		i += n;
	}
	if (i == len)
		return 0;
	if (text[i] == '\0')
		cgn_report_add(report, pos_of_byte(file, text, i),
			"the file holds a zero byte; it is not text, or was cut short by a crash: "
			"restore it");
	else
		cgn_report_add(report, pos_of_byte(file, text, i),
			"the byte 0x%02x is not UTF-8; save the file as UTF-8 or plain ASCII",
			(unsigned char)text[i]);
	return -EINVAL;
}

static int
add_text(struct builder *b, const yaml_event_t *event, uint32_t *offset)
{
	struct cgn_yaml *y = b->yaml;
	size_t len = event->data.scalar.length;

	if (y->text_alloc - y->text_len <= len) {
		size_t n = 2 * y->text_alloc + len + 1024;
		char *text = realloc(y->text, n);

		if (text == NULL)
			return -ENOMEM;
		y->text = text;
		y->text_alloc = n;
	}
	*offset = (uint32_t)y
			  ->text_len; /* a file of 256 MiB cannot unfold to 4 GiB without aliases */
	memcpy(y->text + y->text_len, event->data.scalar.value, len);
	y->text_len += len;
	y->text[y->text_len++] = '\0';
	return 0;
}

static int
add_node(struct builder *b, enum cgn_yaml_kind kind, const yaml_mark_t *mark, uint32_t *index)
{
	struct cgn_yaml *y = b->yaml;
	struct cgn_yaml_node *node;

	if (y->n_nodes == b->max_nodes) {
		cgn_report_add(b->report, pos_at(b, mark),
			"more than %u values in one file; divide it", b->max_nodes);
		return -EINVAL;
	}
	if (y->n_nodes == y->n_alloc) {
		uint32_t n = y->n_alloc ? y->n_alloc * 2 : 64;

		node = realloc(y->nodes, n * sizeof(*node));
		if (node == NULL)
			return -ENOMEM;
		y->nodes = node;
		y->n_alloc = n;
	}
	*index = y->n_nodes++;
	node = &y->nodes[*index];
	*node = (struct cgn_yaml_node){.kind = kind,
		.line = (uint32_t)mark->line + 1,
		.col = (uint32_t)mark->column + 1,
		.first = CGN_NONE,
		.next = CGN_NONE};
	return 0;
}

/* Links a new node to the list or map that is open. Pairs are counted when their key comes. */
static void
link_node(struct builder *b, uint32_t index)
{
	struct cgn_yaml_node *nodes = b->yaml->nodes;
	uint32_t top = b->depth - 1;

	if (b->depth == 0)
		return;
	if (b->last[top] == CGN_NONE)
		nodes[b->stack[top]].first = index;
	else
		nodes[b->last[top]].next = index;
	b->last[top] = index;
	b->n_children[top]++;
	nodes[b->stack[top]].n = nodes[b->stack[top]].kind == CGN_YAML_MAP
		? (b->n_children[top] + 1) / 2
		: b->n_children[top];
}

static void
refuse(struct builder *b, const yaml_event_t *event, const char *what, const char *name)
{
	b->refused = true;
	cgn_report_add(b->report, pos_at(b, &event->start_mark), "%s%.64s is not supported; %s",
		what, name,
		what[0] == 't' ? "leave the tag out" : "write the value where it is needed");
}

/* Anchors, aliases and explicit tags. */
static void
check_decoration(struct builder *b, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	} else if (event->type == YAML_ALIAS_EVENT) {
		refuse(b, event, "alias *", (const char *)event->data.alias.anchor);
	}
	if (anchor != NULL)
		refuse(b, event, "anchor &", (const char *)anchor);
	if (tag != NULL)
		refuse(b, event, "tag ", (const char *)tag);
}

static int
add_scalar(struct builder *b, const yaml_event_t *event)
{
	uint32_t index;
	int rc = add_node(b, CGN_YAML_SCALAR, &event->start_mark, &index);

	if (rc < 0)
		return rc;
	link_node(b, index);
	if (event->type == YAML_ALIAS_EVENT)
		return 0; /* a place holder; the file is refused */
	if (memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL) {
		cgn_report_add(b->report, pos_at(b, &event->start_mark),
			"the text holds a zero byte (\\0); leave it out");
		return -EINVAL;
	}
	b->yaml->nodes[index].plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return add_text(b, event, &b->yaml->nodes[index].text);
}

static int
open_container(struct builder *b, const yaml_event_t *event)
{
	enum cgn_yaml_kind kind = event->type == YAML_MAPPING_START_EVENT ? CGN_YAML_MAP
									  : CGN_YAML_LIST;
	uint32_t index;
	int rc;

	if (b->depth == CGN_YAML_MAX_DEPTH) {
		cgn_report_add(b->report, pos_at(b, &event->start_mark),
			"nested more than %u deep; no key is that deep, look for brackets too many",
			(unsigned int)CGN_YAML_MAX_DEPTH);
		return -EINVAL;
	}
	rc = add_node(b, kind, &event->start_mark, &index);
	if (rc < 0)
		return rc;
	link_node(b, index);
	b->stack[b->depth] = index;
	b->last[b->depth] = CGN_NONE;
	b->n_children[b->depth++] = 0;
	return 0;
}

static int
take_event(struct builder *b, const yaml_event_t *event)
{
	check_decoration(b, event);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->n_documents++ == 0)
			return 0;
		cgn_report_add(b->report, pos_at(b, &event->start_mark),
			"a second document begins here; write one file per document");
		return -EINVAL;
	case YAML_SCALAR_EVENT:
	case YAML_ALIAS_EVENT:
		return add_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return open_container(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	default:
		return 0;
	}
}

static int
report_syntax(struct builder *b, const char *text, size_t len)
{
	const yaml_parser_t *p = &b->parser;
	struct cgn_conf_pos pos = pos_at(b, &p->problem_mark);
	char context[128] = "";

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR)
		pos = pos_of_byte(
			b->yaml->file, text, p->problem_offset < len ? p->problem_offset : len);
	if (p->context != NULL)
		snprintf(context, sizeof(context), "%s (from %zu:%zu), ", p->context,
			p->context_mark.line + 1, p->context_mark.column + 1);
	cgn_report_add(b->report, pos,
		"YAML: %s%s; mend the syntax here or above, and indent with spaces, not tabs",
		context, p->problem != NULL ? p->problem : "cannot be read");
	return -EINVAL;
}

static int
take_events(struct builder *b, const char *text, size_t len)
{
	yaml_event_t event;
	bool end = false;
	int rc = 0;

	while (rc == 0 && !end) {
		if (!yaml_parser_parse(&b->parser, &event))
			return report_syntax(b, text, len);
		end = event.type == YAML_STREAM_END_EVENT;
		rc = take_event(b, &event);
		yaml_event_delete(&event);
	}
	return rc < 0 ? rc : b->refused ? -EINVAL : 0;
}

static int
check_root(struct cgn_yaml *yaml, enum cgn_yaml_kind wanted, struct cgn_report *report)
{
	struct cgn_conf_pos pos = {.file = yaml->file, .line = 1, .col = 1};
	const struct cgn_yaml_node *root = yaml->nodes;

	if (root == NULL || (root->kind == CGN_YAML_SCALAR && *cgn_yaml_text(yaml, root) == '\0')) {
		cgn_report_add(report, pos,
			wanted == CGN_YAML_LIST
				? "the file is empty or holds comments only; write [] for no "
				  "subscribers"
				: "the file is empty or holds comments only; start from an example "
				  "in config/");
		return -EINVAL;
	}
	if (root->kind != wanted) {
		cgn_report_add(report, cgn_yaml_pos(yaml, root),
			wanted == CGN_YAML_LIST
				? "the file must be a list, each subscriber after a dash"
				: "the file must be a list of keys, \"key: value\"; start from an "
				  "example in config/");
		return -EINVAL;
	}
	return 0;
}

int
cgn_yaml_init(struct cgn_yaml *yaml, const struct cgn_yaml_input *input, struct cgn_report *report)
{
	const char *text = input->text;
	size_t len = input->len;
	struct builder b = {.yaml = yaml,
		.report = report,
		.max_nodes = input->root == CGN_YAML_LIST ? CGN_YAML_LIST_MAX_NODES
							  : CGN_YAML_MAX_NODES};
	uint32_t max_bytes = cgn_yaml_max_bytes(input->root);
	int rc;

	memset(yaml, 0, sizeof(*yaml));
	yaml->file = input->file;
	if (len > max_bytes) {
		cgn_report_add(report,
			(struct cgn_conf_pos){.file = yaml->file, .line = 1, .col = 1},
			"the file is larger than %u MiB; check that it is the right one",
			max_bytes >> 20);
		return -EINVAL;
	}
	rc = check_bytes(text, len, yaml->file, report);
	if (rc < 0)
		return rc;
	if (!yaml_parser_initialize(&b.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, len);
	rc = take_events(&b, text, len);
	yaml_parser_delete(&b.parser);
	return rc < 0 ? rc : check_root(yaml, input->root, report);
}

void
cgn_yaml_fini(struct cgn_yaml *yaml)
{
	free(yaml->nodes);
	free(yaml->text);
	memset(yaml, 0, sizeof(*yaml));
}
