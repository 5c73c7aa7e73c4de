/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/conf: the input is the appliance file beside a good tenant's file, and a
 * tenant's file beside a good appliance file. Errors must stand in a file at a line and a column;
 * what is accepted must read back from its own rendering as the same configuration.
 */
#include "fuzz.h"
#include "load.h"
#include "render.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char good_box[] = "cores: {workers: [0], control: 1}\n"
			       "ports:\n"
			       "  - {name: access, device: net_null0, role: inside}\n"
			       "  - {name: wan, device: net_null1, role: outside}\n"
			       "uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
			       "tenants: [tenant.yaml]\n";

static const char good_tenant[] = "tenant: a\n"
				  "attachments:\n"
				  "  - port: access\n"
				  "    address: 100.64.0.1/16\n"
				  "    subscribers: [{prefix: 100.64.0.0/16}]\n"
				  "pool: [203.0.113.16/28]\n";

struct rendered {
	char *box, *tenant;
	size_t box_len, tenant_len;
};

static void
render(const struct cgn_conf *conf, struct rendered *r)
{
	FILE *box = open_memstream(&r->box, &r->box_len);
	FILE *tenant = open_memstream(&r->tenant, &r->tenant_len);

	CHECK(box != NULL && tenant != NULL);
	cgn_render_box(box, conf);
	cgn_render_tenant(tenant, conf, 0);
	CHECK(fclose(box) == 0 && fclose(tenant) == 0);
}

static struct cgn_conf *
load(const struct rendered *r, struct cgn_conf_errors *errors)
{
	struct cgn_conf_source sources[] = {
		{"box.yaml", r->box, r->box_len},
		{"tenant.yaml", r->tenant, r->tenant_len},
	};

	return cgn_conf_load_mem(sources, 2, errors);
}

static void
check_round_trip(const struct cgn_conf *conf)
{
	struct rendered first, second;
	struct cgn_conf_errors errors;
	struct cgn_conf *again;

	CHECK(conf->n_tenants > 0 && conf->n_files == conf->n_tenants + 1);
	render(conf, &first);
	again = load(&first, &errors);
	CHECK(again != NULL);
	render(again, &second);
	CHECK(strcmp(first.box, second.box) == 0 && strcmp(first.tenant, second.tenant) == 0);
	cgn_conf_free(again);
	cgn_conf_errors_free(&errors);
	free(first.box);
	free(first.tenant);
	free(second.box);
	free(second.tenant);
}

static void
check(const struct rendered *r)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = load(r, &errors);
	char text[1024];

	CHECK((conf == NULL) == (errors.n_errors > 0));
	for (uint32_t i = 0; i < errors.n_errors; i++) {
		CHECK(errors.errors[i].pos.file < errors.n_files);
		CHECK(errors.errors[i].pos.line > 0 && errors.errors[i].pos.col > 0);
		CHECK(strlen(cgn_conf_error_str(&errors, i, text, sizeof(text))) > 10);
	}
	if (conf != NULL)
		check_round_trip(conf);
	cgn_conf_free(conf);
	cgn_conf_errors_free(&errors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Only read; the members are not const since the same struct holds what is rendered. */
	struct rendered as_box = {(char *)(uintptr_t)data, (char *)(uintptr_t)good_tenant, size,
		sizeof(good_tenant) - 1};
	struct rendered as_tenant = {
		(char *)(uintptr_t)good_box, (char *)(uintptr_t)data, sizeof(good_box) - 1, size};

	check(&as_box);
	check(&as_tenant);
	return 0;
}
