/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A YAML text as a tree that remembers where everything stands. Made by the loader on the main
 * thread, read by decode.c, freed when the file is decoded. Bounded: what is too long, too deep or
 * too many is an error, and anchors, aliases and tags are refused, so that a small file cannot
 * become a large tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "report.h"

enum {
	CGN_YAML_MAX_BYTES = 16 << 20,
	CGN_YAML_MAX_DEPTH = 16,
	CGN_YAML_MAX_NODES = 1 << 20,
	/* Of a file that is a list, of CGN_MAX_LISTED subscribers: some 80 bytes, 9 values each. */
	CGN_YAML_LIST_MAX_BYTES = 256 << 20,
	CGN_YAML_LIST_MAX_NODES = 1 << 24,
};

enum cgn_yaml_kind { CGN_YAML_SCALAR, CGN_YAML_LIST, CGN_YAML_MAP };

struct cgn_yaml_node {
	enum cgn_yaml_kind kind;
	bool plain;         /* scalar without quotes */
	uint32_t line, col; /* from 1 */
	uint32_t text;      /* scalar: offset of its text in cgn_yaml.text */
	uint32_t first;     /* first item, or first key, whose next is its value; or CGN_NONE */
	uint32_t next;      /* next in the same list or map; or CGN_NONE */
	uint32_t n;         /* items of a list, pairs of a map */
};

struct cgn_yaml {
	struct cgn_yaml_node *nodes; /* [0] is the root */
	uint32_t n_nodes, n_alloc;
	char *text;
	size_t text_len, text_alloc;
	uint16_t file; /* index for positions */
};

struct cgn_yaml_input {
	char *text;
	size_t len;
	uint16_t file;           /* its index in the report */
	enum cgn_yaml_kind root; /* what it must be: a map, or a list */
};

static inline uint32_t
cgn_yaml_max_bytes(enum cgn_yaml_kind root)
{
	return root == CGN_YAML_LIST ? CGN_YAML_LIST_MAX_BYTES : CGN_YAML_MAX_BYTES;
}

/*
 * Parses a text. Returns 0, -EINVAL with the errors reported, or -ENOMEM. The tree must be freed by
 * cgn_yaml_fini in all cases.
 */
int cgn_yaml_init(
	struct cgn_yaml *yaml, const struct cgn_yaml_input *input, struct cgn_report *report);
void cgn_yaml_fini(struct cgn_yaml *yaml);

static inline const struct cgn_yaml_node *
cgn_yaml_at(const struct cgn_yaml *yaml, uint32_t i)
{
	return i == CGN_NONE ? NULL : &yaml->nodes[i];
}

static inline const char *
cgn_yaml_text(const struct cgn_yaml *yaml, const struct cgn_yaml_node *node)
{
	return yaml->text + node->text;
}

static inline struct cgn_conf_pos
cgn_yaml_pos(const struct cgn_yaml *yaml, const struct cgn_yaml_node *node)
{
	return (struct cgn_conf_pos){.file = yaml->file, .line = node->line, .col = node->col};
}
