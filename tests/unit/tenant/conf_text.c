/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads configurations for tests; see conf_text.h. */
#include "conf_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

enum { MAX_TENANTS = 64 };

struct cgn_conf *
conf_text_load(const char *box, const char *const *tenants, uint32_t n_tenants)
{
	struct cgn_conf_source sources[MAX_TENANTS + 1];
	char names[MAX_TENANTS][16], line[512];
	struct cgn_conf_errors errors;
	struct cgn_conf *conf;

	if (n_tenants > MAX_TENANTS)
		abort();
	sources[0] = (struct cgn_conf_source){.name = "box.yaml", .text = box, .len = strlen(box)};
	for (uint32_t t = 0; t < n_tenants; t++) {
		snprintf(names[t], sizeof(names[t]), "t%u.yaml", t);
		sources[t + 1] = (struct cgn_conf_source){
			.name = names[t], .text = tenants[t], .len = strlen(tenants[t])};
	}
	conf = cgn_conf_load_mem(sources, n_tenants + 1, &errors);
	for (uint32_t i = 0; i < errors.n_errors; i++)
		fprintf(stderr, "%s\n", cgn_conf_error_str(&errors, i, line, sizeof(line)));
	cgn_conf_errors_free(&errors);
	if (conf == NULL)
		abort();
	return conf;
}

struct cgn_conf *
conf_text_load_one(const char *box, const char *tenant)
{
	return conf_text_load(box, &tenant, 1);
}
