/* SPDX-License-Identifier: BSD-3-Clause */
/* The order of start and, reversed, of stop. Main thread. */
#include <errno.h>

#include "commands.h"
#include "daemon.h"
#include "log.h"

static int
buffers_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	d->mempool = cgn_box_mempool(
		"packets", d->conf->memory.mbufs, cgn_ports_data_room(d->conf));
	if (d->mempool != NULL)
		return 0;
	cgn_errmsg_set(err,
		"no memory for %u packet buffers of %u bytes: raise memory.size_mib or lower "
		"memory.mbufs",
		d->conf->memory.mbufs, cgn_ports_data_room(d->conf));
	return -ENOMEM;
}

static void
buffers_stop(struct cgn_daemon *d)
{
	rte_mempool_free(d->mempool);
}

static void
log_warning(const char *line)
{
	cgn_warn("conf", "%s", line);
}

static int
box_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	struct cgn_box_params params = {
		.conf = d->conf, .devs = d->devs, .mempool = d->mempool, .name = "cgn"};

	d->box = cgn_box_create(&params, err);
	if (d->box == NULL)
		return -errno;
	cgn_warnings(d->box->dir, log_warning);
	return 0;
}

static void
box_stop(struct cgn_daemon *d)
{
	cgn_box_settle(d->box);
	cgn_report_totals(d->box);
	cgn_box_destroy(d->box);
	d->box = NULL;
}

static int
telemetry_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	if (cgn_manage_register(d->box) == 0)
		return 0;
	cgn_errmsg_set(err, "the telemetry commands could not be registered");
	return -EINVAL;
}

static void
telemetry_stop(struct cgn_daemon *d)
{
	(void)d;
	cgn_manage_detach();
}

static const struct cgn_stage stages[] = {
	{"privileges", cgn_confine_begin, cgn_confine_stop},
	{"eal", cgn_eal_start, cgn_eal_stop},
	{"buffers", buffers_start, buffers_stop},
	{"ports", cgn_ports_start, cgn_ports_stop},
	{"box", box_start, box_stop},
	{"state", cgn_exporter_open, cgn_exporter_close},
	{"exporter", cgn_exporter_start, cgn_exporter_stop},
	{"log", cgn_natlog_start, cgn_natlog_stop},
	{"capture", cgn_capture_start, cgn_capture_stop},
	{"threads", cgn_threads_start, cgn_threads_stop},
	{"radius", cgn_radius_start, cgn_radius_stop},
	{"telemetry", telemetry_start, telemetry_stop},
	{"reload", cgn_reload_start, cgn_reload_stop},
	{"confinement", cgn_confine_end, cgn_confine_stop},
};

enum { N_STAGES = sizeof(stages) / sizeof(stages[0]) };

static void
stop_from(struct cgn_daemon *d, int n)
{
	while (n-- > 0) {
		cgn_debug("cgnatd", "stopping stage=%s", stages[n].name);
		stages[n].stop(d);
	}
}

int
cgn_stages_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	for (int i = 0; i < N_STAGES; i++) {
		int rc;

		cgn_debug("cgnatd", "starting stage=%s", stages[i].name);
		rc = stages[i].start(d, err);
		if (rc < 0) {
			stop_from(d, i);
			return rc;
		}
	}
	return 0;
}

void
cgn_stages_stop(struct cgn_daemon *d)
{
	stop_from(d, N_STAGES);
}
