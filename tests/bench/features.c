/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * features: what a feature costs where packets are translated (README.md). Two beds that differ in
 * this one thing, measured in turns of a few milliseconds, so that the ratio holds on a machine
 * that does other things too. To add one: a line in the table, with what it adds to the
 * configuration, and a function if something has to be armed.
 */
#include <stdlib.h>
#include <string.h>

#include "forward.h"
#include "machine.h"
#include "report.h"
#include "tap.h"

enum { FRAME = 60, TCP_ACK = 0x10, SLICE_MS = 4 };

struct feature {
	const char *name;
	struct bed_params on, off; /* what they add */
	uint8_t proto, dir;
	bool no_df; /* of the packets, both times */
	void (*arm)(struct bed *bed);
};

/* A capture of another tenant: every packet is looked at, none is recorded. */
static void
arm_capture(struct bed *bed)
{
	struct cgn_tap *tap = bed->box->dp.tap;

	tap->filters[0].tenant = 9999;
	tap->filters[0].inside = CGN_NONE;
	tap->filters[0].sides = 3;
	tap->filters[0].snaplen = 64;
	tap->active = 1;
}

static void
arm_software_csum(struct bed *bed)
{
	for (int p = 0; p < WIRE_PORTS; p++)
		bed->box->dp.devs[p].rx_ip_csum = false;
}

/* Each mapping lets everybody in by a rule, as PCP's FILTER would set it. */
static void
arm_filters(struct bed *bed)
{
	struct cgn_control *c = bed->box->control;

	for (uint32_t i = 1; i <= c->table->last; i++) {
		struct cgn_mapping *m = cgn_table_at(c->table, i);
		uint32_t set;

		if (m->inside_addr == 0)
			continue;
		set = cgn_filter_take(&c->filters);
		if (set == 0)
			machine_die("no filter sets left");
		c->filters.sets[set].n = 1;
		c->filters.sets[set].rules[0] = (struct cgn_filter_rule){0};
		m->filter = set;
	}
}

static const struct feature features[] = {
	{.name = "none (what the comparison itself is worth)", .proto = CGN_UDP},
	{.name = "IPv4 checksum verified in software", .proto = CGN_UDP, .arm = arm_software_csum},
	{.name = "attachments[].vlan", .proto = CGN_UDP, .on = {.attachment = "    vlan: 7\n"}},
	{.name = "subscriber_mask: 29",
		.proto = CGN_UDP,
		.on = {.subscribers = ", subscriber_mask: 29"}},
	{.name = "table.shards: 4", .proto = CGN_UDP, .on = {.table = ", shards: 4"}},
	{.name = "capture.directory",
		.proto = CGN_UDP,
		.on = {.box = "capture: {directory: /nonexistent}\n"}},
	{.name = "a capture of another tenant",
		.proto = CGN_UDP,
		.on = {.box = "capture: {directory: /nonexistent}\n"},
		.arm = arm_capture},
	{.name = "nat.inbound_refresh",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = {.tenant = "nat: {inbound_refresh: true}\n"}},
	{.name = "a PCP filter on each mapping",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.arm = arm_filters},
	{.name = "nat.mss_max", .proto = CGN_TCP, .on = {.tenant = "nat: {mss_max: 1400}\n"}},
	{.name = "table.tcp_tracked",
		.proto = CGN_TCP,
		.on = {.table = ", tcp_tracked: 131072"},
		.off = {.table = ", tcp_tracked: 0"}},
};

static void
start(struct forward *f, const struct options *o, const struct feature *feature,
	const struct bed_params *bed)
{
	struct forward_params p = {.bed = *bed,
		.specs = {{.proto = feature->proto,
			.dir = feature->dir,
			.len = FRAME,
			.no_df = feature->no_df,
			.tcp_flags = TCP_ACK}},
		.n_specs = 1};

	p.shares[feature->proto] = 100;
	forward_start(f, o, &p);
}

/* One run: both in turns; the medians. */
static void
compare(struct job *on, struct job *off, uint32_t slices, struct series *s)
{
	double *a = calloc(2 * (size_t)slices, sizeof(*a)), *b = a + slices;

	if (a == NULL)
		machine_die("no memory");
	for (uint32_t i = 0; i < slices; i++) {
		a[i] = job_run(on, SLICE_MS);
		b[i] = job_run(off, SLICE_MS);
	}
	series_add(s, quantile(a, slices, 0.5), quantile(b, slices, 0.5));
	free(a);
}

static void
measure(const struct options *o, const struct feature *feature)
{
	static const char *const protos[CGN_N_PROTOS] = {"tcp", "udp", "icmp"};
	struct forward on, off;
	struct series s = {0};

	start(&on, o, feature, &feature->on);
	start(&off, o, feature, &feature->off);
	if (feature->arm != NULL)
		feature->arm(on.bed);
	for (uint32_t i = 0; i < o->runs; i++)
		compare(on.job, off.job, o->ms / (2 * SLICE_MS) + 1, &s);
	forward_stop(&off);
	forward_stop(&on);
	report("features", "ns/packet", &s,
		"\"feature\": \"%s\", \"packets\": \"%s_%s\", \"mappings\": %u, \"floor_is\": "
		"\"off\"",
		feature->name, feature->dir == CGN_IN2OUT ? "in2out" : "out2in",
		protos[feature->proto], o->n);
}

void
bench_features(const struct options *o)
{
	enum { MOST = 131072 }; /* filter sets, the default of table.explicit */

	if (o->n > MOST)
		machine_die("features: at most %d mappings", MOST);
	for (uint32_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (o->feature == NULL || strstr(features[i].name, o->feature) != NULL)
			measure(o, &features[i]);
}
