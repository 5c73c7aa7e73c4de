/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys.def as a table: what decode.c and render*.c walk. Constant data; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The two kinds of files. */
enum cgn_schema { CGN_SCHEMA_BOX, CGN_SCHEMA_TENANT };

enum cgn_key_type {
	CGN_KEY_MAP,
	CGN_KEY_LIST,
	CGN_KEY_NUMBER, /* uint16_t or uint32_t, by the size of the field */
	CGN_KEY_LIMIT,  /* uint32_t; CGN_LIMIT_UNSET when it is not given */
	CGN_KEY_BOOL,
	CGN_KEY_CHOICE, /* an enum */
	CGN_KEY_NAME,   /* [a-z0-9_-], char [] */
	CGN_KEY_DEVICE, /* printable text, char [] */
	CGN_KEY_WORD,   /* printable text without space and comma, char [] */
	CGN_KEY_FILE,   /* printable text, char *, allocated */
	CGN_KEY_PORT,   /* name of a port; index into cgn_conf.ports */
	CGN_KEY_VLAN,
	CGN_KEY_OUTER_VLAN,
	CGN_KEY_TPID,
	CGN_KEY_ADDRESS,
	CGN_KEY_PREFIX, /* host bits are zero */
	CGN_KEY_RANGE,  /* of ports: 5060, 8000-8999; struct cgn_port_range */
	CGN_KEY_IFADDR, /* an address with the length of its on-link prefix */
};

/* What a change means for a running box; keys.def says it in words. */
enum cgn_reload { CGN_RELOAD_LIVE, CGN_RELOAD_DRAIN, CGN_RELOAD_RESTART, CGN_N_RELOADS };

/* What can become of a value, or of an item of a list. */
enum cgn_change { CGN_CHANGE_ADDED, CGN_CHANGE_REMOVED, CGN_CHANGE_CHANGED, CGN_N_CHANGES };

enum cgn_presence { CGN_PRESENCE_DEFAULT, CGN_PRESENCE_REQUIRED, CGN_PRESENCE_OPTIONAL };

struct cgn_key {
	enum cgn_schema schema;
	enum cgn_key_type type;
	const char *path;
	const char *unit;
	uint64_t min, max;
	enum cgn_presence presence;
	const char *value;                     /* default or sample, as YAML */
	enum cgn_reload reload[CGN_N_CHANGES]; /* of a list: of its items and their order */
	const char *effect[CGN_N_CHANGES];     /* what follows, or NULL: the class says all */
	bool is_identity;                      /* part of what names the item of a list */
	const char *help;
	uint32_t offset, size; /* of the field in its struct; lists: of the pointer or the array */
	struct {
		uint32_t n_offset, n_size; /* the count */
		uint32_t item_size;
		uint32_t pos_offset; /* struct cgn_conf_pos in an item, or CGN_NONE */
		bool in_place;       /* the array is inside the struct */
		bool is_bulk;        /* a great many items: their values have no marks, only pos */
	} list;
};

extern const struct cgn_key cgn_keys[];
extern const uint32_t cgn_n_keys;

/* Children of a key in their order; parent NULL: the keys at the top. after NULL: the first one.
 * Of a list: the keys of an item, or the one key (path ending in "[]") that is the item. */
const struct cgn_key *cgn_key_child(
	enum cgn_schema schema, const struct cgn_key *parent, const struct cgn_key *after);

/* The last part of the path: "mtu" of "ports[].mtu"; "pool[]" is an item and has no name: "". */
const char *cgn_key_name(const struct cgn_key *key);

/* "pool[]", the item of a list of values. */
bool cgn_key_is_item(const struct cgn_key *key);

/* Items of the list that is in the struct at base, and how many there are. */
const char *cgn_key_items(const struct cgn_key *list, const void *base);
uint32_t cgn_key_count(const struct cgn_key *list, const void *base);

/* "live", "drain", "restart"; "added", "removed", "changed". */
const char *cgn_reload_name(enum cgn_reload reload);
const char *cgn_change_name(enum cgn_change change);

/* Path with [] replaced by [index] into buf; returns buf. Lists nest at most twice. */
enum { CGN_KEY_PATH_LEN = 96, CGN_KEY_MAX_LISTS = 2 };
const char *cgn_key_path_str(const struct cgn_key *key, const uint32_t *index, char *buf);

/* The path of an item of a list: "ports[2]" for the key "ports". */
const char *cgn_key_item_str(const struct cgn_key *list, const uint32_t *index, char *buf);
