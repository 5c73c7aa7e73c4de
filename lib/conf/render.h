/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration as YAML with every key and its value in force (cgnatd --check --print, reload),
 * and what is made of keys.def alone: the example files and docs/config.md. Main thread. Write
 * errors stay with the stream: the caller asks ferror.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "schema.h"

/* The appliance file, or that of tenant number i; each reads back as the same configuration. */
void cgn_render_box(FILE *out, const struct cgn_conf *conf);
void cgn_render_tenant(FILE *out, const struct cgn_conf *conf, uint32_t i);

/* All of it, one YAML document per file, after a comment with the name of the file. */
void cgn_render_conf(FILE *out, const struct cgn_conf *conf);

/* A value that is present; or an item of a list, or a whole list, on one line in YAML's flow style:
 * "{port: access, address: 100.64.0.1/16}". A list in it that is longer than most ends in the
 * number of items left out, which is no YAML any more. base: the struct that the list is in. */
void cgn_render_value(
	FILE *out, const struct cgn_conf *conf, const struct cgn_key *key, const void *field);
void cgn_render_item(FILE *out, const struct cgn_conf *conf, const struct cgn_key *list,
	const void *item, uint32_t most);
void cgn_render_list(FILE *out, const struct cgn_conf *conf, const struct cgn_key *list,
	const void *base, uint32_t most);

/* An example file: every key with its help at its default, optional ones commented out. */
void cgn_render_example(FILE *out, enum cgn_schema schema);

/* docs/config.md: every key and every rule. */
void cgn_render_reference(FILE *out);

/* In words, for what is made of keys.def: the range ("" if the type says all), the type, what a
 * change means for a running box. Two of them into buf, which they return. */
const char *cgn_key_range_str(const struct cgn_key *key, char *buf, size_t size);
const char *cgn_key_type_str(const struct cgn_key *key);
const char *cgn_key_reload_str(const struct cgn_key *key, char *buf, size_t size);
