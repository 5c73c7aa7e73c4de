/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random packets with right and wrong transport checksums, both ways and as hairpins, with options,
 * tags and marks: what was wrong leaves exactly as wrong, what was right is right, and UDP without
 * a checksum stays without (ADV-17, RFC 3022 section 4.1). Nothing is repaired on the way, neither
 * for a tenant that has its packets' headers changed nor for one that has not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "way.h"

enum { N_ROUNDS = 40000, IP = 14, N_PROTOS = 3 };

static const uint8_t protos[N_PROTOS] = {6, 17, 1};
static struct cgn_sim *sim;
static struct cgn_rand prng;
static uint32_t n_wrong, n_right, n_without;

static void
must(bool ok, const char *what, uint32_t round)
{
	if (ok)
		return;
	fprintf(stderr, "prop_checksums: round %u: %s\n", round, what);
	cgn_sim_dump(sim, stderr);
	exit(1);
}

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

/* All that the transport checksum covers, as a ones' complement sum modulo 65535: 0 if it is right,
 * and else how wrong it is. */
static uint32_t
error_of(const uint8_t *ip)
{
	uint32_t hdr = (ip[0] & 15) * 4u, len = (uint32_t)(ip[2] << 8 | ip[3]) - hdr;
	uint32_t sum = (uint16_t)~packet_csum(ip + hdr, len);

	if (ip[9] != 1)
		sum += (uint16_t)~packet_csum(ip + 12, 8) + ip[9] + len;
	return sum % 0xffff;
}

static void
spoil(struct packet_spec *s, uint8_t *payload, uint8_t *opts)
{
	s->payload_len = (uint16_t)below(200);
	for (uint16_t i = 0; i < s->payload_len; i++)
		payload[i] = (uint8_t)below(256);
	s->payload = payload;
	s->tos = (uint8_t)below(256);
	s->id = (uint16_t)below(65536);
	if (below(2) == 0)
		s->frag = 0;
	if (below(3) == 0) {
		s->opts = opts;
		s->opts_len = (uint8_t)(4 * (1 + below(10)));
	}
	if (below(2) == 0)
		s->l4_csum_xor = (uint16_t)below(65536);
	s->udp_no_csum = s->proto == 17 && below(4) == 0;
}

static void
compare(const uint8_t *in, const uint8_t *out, const struct packet_spec *s, uint32_t round)
{
	if (s->proto == 17 && packet_l4_csum_field(in) == 0) {
		must(packet_l4_csum_field(out) == 0, "a checksum was filled in", round);
		n_without++;
		return;
	}
	must(error_of(out) == error_of(in), "the checksum errs otherwise", round);
	must(packet_l4_csum_is_right(in) == packet_l4_csum_is_right(out),
		"wrong has become right, or right wrong", round);
	if (error_of(in) == 0)
		n_right++;
	else
		n_wrong++;
}

static void
round_of(uint32_t round)
{
	static const uint8_t alert[40] = {148, 4, 0, 0, 1, 1, 1, 1};
	static uint8_t payload[200], opts[40], frame[PACKET_MAX];
	static struct cgn_sim_frame got;
	struct way w = way_random(sim, &prng, protos[below(N_PROTOS)]);

	memcpy(opts, alert, sizeof(opts));
	spoil(&w.spec, payload, opts);
	packet_build(&w.spec, frame);
	cgn_sim_send_spec(sim, w.in, &w.spec);
	cgn_sim_run(sim);
	must(cgn_sim_receive(sim, w.out, &got), "nothing came out", round);
	must(cgn_sim_n_waiting(sim, w.out) == 0, "more than one came out", round);
	compare(frame + IP, got.bytes + IP, &w.spec, round);
}

static void
run(const char *nat, uint64_t seed)
{
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = seed, .a = nat});
	for (uint32_t i = 0; i < N_ROUNDS / 2; i++)
		round_of(i);
	must(cgn_sim_is_sound(sim), "the law is broken", N_ROUNDS);
	cgn_sim_destroy(sim);
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_checksums");

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	run("nat: {tcp_loose: true}\n", seed | 1);
	run("nat: {tcp_loose: true, dscp_out: 11, dscp_in: 22, ip_options: clear, mss_max: 1200}\n",
		seed | 1);
	printf("%u right, %u wrong, %u without\n", n_right, n_wrong, n_without);
	if (n_right < 1000 || n_wrong < 1000 || n_without < 1000) {
		fprintf(stderr, "prop_checksums: the test is too tame\n");
		return 1;
	}
	return 0;
}
