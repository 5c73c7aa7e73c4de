/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random packets of subscribers to peers and of peers to them, in all ways of filtering at once,
 * while time moves: what comes in does so exactly when a model of RFC 4787 section 5 lets it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "sim.h"

enum {
	N_HOSTS = 3,
	N_PORTS = 6, /* of a host: two of each way of filtering */
	N_PEERS = 3,
	N_PEER_PORTS = 3,
	N_STEPS = 60000,
	AUDIT_EVERY = 3000,
	IDLE_S = 120,
	NEVER = -1000000,
};

/* One inside transport address: when it has last sent to whom. */
struct model {
	bool is_mapped;
	uint32_t outside;
	uint16_t outside_port;
	int32_t used_s, sent_s[N_PEERS][N_PEER_PORTS];
};

static struct cgn_sim *sim;
static struct cgn_rand prng;
static struct model models[N_HOSTS][N_PORTS];
static int32_t now_s;
static uint64_t n_in, n_refused;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_contacts: %s\n", what);
	cgn_sim_dump(sim, stderr);
	exit(1);
}

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

/* The rule counts for the first packet: each port of a host begins with a peer's port of its own.
 */
static uint32_t
filtering_of(uint32_t port)
{
	return port / 2;
}

static void
forget(struct model *m)
{
	*m = (struct model){.used_s = NEVER};
	for (uint32_t p = 0; p < N_PEERS; p++)
		for (uint32_t q = 0; q < N_PEER_PORTS; q++)
			m->sent_s[p][q] = NEVER;
}

static bool
is_recent(int32_t at_s)
{
	return now_s - at_s < IDLE_S;
}

static void
send_out(void)
{
	uint32_t host = below(N_HOSTS), port = below(N_PORTS), peer = below(N_PEERS);
	struct model *m = &models[host][port];
	uint32_t q = is_recent(m->used_s) ? below(N_PEER_PORTS) : filtering_of(port);
	struct packet_spec s = packet_udp((uint32_t)SIM_A1 + host, (uint16_t)(5000 + port),
		(uint32_t)SIM_PEER + peer, (uint16_t)(100 + q));
	struct cgn_sim_frame f;
	struct packet_spec got;

	if (!is_recent(m->used_s))
		forget(m);
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	must(cgn_sim_receive(sim, SIM_WAN, &f), "a packet did not come out");
	memset(&got, 0, sizeof(got));
	memcpy(&got.src, f.bytes + 26, 4);
	memcpy(&got.sport, f.bytes + 34, 2);
	got.src = rte_be_to_cpu_32(got.src);
	got.sport = rte_be_to_cpu_16(got.sport);
	must(!m->is_mapped || (got.src == m->outside && got.sport == m->outside_port),
		"the mapping depends on the peer");
	m->is_mapped = true;
	m->outside = got.src;
	m->outside_port = got.sport;
	m->used_s = m->sent_s[peer][q] = now_s;
}

static bool
may_enter(const struct model *m, uint32_t filtering, uint32_t peer, uint32_t q)
{
	bool may = filtering == 0;

	for (uint32_t k = 0; k < N_PEER_PORTS; k++)
		may |= is_recent(m->sent_s[peer][k]) && (filtering == 1 || k == q);
	return may && is_recent(m->used_s);
}

static void
send_in(void)
{
	uint32_t host = below(N_HOSTS), port = below(N_PORTS), peer = below(N_PEERS),
		 q = below(N_PEER_PORTS);
	const struct model *m = &models[host][port];
	struct packet_spec s;
	struct cgn_sim_frame f;
	bool got;

	if (!m->is_mapped || !is_recent(m->used_s))
		return;
	s = packet_udp((uint32_t)SIM_PEER + peer, (uint16_t)(100 + q), m->outside, m->outside_port);
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	got = cgn_sim_receive(sim, SIM_ACCESS, &f);
	must(got == may_enter(m, filtering_of(port), peer, q),
		got ? "a packet came in that must not" : "a packet did not come in");
	n_in += got;
	n_refused += !got;
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_contacts");

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = seed | 1,
		.n_workers = 2,
		.box = "table: {mappings: 16384, shards: 2, contacts: 500}\n",
		.a = "timeouts: {udp_s: 120, port_rest_s: 0}\n"
		     "nat: {filtering: address_and_port_dependent, rules: [{name: any, protocol: "
		     "udp, ports: [100]}, {name: address, protocol: udp, ports: [90-99, 101], "
		     "filtering: address_dependent}]}\n"});
	cgn_sim_elapse_s(sim, 130); /* the announcements after the start are over */
	cgn_sim_flush(sim, SIM_ACCESS);
	for (uint32_t h = 0; h < N_HOSTS; h++)
		for (uint32_t p = 0; p < N_PORTS; p++)
			forget(&models[h][p]);
	for (uint32_t i = 0; i < N_STEPS; i++) {
		uint32_t jump = below(8) == 0 ? 1 + below(60) : 0;

		if (jump > 0) {
			cgn_sim_jump_s(sim, jump);
			now_s += (int32_t)jump;
		}
		if (below(2) == 0)
			send_out();
		else
			send_in();
		if (i % AUDIT_EVERY == 0)
			must(audit_is_sound(sim->box), "the audit failed");
	}
	must(cgn_sim_is_sound(sim), "the law is broken");
	must(n_in > 1000 && n_refused > 1000, "the test is too tame");
	cgn_sim_elapse_s(sim, 300);
	must(audit_is_empty(sim->box), "something is left");
	cgn_sim_destroy(sim);
	return 0;
}
