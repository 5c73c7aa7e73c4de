/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks keys.def and a tree together. Called by conf.c on the main thread. */
#include "decode.h"

#include "scalar.h"
#include "suggest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys of one mapping, more than any has. */
enum { MAX_KEYS = 24 };

/* The keys that a mapping may have, and what stands there for each; NULL: nothing. */
struct scope {
	const struct cgn_key *keys[MAX_KEYS];
	const struct cgn_yaml_node *names[MAX_KEYS], *values[MAX_KEYS];
	uint32_t n_keys;
};

static void decode_keys(struct cgn_decode *d, const struct cgn_key *parent,
	const struct cgn_yaml_node *node, void *base);
static void decode_list(struct cgn_decode *d, const struct cgn_key *list,
	const struct cgn_yaml_node *node, void *base);

void
cgn_decode_box(struct cgn_decode *decode, struct cgn_conf *conf)
{
	decode->schema = CGN_SCHEMA_BOX;
	decode->conf = conf;
	decode_keys(decode, NULL, &decode->yaml->nodes[0], conf);
}

void
cgn_decode_tenant(struct cgn_decode *decode, struct cgn_conf_tenant *tenant)
{
	decode->schema = CGN_SCHEMA_TENANT;
	tenant->pos = cgn_yaml_pos(decode->yaml, &decode->yaml->nodes[0]);
	decode_keys(decode, NULL, &decode->yaml->nodes[0], tenant);
}

void
cgn_decode_listed(struct cgn_decode *decode, struct cgn_conf_tenant *tenant)
{
	const struct cgn_key *key = cgn_key_child(CGN_SCHEMA_TENANT, NULL, NULL);

	while (!key->list.is_bulk)
		key = cgn_key_child(CGN_SCHEMA_TENANT, NULL, key);
	decode->schema = CGN_SCHEMA_TENANT;
	decode_list(decode, key, &decode->yaml->nodes[0], tenant);
}

static const char *
path_of(const struct cgn_decode *d, const struct cgn_key *key, char *buf)
{
	return cgn_key_path_str(key, d->index, buf);
}

static void
mark(struct cgn_decode *d, const struct cgn_key *key, const void *field, struct cgn_conf_pos pos,
	bool is_valid)
{
	struct cgn_mark m = {.field = field, .key = key, .pos = pos, .is_valid = is_valid};

	memcpy(m.index, d->index, sizeof(m.index));
	if (d->n_bulk == 0)
		cgn_marks_add(d->marks, &m);
}

/* Items that rules speak about as a whole know their place. */
static void
mark_item(struct cgn_decode *d, const struct cgn_key *list, const struct cgn_yaml_node *node,
	void *field)
{
	struct cgn_mark m = {.field = field,
		.key = list,
		.pos = cgn_yaml_pos(d->yaml, node),
		.is_item = true,
		.is_valid = true};

	memcpy(field, &m.pos, sizeof(m.pos));
	memcpy(m.index, d->index, sizeof(m.index));
	if (d->n_bulk == 0)
		cgn_marks_add(d->marks, &m);
}

static const char *
kind_str(const struct cgn_yaml_node *node)
{
	return node->kind == CGN_YAML_MAP     ? "a mapping"
		: node->kind == CGN_YAML_LIST ? "a list"
					      : "a single value";
}

static void
report_kind(struct cgn_decode *d, const struct cgn_key *key, const struct cgn_yaml_node *node,
	const char *wanted)
{
	char path[CGN_KEY_PATH_LEN];

	cgn_report_add(d->report, cgn_yaml_pos(d->yaml, node), "%s: is %s; write %s",
		path_of(d, key, path), kind_str(node), wanted);
}

/* Index of the port with this name, or CGN_NONE. */
static uint32_t
find_port(const struct cgn_conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].name[0] != '\0' && strcmp(conf->ports[i].name, name) == 0)
			return i;
	return CGN_NONE;
}

