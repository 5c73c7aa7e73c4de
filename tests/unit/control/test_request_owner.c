/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP and PCP requests as packets, of many subscribers at once: whose the mappings are, which
 * ports the box chooses, and who is told what when a mapping moves.
 */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "audit.h"
#include "sim.h"

enum { N_CLIENTS = 1000, BURST = 16, SERVICE = 5351, CLIENT_PORT = 40000 };
enum { PMP_LEN = 12, PMP_REPLY = 16, PCP_LEN = 60, L2 = 14, PAYLOAD_AT = L2 + 20 + 8 };

#define SERVED "portctl: {natpmp: true, pcp: true, requests_per_s: 10000, burst: 10000}\n"

static struct cgn_sim *sim;

static void
start(const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = a, .seed = 5});
	cgn_sim_elapse_s(sim, 130); /* the announcements after the start are over */
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
}

static void
finish(void)
{
	cr_expect(cgn_sim_is_sound(sim));
	cr_expect(audit_is_sound(sim->box));
	cgn_sim_destroy(sim);
}

TestSuite(request_owner, .fini = finish);

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One hour of UDP inside_port, nothing suggested; the bytes of PMP_LEN or PCP_LEN. */
static void
write_request(uint8_t *p, bool pcp, uint32_t client, uint16_t inside_port)
{
	memset(p, 0, PCP_LEN);
	if (!pcp) {
		p[1] = 1;
		p[4] = (uint8_t)(inside_port >> 8);
		p[5] = (uint8_t)inside_port;
		p[10] = 0x0e;
		p[11] = 0x10;
		return;
	}
	p[0] = 2;
	p[1] = 1;
	p[6] = 0x0e;
	p[7] = 0x10;
	p[18] = p[19] = p[54] = p[55] = 0xff;
	for (int i = 0; i < 4; i++)
		p[20 + i] = p[24 + i] = (uint8_t)(client >> (24 - 8 * i)); /* and the nonce */
	p[36] = IPPROTO_UDP;
	p[40] = (uint8_t)(inside_port >> 8);
	p[41] = (uint8_t)inside_port;
}

static void
send_request(bool pcp, uint32_t client, uint16_t inside_port)
{
	struct packet_spec s = packet_udp(client, CLIENT_PORT, SIM_GATEWAY, SERVICE);
	uint8_t payload[PCP_LEN];

	write_request(payload, pcp, client, inside_port);
	s.payload = payload;
	s.payload_len = pcp ? PCP_LEN : PMP_LEN;
	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &s));
}

/* The answers that wait: each goes to a client, about that client's own mapping. */
static uint32_t
check_answers(uint16_t inside_port)
{
	struct cgn_sim_frame f;
	uint32_t n = 0;

	for (; cgn_sim_receive(sim, SIM_ACCESS, &f); n++) {
		const uint8_t *p = f.bytes + PAYLOAD_AT;
		uint32_t client = get32(f.bytes + L2 + 16);
		const struct cgn_mapping *m = cgn_sim_mapping(
			sim, "a", IPPROTO_UDP, client, inside_port);

		cr_assert_not_null(m, "client %x has no mapping", client);
		cr_assert_eq(rte_be_to_cpu_32(m->inside_addr), client);
		if (p[0] == 2) {
			cr_assert_eq(p[3], 0);
			cr_assert_eq(get32(p + 24), client, "another's nonce");
			cr_assert_eq(get32(p + 56), rte_be_to_cpu_32(m->outside_addr));
			cr_assert_eq((p[42] << 8 | p[43]), rte_be_to_cpu_16(m->outside_port));
		} else {
			cr_assert_eq((p[2] << 8 | p[3]), 0);
			cr_assert_eq((p[10] << 8 | p[11]), rte_be_to_cpu_16(m->outside_port));
		}
	}
	return n;
}

/*
 * ROOT-4, SEED-2, PMP-16: requests of a thousand subscribers, in no order, both protocols in one
 * burst. Each mapping leads to who asked for it; the audit at the end finds none that does not.
 */
