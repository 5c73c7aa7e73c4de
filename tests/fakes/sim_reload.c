/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of app/cgnatd/reload.c in one thread. */
#include <errno.h>

#include "directory_switch.h"
#include "pool_addr.h"
#include "sim_internal.h"

static int
take(struct cgn_sim *sim, const struct cgn_directory *fresh, struct cgn_errmsg *err)
{
	struct cgn_pool_need need = {0};
	int rc = cgn_switch_check(sim->box->dir, fresh, err);

	if (rc == 0)
		do
			rc = cgn_switch_need(sim->box->control, fresh, &need, err);
		while (rc > 0);
	if (rc == 0)
		rc = cgn_box_prepare(sim->box, fresh, &need, err);
	return rc == 0 ? cgn_switch_begin(sim->box->control, fresh) : rc;
}

int
cgn_sim_reload_begin(
	struct cgn_sim *sim, const struct cgn_sim_params *params, struct cgn_errmsg *err)
{
	struct cgn_conf *conf = cgn_sim_conf_load(params);
	struct cgn_directory *fresh = cgn_directory_create(conf, sim->box->dir, err);
	int rc = fresh != NULL ? take(sim, fresh, err) : -errno;

	if (rc < 0) {
		cgn_directory_destroy(fresh);
		cgn_conf_free(conf);
		return rc;
	}
	cgn_box_adopt(sim->box, fresh);
	sim->retired = sim->conf;
	sim->conf = conf;
	return 0;
}

void
cgn_sim_reload_end(struct cgn_sim *sim)
{
	enum { TURNS = 1000000 };

	for (int i = 0; !cgn_switch_is_over(&sim->box->control->change); i++) {
		cgn_sim_poll_workers(sim);
		cgn_sim_poll_control(sim);
		if (i == TURNS)
			cgn_sim_die("a reload does not end");
	}
	cgn_sim_run(sim);
	cgn_box_retire(sim->box);
	cgn_conf_free(sim->retired);
	sim->retired = NULL;
}

int
cgn_sim_reload(struct cgn_sim *sim, const struct cgn_sim_params *params, struct cgn_errmsg *err)
{
	int rc = cgn_sim_reload_begin(sim, params, err);

	if (rc == 0)
		cgn_sim_reload_end(sim);
	return rc;
}
