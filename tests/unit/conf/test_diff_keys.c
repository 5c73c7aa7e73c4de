/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests that lib/conf/diff forgets no key: each of keys.def is changed in turn, in memory, in a
 * configuration that has all of them, and must be the one difference.
 */
#include "diff.h"

#include "err.h"
#include "scalar.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

/* Two of the same file: one stays as it is, the other one is changed and mended. */
static struct cgn_conf *old, *new;

/* What names the item that is changed, by its list: the first one, of ports the last, since nothing
 * refers to that. */
static const struct {
	enum cgn_schema schema;
	const char *list, *name;
} items[] = {
	{CGN_SCHEMA_BOX, "ports", "spare"},
	{CGN_SCHEMA_BOX, "uplinks", "wan:100:7"},
	{CGN_SCHEMA_BOX, "routes", "0.0.0.0/0"},
	{CGN_SCHEMA_BOX, "log.ipfix.collectors", "192.0.2.80:0:tls"},
	{CGN_SCHEMA_BOX, "log.syslog.servers", "192.0.2.90:0:tls"},
	{CGN_SCHEMA_TENANT, "classes", "gold"},
	{CGN_SCHEMA_TENANT, "subscribers", "100.64.1.10"},
	{CGN_SCHEMA_TENANT, "subscribers[].tags", "business"},
	{CGN_SCHEMA_TENANT, "attachments", "access:100:102"},
	{CGN_SCHEMA_TENANT, "attachments[].subscribers", "10.0.0.0/24"},
	{CGN_SCHEMA_TENANT, "pool", "203.0.113.16/28"},
	{CGN_SCHEMA_TENANT, "drain", "203.0.113.20/31"},
	{CGN_SCHEMA_TENANT, "nat.bypass", "192.0.2.128/25"},
	{CGN_SCHEMA_TENANT, "ports.reserved", "5060-5061"},
	{CGN_SCHEMA_TENANT, "portctl.third_party", "100.64.1.2"},
	{CGN_SCHEMA_TENANT, "nat.rules", "web"},
	{CGN_SCHEMA_TENANT, "nat.rules[].ports", "80"},
	{CGN_SCHEMA_TENANT, "static", "tcp:203.0.113.17:8443"},
	{CGN_SCHEMA_TENANT, "static_addresses", "203.0.113.70"},
	{CGN_SCHEMA_TENANT, "radius.clients", "192.0.2.64/28"},
	{CGN_SCHEMA_TENANT, "routes", "0.0.0.0/0"},
};

enum { N_ITEMS = sizeof(items) / sizeof(items[0]), PATH_LEN = 256 };

static struct cgn_conf *
load(void)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load(
		CGN_SOURCE_DIR "/tests/conf/good.every-key/cgnat.yaml", &errors);

	cr_assert_not_null(conf);
	cgn_conf_errors_free(&errors);
	return conf;
}

static void
load_both(void)
{
	old = load();
	new = load();
}

static void
free_both(void)
{
	cgn_conf_free(old);
	cgn_conf_free(new);
}

TestSuite(diff_keys, .init = load_both, .fini = free_both);

static const struct cgn_key *
find_key(enum cgn_schema schema, const char *path, size_t len)
{
	for (const struct cgn_key *key = cgn_keys; key < cgn_keys + cgn_n_keys; key++)
		if (key->schema == schema && strncmp(key->path, path, len) == 0 &&
			key->path[len] == '\0')
			return key;
	cr_assert_fail("no key %.*s", (int)len, path);
	return NULL;
}

static const char *
name_of(const struct cgn_key *list)
{
	for (int i = 0; i < N_ITEMS; i++)
		if (items[i].schema == list->schema && strcmp(items[i].list, list->path) == 0)
			return items[i].name;
	cr_assert_fail("no name for the items of %s; add one", list->path);
	return NULL;
}

static char *
items_of(const struct cgn_key *list, char *base)
{
	return (char *)(uintptr_t)cgn_key_items(list, base);
}

