/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/net/tcp_reset against the tests' own packet builder. */
#include "tcp_reset.h"

#include <criterion/criterion.h>

#include "packet_build.h"

Test(tcp_reset, is_the_datagram_of_an_end_that_aborts)
{
	struct packet_spec s = packet_tcp(0xcb007110, 40080, 0xc0000201, 443, 0x14);
	struct cgn_tcp_reset reset = {.src = rte_cpu_to_be_32(s.src),
		.dst = rte_cpu_to_be_32(s.dst),
		.sport = rte_cpu_to_be_16(s.sport),
		.dport = rte_cpu_to_be_16(s.dport),
		.seq = 0xfedcba98,
		.ack = 0x01234567};
	uint8_t frame[PACKET_MAX], got[CGN_TCP_RESET_LEN];
	uint32_t len;

	s.tcp_seq = reset.seq;
	s.tcp_ack = reset.ack;
	s.payload_len = 0;
	len = packet_build(&s, frame);
	cgn_tcp_reset_write(got, &reset);
	cr_assert_geq(len, 14 + CGN_TCP_RESET_LEN);
	cr_assert(packet_ip_csum_is_right(got));
	cr_assert(packet_l4_csum_is_right(got));
	/* But for identification and window, which the builder sets, and the checksums with them.
	 */
	cr_assert_arr_eq(got, frame + 14, 4);
	cr_assert_arr_eq(got + 6, frame + 14 + 6, 4);
	cr_assert_arr_eq(got + 12, frame + 14 + 12, 22);
	cr_assert_eq(got[34] | got[35] | got[38] | got[39], 0);
}
