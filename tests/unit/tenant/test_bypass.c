/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/tenant/directory_bypass.c: random destinations and inside addresses against a model
 * that asks every tenant in turn. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "directory.h"
#include "rand.h"

enum { N_TENANTS = 6, N_BYPASSES = 5, N_ROUNDS = 60, N_ASKED = 400, TEXT = 512 };

static struct cgn_rand prng;

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

/* Nested and equal prefixes of 198.18.0.0/15. */
static uint32_t
random_remote(void)
{
	return UINT32_C(0xc6120000) | below(4) << 14 | below(4) << 4 | below(3);
}

/* Tenants 2k and 2k+1 have the same inside addresses: only one of them has destinations. */
static void
write_tenant(char *text, uint32_t t)
{
	int n = snprintf(text, TEXT,
		"tenant: t%u\nattachments:\n"
		"  - {port: access, vlan: %u, address: 10.%u.0.1/16, subscribers:\n"
		"     [{prefix: 10.%u.1.0/24}, {prefix: 10.%u.3.0/25}]}\n"
		"pool: [203.0.113.%u/32]\nnat: {bypass: [",
		t, 100 + t, t / 2, t / 2, t / 2, t);
	struct cgn_prefix seen[N_BYPASSES];
	uint32_t n_seen = 0;

	for (uint32_t i = 0; i < N_BYPASSES && t % 2 == 0; i++) {
		struct cgn_prefix p = {.addr = random_remote(), .len = (uint8_t)(16 + below(17))};
		char buf[CGN_PREFIX_STRLEN];
		bool is_known = false;

		p.addr = cgn_prefix_first(p);
		for (uint32_t k = 0; k < n_seen; k++)
			is_known |= seen[k].addr == p.addr && seen[k].len == p.len;
		if (is_known)
			continue;
		seen[n_seen++] = p;
		n += snprintf(text + n, TEXT - (size_t)n, "%s%s", n_seen > 1 ? ", " : "",
			cgn_prefix_str(p, buf));
	}
	snprintf(text + n, TEXT - (size_t)n, "]}\n");
}

static uint32_t
model(const struct cgn_directory *dir, uint32_t remote, uint32_t addr)
{
	uint32_t found = CGN_NONE;

	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		const struct cgn_conf_tenant *conf = dir->tenants[t].conf;
		bool is_bypassed = false;

		for (uint32_t i = 0; i < conf->nat.n_bypasses; i++)
			is_bypassed |= cgn_prefix_has(conf->nat.bypasses[i].prefix, remote);
		if (!is_bypassed || cgn_directory_inside_find(dir, t, addr) == CGN_NONE)
			continue;
		cr_assert_eq(found, CGN_NONE);
		found = cgn_directory_inside_find(dir, t, addr);
	}
	return found;
}

Test(bypass, a_remote_address_reaches_whom_a_search_finds)
{
	const char *env = getenv("CGN_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
	uint32_t n_found = 0;

	cgn_rand_init(&prng, seed);
	for (uint32_t round = 0; round < N_ROUNDS; round++) {
		static char texts[N_TENANTS][TEXT];
		const char *tenants[N_TENANTS];
		struct cgn_errmsg err;
		struct cgn_directory *dir;
		struct cgn_conf *conf;

		for (uint32_t t = 0; t < N_TENANTS; t++) {
			write_tenant(texts[t], t);
			tenants[t] = texts[t];
		}
		conf = conf_text_load(CONF_TEXT_BOX
			"tenants: [t0.yaml, t1.yaml, t2.yaml, t3.yaml, t4.yaml, t5.yaml]\n",
			tenants, N_TENANTS);
		dir = cgn_directory_create(conf, NULL, &err);
		cr_assert_not_null(dir, "%s", err.text);
		for (uint32_t i = 0; i < N_ASKED; i++) {
			uint32_t remote = random_remote();
			uint32_t addr = UINT32_C(0x0a000000) | below(4) << 16 | below(5) << 8 |
				(126 + below(4));
			uint32_t want = model(dir, remote, addr);

			n_found += want != CGN_NONE;
			cr_assert_eq(cgn_directory_bypass_inside(dir, remote, addr), want,
				"CGN_SEED=%llu", (unsigned long long)seed);
		}
		cgn_directory_destroy(dir);
		cgn_conf_free(conf);
	}
	cr_assert_gt(n_found, 100);
}
