/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs one row of a packet table: setup, frame, then every count and byte that must follow. */
#include "row.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENANTS = 8 };

/* Packets by tenant and fate, and mappings, at one moment. */
struct counts {
	uint64_t fates[MAX_TENANTS][CGN_N_FATES];
	uint32_t n_mappings;
};

struct row_flow_info
row_flow_at(enum row_flow flow)
{
	const struct packet_tag vlan101 = {0x8100, 101}, vlan102 = {0x8100, 102};
	struct row_flow_info f = {.tenant = "a", .port = SIM_ACCESS};

	f.spec = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	if (flow == FLOW_A_TCP || flow == FLOW_B_TCP)
		f.spec = packet_tcp(SIM_A1, 5001, SIM_PEER, 80, 0x02);
	if (flow == FLOW_A_ICMP)
		f.spec = packet_echo(SIM_A1, SIM_PEER, true, 0x1234);
	if (flow == FLOW_A_VLAN || flow == FLOW_B_UDP || flow == FLOW_B_TCP) {
		f.port = SIM_TRUNK;
		f.spec.n_tags = 1;
		f.spec.tags[0] = flow == FLOW_A_VLAN ? vlan101 : vlan102;
	}
	if (flow == FLOW_A_VLAN)
		f.spec.src = 0x6441000a;
	else if (flow == FLOW_B_UDP || flow == FLOW_B_TCP)
		f.tenant = "b";
	else if (flow == FLOW_C_UDP) {
		f.tenant = "c";
		f.port = SIM_TRUNK;
		f.spec.src = 0x6442000a;
		f.spec.n_tags = 2;
		f.spec.tags[0] = (struct packet_tag){0x88a8, 200};
		f.spec.tags[1] = (struct packet_tag){0x8100, 7};
	}
	return f;
}

static uint16_t
inside_port(const struct packet_spec *s)
{
	return s->proto == IPPROTO_ICMP ? (uint16_t)(s->icmp_rest >> 16) : s->sport;
}

static const struct cgn_mapping *
mapping_of(const struct cgn_sim *sim, const struct row_flow_info *f)
{
	return cgn_sim_mapping(sim, f->tenant, f->spec.proto, f->spec.src, inside_port(&f->spec));
}

static void
flush_all(struct cgn_sim *sim)
{
	for (uint16_t p = 0; p < sim->conf->n_ports; p++)
		cgn_sim_flush(sim, p);
}

static bool
open_flow(struct cgn_sim *sim, enum row_flow flow)
{
	struct row_flow_info f;

	if (flow == NO_FLOW)
		return true;
	f = row_flow_at(flow);
	cgn_sim_send_spec(sim, f.port, &f.spec);
	cgn_sim_run(sim);
	flush_all(sim);
	return CHECK(mapping_of(sim, &f) != NULL);
}

/* Fills in what the row leaves open: MACs, and the outside end of the setup's mapping. */
static void
complete(struct row_run *run)
{
	const struct packet_spec unset = packet_udp(0, 0, 0, 0);
	const struct row *row = run->row;

	run->in = row->in;
	if (memcmp(run->in.dst_mac, unset.dst_mac, 6) == 0)
		memcpy(run->in.dst_mac, cgn_sim_port_mac(run->sim, row->port), 6);
	if (memcmp(run->in.src_mac, unset.src_mac, 6) == 0)
		cgn_sim_host_mac(run->sim, run->in.src, run->in.src_mac);
	if (row->setup != NO_FLOW && run->in.dst == 0) {
		struct row_flow_info f = row_flow_at(row->setup);
		const struct cgn_mapping *m = mapping_of(run->sim, &f);
		uint16_t port = rte_be_to_cpu_16(m->outside_port);

		run->in.dst = rte_be_to_cpu_32(m->outside_addr);
		if (run->in.proto == IPPROTO_ICMP && run->in.icmp_rest >> 16 == 0)
			run->in.icmp_rest |= (uint32_t)port << 16;
		else if (run->in.dport == 0)
			run->in.dport = port;
	}
	run->sent.len = packet_build(&run->in, run->sent.bytes);
}

static void
count(const struct cgn_sim *sim, struct counts *c)
{
	uint32_t n = sim->box->dir->n_tenants;

	for (uint32_t i = 0; i <= n; i++)
		for (int f = 0; f < CGN_N_FATES; f++)
			c->fates[i][f] = cgn_box_fate(
				sim->box, i < n ? i : (uint32_t)CGN_TENANT_BOX, (enum cgn_fate)f);
	c->n_mappings = cgn_sim_n_mappings(sim);
}

