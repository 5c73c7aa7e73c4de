/* SPDX-License-Identifier: BSD-3-Clause */
/* The appliance of a bench; see bed.h. */
#include "bed.h"

#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "arp.h"
#include "load.h"
#include "machine.h"
#include "packet_build.h"

enum { DATA_ROOM = 2048, SPARE_MBUFS = 8192, FIRST_PORT = 1024, PORTS_PER_ADDRESS = 64512 };
enum { BLOCK = 512 };

static const char *
text_of(const char *s)
{
	return s != NULL ? s : "";
}

static uint32_t
tenants(const struct bed_params *p)
{
	return p->n_tenants > 0 ? p->n_tenants : 1;
}

static uint32_t
mappings(const struct bed_params *p)
{
	return p->n_mappings > 1024 ? p->n_mappings : 1024;
}

/* Of one address. */
static uint32_t
n_blocks(const struct bed_params *p)
{
	uint32_t ports = p->last_port > 0 ? p->last_port - FIRST_PORT + 1 : PORTS_PER_ADDRESS;

	return ports / (p->block_size > 0 ? p->block_size : BLOCK);
}

/* Prefix length of a pool in which each subscriber can have one block. */
static uint32_t
pool_len(const struct bed_params *p)
{
	uint32_t blocks = n_blocks(p), subscribers = p->n_subscribers / tenants(p);
	uint32_t len = 32;

	if (p->pool_len > 0)
		return p->pool_len;
	while ((UINT32_C(1) << (32 - len)) * blocks < subscribers + subscribers / 16)
		len--;
	return len;
}

static uint32_t
subscribers_len(const struct bed_params *p)
{
	return p->subscribers_len > 0 ? p->subscribers_len : 16;
}

/* A list of numbers from 0, or of tenants' files. */
static void
write_list(FILE *f, const char *prefix, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		fprintf(f, "%s%s%u", i > 0 ? ", " : "", prefix, i);
}

static void
write_box(FILE *f, const struct bed_params *p)
{
	uint16_t n = p->n_workers > 0 ? p->n_workers : 1;
	uint64_t assigned = (uint64_t)tenants(p) << (32 - subscribers_len(p));

	fputs("cores: {workers: [", f);
	write_list(f, "", n);
	fprintf(f,
		"], control: 63}\n"
		"memory: {hugepages: %s}\n"
		"ports:\n"
		"  - {name: access, device: net_null0, role: inside, rx_queues: %u}\n"
		"  - {name: wan, device: net_null1, role: outside, rx_queues: %u}\n"
		"uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
		"routes: [{prefix: 0.0.0.0/0, via: 198.51.100.1}]\n"
		"arp: {refresh_s: 86400}\n"
		"punt: {subscriber_per_s: 10000000, subscriber_burst: 10000000}\n"
		"table: {mappings: %u, subscribers: %lu%s}\n"
		"%stenants: [",
		machine_has_hugepages() ? "true" : "false", n, n, mappings(p),
		RTE_MAX(assigned, UINT64_C(1) << 20), text_of(p->table), text_of(p->box));
	write_list(f, "tenant", tenants(p));
	fputs("]\n", f);
}

static void
write_tenant(FILE *f, const struct bed_params *p, uint32_t number)
{
	uint32_t len = pool_len(p), pool = (uint32_t)BED_POOL + (number << (32 - len));
	/* No more than the tenant's equal share of the table. */
	uint32_t quota = RTE_MIN(mappings(p) / tenants(p), 65535U);
	uint16_t tci[2];

	bed_tags(number, tci);
	fprintf(f, "tenant: bench%u\nattachments:\n  - port: access\n    address: 100.64.0.1/24\n",
		number);
	if (p->n_tenants > 0)
		fprintf(f, "    outer_vlan: %u\n    outer_tpid: 0x8100\n    vlan: %u\n", tci[0],
			tci[1]);
	fprintf(f,
		"%s"
		"    subscribers: [{prefix: 100.96.0.0/%u, via: 100.64.0.2%s}]\n"
		"pool: [%u.%u.%u.%u/%u]\n"
		"ports: {block_size: %u, last: %u, max_blocks: %u%s}\n"
		"quota: {new_per_s: 10000000, burst: 10000000, subscriber: {mappings: %u, "
		"tcp: %u, udp: %u, icmp: %u, new_per_s: 10000000, burst: 10000000}}\n"
		"portctl: {natpmp: false, pcp: false}\n"
		"%s",
		text_of(p->attachment), subscribers_len(p), text_of(p->subscribers), pool >> 24,
		pool >> 16 & 255, pool >> 8 & 255, pool & 255, len,
		p->block_size > 0 ? p->block_size : BLOCK, p->last_port > 0 ? p->last_port : 65535,
		RTE_MIN(n_blocks(p), 1008U), text_of(p->ports), quota, quota, quota, quota,
		text_of(p->tenant));
}

