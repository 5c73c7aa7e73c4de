/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flood of packets that nobody wants costs: drop_wan_natpmp, drop_spoof (README.md). */
#include <string.h>

#include "forward.h"
#include "machine.h"
#include "report.h"

enum { SPOOFED = 0x0a000001 };

/* A frame that is the same for all, with a source of its own each. */
static void
put(struct job *job, struct rte_mbuf *m, const struct packet_spec *spec)
{
	uint8_t bytes[PACKET_MAX];

	m->pkt_len = m->data_len = (uint16_t)packet_build(spec, bytes);
	memcpy(rte_pktmbuf_mtod(m, void *), bytes, m->data_len);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

static struct job_packet
make_natpmp(struct job *job, struct rte_mbuf *m)
{
	struct packet_spec s = packet_udp(FLOWS_PEER + job_random(job, 200), 40000,
		(uint32_t)BED_POOL + job_random(job, 2), CGN_PORT_PMP_SERVER);

	memcpy(s.dst_mac, job->bed->wire->devs[WIRE_OUTSIDE].mac.addr_bytes, 6);
	s.payload_len = 18;
	put(job, m, &s);
	return (struct job_packet){WIRE_OUTSIDE, CGN_FATE_WAN_NATPMP};
}

static struct job_packet
make_spoof(struct job *job, struct rte_mbuf *m)
{
	struct packet_spec s = packet_udp(
		SPOOFED + job_random(job, 1 << 20), 40000, FLOWS_PEER, 53);

	memcpy(s.dst_mac, job->bed->wire->devs[WIRE_INSIDE].mac.addr_bytes, 6);
	s.payload_len = 18;
	put(job, m, &s);
	return (struct job_packet){WIRE_INSIDE, CGN_FATE_SPOOFED_UNASSIGNED};
}

static void
measure(const char *name, const struct options *o, job_make *make)
{
	struct bed_params p = {.n_mappings = o->n,
		.n_subscribers = flows_subscribers(o->n),
		.n_packets = o->round};
	struct bed *bed = bed_create(&p);
	struct job *job = job_create(bed, NULL, o->round, make);
	struct series s = {0};

	if (!forward_counted(job, o)) {
		job_run(job, o->ms);
		for (uint32_t i = 0; i < o->runs; i++)
			series_add(&s, job_run(job, o->ms), 0);
		report(name, "ns/packet", &s, "\"round\": %u, \"frame_bytes\": 64", o->round);
	}
	job_destroy(job);
	bed_destroy(bed);
}

void
bench_drop_wan_natpmp(const struct options *o)
{
	measure("drop_wan_natpmp", o, make_natpmp);
}

void
bench_drop_spoof(const struct options *o)
{
	measure("drop_spoof", o, make_spoof);
}
