/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of radius. Called by validate.c on the main thread. */
#include "validate.h"

#include <stdlib.h>

#include "spans.h"

/* Tenants that listen, those of one address and port side by side, in the order of the files. */
static int
compare_listens(const void *a, const void *b)
{
	const struct cgn_conf_tenant *x = *(const struct cgn_conf_tenant *const *)a;
	const struct cgn_conf_tenant *y = *(const struct cgn_conf_tenant *const *)b;

	if (x->radius.listen != y->radius.listen)
		return x->radius.listen < y->radius.listen ? -1 : 1;
	if (x->radius.port != y->radius.port)
		return x->radius.port < y->radius.port ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
report_overlap(void *arg, const struct cgn_span *subject, const struct cgn_span *other)
{
	struct cgn_validation *v = arg;
	char where[CGN_WHERE_LEN];

	cgn_rule_break(v, CGN_RULE_RADIUS_CLIENTS_OVERLAP, subject->field,
		"overlaps the client at %s, which sends to the same radius.listen and radius.port; "
		"make the prefixes differ, or listen at another port for one of the tenants",
		cgn_rule_where(v, other->field, where));
}

static void
check_overlaps(struct cgn_validation *v, const struct cgn_conf_tenant **tenants, uint32_t n)
{
	struct cgn_spans spans = {0};

	for (uint32_t t = 0; t < n; t++) {
		const struct cgn_conf_radius *radius = &tenants[t]->radius;
		const struct cgn_conf_radius *before = t > 0 ? &tenants[t - 1]->radius : radius;

		if (radius->listen != before->listen || radius->port != before->port) {
			cgn_spans_find_within(&spans, report_overlap, v);
			cgn_spans_clear(&spans);
		}
		for (uint32_t i = 0; i < radius->n_clients; i++)
			if (cgn_rule_may(v, &radius->clients[i].prefix))
				cgn_spans_add(&spans, radius->clients[i].prefix, CGN_SIDE_SUBJECT,
					&radius->clients[i].prefix);
	}
	cgn_spans_find_within(&spans, report_overlap, v);
	if (spans.out_of_memory)
		v->report->out_of_memory = true;
	cgn_spans_fini(&spans);
}

static void
check_tenant(struct cgn_validation *v, const struct cgn_conf_radius *radius)
{
	bool listens = radius->listen != 0, has_secret = radius->secret_file[0] != '\0';

	if (!cgn_rule_may(v, &radius->listen) || !cgn_rule_may(v, radius->secret_file))
		return;
	if (listens && !has_secret)
		cgn_rule_break(v, CGN_RULE_RADIUS_INCOMPLETE, &radius->listen,
			"stands without secret_file; write the file with the shared secret there");
	if (listens && radius->n_clients == 0)
		cgn_rule_break(v, CGN_RULE_RADIUS_INCOMPLETE, &radius->listen,
			"stands without clients; list the addresses of the access servers there");
	if (!listens && has_secret)
		cgn_rule_break(v, CGN_RULE_RADIUS_INCOMPLETE, radius->secret_file,
			"stands without listen; add radius.listen, or leave it out");
	if (!listens && radius->n_clients > 0)
		cgn_rule_break(v, CGN_RULE_RADIUS_INCOMPLETE, &radius->clients[0].prefix,
			"stands without listen; add radius.listen, or leave it out");
	if (has_secret && radius->secret_file[0] != '/')
		cgn_rule_break(v, CGN_RULE_RADIUS_SECRET_PATH, radius->secret_file,
			"begins without a slash; write the whole path");
}

void
cgn_validate_radius(struct cgn_validation *v)
{
	const struct cgn_conf_tenant **tenants = malloc(
		(v->conf->n_tenants + 1) * sizeof(const struct cgn_conf_tenant *));
	uint32_t n = 0;

	if (tenants == NULL) {
		v->report->out_of_memory = true;
		return;
	}
	for (uint32_t t = 0; t < v->conf->n_tenants; t++) {
		const struct cgn_conf_tenant *tenant = &v->conf->tenants[t];

		check_tenant(v, &tenant->radius);
		if (tenant->radius.listen != 0 && cgn_rule_may(v, &tenant->radius.port))
			tenants[n++] = tenant;
	}
	qsort(tenants, n, sizeof(const struct cgn_conf_tenant *), compare_listens);
	check_overlaps(v, tenants, n);
	free(tenants);
}
