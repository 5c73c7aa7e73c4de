/* SPDX-License-Identifier: BSD-3-Clause */
/* The transitions on SYN, FIN, RST and on traffic after RST; see tcp_track.h. */
#include "tcp_track.h"

#include <stdbool.h>

enum { FLAG_FIN = 0x01, FLAG_SYN = 0x02, FLAG_RST = 0x04, FLAG_ACK = 0x10 };
enum { PEER_SHIFT = 8 };

/* 24 bits that differ for different peers nearly always; a clash only delays an expiry. */
static uint32_t
peer_mark(rte_be32_t peer, rte_be16_t port)
{
	uint64_t x = ((uint64_t)peer << 16 | port) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(x >> 40) << PEER_SHIFT;
}

static uint32_t
with_state(uint32_t tcp, enum cgn_tcp_state state)
{
	return (tcp & ~(uint32_t)CGN_TCP_STATE_MASK) | state;
}

/*
 * A SYN: of the tracked connection, of a new one in place of a dead one, or of a second one. An
 * outside SYN from another peer counts only once the inside has answered it, so that a scan of the
 * port cannot lengthen the mapping's life.
 */
static uint32_t
on_syn(uint32_t tcp, uint8_t flags, enum cgn_dir dir, uint32_t peer)
{
	const uint32_t both = CGN_TCP_SYN_IN | CGN_TCP_SYN_OUT;
	bool same = tcp != 0 && tcp >> PEER_SHIFT == peer >> PEER_SHIFT;
	bool closing = (tcp & CGN_TCP_STATE_MASK) == CGN_TCP_CLOSING;
	uint32_t syn = dir == CGN_IN2OUT ? CGN_TCP_SYN_IN : CGN_TCP_SYN_OUT;

	if (flags & FLAG_ACK)
		syn = both; /* answers the other side's SYN */
	if (dir == CGN_OUT2IN && !same && tcp != 0)
		return tcp;
	if (closing || (tcp & both) == 0)
		tcp = peer | (tcp & CGN_TCP_SHARED) | syn | CGN_TCP_OPENING;
	else if (same)
		tcp |= syn;
	else
		return with_state(tcp | CGN_TCP_SHARED, CGN_TCP_ESTABLISHED);
	return (tcp & both) == both ? with_state(tcp, CGN_TCP_ESTABLISHED) : tcp;
}

static uint32_t
on_fin(uint32_t tcp, enum cgn_dir dir)
{
	const uint32_t both = CGN_TCP_FIN_IN | CGN_TCP_FIN_OUT;

	tcp |= dir == CGN_IN2OUT ? CGN_TCP_FIN_IN : CGN_TCP_FIN_OUT;
	return (tcp & both) == both ? with_state(tcp, CGN_TCP_CLOSING) : tcp;
}

/*
 * Neither SYN, FIN nor RST, and not established. Only the tracked peer counts: else a scan of the
 * port with bare acknowledgements could revive what is closing, or establish what is not.
 */
static uint32_t
on_data(uint32_t tcp, enum cgn_dir dir, uint32_t peer)
{
	const uint32_t fins = CGN_TCP_FIN_IN | CGN_TCP_FIN_OUT,
		       syns = CGN_TCP_SYN_IN | CGN_TCP_SYN_OUT;
	bool same = tcp >> PEER_SHIFT == peer >> PEER_SHIFT;

	if ((tcp & CGN_TCP_STATE_MASK) == CGN_TCP_CLOSING) {
		if (same && (tcp & CGN_TCP_RST) && (tcp & fins) != fins)
			return with_state(tcp & ~(uint32_t)CGN_TCP_RST, CGN_TCP_ESTABLISHED);
		return tcp;
	}
	/* A mapping opened by a stray segment (nat.tcp_loose): the answer to it establishes it. */
	if ((tcp & syns) == 0 && dir == CGN_IN2OUT)
		return peer | CGN_TCP_OPENING;
	if ((tcp & syns) == 0 && same)
		return peer | syns | CGN_TCP_ESTABLISHED;
	return tcp;
}

static uint32_t
next_of(uint32_t tcp, uint8_t flags, enum cgn_dir dir, uint32_t peer)
{
	bool tracked = tcp >> PEER_SHIFT == peer >> PEER_SHIFT && !(tcp & CGN_TCP_SHARED);

	if (flags & FLAG_RST)
		return tracked ? with_state(tcp | CGN_TCP_RST, CGN_TCP_CLOSING) : tcp;
	if (flags & FLAG_SYN)
		return on_syn(tcp, flags, dir, peer);
	if (flags & FLAG_FIN)
		return tracked ? on_fin(tcp, dir) : tcp;
	return on_data(tcp, dir, peer);
}

/* The two directions may be on two workers: neither may undo what the other has noted. */
void
cgn_tcp_track_slow(struct cgn_mapping *m, uint8_t flags, enum cgn_dir dir, rte_be32_t peer,
	rte_be16_t peer_port)
{
	uint32_t old = atomic_load_explicit(&m->tcp, memory_order_relaxed), tcp;
	uint32_t mark = peer_mark(peer, peer_port);

	do {
		tcp = next_of(old, flags, dir, mark);
		if (tcp == old)
			return;
	} while (!atomic_compare_exchange_weak_explicit(
		&m->tcp, &old, tcp, memory_order_relaxed, memory_order_relaxed));
}

const char *
cgn_tcp_state_str(uint32_t tcp)
{
	static const char *const names[] = {"opening", "established", "closing", "-"};

	return names[tcp & CGN_TCP_STATE_MASK];
}