static int
parse_port(const struct cgn_decode *d, const char *text, void *field, struct cgn_errmsg *err)
{
	uint32_t i = find_port(d->conf, text);
	uint16_t index = (uint16_t)i;

	err->text[0] = '\0';
	if (d->conf->n_ports == 0)
		return -EINVAL; /* an error that is told already, where the ports should stand */
	if (i == CGN_NONE) {
		cgn_errmsg_set(err,
			"no port is called '%.64s'; write a name that stands under ports of the "
			"appliance file, or add the port there",
			text);
		return -EINVAL;
	}
	memcpy(field, &index, sizeof(index));
	return 0;
}

static void
decode_scalar(struct cgn_decode *d, const struct cgn_key *key, const struct cgn_yaml_node *node,
	void *field)
{
	struct cgn_conf_pos pos = cgn_yaml_pos(d->yaml, node);
	char path[CGN_KEY_PATH_LEN];
	struct cgn_errmsg err;
	int rc;

	if (node->kind != CGN_YAML_SCALAR) {
		report_kind(d, key, node, "one value");
		mark(d, key, field, pos, false);
		return;
	}
	if (key->type == CGN_KEY_PORT)
		rc = parse_port(d, cgn_yaml_text(d->yaml, node), field, &err);
	else
		rc = cgn_scalar_parse(key, cgn_yaml_text(d->yaml, node), node->plain, field, &err);
	if (rc == -ENOMEM)
		d->out_of_memory = true;
	else if (rc < 0 && err.text[0] != '\0')
		cgn_report_add(d->report, pos, "%s: %s", path_of(d, key, path), err.text);
	mark(d, key, field, pos, rc == 0);
}

static void
report_missing(struct cgn_decode *d, const struct cgn_key *key, struct cgn_conf_pos pos)
{
	char path[CGN_KEY_PATH_LEN];

	if (key->type == CGN_KEY_CHOICE)
		cgn_report_add(d->report, pos, "%s: is missing; add it, one of %s",
			path_of(d, key, path), key->unit);
	else if (key->type == CGN_KEY_LIST)
		cgn_report_add(d->report, pos, "%s: is missing; add it, a list of one item or more",
			path_of(d, key, path));
	else
		cgn_report_add(d->report, pos, "%s: is missing; add it, for instance %s: %.*s",
			path_of(d, key, path), cgn_key_name(key), (int)strcspn(key->value, "|"),
			key->value);
}

/* A key that does not stand in the mapping that begins at pos. */
static void
decode_absent(struct cgn_decode *d, const struct cgn_key *key, struct cgn_conf_pos pos, void *base)
{
	const struct cgn_key *child = NULL;
	void *field = (char *)base + key->offset;
	struct cgn_errmsg err;

	if (key->type == CGN_KEY_MAP) {
		while ((child = cgn_key_child(d->schema, key, child)) != NULL)
			decode_absent(d, child, pos, base);
		return;
	}
	if (key->presence == CGN_PRESENCE_REQUIRED)
		report_missing(d, key, pos);
	else if (key->presence == CGN_PRESENCE_DEFAULT && key->type != CGN_KEY_LIST)
		cgn_scalar_parse(
			key, key->value, true, field, &err); /* a test parses all of them */
	else if (key->presence == CGN_PRESENCE_OPTIONAL)
		cgn_scalar_unset(key, field);
	mark(d, key, field, pos, key->presence != CGN_PRESENCE_REQUIRED);
}

static void
decode_item(struct cgn_decode *d, const struct cgn_key *list, const struct cgn_yaml_node *node,
	void *item)
{
	const struct cgn_key *child = cgn_key_child(d->schema, list, NULL);
	char path[CGN_KEY_PATH_LEN];

	if (list->list.pos_offset != CGN_NONE)
		mark_item(d, list, node, (char *)item + list->list.pos_offset);
	if (cgn_key_is_item(child))
		decode_scalar(d, child, node, (char *)item + child->offset);
	else if (node->kind == CGN_YAML_MAP)
		decode_keys(d, list, node, item);
	else
		cgn_report_add(d->report, cgn_yaml_pos(d->yaml, node),
			"%s: is %s; write a mapping of keys",
			cgn_key_item_str(list, d->index, path), kind_str(node));
}

