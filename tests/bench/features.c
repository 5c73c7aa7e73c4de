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

#define CONTACTS ", contacts: 131072"
#define DEPENDENT ", dependent: 131072"
#define BY_DESTINATION                                                                             \
	"nat: {rules: [{name: all, protocol: udp, ports: [1-65535], mapping: "                     \
	"address_and_port_dependent}]}\n"
#define ALL_ASSIGNED                                                                               \
	{                                                                                          \
		.subscribers_len = 20, .pool_len = 24                                              \
	}
#define DETERMINISTIC                                                                              \
	{                                                                                          \
		.subscribers_len = 20, .pool_len = 24,                                             \
		.ports = ", deterministic: {algorithm: sequential}"                                \
	}

struct feature {
	const char *name;
	struct bed_params on, off; /* what they add */
	uint8_t proto, dir;
	bool no_df; /* of the packets, both times */
	void (*arm)(struct bed *bed);
	job_make *make; /* of packets with the feature; NULL: job_forward */
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

/* Each datagram in two fragments, one after the other. */
static struct job_packet
make_fragments(struct job *job, struct rte_mbuf *m)
{
	static uint32_t flow, n;
	bool first = n % 2 == 0;

	if (first)
		flow = job_random(job, job->flows->n);
	frame_put(&job->frames[0], job->flows, flow, m);
	frame_fragment(m, (uint16_t)(n++ / 2), first);
	return (struct job_packet){WIRE_INSIDE, CGN_FATE_IN2OUT};
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
	{.name = "alg.ftp, not to port 21",
		.proto = CGN_TCP,
		.on = {.tenant = "alg: {ftp: true}\n"}},
	{.name = "nat.filtering: address_dependent",
		.proto = CGN_UDP,
		.on = {.table = CONTACTS, .tenant = "nat: {filtering: address_dependent}\n"}},
	{.name = "nat.filtering: address_dependent",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = {.table = CONTACTS, .tenant = "nat: {filtering: address_dependent}\n"}},
	{.name = "nat.filtering: address_and_port_dependent",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = {.table = CONTACTS,
			.tenant = "nat: {filtering: address_and_port_dependent}\n"}},
	{.name = "table.contacts, filtering off",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = {.table = CONTACTS}},
	{.name = "table.dependent, no rule for it", .proto = CGN_UDP, .on = {.table = DEPENDENT}},
	{.name = "nat.rules: mapping by destination",
		.proto = CGN_UDP,
		.on = {.table = DEPENDENT, .tenant = BY_DESTINATION}},
	{.name = "nat.rules: mapping by destination",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = {.table = DEPENDENT, .tenant = BY_DESTINATION}},
	{.name = "nat.overload_when_full, ports free",
		.proto = CGN_UDP,
		.on = {.table = DEPENDENT, .tenant = "nat: {overload_when_full: 16}\n"}},
	{.name = "nat.bypass, to elsewhere",
		.proto = CGN_UDP,
		.on = {.tenant = "nat: {bypass: [192.0.0.0/24, 203.0.113.0/24]}\n"}},
	{.name = "nat.protocols, not of them",
		.proto = CGN_UDP,
		.on = {.tenant = "nat: {protocols: [gre, esp, sctp]}\n"}},
	{.name = "nat.dscp_out", .proto = CGN_UDP, .on = {.tenant = "nat: {dscp_out: 10}\n"}},
	{.name = "nat.dscp_in",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = {.tenant = "nat: {dscp_in: 10}\n"}},
	{.name = "ports.deterministic", .proto = CGN_UDP, .on = DETERMINISTIC, .off = ALL_ASSIGNED},
	{.name = "ports.deterministic",
		.proto = CGN_UDP,
		.dir = CGN_OUT2IN,
		.on = DETERMINISTIC,
		.off = ALL_ASSIGNED},
	{.name = "datagrams in two fragments, each",
		.proto = CGN_UDP,
		.no_df = true,
		.make = make_fragments},
};

/* What has a price when a mapping is made. */
static const struct feature new_features[] = {
	{.name = "none (what the comparison itself is worth)", .proto = CGN_UDP},
	{.name = "table.tcp_tracked",
		.proto = CGN_TCP,
		.on = {.table = ", tcp_tracked: 131072"},
		.off = {.table = ", tcp_tracked: 0"}},
	{.name = "nat.filtering: address_dependent",
		.proto = CGN_UDP,
		.on = {.table = CONTACTS, .tenant = "nat: {filtering: address_dependent}\n"}},
	{.name = "ports.deterministic", .proto = CGN_UDP, .on = DETERMINISTIC, .off = ALL_ASSIGNED},
	{.name = "nat.rules: mapping by destination",
		.proto = CGN_UDP,
		.on = {.table = DEPENDENT, .tenant = BY_DESTINATION}},
	{.name = "ports.parity", .proto = CGN_UDP, .on = {.ports = ", parity: true"}},
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
	if (feature->make != NULL)
		on.job->make = feature->make;
	on.job->has_held = feature->make != NULL;
	if (feature->arm != NULL)
		feature->arm(on.bed);
	for (uint32_t i = 0; i < o->runs; i++)
		compare(on.job, off.job, o->ms / (4 * SLICE_MS) + 1, &s);
	forward_stop(&off);
	forward_stop(&on);
	report("features", "ns/packet", &s,
		"\"feature\": \"%s\", \"packets\": \"%s_%s\", \"mappings\": %u, \"floor_is\": "
		"\"off\"",
		feature->name, feature->dir == CGN_IN2OUT ? "in2out" : "out2in",
		protos[feature->proto], o->n);
}

/* ns of control for each of o->n mappings of an empty box. */
static double
fill(const struct options *o, const struct feature *feature, const struct bed_params *params)
{
	uint8_t shares[CGN_N_PROTOS] = {0};
	struct bed_params p = *params;
	struct flows *flows;
	struct bed *bed;
	uint64_t cpu_ns = 0;

	shares[feature->proto] = 100;
	flows = flows_create(o->n, shares);
	p.n_mappings = o->n;
	p.n_subscribers = flows->n_subscribers;
	p.n_packets = o->round;
	bed = bed_create(&p);
	flows_open_timed(bed, flows, 0, o->n, flows_turn_cpu, &cpu_ns);
	bed_destroy(bed);
	flows_destroy(flows);
	return (double)cpu_ns / o->n;
}

static void
measure_new(const struct options *o, const struct feature *feature)
{
	struct series s = {0};

	for (uint32_t i = 0; i < o->runs; i++) {
		double on = fill(o, feature, &feature->on);

		series_add(&s, on, fill(o, feature, &feature->off));
	}
	report("features_new_mapping", "ns/mapping", &s,
		"\"feature\": \"%s\", \"mappings\": %u, \"floor_is\": \"off\"", feature->name,
		o->n);
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
	for (uint32_t i = 0; i < sizeof(new_features) / sizeof(new_features[0]); i++)
		if (o->feature == NULL || strstr(new_features[i].name, o->feature) != NULL)
			measure_new(o, &new_features[i]);
}
