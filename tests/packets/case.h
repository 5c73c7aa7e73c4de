/* SPDX-License-Identifier: BSD-3-Clause */
/* What case_*.c share. */
#pragma once

#include <string.h>

#include "row.h"

/* At the end of a case: the box is sound, or it is shown; it goes. */
static inline bool
end(struct cgn_sim *sim, bool ok)
{
	ok &= CHECK(cgn_sim_is_sound(sim));
	if (!ok)
		cgn_sim_dump(sim, stderr);
	cgn_sim_destroy(sim);
	return ok;
}

/* "Destination unreachable" about a datagram, of which it quotes the 28 octets in payload. */
static inline struct packet_spec
unreachable(uint8_t code, uint32_t from, uint32_t to, const struct packet_spec *about,
	uint8_t payload[28])
{
	uint8_t frame[PACKET_MAX];
	struct packet_spec s = packet_icmp(from, to, 3, code);

	packet_build(about, frame);
	memcpy(payload, frame + 14, 28);
	s.payload = payload;
	s.payload_len = 28;
	return s;
}
