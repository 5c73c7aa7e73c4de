/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random UDP of two subscribers with few ports, some of whose destination ports have a rule for
 * port overloading, which reloads take away and give again, while time moves (UPD-04, UDP-03,
 * UDP-12). Each packet, out and in, goes where all mappings together, looked through one by one,
 * say; no port is of two subscribers, and no two mappings have an outside end and remote ends in
 * common.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "sim.h"

enum {
	N_HOSTS = 2,
	N_PORTS = 70, /* of a host, which has 64 outside ports */
	N_PEERS = 3,
	N_PEER_PORTS = 4, /* two with a rule */
	N_STEPS = 30000,
	AUDIT_EVERY = 1000,
	RELOAD_EVERY = 3000,
	BURST = 40, /* more than control looks ahead at */
	OTHER_PORT = 9,
};

/* One packet: the inside end when it goes out, the outside one when it comes in. */
struct ends {
	uint32_t addr, peer;
	uint16_t port, peer_port;
};

static struct cgn_sim *sim;
static struct cgn_rand prng;
static uint64_t n_out, n_refused, n_in, n_shut, n_shared, n_beside;

static const char box[] = "table: {mappings: 16384, shards: 2, dependent: 400}\n";
#define BASE                                                                                       \
	"pool: [203.0.113.16/32]\n"                                                                \
	"ports: {first: 1024, last: 1151, block_size: 64, max_blocks: 1}\n"                        \
	"timeouts: {udp_s: 120, port_rest_s: 0}\n"
static const char *const tenants[] = {BASE
	"nat: {overload_when_full: 8, rules: [{name: r, protocol: udp, ports: [100-101], "
	"mapping: address_and_port_dependent}]}\n",
	BASE "quota: {dependent: 300}\n", BASE "nat: {overload_when_full: 2}\n"};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_overload: %s\n", what);
	cgn_sim_dump(sim, stderr);
	exit(1);
}

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

static const struct cgn_mapping *
published(uint32_t i)
{
	const struct cgn_control *c = sim->box->control;

	return cgn_is_published(c, i) ? cgn_table_at(c->table, i) : NULL;
}

static const struct cgn_dependent *
dependent(uint32_t i)
{
	return cgn_dependent_of(&sim->box->control->dependents, i);
}

static bool
is_of(uint32_t i, const struct ends *e)
{
	return dependent(i)->remote == rte_cpu_to_be_32(e->peer) &&
		dependent(i)->remote_port == rte_cpu_to_be_16(e->peer_port);
}

/* The mapping of a packet, one of its remote end before one for all; dir: which end e names. */
static const struct cgn_mapping *
mapping_for(const struct ends *e, enum cgn_dir dir)
{
	const struct cgn_mapping *found = NULL;

	for (uint32_t i = 1; i <= sim->box->control->table->last; i++) {
		const struct cgn_mapping *m = published(i);

		if (m == NULL ||
			(dir == CGN_IN2OUT ? m->inside_addr : m->outside_addr) !=
				rte_cpu_to_be_32(e->addr) ||
			(dir == CGN_IN2OUT ? m->inside_port : m->outside_port) !=
				rte_cpu_to_be_16(e->port))
			continue;
		if (m->dependent && is_of(i, e))
			return m;
		if (!m->dependent)
			found = m;
	}
	return found;
}

static struct ends
random_ends(uint32_t addr, uint16_t port)
{
	return (struct ends){.addr = addr,
		.port = port,
		.peer = (uint32_t)SIM_PEER + below(N_PEERS),
		.peer_port = (uint16_t)(100 + below(N_PEER_PORTS))};
}

/* These two ends are in its header. */
static bool
is_from_to(
	const struct cgn_sim_frame *f, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	rte_be32_t addrs[2];
	rte_be16_t ports[2];

	memcpy(addrs, f->bytes + 26, sizeof(addrs));
	memcpy(ports, f->bytes + 34, sizeof(ports));
	return addrs[0] == rte_cpu_to_be_32(src) && addrs[1] == rte_cpu_to_be_32(dst) &&
		ports[0] == rte_cpu_to_be_16(sport) && ports[1] == rte_cpu_to_be_16(dport);
}

/* The frame came by the port, from one end to the other. */
static bool
came(uint16_t port, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	static struct cgn_sim_frame f;

	if (!cgn_sim_receive(sim, port, &f))
		return false;
	must(is_from_to(&f, src, sport, dst, dport), "a packet went elsewhere");
	return true;
}

static void
send_in(const struct ends *e)
{
	const struct cgn_mapping *m = mapping_for(e, CGN_OUT2IN);
	struct packet_spec s = packet_udp(e->peer, e->peer_port, e->addr, e->port);
	bool got;

	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	got = m != NULL &&
		came(SIM_ACCESS, e->peer, e->peer_port, rte_be_to_cpu_32(m->inside_addr),
			rte_be_to_cpu_16(m->inside_port));
	must(got == (m != NULL) && cgn_sim_n_waiting(sim, SIM_ACCESS) == 0,
		"a packet from outside is let in to another than its mapping");
	n_in += got;
	n_shut += !got;
}

