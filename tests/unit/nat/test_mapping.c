/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/mapping: rewrite deltas, last use, print and parse. */
#include "mapping.h"

#include <string.h>

#include <criterion/criterion.h>

#include "csum.h"

static struct cgn_mapping
sample(enum cgn_proto proto)
{
	struct cgn_mapping m = {.inside_addr = RTE_BE32(0x6440000a),
		.inside_port = RTE_BE16(5000),
		.outside_addr = RTE_BE32(0xcb007111),
		.outside_port = RTE_BE16(40000),
		.proto = (uint8_t)proto};

	cgn_mapping_seal(&m);
	return m;
}

/* A TCP or UDP checksum over pseudo header source, port and something else. */
static uint16_t
full_csum(rte_be32_t addr, rte_be16_t port)
{
	struct {
		rte_be32_t addr, other;
		rte_be16_t port, rest;
	} bytes = {addr, 0x12345678, port, 0xabcd};

	return cgn_csum(&bytes, sizeof(bytes));
}

Test(mapping, sealed_deltas_turn_an_inside_checksum_into_the_outside_one)
{
	struct cgn_mapping m = sample(CGN_UDP);

	cr_assert_eq(cgn_csum_update(full_csum(m.inside_addr, m.inside_port), m.l4_delta),
		full_csum(m.outside_addr, m.outside_port));
	cr_assert_eq(cgn_csum_update(full_csum(m.inside_addr, 0), m.l3_delta),
		full_csum(m.outside_addr, 0));
}

Test(mapping, icmp_checksum_does_not_know_the_addresses)
{
	struct cgn_mapping m = sample(CGN_ICMP);

	cr_assert_eq(cgn_csum_update(full_csum(0, m.inside_port), m.l4_delta),
		full_csum(0, m.outside_port));
}

Test(mapping, prints_protocol_and_both_ends)
{
	struct cgn_mapping m = sample(CGN_TCP);
	char buf[CGN_MAPPING_STRLEN];

	cr_assert_str_eq(cgn_mapping_str(&m, buf), "tcp 100.64.0.10:5000 -> 203.0.113.17:40000");
}

Test(mapping, longest_print_fits)
{
	struct cgn_mapping m = {.inside_addr = UINT32_MAX,
		.outside_addr = UINT32_MAX,
		.inside_port = UINT16_MAX,
		.outside_port = UINT16_MAX,
		.proto = CGN_ICMP};
	char buf[CGN_MAPPING_STRLEN];

	cr_assert_str_eq(
		cgn_mapping_str(&m, buf), "icmp 255.255.255.255:65535 -> 255.255.255.255:65535");
}

Test(mapping, protocols_are_read_as_they_are_printed)
{
	for (int p = 0; p < CGN_N_PROTOS; p++)
		cr_assert_eq(cgn_proto_parse(cgn_proto_str((enum cgn_proto)p)), p);
	cr_assert_eq(cgn_proto_parse("sctp"), -1);
	cr_assert_eq(cgn_proto_parse("TCP"), -1);
	cr_assert_eq(cgn_proto_parse(""), -1);
}

Test(mapping, touch_notes_the_second)
{
	struct cgn_mapping m = sample(CGN_UDP);

	cgn_mapping_touch(&m, 5);
	cr_assert_eq(atomic_load(&m.last_use_s), 5);
	cgn_mapping_touch(&m, 6);
	cr_assert_eq(atomic_load(&m.last_use_s), 6);
}