static void
store_count(const struct cgn_key *list, void *base, uint32_t n)
{
	uint16_t n16 = (uint16_t)n;

	if (list->list.n_size == sizeof(n16))
		memcpy((char *)base + list->list.n_offset, &n16, sizeof(n16));
	else
		memcpy((char *)base + list->list.n_offset, &n, sizeof(n));
}

/* Storage for n items: the array in the struct, or a new one that its pointer gets. */
static char *
take_items(struct cgn_decode *d, const struct cgn_key *list, void *base, uint32_t n)
{
	char *items;

	if (list->list.in_place)
		return (char *)base + list->offset;
	items = calloc(n, list->list.item_size);
	if (items == NULL)
		d->out_of_memory = true;
	else
		memcpy((char *)base + list->offset, &items, sizeof(items));
	return items;
}

static void
decode_list(struct cgn_decode *d, const struct cgn_key *list, const struct cgn_yaml_node *node,
	void *base)
{
	uint32_t n = node->n < list->max ? node->n : (uint32_t)list->max;
	const struct cgn_yaml_node *item;
	char path[CGN_KEY_PATH_LEN];
	char *items;

	if (node->kind != CGN_YAML_LIST) {
		report_kind(d, list, node, "a list, each item after a dash or all in [ ]");
		return;
	}
	if (node->n < list->min || node->n > list->max)
		cgn_report_add(d->report, cgn_yaml_pos(d->yaml, node),
			"%s: has %u items; write %u to %u", path_of(d, list, path), node->n,
			(uint32_t)list->min, (uint32_t)list->max);
	items = n > 0 ? take_items(d, list, base, n) : NULL;
	if (items == NULL)
		return;
	store_count(list, base, n);
	item = cgn_yaml_at(d->yaml, node->first);
	d->n_index++;
	d->n_bulk += list->list.is_bulk;
	for (uint32_t i = 0; i < n; i++, item = cgn_yaml_at(d->yaml, item->next)) {
		d->index[d->n_index - 1] = i;
		decode_item(d, list, item, items + (size_t)i * list->list.item_size);
	}
	d->index[--d->n_index] = 0;
	d->n_bulk -= list->list.is_bulk;
}

static void
decode_key(struct cgn_decode *d, const struct cgn_key *key, const struct cgn_yaml_node *value,
	void *base)
{
	if (key->type == CGN_KEY_LIST)
		decode_list(d, key, value, base);
	else if (key->type != CGN_KEY_MAP)
		decode_scalar(d, key, value, (char *)base + key->offset);
	else if (value->kind == CGN_YAML_MAP)
		decode_keys(d, key, value, base);
	else
		report_kind(d, key, value, "a mapping of keys");
}

static void
scope_init(struct scope *scope, enum cgn_schema schema, const struct cgn_key *parent)
{
	const struct cgn_key *key = NULL;

	memset(scope, 0, sizeof(*scope));
	while ((key = cgn_key_child(schema, parent, key)) != NULL) {
		assert(scope->n_keys < MAX_KEYS);
		scope->keys[scope->n_keys++] = key;
	}
}

static uint32_t
scope_find(const struct cgn_decode *d, const struct scope *scope, const struct cgn_yaml_node *name)
{
	if (name->kind != CGN_YAML_SCALAR)
		return CGN_NONE;
	for (uint32_t i = 0; i < scope->n_keys; i++)
		if (strcmp(cgn_key_name(scope->keys[i]), cgn_yaml_text(d->yaml, name)) == 0)
			return i;
	return CGN_NONE;
}