/* The struct of the new configuration that a key is in, on the way of the items of the table, and
 * the path that the operator reads. */
static char *
locate(const struct cgn_key *key, char *path)
{
	bool is_tenant = key->schema == CGN_SCHEMA_TENANT;
	char *base = is_tenant ? (char *)&new->tenants[0] : (char *)new;
	size_t n = (size_t)snprintf(path, PATH_LEN, "%s", is_tenant ? "tenants.a." : "box.");

	for (const char *p = key->path; *p != '\0'; p++) {
		const struct cgn_key *list;
		uint32_t i;

		if (*p != '[') {
			path[n++] = *p;
			path[n] = '\0';
			continue;
		}
		list = find_key(key->schema, key->path, (size_t)(p - key->path));
		p++;
		if (list->list.in_place) {
			base = items_of(list, base); /* a value as a whole: no item in its path */
			continue;
		}
		if (list->list.pos_offset == CGN_NONE) {
			snprintf(path, PATH_LEN, "tenants.a");
			return items_of(list, base) + list->list.item_size;
		}
		i = strcmp(list->path, "ports") == 0 ? cgn_key_count(list, base) - 1 : 0;
		base = items_of(list, base) + i * list->list.item_size;
		n += (size_t)snprintf(path + n, PATH_LEN - n, "[%s]", name_of(list));
	}
	return base;
}

static char quoted_file[] = "another.yaml";

/* Gives the field another value that can be printed. */
static void
mutate(const struct cgn_key *key, char *field)
{
	static char *const file = quoted_file;
	uint16_t u16;
	uint32_t u32;

	switch (key->type) {
	case CGN_KEY_NAME:
	case CGN_KEY_WORD:
	case CGN_KEY_DEVICE:
		field[0] = 'q';
		break;
	case CGN_KEY_FILE:
		memcpy(field, &file, sizeof(file));
		break;
	case CGN_KEY_BOOL:
		field[0] = !field[0];
		break;
	case CGN_KEY_TPID:
		memcpy(field, (uint16_t[]){0x88a8}, sizeof(u16));
		break;
	default: /* a number, a choice of two words or more, the index of a port, an address */
		if (key->size == sizeof(u16)) {
			memcpy(&u16, field, sizeof(u16));
			u16 ^= 1;
			memcpy(field, &u16, sizeof(u16));
		} else {
			memcpy(&u32, field, sizeof(u32));
			u32 ^= 1;
			memcpy(field, &u32, sizeof(u32));
		}
	}
}

static void
expect_one(const struct cgn_key *key, enum cgn_change change, const char *path)
{
	struct cgn_diff diff;

	cr_assert_eq(cgn_conf_diff(old, new, &diff), 0);
	cr_expect_eq(diff.n_items, 1, "%s: %u differences", key->path, diff.n_items);
	if (diff.n_items == 1) {
		cr_expect_eq(diff.items[0].key, key, "%s", diff.items[0].path);
		cr_expect_eq(diff.items[0].change, change, "%s", diff.items[0].path);
		cr_expect_str_eq(diff.items[0].path, path);
		cr_expect_eq(diff.items[0].reload, key->reload[change], "%s", key->path);
		cr_expect_eq(diff.n_by_reload[key->reload[change]], 1, "%s", key->path);
	}
	cgn_diff_fini(&diff);
}

/* The item under its old name is gone, one under another name is there. */
static void
expect_two(const struct cgn_key *key, const char *path)
{
	size_t list_len = strlen(path) - strlen(strrchr(path, '['));
	struct cgn_diff diff;

	cr_assert_eq(cgn_conf_diff(old, new, &diff), 0);
	cr_expect_eq(diff.n_items, 2, "%s: %u differences", key->path, diff.n_items);
	for (uint32_t i = 0; diff.n_items == 2 && i < 2; i++) {
		const struct cgn_diff_item *item = &diff.items[i];

		cr_expect_eq(item->change, i == 0 ? CGN_CHANGE_REMOVED : CGN_CHANGE_ADDED);
		cr_expect_eq(item->key->type, CGN_KEY_LIST);
		cr_expect_eq(strcmp(item->path, path) == 0, i == 0, "%s", item->path);
		cr_expect_eq(strncmp(item->path, path, list_len), 0, "%s", item->path);
	}
	cgn_diff_fini(&diff);
}

