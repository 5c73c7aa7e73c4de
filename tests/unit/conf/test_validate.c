/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/conf/validate*: every rule has a file that breaks it, and breaks nothing else. */
#include "validate.h"

#include "corpus.h"
#include "load.h"
#include "spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

static struct corpus_case cases[CORPUS_MAX];

static const char box_text[] = "cores: {workers: [0], control: 1}\n"
			       "ports:\n"
			       "  - {name: access, device: net_null0, role: inside}\n"
			       "  - {name: wan, device: net_null1, role: outside}\n"
			       "uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
			       "table: {mappings: 100000}\n"
			       "tenants: [a.yaml, b.yaml, c.yaml]\n";

ParameterizedTestParameters(validate, bad_file_gives_exactly_the_errors_it_expects)
{
	return cr_make_param_array(struct corpus_case, cases, corpus_list("bad.", cases));
}

/*
 * ROOT-5, SEED-1: mixed roles are among them. bad.attachment-role, bad.uplink-role,
 * bad.pool-inside, bad.pool-holds-service-address, bad.pool-holds-uplink-address,
 * bad.inside-on-uplink, bad.pool-twice.
 */
ParameterizedTest(struct corpus_case *c, validate, bad_file_gives_exactly_the_errors_it_expects)
{
	corpus_expect_errors(c);
}

/* Whether a file is called after the rule, bad.RULE[.variant][.yaml], and expects its name. */
static bool
is_case_of(const struct corpus_case *c, const char *rule)
{
	FILE *file = fopen(c->path, "r");
	char wanted[64], line[1024] = "";
	size_t n = strlen(rule);
	bool is = strncmp(c->name + 4, rule, n) == 0 &&
		(c->name[4 + n] == '\0' || c->name[4 + n] == '.');

	snprintf(wanted, sizeof(wanted), "[%s]", rule);
	is = is && file != NULL && fgets(line, sizeof(line), file) != NULL &&
		strstr(line, wanted) != NULL;
	if (file != NULL)
		fclose(file);
	return is;
}

Test(validate, every_rule_has_a_bad_case)
{
	size_t n = corpus_list("bad.", cases);

	for (uint32_t rule = 0; rule < CGN_N_RULES; rule++) {
		uint32_t n_cases = 0;

		for (size_t i = 0; i < n; i++)
			n_cases += is_case_of(&cases[i], cgn_rule_name(rule));
		cr_expect_gt(n_cases, 0, "no tests/conf/bad.%s", cgn_rule_name(rule));
	}
}

static int
print_tenant(char *text, size_t size, const char *name, const char *quota)
{
	return snprintf(text, size,
		"tenant: %s\nattachments:\n  - {port: access, vlan: %u, address: 100.64.0.1/24, "
		"subscribers: [{prefix: 100.64.0.0/24}]}\npool: [203.0.113.%u/32]\n%s",
		name, (unsigned int)name[0], (unsigned int)name[0], quota);
}

Test(validate, tenants_without_quota_share_what_the_others_leave)
{
	char a[512], b[512], c[512];
	struct cgn_conf_source sources[] = {
		{"box.yaml", box_text, sizeof(box_text) - 1},
		{"a.yaml", a,
			(size_t)print_tenant(a, sizeof(a), "a", "quota: {mappings: 70001}\n")},
		{"b.yaml", b, (size_t)print_tenant(b, sizeof(b), "b", "")},
		{"c.yaml", c, (size_t)print_tenant(c, sizeof(c), "c", "quota: {mappings: 0}\n")},
	};
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load_mem(sources, 4, &errors);

	cr_assert_not_null(conf);
	cr_expect_eq(conf->tenants[0].quota.tenant.mappings, 70001);
	cr_expect_eq(conf->tenants[1].quota.tenant.mappings, 14999);
	cr_expect_eq(conf->tenants[2].quota.tenant.mappings, 14999);
	cgn_conf_free(conf);
	cgn_conf_errors_free(&errors);
}

static bool
overlaps_slowly(const struct cgn_prefix *prefixes, uint32_t n, uint32_t i, bool within)
{
	for (uint32_t k = 0; k < n; k++)
		if (k != i && (within || k % 2 == 1) &&
			cgn_prefix_overlaps(prefixes[i], prefixes[k]))
			return true;
	return false;
}

static void
count_overlap(void *arg, const struct cgn_span *subject, const struct cgn_span *other)
{
	cr_expect(subject->first <= other->last && other->first <= subject->last);
	(*(uint32_t *)arg)++;
}

/* Even ones are subjects, odd ones the other side. */
static void
fill_spans(struct cgn_spans *spans, struct cgn_prefix *prefixes, uint32_t n)
{
	cgn_spans_clear(spans);
	for (uint32_t i = 0; i < n; i++) {
		prefixes[i].len = (uint8_t)(24 + rand() % 9);
		prefixes[i].addr = (uint32_t)rand() % 4096 & cgn_mask(prefixes[i].len);
		cgn_spans_add(spans, prefixes[i], i % 2 == 0 ? CGN_SIDE_SUBJECT : CGN_SIDE_OTHER,
			&prefixes[i]);
	}
}

Test(validate, sweep_finds_an_overlap_exactly_when_comparing_all_pairs_does)
{
	struct cgn_spans spans = {0};
	struct cgn_prefix prefixes[12];
	uint32_t n = sizeof(prefixes) / sizeof(prefixes[0]);

	srand(4242);
	for (uint32_t round = 0; round < 5000; round++) {
		uint32_t n_between = 0, n_within = 0;
		bool between = false, within = false;

		fill_spans(&spans, prefixes, n);
		for (uint32_t i = 0; i < n; i++) {
			within = within || overlaps_slowly(prefixes, n, i, true);
			between = between || (i % 2 == 0 && overlaps_slowly(prefixes, n, i, false));
		}
		cgn_spans_find_within(&spans, count_overlap, &n_within);
		cgn_spans_find_between(&spans, count_overlap, &n_between);
		cr_expect_eq(n_within > 0, within, "seed 4242 round %u", round);
		cr_expect_eq(n_between > 0, between, "seed 4242 round %u", round);
	}
	cgn_spans_fini(&spans);
}
