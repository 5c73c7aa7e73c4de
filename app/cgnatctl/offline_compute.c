/* SPDX-License-Identifier: BSD-3-Clause */
/* cgnatctl compute: deterministic ports from a configuration file, without a daemon. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "deterministic.h"
#include "offline.h"
#include "text.h"

/* What is asked: an inside address of a tenant or of any, or an outside address and port. */
struct question {
	const char *tenant; /* NULL: any */
	uint32_t addr;
	uint16_t port;
	bool is_outside;
};

static bool
parse(const char *const *words, struct question *q)
{
	const char *what = words[1], *colon;
	char addr[CGN_IP4_STRLEN] = "";
	uint64_t port;

	*q = (struct question){0};
	if (words[2] != NULL) {
		q->tenant = words[1];
		what = words[2];
	}
	colon = strchr(what, ':');
	if (colon == NULL)
		return cgn_ip4_parse(what, &q->addr) == 0;
	q->is_outside = true;
	if ((size_t)(colon - what) >= sizeof(addr) ||
		cgn_u64_parse(colon + 1, 0, UINT16_MAX, &port) < 0)
		return false;
	memcpy(addr, what, (size_t)(colon - what));
	q->port = (uint16_t)port;
	return cgn_ip4_parse(addr, &q->addr) == 0;
}

static void
print(const struct cgn_det *det, const struct cgn_det_answer *answer, bool json, FILE *out)
{
	const struct cgn_conf_tenant *conf = det->conf;
	const char *algorithm = cgn_det_algorithm_str(conf->ports.deterministic.algorithm);
	struct cgn_det_text text;
	json_t *item;

	cgn_det_text_init(det, answer, &text);
	if (!json) {
		fprintf(out,
			"tenant      %s\nstatus      %s\nanswer      %s\nsubscriber  %s\n"
			"outside     %s\nports       %s\nusable      %u ports\nalgorithm   %s\n"
			"ratio       %u\ndynamic     %u\nrange_ports %u ports\n",
			conf->name, text.status, text.answer, text.subscriber, text.outside,
			text.ports, text.usable, algorithm, det->ratio,
			conf->ports.deterministic.dynamic, det->range_ports);
		return;
	}
	item = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:i,s:i,s:i}", "tenant", conf->name,
		"status", text.status, "answer", text.answer, "subscriber", text.subscriber,
		"outside", text.outside, "ports", text.ports, "usable", (int)text.usable,
		"algorithm", algorithm, "ratio", (int)det->ratio, "dynamic",
		(int)conf->ports.deterministic.dynamic, "range_ports", (int)det->range_ports);
	json_dumpf(item, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(item);
}

/* Answers for one tenant if it is about him: 1; 0: it is not; -1: no memory. */
static int
answer_for(const struct cgn_conf_tenant *conf, const struct question *q, bool json, FILE *out)
{
	struct cgn_det_answer answer;
	struct cgn_det *det;
	bool is_his;

	if ((q->tenant != NULL && strcmp(q->tenant, conf->name) != 0) ||
		conf->ports.deterministic.algorithm == CGN_DET_OFF)
		return 0;
	det = cgn_det_create(conf);
	if (det == NULL)
		return -1;
	if (q->is_outside)
		cgn_det_reverse(det, q->addr, q->port, &answer);
	else
		cgn_det_forward(det, q->addr, &answer);
	is_his = answer.kind != CGN_DET_FOREIGN;
	if (is_his)
		print(det, &answer, json, out);
	cgn_det_destroy(det);
	return is_his;
}

enum cgn_exit
cgn_offline_compute(const char *const *words, bool json, FILE *out)
{
	enum cgn_exit result = CGN_EXIT_DIFFERENT;
	struct cgn_conf *conf;
	struct question q;

	if (!parse(words, &q)) {
		fprintf(stderr,
			"cgnatctl: compute: write an inside address, or an outside address and "
			"port as 203.0.113.17:40000\n");
		return CGN_EXIT_USAGE;
	}
	conf = cgn_offline_load(words[0]);
	if (conf == NULL)
		return CGN_EXIT_USAGE;
	for (uint32_t t = 0; t < conf->n_tenants; t++) {
		int rc = answer_for(&conf->tenants[t], &q, json, out);

		if (rc < 0)
			fprintf(stderr, "cgnatctl: not enough memory\n");
		result = rc > 0 ? CGN_EXIT_OK : result;
	}
	cgn_conf_free(conf);
	if (result != CGN_EXIT_OK)
		fprintf(stderr,
			"cgnatctl: compute: no tenant with ports.deterministic has that address\n");
	return fflush(out) == 0 ? result : CGN_EXIT_USAGE;
}