Test(request_owner, a_thousand_subscribers_own_what_they_asked_for)
{
	uint32_t n = 0;

	start(SERVED);
	for (uint32_t i = 0; i < N_CLIENTS; i++) {
		uint32_t k = i * 389 % N_CLIENTS; /* 389 is prime to 1000: each once */

		send_request(k % 3 == 0, SIM_GATEWAY + 1 + k, 8080);
		if (i % BURST == BURST - 1 || i == N_CLIENTS - 1) {
			cgn_sim_run(sim);
			n += check_answers(8080);
		}
	}
	cr_expect_eq(n, N_CLIENTS);
	cr_expect_eq(cgn_sim_n_mappings(sim), N_CLIENTS);
}

/* PMP-13: high, not the inside port by rule, and not a sequence that can be guessed. */
Test(request_owner, ports_of_the_boxs_choice_are_high_and_without_order)
{
	enum { N = 200, INSIDE_PORT = 80, SUBSCRIBERS = 4 };
	bool seen[65536] = {false};
	uint32_t n_steps = 0;

	start(SERVED "ports: {block_size: 512}\nquota: {subscriber: {explicit: 300}}\n");
	for (uint32_t s = 0; s < SUBSCRIBERS; s++) {
		uint16_t last = 0;

		memset(seen, 0, sizeof(seen));
		for (uint16_t i = 0; i < N; i++) {
			const struct cgn_mapping *m;
			uint16_t port, step;

			send_request(false, SIM_A1 + s, INSIDE_PORT + i);
			cgn_sim_run(sim);
			m = cgn_sim_mapping(sim, "a", IPPROTO_UDP, SIM_A1 + s, INSIDE_PORT + i);
			cr_assert_not_null(m);
			port = rte_be_to_cpu_16(m->outside_port);
			cr_assert_geq(port, 1024);
			cr_assert_neq(port, INSIDE_PORT + i);
			step = (uint16_t)(port - last);
			n_steps += !seen[step];
			seen[step] = true;
			last = port;
		}
	}
	cr_expect_gt(n_steps, SUBSCRIBERS * N / 2, "%u different steps", n_steps);
}

/* Frames to the client's port, and to anybody's 5350, that wait. */
static void
count_told(uint8_t version, uint32_t *n_client, uint32_t *n_announced)
{
	struct cgn_sim_frame f;

	while (cgn_sim_receive(sim, SIM_ACCESS, &f)) {
		bool group = get32(f.bytes + L2 + 16) == 0xe0000001;

		*n_announced += group;
		if (group)
			continue;
		*n_client += 1;
		cr_expect_eq(f.bytes[PAYLOAD_AT], version);
		cr_expect_eq(get32(f.bytes + L2 + 16), SIM_A1, "another is told");
		cr_expect_eq((f.bytes[L2 + 22] << 8 | f.bytes[L2 + 23]), CLIENT_PORT);
	}
}

/* PMP-05: the pool is renumbered; what PCP made is told by PCP, what NAT-PMP made by the epoch. */
Test(request_owner, a_mapping_that_moves_is_told_in_its_own_protocol)
{
	uint32_t n_client = 0, n_announced = 0;
	struct cgn_errmsg err;

	start(SERVED);
	send_request(true, SIM_A1, 8080);
	send_request(false, SIM_A2, 9090);
	cgn_sim_run(sim);
	cr_assert_eq(cgn_sim_n_waiting(sim, SIM_ACCESS), 2);
	cgn_sim_flush(sim, SIM_ACCESS);
	cr_assert_eq(
		cgn_sim_reload(sim,
			&(struct cgn_sim_params){.a = SERVED "pool: [203.0.113.64/28]\n"}, &err),
		0, "%s", err.text);
	cgn_sim_elapse_s(sim, 130);
	count_told(2, &n_client, &n_announced);
	cr_expect_eq(n_client, 3, "three copies of the update, not %u", n_client);
	cr_expect_gt(n_announced, 0);
}