static void
write_file(struct cgn_conf_source *file, const struct bed_params *p, uint32_t number)
{
	enum { NAME_LEN = 20 };
	char *text, *name = malloc(NAME_LEN);
	FILE *f = open_memstream(&text, &file->len);

	if (f == NULL || name == NULL)
		machine_die("no memory");
	snprintf(name, NAME_LEN, number == 0 ? "box" : "tenant%u", number - 1);
	if (number == 0)
		write_box(f, p);
	else
		write_tenant(f, p, number - 1);
	fclose(f);
	file->name = name;
	file->text = text;
}

static struct cgn_conf *
load_conf(const struct bed_params *p)
{
	uint32_t n = 1 + tenants(p);
	struct cgn_conf_source *files = calloc(n, sizeof(*files));
	struct cgn_conf_errors errors;
	struct cgn_conf *conf;
	char line[1024];

	if (files == NULL)
		machine_die("no memory");
	for (uint32_t i = 0; i < n; i++)
		write_file(&files[i], p, i);
	conf = cgn_conf_load_mem(files, n, &errors);
	for (uint32_t i = 0; i < errors.n_errors; i++)
		fprintf(stderr, "%s\n", cgn_conf_error_str(&errors, i, line, sizeof(line)));
	if (conf == NULL)
		machine_die("the configuration is wrong");
	cgn_conf_errors_free(&errors);
	for (uint32_t i = 0; i < n; i++) {
		free((void *)(uintptr_t)files[i].name);
		free((void *)(uintptr_t)files[i].text);
	}
	free(files);
	return conf;
}

uint64_t
bed_heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	uint64_t bytes = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++)
		if (rte_malloc_get_socket_stats(socket, &stats) == 0)
			bytes += stats.heap_allocsz_bytes;
	return bytes;
}

static void
create_box(struct bed *bed, const struct bed_params *params)
{
	static uint32_t number;
	char name[16], pool[32];
	struct cgn_box_params p = {
		.conf = bed->conf, .devs = bed->wire->devs, .name = name, .seed = params->seed};
	struct cgn_errmsg err;
	uint64_t bytes;

	snprintf(name, sizeof(name), "bed%u", number++ % 1000);
	snprintf(pool, sizeof(pool), "%s_mbufs", name);
	p.mempool = bed->mempool = cgn_box_mempool(
		pool, params->n_packets + SPARE_MBUFS, DATA_ROOM);
	if (bed->mempool == NULL)
		machine_die("no memory for packet buffers");
	bytes = bed_heap_bytes();
	bed->box = cgn_box_create(&p, &err);
	if (bed->box == NULL)
		machine_die("no box: %s", err.text);
	bed->tables_bytes = bed_heap_bytes() - bytes;
}

/* A router asks for the box, which thereby learns where the router is. */
static void
introduce(struct bed *bed, int port, uint32_t tenant, uint32_t router, uint32_t box)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bed->mempool);
	uint16_t tci[2];
	struct cgn_arp arp = {.op = CGN_ARP_REQUEST,
		.sender_mac = {{2, 2, 0, 0, 0, (uint8_t)port}},
		.sender_ip = router,
		.target_ip = box};
	struct packet_spec spec = packet_arp();
	uint8_t body[CGN_ARP_LEN], bytes[PACKET_MAX];

	if (m == NULL)
		machine_die("no packet buffers");
	cgn_arp_write(body, &arp);
	memset(spec.dst_mac, 0xff, sizeof(spec.dst_mac));
	memcpy(spec.src_mac, &arp.sender_mac, sizeof(spec.src_mac));
	spec.payload = body;
	spec.payload_len = sizeof(body);
	if (port == WIRE_INSIDE) {
		bed_tags(tenant, tci);
		spec.n_tags = (uint8_t)bed->n_tags;
		for (int i = 0; i < spec.n_tags; i++)
			spec.tags[i] = (struct packet_tag){
				.tpid = 0x8100, .tci = spec.n_tags == 1 ? bed->vlan : tci[i]};
	}
	m->pkt_len = m->data_len = (uint16_t)packet_build(&spec, bytes);
	memcpy(rte_pktmbuf_mtod(m, void *), bytes, m->data_len);
	wire_put(&bed->wire->lanes[0].rx[port], m);
	bed->n_given++;
}