static void
report_unknown(struct cgn_decode *d, const struct cgn_key *parent, const struct cgn_yaml_node *name)
{
	const char *word = name->kind == CGN_YAML_SCALAR ? cgn_yaml_text(d->yaml, name) : "?";
	char path[CGN_KEY_PATH_LEN] = "", advice[256];

	if (parent != NULL && parent->type == CGN_KEY_LIST)
		cgn_key_item_str(parent, d->index, path);
	else if (parent != NULL)
		path_of(d, parent, path);
	cgn_report_add(d->report, cgn_yaml_pos(d->yaml, name), "%s%s%.64s: is no key; %s", path,
		parent != NULL ? "." : "", word,
		cgn_key_suggest(d->schema, parent, word, advice, sizeof(advice)));
}

/* Sorts the pairs of a mapping by key; reports those that are unknown or there already. */
static void
scope_fill(struct cgn_decode *d, const struct cgn_key *parent, const struct cgn_yaml_node *node,
	struct scope *scope)
{
	const struct cgn_yaml_node *name = cgn_yaml_at(d->yaml, node->first), *value;
	char path[CGN_KEY_PATH_LEN];

	for (; name != NULL; name = cgn_yaml_at(d->yaml, value->next)) {
		uint32_t i = scope_find(d, scope, name);

		value = cgn_yaml_at(d->yaml, name->next);
		if (i == CGN_NONE) {
			report_unknown(d, parent, name);
		} else if (scope->names[i] != NULL) {
			cgn_report_add(d->report, cgn_yaml_pos(d->yaml, name),
				"%s: stands twice, first at %u:%u; remove one of them",
				path_of(d, scope->keys[i], path), scope->names[i]->line,
				scope->names[i]->col);
		} else {
			scope->names[i] = name;
			scope->values[i] = value;
		}
	}
}

/*
 * The three tag keys of an item, last of them outer_tpid, as frames carry them: a single tag is
 * outer. Whether a key stands there counts for the rules, not whether its value is good.
 */
static void
finish_tags(struct cgn_decode *d, const struct scope *scope, uint32_t tpid, void *item)
{
	struct cgn_conf_tags *tags = (struct cgn_conf_tags *)(void *)((char *)item +
		scope->keys[tpid]->offset - offsetof(struct cgn_conf_tags, outer_tpid));
	const struct cgn_yaml_node *outer = scope->values[tpid - 1],
				   *inner = scope->values[tpid - 2];
	char path[CGN_KEY_PATH_LEN];

	if (outer != NULL && inner == NULL)
		cgn_report_rule(d->report, CGN_RULE_OUTER_VLAN_ALONE, cgn_yaml_pos(d->yaml, outer),
			"%s: stands without vlan; add vlan, the inner tag, or call a single tag "
			"vlan",
			path_of(d, scope->keys[tpid - 1], path));
	if (outer == NULL && scope->values[tpid] != NULL)
		cgn_report_rule(d->report, CGN_RULE_OUTER_TPID_ALONE,
			cgn_yaml_pos(d->yaml, scope->values[tpid]),
			"%s: stands without outer_vlan; add outer_vlan and vlan, or leave it out",
			path_of(d, scope->keys[tpid], path));
	tags->n = (uint8_t)((tags->outer != 0) + (tags->inner != 0));
	if (tags->n == 2 && tags->outer_tpid == 0)
		tags->outer_tpid = 0x88a8;
	if (tags->n == 1 && tags->outer == 0) {
		tags->outer = tags->inner;
		tags->inner = 0;
	}
}

/* parent NULL: the top of the file. node is a mapping. */
static void
decode_keys(struct cgn_decode *d, const struct cgn_key *parent, const struct cgn_yaml_node *node,
	void *base)
{
	struct scope scope;

	scope_init(&scope, d->schema, parent);
	scope_fill(d, parent, node, &scope);
	for (uint32_t i = 0; i < scope.n_keys; i++) {
		if (scope.values[i] != NULL)
			decode_key(d, scope.keys[i], scope.values[i], base);
		else
			decode_absent(d, scope.keys[i], cgn_yaml_pos(d->yaml, node), base);
		if (scope.keys[i]->type == CGN_KEY_TPID)
			finish_tags(d, &scope, i, base);
	}
}
