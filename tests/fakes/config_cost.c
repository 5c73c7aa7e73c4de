/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of tests/fakes/sim_reload.c, with a clock between them; see config_cost.h. */
#include "config_cost.h"

#include <stdlib.h>
#include <time.h>

#include "diff.h"
#include "directory_switch.h"
#include "sim_internal.h"

const char config_cost_box[] = "memory: {hugepages: false}\n"
			       "cores: {control: 63, workers: [0]}\n"
			       "ports: [{name: access, device: net_ring0, role: inside}, "
			       "{name: trunk, device: net_ring1, role: inside}, "
			       "{name: wan, device: net_ring2, role: outside}]\n"
			       "uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
			       "routes: [{prefix: 0.0.0.0/0, via: 198.51.100.1}]\n";

uint64_t
config_cost_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * CGN_NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t
since(uint64_t *mark)
{
	uint64_t now = config_cost_cpu_ns(), spent = now - *mark;

	*mark = now;
	return spent;
}

struct cgn_sim *
config_cost_sim(const struct many_tenants *p)
{
	struct cgn_sim_params params = {0};
	struct cgn_conf_source *files = many_tenants_make(p, &params.n_files);
	struct cgn_sim *sim;

	cgn_sim_eal();
	params.files = files;
	sim = cgn_sim_create(&params);
	many_tenants_free(files, params.n_files);
	sim->params.files = NULL;
	return sim;
}

static void
note_turn(struct config_cost *cost, uint64_t spent)
{
	cost->turn_max_ns = spent > cost->turn_max_ns ? spent : cost->turn_max_ns;
	cost->switch_ns += spent;
	cost->n_turns++;
}

static int
find_need(struct cgn_sim *sim, const struct cgn_directory *fresh, struct cgn_pool_need *need,
	struct config_cost *cost, struct cgn_errmsg *err)
{
	uint64_t mark = config_cost_cpu_ns();
	int rc = cgn_switch_check(sim->box->dir, fresh, err);

	if (rc < 0)
		return rc;
	do {
		since(&mark);
		rc = cgn_switch_need(sim->box->control, fresh, need, err);
		note_turn(cost, since(&mark));
	} while (rc > 0);
	return rc;
}

/* Until it is over; the box is used meanwhile, as ever. */
static void
follow(struct cgn_sim *sim, struct config_cost *cost)
{
	while (!cgn_switch_is_over(&sim->box->control->change)) {
		uint64_t mark;

		cgn_sim_poll_workers(sim);
		mark = config_cost_cpu_ns();
		cgn_sim_poll_control(sim);
		note_turn(cost, since(&mark));
		cgn_sim_collect(sim);
	}
	cgn_sim_run(sim);
}

static void
switch_to(struct cgn_sim *sim, struct cgn_conf *conf, struct config_cost *cost)
{
	struct cgn_pool_need need = {0};
	uint64_t mark = config_cost_cpu_ns();
	struct cgn_errmsg err;
	struct cgn_directory *fresh = cgn_directory_create(conf, sim->box->dir, &err);
	int rc;

	cost->directory_ns = since(&mark);
	rc = fresh != NULL ? find_need(sim, fresh, &need, cost, &err) : -1;
	since(&mark);
	if (rc == 0)
		rc = cgn_box_prepare(sim->box, fresh, &need, &err);
	cost->prepare_ns = since(&mark);
	if (rc == 0)
		rc = cgn_switch_begin(sim->box->control, fresh);
	cost->begin_ns = since(&mark);
	if (rc < 0)
		cgn_sim_die("a reload is refused: %s", err.text);
	cgn_box_adopt(sim->box, fresh);
	follow(sim, cost);
	cgn_box_retire(sim->box);
	cgn_conf_free(sim->conf);
	sim->conf = conf;
}

void
config_cost_reload(struct cgn_sim *sim, const struct many_tenants *to, struct config_cost *cost)
{
	struct cgn_conf_errors errors;
	struct cgn_diff diff;
	struct cgn_conf *conf;
	size_t n;
	struct cgn_conf_source *files = many_tenants_make(to, &n);
	uint64_t mark = config_cost_cpu_ns();

	*cost = (struct config_cost){0};
	conf = cgn_conf_load_mem(files, n, &errors);
	cost->load_ns = since(&mark);
	if (conf == NULL)
		cgn_sim_die("the configuration is wrong: %s",
			errors.n_errors > 0 ? errors.errors[0].text : "no memory");
	cgn_conf_errors_free(&errors);
	many_tenants_free(files, n);
	since(&mark);
	if (cgn_conf_diff(sim->conf, conf, &diff) < 0)
		cgn_sim_die("no memory");
	cost->diff_ns = since(&mark);
	cost->n_differences = diff.n_items;
	cgn_diff_fini(&diff);
	switch_to(sim, conf, cost);
	if (sim->box->dir->n_subscribers != to->n * many_tenants_addresses(to))
		cgn_sim_die("%u subscribers", sim->box->dir->n_subscribers);
}

void
config_cost_least(struct config_cost *of, const struct config_cost *other)
{
	of->load_ns = RTE_MIN(of->load_ns, other->load_ns);
	of->diff_ns = RTE_MIN(of->diff_ns, other->diff_ns);
	of->directory_ns = RTE_MIN(of->directory_ns, other->directory_ns);
	of->prepare_ns = RTE_MIN(of->prepare_ns, other->prepare_ns);
	of->begin_ns = RTE_MIN(of->begin_ns, other->begin_ns);
	of->turn_max_ns = RTE_MIN(of->turn_max_ns, other->turn_max_ns);
	of->switch_ns = RTE_MIN(of->switch_ns, other->switch_ns);
}
