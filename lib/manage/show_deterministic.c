/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handlers of `deterministic`: who has an outside port, and which ports a subscriber has, by
 * computation (RFC 7422; conf/deterministic.h). Control is not asked. Telemetry threads.
 */
#include "deterministic.h"
#include "show.h"

/* Of a tenant that computes nothing. */
static void
add_off(struct cgn_show *show, uint32_t tenant)
{
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(show->box->dir, tenant));
	cgn_reply_str(r, "status", "off");
	cgn_reply_str(r, "answer",
		"not computed: ports.deterministic.algorithm is off; see cgnatctl trace");
	cgn_reply_str(r, "subscriber", "-");
	cgn_reply_str(r, "outside", "-");
	cgn_reply_str(r, "ports", "-");
	cgn_reply_u64(r, "usable", 0);
	cgn_reply_str(r, "algorithm", cgn_det_algorithm_str(CGN_DET_OFF));
	cgn_reply_u64(r, "ratio", 0);
	cgn_reply_u64(r, "dynamic", 0);
	cgn_reply_u64(r, "range_ports", 0);
}

static void
add(struct cgn_show *show, uint32_t tenant, const struct cgn_det *det,
	const struct cgn_det_answer *answer)
{
	const struct cgn_conf_tenant *conf = det->conf;
	struct cgn_reply *r = show->reply;
	struct cgn_det_text text;

	cgn_det_text_init(det, answer, &text);
	cgn_reply_str(r, "tenant", cgn_directory_tenant_name(show->box->dir, tenant));
	cgn_reply_str(r, "status", text.status);
	cgn_reply_str(r, "answer", text.answer);
	cgn_reply_str(r, "subscriber", text.subscriber);
	cgn_reply_str(r, "outside", text.outside);
	cgn_reply_str(r, "ports", text.ports);
	cgn_reply_u64(r, "usable", text.usable);
	cgn_reply_str(r, "algorithm", cgn_det_algorithm_str(conf->ports.deterministic.algorithm));
	cgn_reply_u64(r, "ratio", det->ratio);
	cgn_reply_u64(r, "dynamic", conf->ports.deterministic.dynamic);
	cgn_reply_u64(r, "range_ports", det->range_ports);
}

void
cgn_show_deterministic_port(struct cgn_show *show)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, CGN_PARAM_OUTSIDE);
	uint32_t pool = cgn_show_pool_find(show, CGN_PARAM_OUTSIDE), tenant;
	struct cgn_det_answer answer;
	const struct cgn_det *det;

	if (pool == CGN_NONE)
		return;
	tenant = show->box->dir->pool_tenants[pool];
	det = show->box->dir->tenants[tenant].det;
	if (det == NULL) {
		add_off(show, tenant);
		return;
	}
	cgn_det_reverse(det, v->addr, v->port, &answer);
	add(show, tenant, det, &answer);
}

void
cgn_show_deterministic_subscriber(struct cgn_show *show)
{
	struct cgn_det_answer answer;
	const struct cgn_det *det;
	uint32_t tenant, inside;

	if (!cgn_show_tenant_find(show, &tenant) ||
		!cgn_show_inside_find(show, CGN_PARAM_ADDRESS, tenant, &inside))
		return;
	det = show->box->dir->tenants[tenant].det;
	if (det == NULL) {
		add_off(show, tenant);
		return;
	}
	cgn_det_forward(det, cgn_directory_inside_addr(show->box->dir, inside), &answer);
	add(show, tenant, det, &answer);
}

void
cgn_show_range_of(struct cgn_show *show, const char *name, uint32_t tenant, uint32_t inside)
{
	const struct cgn_directory *dir = show->box->dir;
	struct cgn_det_answer answer;
	struct cgn_det_text text;

	if (!cgn_directory_tenant_live(dir, tenant) || dir->tenants[tenant].det == NULL ||
		!cgn_directory_inside_live(dir, inside)) {
		cgn_reply_str(show->reply, name, "-");
		return;
	}
	cgn_det_forward(dir->tenants[tenant].det, cgn_directory_inside_addr(dir, inside), &answer);
	cgn_det_text_init(dir->tenants[tenant].det, &answer, &text);
	cgn_reply_fmt(show->reply, name, "%s:%s", text.outside, text.ports);
}