/* Row of struct counts: the box comes after the tenants. */
static uint32_t
tenant_row(const struct cgn_sim *sim, const char *name)
{
	return strcmp(name, "-") == 0 ? sim->box->dir->n_tenants
				      : cgn_directory_tenant_find(sim->box->dir, name);
}

/* One packet more of the row's tenant and fate, and none of any other. */
static bool
check_counts(const struct row_run *run, const struct counts *was, const struct counts *is)
{
	uint32_t tenant = tenant_row(run->sim, run->row->tenant);
	bool ok = true;

	for (uint32_t t = 0; t <= run->sim->box->dir->n_tenants; t++)
		for (int f = 0; f < CGN_N_FATES; f++) {
			uint64_t more = is->fates[t][f] - was->fates[t][f];
			uint64_t want = t == tenant && f == (int)run->row->fate;

			if (f == CGN_FATE_CONSUMED_ARP && want == 0)
				continue; /* answers of next hops */
			if (more == want)
				continue;
			printf("# %s: %s counted %" PRIu64 " times, expected %" PRIu64 "\n",
				cgn_directory_tenant_name(run->sim->box->dir, t), cgn_fates[f].name,
				more, want);
			ok = false;
		}
	if (run->row->fate != CGN_FATE_IN2OUT && run->row->fate != CGN_FATE_TOO_BIG)
		ok &= CHECK(is->n_mappings == was->n_mappings);
	return ok;
}

static void
print_frame(const char *what, const struct cgn_sim_frame *f)
{
	printf("# %s (%u)", what, f->len);
	for (uint32_t i = 0; i < f->len && i < 160; i++)
		printf("%s%02x", i % 4 == 2 ? " " : "", f->bytes[i]);
	printf("\n");
}

static bool
same_bytes(const struct row_run *run, struct cgn_sim_frame *want, const struct cgn_sim_frame *got)
{
	bool broken = run->in.l4_csum_xor != 0 || run->in.udp_len_add != 0;

	if (broken && run->row->out.what == ROW_FORWARDED && want->len == got->len) {
		const uint8_t *ip = want->bytes + 14 + 4 * run->row->out.n_tags;
		uint32_t off = (uint32_t)(ip - want->bytes) + (ip[0] & 15) * 4u;

		off += ip[9] == IPPROTO_TCP ? 16 : ip[9] == IPPROTO_UDP ? 6 : 2;
		memcpy(want->bytes + off, got->bytes + off, 2);
		if (!CHECK(row_errs_alike(run, got)))
			return false;
	}
	if (want->len == got->len && memcmp(want->bytes, got->bytes, want->len) == 0)
		return true;
	print_frame("expected", want);
	print_frame("got     ", got);
	return false;
}

static bool
check_output(const struct row_run *run)
{
	struct row_flow_info f = {.tenant = run->row->tenant, .spec = run->in};
	const struct row_expect *e = &run->row->out;
	uint16_t port = e->what == ROW_FORWARDED ? e->port : run->row->port;
	struct cgn_sim_frame got, want;
	const struct cgn_mapping *m;
	uint32_t n = 0;

	for (uint16_t p = 0; p < run->sim->conf->n_ports; p++)
		n += cgn_sim_n_waiting(run->sim, p);
	if (e->what == ROW_NOTHING)
		return CHECK(n == 0);
	if (!CHECK(n == 1) || !CHECK(cgn_sim_receive(run->sim, port, &got)))
		return false;
	if (run->row->fate == CGN_FATE_OUT2IN)
		f = row_flow_at(run->row->setup);
	m = mapping_of(run->sim, &f);
	if (e->what == ROW_FORWARDED && !CHECK(m != NULL))
		return false;
	row_expected(run, m, &want);
	return same_bytes(run, &want, &got);
}

static bool
send_row(struct row_run *run)
{
	const struct row_segs *segs = &run->row->segs;
	uint32_t n = 0;

	while (n < ROW_MAX_SEGS && segs->lens[n] != 0)
		n++;
	return cgn_sim_send_chain(run->sim, run->row->port, &run->sent, segs->lens, n);
}

bool
row_run(const struct row_table *table, const struct row *row)
{
	struct row_run run = {.sim = cgn_sim_create(&table->params), .row = row};
	static struct counts was, is;
	bool ok = open_flow(run.sim, row->setup);

	if (ok) {
		complete(&run);
		count(run.sim, &was);
		ok = CHECK(send_row(&run));
		cgn_sim_run(run.sim);
		count(run.sim, &is);
		ok &= check_counts(&run, &was, &is);
		ok &= check_output(&run);
		ok &= CHECK(cgn_sim_is_sound(run.sim));
	}
	cgn_sim_destroy(run.sim);
	return ok;
}
