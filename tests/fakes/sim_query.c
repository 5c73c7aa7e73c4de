/* SPDX-License-Identifier: BSD-3-Clause */
/* What a test can ask of the simulated box: the law, fates, mappings. */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "sim_internal.h"

enum { MAX_DUMPED = 16 };

bool
cgn_sim_conserves(const struct cgn_sim *sim)
{
	struct cgn_conservation c = cgn_box_conservation(sim->box);

	return c.received == c.fates + c.held && c.received == sim->n_sent;
}

bool
cgn_sim_is_sound(const struct cgn_sim *sim)
{
	struct cgn_conservation c = cgn_box_conservation(sim->box);

	if (!cgn_sim_conserves(sim))
		fprintf(stderr,
			"sim: sent %" PRIu64 ", received %" PRIu64 " != fates %" PRIu64
			" + held %" PRIu64 "\n",
			sim->n_sent, c.received, c.fates, c.held);
	if (sim->n_leaks > 0)
		fprintf(stderr, "sim: %" PRIu64 " outside frames carry an inside address\n",
			sim->n_leaks);
	if (sim->n_bad_frames > 0)
		fprintf(stderr, "sim: %" PRIu64 " frames of the box are malformed\n",
			sim->n_bad_frames);
	return cgn_sim_conserves(sim) && sim->n_leaks == 0 && sim->n_bad_frames == 0;
}

static enum cgn_fate
fate_at(const char *name)
{
	for (int f = 0; f < CGN_N_FATES; f++)
		if (strcmp(cgn_fates[f].name, name) == 0)
			return (enum cgn_fate)f;
	cgn_sim_die("no fate is called %s", name);
}

static uint32_t
tenant_at(const struct cgn_sim *sim, const char *name)
{
	uint32_t t = CGN_TENANT_BOX;

	if (strcmp(name, "-") != 0)
		t = cgn_directory_tenant_find(sim->box->dir, name);
	if (t == CGN_NONE)
		cgn_sim_die("no tenant is called %s", name);
	return t;
}

uint64_t
cgn_sim_fate(const struct cgn_sim *sim, const char *fate)
{
	return cgn_box_fate_sum(sim->box, fate_at(fate));
}

uint64_t
cgn_sim_tenant_fate(const struct cgn_sim *sim, const char *tenant, const char *fate)
{
	return cgn_box_fate(sim->box, tenant_at(sim, tenant), fate_at(fate));
}

uint32_t
cgn_sim_n_mappings(const struct cgn_sim *sim)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < sim->box->dir->n_tenants; t++)
		n += cgn_use_total(&sim->box->control->tenants[t]);
	return n;
}

uint32_t
cgn_sim_tenant_n_mappings(const struct cgn_sim *sim, const char *tenant)
{
	return cgn_use_total(&sim->box->control->tenants[tenant_at(sim, tenant)]);
}

const struct cgn_mapping *
cgn_sim_mapping(
	const struct cgn_sim *sim, const char *tenant, uint8_t proto, uint32_t addr, uint16_t port)
{
	uint32_t t = tenant_at(sim, tenant);
	uint32_t inside = t == CGN_TENANT_BOX ? CGN_NONE
					      : cgn_directory_inside_find(sim->box->dir, t, addr);
	struct cgn_map_key key = {.inside = inside,
		.port = rte_cpu_to_be_16(port),
		.proto = proto == IPPROTO_TCP  ? CGN_TCP
			: proto == IPPROTO_UDP ? CGN_UDP
					       : CGN_ICMP};
	uint32_t m;

	if (inside == CGN_NONE)
		return NULL;
	m = cgn_table_find(sim->box->control->table, &key);
	return m == CGN_MAPPING_NONE ? NULL : cgn_table_at(sim->box->control->table, m);
}

static void
dump_mappings(const struct cgn_sim *sim, FILE *out)
{
	const struct cgn_table *table = sim->box->control->table;
	char line[CGN_MAPPING_STRLEN];
	uint32_t n = 0;

	for (uint32_t i = 1; i <= table->capacity && n < MAX_DUMPED; i++) {
		const struct cgn_mapping *m = cgn_table_at(table, i);
		struct cgn_map_key key = {
			.inside = m->inside, .port = m->inside_port, .proto = m->proto};

		if (m->inside_addr == 0 || cgn_table_find(table, &key) != i)
			continue;
		n++;
		fprintf(out, "  %s: %s, last used at %u s\n",
			cgn_directory_tenant_name(sim->box->dir, m->tenant),
			cgn_mapping_str(m, line), m->last_use_s);
	}
}

void
cgn_sim_dump(const struct cgn_sim *sim, FILE *out)
{
	const struct cgn_directory *dir = sim->box->dir;
	struct cgn_conservation c = cgn_box_conservation(sim->box);

	fprintf(out, "at %u s: %" PRIu64 " received, %" PRIu64 " ended, %" PRIu64 " held\n",
		cgn_ns_to_s(sim->now), c.received, c.fates, c.held);
	for (uint32_t i = 0; i <= dir->n_tenants; i++)
		for (int f = 0; f < CGN_N_FATES; f++) {
			uint32_t t = i < dir->n_tenants ? i : (uint32_t)CGN_TENANT_BOX;
			uint64_t n = cgn_box_fate(sim->box, t, (enum cgn_fate)f);

			if (n > 0)
				fprintf(out, "  %s: %s %" PRIu64 "\n",
					cgn_directory_tenant_name(dir, t), cgn_fates[f].name, n);
		}
	dump_mappings(sim, out);
}
