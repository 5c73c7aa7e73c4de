/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tree into a struct, by walking keys.def. Unknown and duplicate keys, wrong types, values out of
 * range and missing keys are errors; all of a file are reported. Called by conf.c for each file, on
 * the main thread.
 */
#pragma once

#include "conf.h"
#include "marks.h"
#include "report.h"
#include "yaml_tree.h"

struct cgn_decode {
	const struct cgn_yaml *yaml;
	struct cgn_report *report;
	struct cgn_marks *marks;
	enum cgn_schema schema;
	const struct cgn_conf *conf; /* its ports are what the name of a port refers to */
	bool out_of_memory;
	uint32_t index[CGN_KEY_MAX_LISTS]; /* of the item that is being decoded */
	uint32_t n_index;
	uint32_t n_bulk; /* lists of very many items that it is in: nothing is marked */
};

/*
 * Decodes the appliance file into conf, or a tenant file into tenant; both zeroed before. Wrong
 * values are reported and leave zero; what was allocated belongs to the struct. conf->files holds
 * the tenant files as they are written.
 */
void cgn_decode_box(struct cgn_decode *decode, struct cgn_conf *conf);
void cgn_decode_tenant(struct cgn_decode *decode, struct cgn_conf_tenant *tenant);

/* The same of a file that holds the tenant's list of subscribers alone. */
void cgn_decode_listed(struct cgn_decode *decode, struct cgn_conf_tenant *tenant);
