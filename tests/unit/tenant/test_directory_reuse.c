/* SPDX-License-Identifier: BSD-3-Clause */
/* Directories that follow each other until numbers have to be given anew. */
#include <string.h>

#include <criterion/criterion.h>

#include "directory.h"

enum { N_STEPS = 6, HALF = CGN_MAX_POOL / 2 };

/* Half of all numbers is exchanged each time: a box that never has more addresses than it may have
 * can be reloaded for ever. */
Test(directory_reuse, pools_can_be_exchanged_any_number_of_times)
{
	const struct cgn_conf_port port = {.role = CGN_ROLE_OUTSIDE, .mtu = 1500};
	struct cgn_conf_pool pools[N_STEPS];
	struct cgn_conf_tenant tenants[N_STEPS];
	struct cgn_conf confs[N_STEPS];
	struct cgn_directory *dirs[N_STEPS];
	struct cgn_errmsg err;

	memset(pools, 0, sizeof(pools));
	memset(tenants, 0, sizeof(tenants));
	memset(confs, 0, sizeof(confs));
	for (uint32_t i = 0; i < N_STEPS; i++) {
		pools[i].prefix = (struct cgn_prefix){(0x0a00u + i) << 16, 17};
		strcpy(tenants[i].name, "a");
		tenants[i].pools = &pools[i];
		tenants[i].n_pools = 1;
		confs[i] = (struct cgn_conf){.ports = (struct cgn_conf_port *)&port,
			.n_ports = 1,
			.tenants = &tenants[i],
			.n_tenants = 1};
		dirs[i] = cgn_directory_create(&confs[i], i > 0 ? dirs[i - 1] : NULL, &err);
		cr_assert_not_null(dirs[i], "%s", err.text);
		cr_expect_leq(dirs[i]->n_pool, CGN_MAX_POOL, "step %u: %u", i, dirs[i]->n_pool);
		cr_expect_eq(dirs[i]->tenants[0].n_pool, HALF);
		for (uint32_t k = 0; i > 0 && k < dirs[i - 1]->n_pool; k++)
			cr_assert_not(cgn_directory_pool_live(dirs[i - 1], k) &&
				cgn_directory_pool_live(dirs[i], k));
	}
	for (uint32_t i = 0; i < N_STEPS; i++)
		cgn_directory_destroy(dirs[i]);
}
