/* SPDX-License-Identifier: BSD-3-Clause */
#include "talkers.h"

#include "directory.h"
#include "verdict.h"

static void
add(_Atomic uint64_t *count, uint64_t bytes)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + bytes,
		memory_order_relaxed);
}

/* A reader that sees the new one sees none of the old one's bytes. */
static void
enthrone(struct cgn_talker *slot, uint32_t inside)
{
	atomic_store_explicit(&slot->bytes[CGN_IN2OUT], 0, memory_order_relaxed);
	atomic_store_explicit(&slot->bytes[CGN_OUT2IN], 0, memory_order_relaxed);
	atomic_store_explicit(&slot->inside, inside + 1, memory_order_release);
}

void
cgn_talkers_note(struct cgn_talkers *t, uint32_t inside, enum cgn_dir dir, uint32_t bytes)
{
	struct cgn_talker *slot = &t->slots[cgn_talkers_slot(inside)];

	if (atomic_load_explicit(&slot->inside, memory_order_relaxed) != inside + 1) {
		if (slot->votes > bytes) {
			slot->votes -= bytes;
			return;
		}
		slot->votes = 0;
		enthrone(slot, inside);
	}
	slot->votes += bytes;
	if (slot->votes > CGN_TALKERS_VOTES)
		slot->votes = CGN_TALKERS_VOTES;
	add(&slot->bytes[dir], bytes);
}

static uint32_t
draw(struct cgn_talkers *t, uint32_t n)
{
	uint64_t x = t->random != 0 ? t->random : UINT64_C(0x9e3779b97f4a7c15);

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	t->random = x;
	return (uint32_t)((x >> 32) * n >> 32);
}

void
cgn_talkers_sample(struct cgn_talkers *t, struct cgn_burst *b, const struct cgn_directory *dir)
{
	const struct cgn_lane *lane = &b->tx;
	const struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[lane->at[draw(t, lane->n)]]);
	uint32_t bytes = lane->n * pkt->ip_len;

	/* ACT_SEND: it has waited for its next hop, and counted before. */
	if (!cgn_fate_is_forward((enum cgn_fate)pkt->fate) || pkt->action == CGN_ACT_SEND)
		return;
	cgn_talkers_note(t, cgn_directory_holder(dir, pkt->inside),
		cgn_fate_dir((enum cgn_fate)pkt->fate), bytes);
	if (pkt->fate == CGN_FATE_HAIRPIN)
		cgn_talkers_note(t, cgn_directory_holder(dir, pkt->to_inside), CGN_OUT2IN, bytes);
}

bool
cgn_talkers_get(const struct cgn_talkers *t, uint32_t inside, uint64_t bytes[2])
{
	const struct cgn_talker *slot = &t->slots[cgn_talkers_slot(inside)];

	if (atomic_load_explicit(&slot->inside, memory_order_acquire) != inside + 1)
		return false;
	bytes[CGN_IN2OUT] = atomic_load_explicit(&slot->bytes[CGN_IN2OUT], memory_order_relaxed);
	bytes[CGN_OUT2IN] = atomic_load_explicit(&slot->bytes[CGN_OUT2IN], memory_order_relaxed);
	return true;
}

uint32_t
cgn_talkers_at(const struct cgn_talkers *t, uint32_t slot)
{
	uint32_t inside = atomic_load_explicit(&t->slots[slot].inside, memory_order_relaxed);

	return inside != 0 ? inside - 1 : CGN_NONE;
}
