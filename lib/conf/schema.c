/* SPDX-License-Identifier: BSD-3-Clause */
/* The table made of keys.def, and its tree order. Called by decode.c and render*.c. */
#include "schema.h"

#include "conf.h"
#include "err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT(text) .presence = CGN_PRESENCE_DEFAULT, .value = text
#define REQUIRED(text) .presence = CGN_PRESENCE_REQUIRED, .value = text
#define OPTIONAL(text) .presence = CGN_PRESENCE_OPTIONAL, .value = text

#define ALL(class)                                                                                 \
	{                                                                                          \
		CGN_RELOAD_##class, CGN_RELOAD_##class, CGN_RELOAD_##class                         \
	}
#define LIVE .reload = ALL(LIVE)
#define RESTART .reload = ALL(RESTART)
#define DRAIN(text) .reload = ALL(DRAIN), .effect = {text, text, text}
#define ITEMS(added, on_added, removed, on_removed)                                                \
	.reload = {CGN_RELOAD_##added, CGN_RELOAD_##removed, CGN_RELOAD_LIVE},                     \
	.effect = {on_added, on_removed, NULL}
#define IDENTITY .is_identity = true

#define SIZE_OF(container, member) sizeof(((container *)0)->member)
#define ITEM_OF(container, member) __typeof__(*((container *)0)->member)

#define KEY(sch, ty, text, ...)                                                                    \
	{.schema = CGN_SCHEMA_##sch, .type = CGN_KEY_##ty, .path = text, __VA_ARGS__},
#define LIST(container, member, n, pos, inside, bulk)                                              \
	.offset = offsetof(container, member), .size = SIZE_OF(container, member), .unit = "",     \
	.list = {offsetof(container, n), SIZE_OF(container, n),                                    \
		sizeof(ITEM_OF(container, member)), pos, inside, bulk}

#define CGN_MAP(sch, path, text) KEY(sch, MAP, path, DEFAULT(""), .unit = "", .help = text)
#define CGN_LIST(sch, path, lo, hi, value, rel, container, member, n, text)                        \
	KEY(sch, LIST, path, .min = lo, .max = hi, value, rel, .help = text,                       \
		LIST(container, member, n, offsetof(ITEM_OF(container, member), pos), false,       \
			false))
#define CGN_FILES(sch, path, lo, hi, value, rel, container, member, n, text)                       \
	KEY(sch, LIST, path, .min = lo, .max = hi, value, rel, .help = text,                       \
		LIST(container, member, n, CGN_NONE, false, false))
#define CGN_ARRAY(sch, path, lo, hi, value, rel, container, member, n, text)                       \
	KEY(sch, LIST, path, .min = lo, .max = hi, value, rel, .help = text,                       \
		LIST(container, member, n, CGN_NONE, true, false))
#define CGN_BULK(sch, path, lo, hi, value, rel, container, member, n, text)                        \
	KEY(sch, LIST, path, .min = lo, .max = hi, value, rel, .help = text,                       \
		LIST(container, member, n, offsetof(ITEM_OF(container, member), pos), false,       \
			true))
#define CGN_VALUE(sch, path, ty, units, lo, hi, value, rel, container, member, text)               \
	KEY(sch, ty, path, .unit = units, .min = lo, .max = hi, value, rel, .help = text,          \
		.offset = offsetof(container, member), .size = SIZE_OF(container, member))
#define CGN_ITEM(sch, path, ty, units, lo, hi, value, rel, ctype, text)                            \
	KEY(sch, ty, path, .unit = units, .min = lo, .max = hi, value, rel, .help = text,          \
		.size = sizeof(ctype))

const struct cgn_key cgn_keys[] = {
#include "keys.def"
};

const uint32_t cgn_n_keys = sizeof(cgn_keys) / sizeof(cgn_keys[0]);

static bool
is_child(const struct cgn_key *key, const struct cgn_key *parent)
{
	const char *rest = key->path;

	if (parent != NULL) {
		size_t n = strlen(parent->path);

		if (strncmp(rest, parent->path, n) != 0)
			return false;
		rest += n;
		if (parent->type == CGN_KEY_LIST) {
			if (strncmp(rest, "[]", 2) != 0)
				return false;
			rest += 2;
			if (*rest == '\0')
				return true;
		}
		if (*rest++ != '.')
			return false;
	}
	return rest[strcspn(rest, ".[")] == '\0';
}

static bool
is_below(const struct cgn_key *key, const struct cgn_key *parent)
{
	size_t n = strlen(parent->path);

	return strncmp(key->path, parent->path, n) == 0 &&
		(key->path[n] == '.' || key->path[n] == '[');
}

const struct cgn_key *
cgn_key_child(enum cgn_schema schema, const struct cgn_key *parent, const struct cgn_key *after)
{
	const struct cgn_key *key = after != NULL ? after + 1
		: parent != NULL                  ? parent + 1
						  : cgn_keys;

	for (; key < cgn_keys + cgn_n_keys; key++) {
		if (key->schema == schema && is_child(key, parent))
			return key;
		/* Whatever is below a key stands right behind it. */
		if (parent != NULL && !is_below(key, parent))
			return NULL;
	}
	return NULL;
}

const char *
cgn_key_name(const struct cgn_key *key)
{
	const char *dot = strrchr(key->path, '.');

	if (cgn_key_is_item(key))
		return "";
	return dot != NULL ? dot + 1 : key->path;
}

const char *
cgn_key_items(const struct cgn_key *list, const void *base)
{
	const char *at = (const char *)base + list->offset, *items;

	if (list->list.in_place)
		return at;
	memcpy(&items, at, sizeof(items));
	return items;
}

uint32_t
cgn_key_count(const struct cgn_key *list, const void *base)
{
	const char *at = (const char *)base + list->list.n_offset;
	uint16_t n16;
	uint32_t n32;

	if (list->list.n_size == sizeof(n16)) {
		memcpy(&n16, at, sizeof(n16));
		return n16;
	}
	memcpy(&n32, at, sizeof(n32));
	return n32;
}

const char *
cgn_reload_name(enum cgn_reload reload)
{
	static const char *const names[] = {"live", "drain", "restart"};

	return names[reload];
}

const char *
cgn_change_name(enum cgn_change change)
{
	static const char *const names[] = {"added", "removed", "changed"};

	return names[change];
}

bool
cgn_key_is_item(const struct cgn_key *key)
{
	return key->path[strlen(key->path) - 1] == ']';
}

/* Prints the path with its indices; returns how many of them there are. */
static uint32_t
print_path(const struct cgn_key *key, const uint32_t *index, char *buf)
{
	size_t n = 0;
	uint32_t level = 0;

	for (const char *p = key->path; *p != '\0' && n + 1 < CGN_KEY_PATH_LEN; p++) {
		buf[n++] = *p;
		if (*p == '[' && level < CGN_KEY_MAX_LISTS)
			n += (size_t)snprintf(buf + n, CGN_KEY_PATH_LEN - n, "%u", index[level++]);
	}
	buf[n < CGN_KEY_PATH_LEN ? n : CGN_KEY_PATH_LEN - 1] = '\0';
	return level;
}

const char *
cgn_key_path_str(const struct cgn_key *key, const uint32_t *index, char *buf)
{
	print_path(key, index, buf);
	return buf;
}

const char *
cgn_key_item_str(const struct cgn_key *list, const uint32_t *index, char *buf)
{
	uint32_t level = print_path(list, index, buf);
	size_t n = strlen(buf);

	if (level < CGN_KEY_MAX_LISTS)
		snprintf(buf + n, CGN_KEY_PATH_LEN - n, "[%u]", index[level]);
	return buf;
}
