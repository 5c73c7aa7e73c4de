/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/nat/lifetime: which timeout counts, and when to look again. */
#include "lifetime.h"

#include <criterion/criterion.h>

#include "tcp_track.h"

static const struct cgn_conf_timeouts timeouts = {.udp = 300,
	.icmp = 60,
	.tcp_established = 7440,
	.tcp_opening = 200,
	.tcp_closing = 100,
	.port_rest = 120};

static struct cgn_mapping
mapping(enum cgn_proto proto, enum cgn_tcp_state state, uint32_t last_use_s)
{
	struct cgn_mapping m = {.proto = (uint8_t)proto};

	atomic_store(&m.tcp, state | CGN_TCP_KNOWN | 0xabcd000);
	atomic_store(&m.last_use_s, last_use_s);
	return m;
}

static uint32_t
idle_s(enum cgn_proto proto, enum cgn_tcp_state state)
{
	struct cgn_mapping m = mapping(proto, state, 0);

	return cgn_lifetime_idle_s(&timeouts, &m);
}

Test(lifetime, protocol_and_state_choose_the_timeout)
{
	cr_assert_eq(idle_s(CGN_UDP, CGN_TCP_ESTABLISHED), 300);
	cr_assert_eq(idle_s(CGN_ICMP, CGN_TCP_CLOSING), 60);
	cr_assert_eq(idle_s(CGN_TCP, CGN_TCP_OPENING), 200);
	cr_assert_eq(idle_s(CGN_TCP, CGN_TCP_ESTABLISHED), 7440);
	cr_assert_eq(idle_s(CGN_TCP, CGN_TCP_CLOSING), 100);
}

/* RFC 7857 section 2.1 lets the opening be short; what closed before keeps its time. */
Test(lifetime, opening_after_a_closed_connection_has_the_longer_of_both)
{
	struct cgn_conf_timeouts swift = timeouts;
	struct cgn_mapping m = mapping(CGN_TCP, CGN_TCP_OPENING, 0);

	swift.tcp_opening = 30;
	cr_assert_eq(cgn_lifetime_idle_s(&swift, &m), 30);
	atomic_fetch_or(&m.tcp, CGN_TCP_AFTER);
	cr_assert_eq(cgn_lifetime_idle_s(&swift, &m), 100);
	cr_assert_eq(cgn_lifetime_idle_s(&timeouts, &m), 200);
}

Test(lifetime, life_is_counted_from_the_last_use)
{
	struct cgn_mapping m = mapping(CGN_UDP, CGN_TCP_OPENING, 1000);

	cr_assert_eq(cgn_lifetime_end_s(&timeouts, &m), 1300);
	cgn_mapping_touch(&m, 1200);
	cr_assert_eq(cgn_lifetime_end_s(&timeouts, &m), 1500);
}

Test(lifetime, next_look_is_at_the_end)
{
	struct cgn_mapping m = mapping(CGN_UDP, CGN_TCP_OPENING, 1000);

	cr_assert_eq(cgn_lifetime_check_s(&timeouts, &m, 1000), 1300);
}

Test(lifetime, connection_that_may_start_closing_is_looked_at_earlier)
{
	struct cgn_mapping m = mapping(CGN_TCP, CGN_TCP_ESTABLISHED, 1000);

	cr_assert_eq(cgn_lifetime_check_s(&timeouts, &m, 1000), 1100);
	cr_assert_eq(
		cgn_lifetime_check_s(&timeouts, &m, 8400), 8440, "nearer than that: at its end");
	m = mapping(CGN_TCP, CGN_TCP_OPENING, 1000);
	cr_assert_eq(cgn_lifetime_check_s(&timeouts, &m, 1000), 1100, "a reset shortens it too");
}

/* The law of the wheel: whatever happens after a look, the next look is not after the end. */
Test(lifetime, no_change_of_state_makes_an_expiry_late)
{
	for (uint32_t age = 0; age < 7440; age += 7)
		for (int now = CGN_TCP_OPENING; now <= CGN_TCP_CLOSING; now++) {
			struct cgn_mapping m = mapping(CGN_TCP, (enum cgn_tcp_state)now, 10000);
			uint32_t look = cgn_lifetime_check_s(&timeouts, &m, 10000 + age);

			if (cgn_lifetime_end_s(&timeouts, &m) <= 10000 + age)
				continue;
			/* The last packet, right after the look, closes the connection. */
			m = mapping(CGN_TCP, CGN_TCP_CLOSING, 10000 + age);
			cr_assert_leq(look, cgn_lifetime_end_s(&timeouts, &m));
		}
}

Test(lifetime, seconds_wrap_around_unharmed)
{
	struct cgn_mapping m = mapping(CGN_TCP, CGN_TCP_ESTABLISHED, UINT32_MAX - 10);

	cr_assert_eq(cgn_lifetime_end_s(&timeouts, &m), 7440 - 11);
	cr_assert_eq(cgn_lifetime_check_s(&timeouts, &m, UINT32_MAX - 10), 100 - 11);
}