/* A packet of the flow; now and then many before control has a turn, and one of another flow. */
static void
send_some(const struct ends *e)
{
	struct packet_spec s = packet_udp(e->addr, e->port, e->peer, e->peer_port),
			   other = packet_udp(e->addr, OTHER_PORT, SIM_PEER, OTHER_PORT);
	uint32_t n = below(20) == 0 ? BURST : 1;

	for (uint32_t i = 0; i < n; i++) {
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		if (i == BURST / 2)
			cgn_sim_send_spec(sim, SIM_ACCESS, &other);
	}
	cgn_sim_run(sim);
}

/* What came out, of the other flow too; how many of this one, all by the same outside end. */
static uint32_t
n_left(const struct ends *back)
{
	static struct cgn_sim_frame f;
	uint32_t n = 0;

	while (cgn_sim_receive(sim, SIM_WAN, &f)) {
		rte_be16_t dport;

		memcpy(&dport, f.bytes + 36, sizeof(dport));
		if (dport == RTE_BE16(OTHER_PORT))
			continue;
		must(is_from_to(&f, back->addr, back->port, back->peer, back->peer_port),
			"a packet went elsewhere");
		n++;
	}
	return n;
}

static void
send_out(void)
{
	struct ends e = random_ends(
		(uint32_t)SIM_A1 + below(N_HOSTS), (uint16_t)(5000 + below(N_PORTS)));
	const struct cgn_mapping *was = mapping_for(&e, CGN_IN2OUT), *m;
	struct ends back = e;

	send_some(&e);
	m = mapping_for(&e, CGN_IN2OUT);
	must(was == NULL || m == was, "a flow got another mapping");
	cgn_sim_flush(sim, SIM_ACCESS); /* ICMP about a refused one */
	if (m == NULL) {
		must(n_left(&back) == 0, "a packet without a mapping left");
		n_refused++;
		return;
	}
	n_out++;
	n_shared += m->dependent;
	n_beside += m->beside;
	back.addr = rte_be_to_cpu_32(m->outside_addr);
	back.port = rte_be_to_cpu_16(m->outside_port);
	must(n_left(&back) > 0, "a packet did not leave");
	must(mapping_for(&back, CGN_OUT2IN) == m, "the answer is another's");
	send_in(&back);
}

static bool
has_same_remote(uint32_t i, uint32_t k)
{
	return dependent(i)->remote == dependent(k)->remote &&
		dependent(i)->remote_port == dependent(k)->remote_port;
}

/* No inside end has two mappings for all, or for one remote end (UDP-01). */
static bool
is_twice(uint32_t i, uint32_t k)
{
	const struct cgn_mapping *a = published(i), *b = published(k);

	return a->inside == b->inside && a->inside_port == b->inside_port && a->proto == b->proto &&
		a->dependent == b->dependent && (!a->dependent || has_same_remote(i, k));
}

/* No two mappings of an outside end but of one subscriber and for different remote ends. */
static void
check_all(void)
{
	const struct cgn_control *c = sim->box->control;

	for (uint32_t i = 1; i <= c->table->last; i++) {
		const struct cgn_mapping *a = published(i);

		for (uint32_t k = 1; a != NULL && k < i; k++) {
			const struct cgn_mapping *b = published(k);

			must(b == NULL || !is_twice(i, k), "a flow has two mappings");
			if (b == NULL || a->outside_port != b->outside_port ||
				a->outside_addr != b->outside_addr)
				continue;
			must(a->inside == b->inside, "two subscribers have one port");
			must(a->dependent && b->dependent, "a port is shared with one for all");
			must(!has_same_remote(i, k), "two mappings have the same ends");
		}
	}
	must(audit_is_sound(sim->box), "the audit failed");
}

static void
reload(uint32_t round)
{
	struct cgn_errmsg err;

	must(cgn_sim_reload(
		     sim, &(struct cgn_sim_params){.box = box, .a = tenants[round % 3]}, &err) == 0,
		"a reload failed");
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_overload");

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.seed = seed | 1, .n_workers = 2, .box = box, .a = tenants[0]});
	cgn_sim_elapse_s(sim, 130); /* the announcements after the start are over */
	cgn_sim_flush(sim, SIM_ACCESS);
	for (uint32_t i = 0; i < N_STEPS; i++) {
		struct ends e = random_ends(SIM_POOL_A, (uint16_t)(1024 + below(128)));

		if (below(40) == 0)
			cgn_sim_jump_s(sim, 1 + below(20));
		if (below(4) > 0)
			send_out();
		else
			send_in(&e);
		if (i % AUDIT_EVERY == 0)
			check_all();
		if (i % RELOAD_EVERY == RELOAD_EVERY - 1)
			reload(i / RELOAD_EVERY + 1);
	}
	check_all();
	must(cgn_sim_is_sound(sim), "the law is broken");
	printf("out %llu (shared %llu, beside %llu), refused %llu, in %llu, shut %llu\n",
		(unsigned long long)n_out, (unsigned long long)n_shared,
		(unsigned long long)n_beside, (unsigned long long)n_refused,
		(unsigned long long)n_in, (unsigned long long)n_shut);
	must(n_shared > 1000 && n_beside > 100 && n_refused > 100 && n_shut > 500,
		"the test is too tame");
	cgn_sim_elapse_s(sim, 300);
	must(audit_is_empty(sim->box), "something is left");
	cgn_sim_destroy(sim);
	return 0;
}