/* The path of the item that a key names: up to the last bracket. */
static void
cut_to_item(char *path)
{
	char *bracket = strrchr(path, ']');

	cr_assert_not_null(bracket);
	bracket[1] = '\0';
}

/* Where the list is read from: a configuration that is loaded has the list and nothing of that. */
static bool
is_only_read(const struct cgn_key *key)
{
	return strcmp(key->path, "subscribers_file") == 0;
}

static void
change_and_mend(const struct cgn_key *key)
{
	char path[PATH_LEN], saved[2048], *field = locate(key, path) + key->offset;

	cr_assert_leq(key->size, sizeof(saved));
	memcpy(saved, field, key->size);
	mutate(key, field);
	if (key->is_identity) {
		cut_to_item(path);
		expect_two(key, path);
	} else if (cgn_key_is_item(key) && key[-1].list.in_place) {
		expect_one(key - 1, CGN_CHANGE_CHANGED, path);
	} else {
		expect_one(key, CGN_CHANGE_CHANGED, path);
	}
	memcpy(field, saved, key->size);
}

Test(diff_keys, each_value_changed_is_the_one_difference)
{
	uint32_t n = 0;

	for (const struct cgn_key *key = cgn_keys; key < cgn_keys + cgn_n_keys; key++) {
		if (key->type == CGN_KEY_MAP || key->type == CGN_KEY_LIST ||
			strcmp(key->path, "tenant") == 0 || is_only_read(key))
			continue;
		change_and_mend(key);
		n++;
	}
	cr_expect_gt(n, 90);
}

Test(diff_keys, another_name_of_a_tenant_is_another_tenant)
{
	struct cgn_diff diff;

	new->tenants[0].name[0] = 'q';
	cr_assert_eq(cgn_conf_diff(old, new, &diff), 0);
	cr_assert_eq(diff.n_items, 2);
	cr_expect_str_eq(diff.items[0].path, "tenants.a");
	cr_expect_eq(diff.items[0].reload, CGN_RELOAD_DRAIN);
	cr_expect_str_eq(diff.items[1].path, "tenants.q");
	cr_expect_eq(diff.items[1].reload, CGN_RELOAD_LIVE);
	cgn_diff_fini(&diff);
}

static void
exchange(void)
{
	struct cgn_conf *other = old;

	old = new;
	new = other;
}

Test(diff_keys, each_optional_value_comes_and_goes_as_the_one_difference)
{
	for (const struct cgn_key *key = cgn_keys; key < cgn_keys + cgn_n_keys; key++) {
		char path[PATH_LEN], saved[2048], *field;

		/* Tags come and go together, as another name of the item: tests/conf/diff.tags. */
		if (key->presence != CGN_PRESENCE_OPTIONAL || key->is_identity ||
			key->type == CGN_KEY_TPID || key->type == CGN_KEY_LIST || is_only_read(key))
			continue;
		field = locate(key, path) + key->offset;
		memcpy(saved, field, key->size);
		memset(field, 0, key->size);
		cgn_scalar_unset(key, field);
		expect_one(key, CGN_CHANGE_REMOVED, path);
		exchange();
		expect_one(key, CGN_CHANGE_ADDED, path);
		exchange();
		memcpy(field, saved, key->size);
	}
}

