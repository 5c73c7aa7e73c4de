/* SPDX-License-Identifier: BSD-3-Clause */
/* Jumbo frames and chained buffers that a row cannot hold. */
#include <string.h>

#include "case.h"

enum { TCP_SYN = 0x02, HEAD = 14 + 20 + 8 };

static const char jumbo_ports[] = "ports: [{name: access, device: r0, role: inside, mtu: 9000}, "
				  "{name: trunk, device: r1, role: inside}, "
				  "{name: wan, device: r2, role: outside, mtu: 9000}]\n";

/* A UDP frame of any length: packet_build makes the head, this the rest. */
static void
build_long(const struct cgn_sim *sim, uint32_t ip_len, struct cgn_sim_frame *f)
{
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	uint8_t *ip = f->bytes + 14;
	uint16_t csum;

	memcpy(s.dst_mac, cgn_sim_port_mac(sim, SIM_ACCESS), 6);
	s.payload_len = 0;
	packet_build(&s, f->bytes);
	for (uint32_t i = HEAD; i < 14 + ip_len; i++)
		f->bytes[i] = (uint8_t)(i * 31);
	ip[2] = (uint8_t)(ip_len >> 8);
	ip[3] = (uint8_t)ip_len;
	ip[24] = (uint8_t)((ip_len - 20) >> 8);
	ip[25] = (uint8_t)(ip_len - 20);
	ip[10] = ip[11] = 0;
	csum = packet_csum(ip, 20);
	ip[10] = (uint8_t)(csum >> 8);
	ip[11] = (uint8_t)csum;
	csum = packet_l4_csum(ip);
	ip[26] = (uint8_t)(csum >> 8);
	ip[27] = (uint8_t)csum;
	f->len = 14 + ip_len;
}

/* The payload is untouched and both checksums are right. */
static bool
is_translated(const struct cgn_sim_frame *sent, const struct cgn_sim_frame *got)
{
	return CHECK(got->len == sent->len) && CHECK(packet_ip_csum_is_right(got->bytes + 14)) &&
		CHECK(packet_l4_csum_is_right(got->bytes + 14)) &&
		CHECK(memcmp(got->bytes + HEAD, sent->bytes + HEAD, sent->len - HEAD) == 0) &&
		CHECK(got->bytes[14 + 12] == 203);
}

static bool
jumbo(const struct cgn_sim_params *params, const uint16_t *lens, uint32_t n)
{
	struct cgn_sim *sim = cgn_sim_create(params);
	static struct cgn_sim_frame sent, got;
	bool ok;

	build_long(sim, 9000, &sent);
	ok = CHECK(cgn_sim_send_chain(sim, SIM_ACCESS, &sent, lens, n));
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_receive(sim, SIM_WAN, &got));
	ok = ok && is_translated(&sent, &got);
	return end(sim, ok);
}

static bool
jumbo_in_one_buffer(void)
{
	return jumbo(&(struct cgn_sim_params){.box = jumbo_ports}, NULL, 0);
}

static bool
jumbo_in_many_buffers(void)
{
	static const uint16_t lens[] = {60, 2000, 1, 2000};

	return jumbo(&(struct cgn_sim_params){.box = jumbo_ports}, lens, 4);
}

static bool
jumbo_in_small_buffers(void)
{
	return jumbo(&(struct cgn_sim_params){.box = jumbo_ports, .data_room = 2048}, NULL, 0);
}

static bool
chain_is_joined_for_a_device_without_chains(void)
{
	static const uint16_t lens[] = {200, 3000};

	return jumbo(&(struct cgn_sim_params){.box = jumbo_ports, .no_tx_chains = true}, lens, 2);
}

static bool
chain_too_long_for_the_device(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = jumbo_ports, .data_room = 2048, .no_tx_chains = true});
	static struct cgn_sim_frame sent;
	bool ok;

	build_long(sim, 9000, &sent);
	ok = CHECK(cgn_sim_send(sim, SIM_ACCESS, sent.bytes, sent.len));
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "tx_chain") == 1);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

/* Every place where the first buffer can end, with and without a second cut behind it. */
static bool
every_cut(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	static struct cgn_sim_frame sent, got;
	bool ok = true;

	build_long(sim, 300, &sent);
	for (uint16_t cut = 1; cut < sent.len && ok; cut++)
		for (uint16_t second = 0; second < 3 && ok; second++) {
			const uint16_t lens[] = {cut, second};

			cgn_sim_send_chain(sim, SIM_ACCESS, &sent, lens, second > 0 ? 2 : 1);
			cgn_sim_run(sim);
			ok &= CHECK(cgn_sim_receive(sim, SIM_WAN, &got));
			ok = ok && is_translated(&sent, &got);
		}
	return end(sim, ok);
}

const struct row_case row_cases_chains[] = {
	{"jumbo_frame_in_one_buffer_is_translated", CGN_FATE_NONE, jumbo_in_one_buffer},
	{"jumbo_frame_in_many_buffers_is_translated", CGN_FATE_NONE, jumbo_in_many_buffers},
	{"jumbo_frame_in_small_buffers_is_translated", CGN_FATE_NONE, jumbo_in_small_buffers},
	{"chain_is_joined_for_a_device_without_chains", CGN_FATE_NONE,
		chain_is_joined_for_a_device_without_chains},
	{"chain_too_long_for_a_device_without_chains_is_dropped", CGN_FATE_TX_CHAIN,
		chain_too_long_for_the_device},
	{"chain_may_be_cut_anywhere", CGN_FATE_NONE, every_cut},
};
const uint32_t row_n_cases_chains = sizeof(row_cases_chains) / sizeof(row_cases_chains[0]);
