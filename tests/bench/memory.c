/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory_per: what one more of each costs, all included (README.md). Two boxes whose configurations
 * differ in one number; what the larger one takes more, of EAL's heap and of the process's own
 * memory (reserved arrays, C library), by the difference of the numbers. Nothing is written down
 * here that the code decides.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bed.h"
#include "machine.h"
#include "report.h"

enum { TEXT = 96 };

/* few and more of something, by a key of the configuration or by set. */
struct kind {
	const char *of, *table, *fragments; /* key of this map, or NULL */
	uint32_t few, more;
	void (*set)(struct bed_params *p, uint32_t n);
};

static void
set_subscribers(struct bed_params *p, uint32_t n)
{
	p->n_subscribers = 1;
	for (p->subscribers_len = 32; UINT32_C(1) << (32 - p->subscribers_len) < n;)
		p->subscribers_len--;
}

static void
set_pool(struct bed_params *p, uint32_t n)
{
	for (p->pool_len = 32; UINT32_C(1) << (32 - p->pool_len) < n;)
		p->pool_len--;
}

static void
set_tenants(struct bed_params *p, uint32_t n)
{
	enum { BLOCK = 64, LAST = 1087 };

	p->n_tenants = p->n_subscribers = n;
	p->subscribers_len = p->pool_len = 32;
	p->block_size = BLOCK;
	p->last_port = LAST;
}

static void
set_mappings(struct bed_params *p, uint32_t n)
{
	p->n_mappings = n;
}

static const struct kind kinds[] = {
	{.of = "mapping", .few = 131072, .more = 1048576, .set = set_mappings},
	{.of = "subscriber, assigned", .few = 4096, .more = 1 << 20, .set = set_subscribers},
	{.of = "pool address, 126 blocks of 512 ports", .few = 64, .more = 512, .set = set_pool},
	{.of = "tenant with one tag pair, one subscriber, one pool address of 64 ports",
		.few = 100,
		.more = 1000,
		.set = set_tenants},
	{.of = "subscriber's session (table.sessions)",
		.few = 65535,
		.more = 524287,
		.table = "sessions"},
	{.of = "explicit mapping (table.explicit)",
		.few = 65536,
		.more = 524288,
		.table = "explicit"},
	{.of = "mapping whose TCP connections are known (table.tcp_tracked)",
		.few = 16384,
		.more = 131072,
		.table = "tcp_tracked"},
	{.of = "contact (table.contacts)", .few = 65536, .more = 1048576, .table = "contacts"},
	{.of = "mapping of nat.protocols (table.other_protocols)",
		.few = 8192,
		.more = 131072,
		.table = "other_protocols"},
	{.of = "connection that an ALG has edited (table.alg)",
		.few = 1024,
		.more = 65536,
		.table = "alg"},
	{.of = "datagram in fragments, of a worker (fragments.datagrams)",
		.few = 4096,
		.more = 65536,
		.fragments = "datagrams"},
	{.of = "fragment that waits, of a worker (fragments.hold)",
		.few = 1024,
		.more = 16384,
		.fragments = "hold"},
};

/* Memory that this process may write and shares with nobody. EAL's heap is among it only without
 * hugepages, of one size then from start to end. */
static uint64_t
private_bytes(void)
{
	char line[TEXT];
	uint64_t kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	if (f == NULL)
		machine_die("no /proc");
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmData: %" SCNu64, &kib) == 1)
			break;
	fclose(f);
	return kib * 1024;
}

static double
bytes_of(const struct options *o, const struct kind *k, uint32_t n)
{
	char table[TEXT] = "", box[TEXT] = "";
	struct bed_params p = {.n_mappings = o->n,
		.n_subscribers = 1,
		.n_packets = o->round,
		.table = table,
		.box = box};
	uint64_t before = private_bytes();
	struct bed *bed;
	double bytes;

	if (k->table != NULL)
		snprintf(table, sizeof(table), ", %s: %u", k->table, n);
	if (k->fragments != NULL)
		snprintf(box, sizeof(box), "fragments: {%s: %u}\n", k->fragments, n);
	if (k->set != NULL)
		k->set(&p, n);
	bed = bed_create(&p);
	bytes = (double)bed->tables_bytes + (double)private_bytes() - (double)before;
	bed_destroy(bed);
	return bytes;
}

void
bench_memory_per(const struct options *o)
{
	bytes_of(o, &kinds[0], kinds[0].few); /* what is taken once in a process */
	for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *k = &kinds[i];
		struct series s = {0};
		uint32_t more = o->smoke ? 2 * k->few : k->more;
		double few = bytes_of(o, k, k->few);

		series_add(&s, (bytes_of(o, k, more) - few) / (more - k->few), 0);
		report("memory_per", "bytes", &s, "\"of\": \"%s\", \"workers\": 1", k->of);
	}
}