static void
add_to_count(const struct cgn_key *list, char *base, int32_t n)
{
	uint16_t n16 = (uint16_t)(cgn_key_count(list, base) + (uint32_t)n);
	uint32_t n32 = cgn_key_count(list, base) + (uint32_t)n;

	if (list->list.n_size == sizeof(n16))
		memcpy(base + list->list.n_offset, &n16, sizeof(n16));
	else
		memcpy(base + list->list.n_offset, &n32, sizeof(n32));
	if (list->list.pos_offset == CGN_NONE && !list->list.in_place)
		new->n_tenants += (uint32_t)n;
}

static void
expect_last(const struct cgn_key *list, enum cgn_change change, const char *list_path)
{
	struct cgn_diff diff;

	cr_assert_eq(cgn_conf_diff(old, new, &diff), 0);
	cr_expect_eq(diff.n_items, 1, "%s: %u differences", list->path, diff.n_items);
	if (diff.n_items == 1) {
		cr_expect_eq(diff.items[0].key, list);
		cr_expect_eq(diff.items[0].change, change, "%s", list->path);
		cr_expect_eq(strncmp(diff.items[0].path, list_path, strlen(list_path)), 0, "%s",
			list_path);
		cr_expect_eq(diff.items[0].reload, list->reload[change], "%s", list->path);
	}
	cgn_diff_fini(&diff);
}

Test(diff_keys, the_last_item_of_each_list_comes_and_goes_as_the_one_difference)
{
	for (const struct cgn_key *list = cgn_keys; list < cgn_keys + cgn_n_keys; list++) {
		char path[PATH_LEN], *base;
		bool is_tenants = strcmp(list->path, "tenants") == 0;

		if (list->type != CGN_KEY_LIST)
			continue;
		base = locate(list, path);
		cr_assert_geq(cgn_key_count(list, base), 2, "%s", list->path);
		add_to_count(list, base, -1);
		if (list->list.in_place) {
			expect_one(list, CGN_CHANGE_CHANGED, path);
		} else {
			expect_last(list, CGN_CHANGE_REMOVED, is_tenants ? "tenants.b" : path);
			exchange();
			expect_last(list, CGN_CHANGE_ADDED, is_tenants ? "tenants.b" : path);
			exchange();
		}
		add_to_count(list, base, 1);
	}
}

Test(diff_keys, each_list_in_another_order_is_the_one_difference)
{
	for (const struct cgn_key *list = cgn_keys; list < cgn_keys + cgn_n_keys; list++) {
		char path[PATH_LEN], saved[2048], *first;
		uint32_t size = list->list.item_size;

		/* Ports are referred to by their place, and tenants have two lists; both stand in
		 * tests/conf/diff.order. */
		if (list->type != CGN_KEY_LIST || strcmp(list->path, "ports") == 0 ||
			strcmp(list->path, "tenants") == 0)
			continue;
		first = items_of(list, locate(list, path));
		cr_assert_leq(size, sizeof(saved));
		memcpy(saved, first, size);
		memcpy(first, first + size, size);
		memcpy(first + size, saved, size);
		expect_one(list, CGN_CHANGE_CHANGED, path);
		memcpy(saved, first, size);
		memcpy(first, first + size, size);
		memcpy(first + size, saved, size);
	}
}

Test(diff_keys, what_drains_says_what_becomes_of_what_is_there)
{
	for (const struct cgn_key *key = cgn_keys; key < cgn_keys + cgn_n_keys; key++)
		for (int c = 0; c < CGN_N_CHANGES; c++)
			cr_expect(key->reload[c] != CGN_RELOAD_DRAIN || key->effect[c] != NULL,
				"%s %s", key->path, cgn_change_name(c));
}

Test(diff_keys, each_list_of_items_has_something_that_names_them)
{
	for (const struct cgn_key *list = cgn_keys; list < cgn_keys + cgn_n_keys; list++) {
		const struct cgn_key *key = NULL;
		uint32_t n = 0;

		if (list->type != CGN_KEY_LIST || list->list.pos_offset == CGN_NONE)
			continue;
		while ((key = cgn_key_child(list->schema, list, key)) != NULL)
			n += key->is_identity;
		cr_expect_gt(n, 0, "%s", list->path);
	}
}