struct bed *
bed_create(const struct bed_params *params)
{
	enum { AT_ONCE = 256 };
	uint16_t n_workers = params->n_workers > 0 ? params->n_workers : 1;
	struct bed *bed = calloc(1, sizeof(*bed));

	if (bed == NULL)
		machine_die("no memory");
	bed->conf = load_conf(params);
	bed->n_tags = bed->conf->tenants[0].attachments[0].tags.n;
	bed->vlan = bed->conf->tenants[0].attachments[0].tags.outer;
	bed->wire = wire_create(params->n_packets + SPARE_MBUFS, n_workers);
	create_box(bed, params);
	bed->stopped_at = 1000 * CGN_NS_PER_S;
	cgn_worker_online(&bed->box->workers[0]);
	cgn_control_start(bed->box->control, bed->stopped_at);
	introduce(bed, WIRE_OUTSIDE, 0, BED_NEXT_HOP, BED_NEXT_HOP + 1);
	for (uint32_t t = 0; t < tenants(params); t++) {
		introduce(bed, WIRE_INSIDE, t, BED_ROUTER, BED_ROUTER - 1);
		if (t % AT_ONCE == AT_ONCE - 1)
			bed_settle(bed);
	}
	bed_settle(bed);
	return bed;
}

void
bed_check(const struct bed *bed)
{
	struct cgn_conservation c = cgn_box_conservation(bed->box);

	if (c.received != c.fates + c.held || c.received != bed->n_given)
		machine_die("packets are lost: %lu given, %lu received, %lu ended, %lu held",
			bed->n_given, c.received, c.fates, c.held);
}

void
bed_destroy(struct bed *bed)
{
	unsigned int lost;

	bed_settle(bed);
	cgn_worker_offline(&bed->box->workers[0]);
	cgn_box_settle(bed->box);
	bed_check(bed);
	cgn_box_destroy(bed->box);
	lost = rte_mempool_in_use_count(bed->mempool);
	if (lost > 0)
		machine_die("%u packet buffers are lost", lost);
	rte_mempool_free(bed->mempool);
	wire_destroy(bed->wire);
	cgn_conf_free(bed->conf);
	free(bed);
}

/* Whoever is asked for answers; his MAC is made of his address. */
static void
answer(struct bed *bed, struct wire_lane *lane, int port, struct rte_mbuf *m)
{
	uint32_t off = 12;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct cgn_arp arp;

	while (p[off] == 0x81 || p[off] == 0x88)
		off += 4;
	if (p[off] != 8 || p[off + 1] != 6 ||
		!cgn_arp_parse(p + off + 2, m->data_len - off - 2, &arp) ||
		arp.op != CGN_ARP_REQUEST || arp.sender_ip == arp.target_ip) {
		rte_pktmbuf_free(m);
		return;
	}
	arp = (struct cgn_arp){.op = CGN_ARP_REPLY,
		.target_mac = arp.sender_mac,
		.sender_ip = arp.target_ip,
		.target_ip = arp.sender_ip,
		.sender_mac = {
			{2, 1, (uint8_t)(arp.target_ip >> 24), (uint8_t)(arp.target_ip >> 16),
				(uint8_t)(arp.target_ip >> 8), (uint8_t)arp.target_ip}}};
	memcpy(p, &arp.target_mac, RTE_ETHER_ADDR_LEN);
	memcpy(p + RTE_ETHER_ADDR_LEN, &arp.sender_mac, RTE_ETHER_ADDR_LEN);
	cgn_arp_write(p + off + 2, &arp);
	wire_put(&lane->rx[port], m);
	bed->n_given++;
}

void
bed_settle(struct bed *bed)
{
	enum { IDLE_TURNS = 4 };
	struct wire_lane *lane = &bed->wire->lanes[0];

	for (uint32_t idle = 0; idle < IDLE_TURNS; idle++) {
		uint32_t n = cgn_worker_poll(&bed->box->workers[0], bed->stopped_at);

		n += cgn_control_poll(bed->box->control, bed->stopped_at);
		for (int p = 0; p < WIRE_PORTS; p++) {
			struct wire_queue *tx = &lane->tx[p];

			n += tx->n;
			if (lane->rx[p].next == lane->rx[p].n)
				lane->rx[p].n = lane->rx[p].next = 0;
			for (uint32_t i = 0; i < tx->n; i++)
				answer(bed, lane, p, tx->mbufs[i]);
			tx->n = 0;
		}
		if (n > 0)
			idle = 0;
	}
}

__attribute__((noinline)) void
bed_turns(struct bed *bed, uint16_t worker)
{
	struct cgn_worker *w = &bed->box->workers[worker];
	const struct wire_lane *lane = &bed->wire->lanes[worker];

	do
		cgn_worker_poll(w, bed_now(bed));
	while (!wire_is_empty(lane));
}
