/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cuts a packet that is longer than the next link takes, DF clear, into fragments (RFC 791 section
 * 3.2, RFC 4787 REQ-13), in order. The packet itself becomes the first one and keeps the fate;
 * the others are copies into buffers of the same pool, counted as originated. All or none go.
 * Called by tx.c on worker threads.
 */
#include <string.h>

#include <rte_ip.h>

#include "csum.h"
#include "verdict.h"

enum { MAX_PIECES = 128, MAX_OPTIONS = 40 }; /* 65535 octets over a link of 576, the least */

struct cut {
	struct rte_mbuf *m;
	uint32_t hdr_len, later_hdr_len; /* IPv4, of the first and of the others */
	uint8_t later_options[MAX_OPTIONS];
	uint32_t len;   /* octets of payload */
	uint32_t field; /* flags and offset, host order */
	uint32_t most;  /* octets of IP in a fragment */
	struct rte_mbuf *pieces[MAX_PIECES];
	uint32_t n_pieces;
};

/* The options that every fragment has: those with the copied flag (RFC 791 section 3.1). */
static uint32_t
copy_options(const uint8_t *opts, uint32_t len, uint8_t *to)
{
	uint32_t n = 0, step;

	memset(to, 0, MAX_OPTIONS);
	for (uint32_t i = 0; i < len && opts[i] != 0; i += step) {
		step = 1;
		if (opts[i] == 1)
			continue;
		if (i + 1 >= len || opts[i + 1] < 2 || opts[i + 1] > len - i)
			break;
		step = opts[i + 1];
		if ((opts[i] & 0x80) == 0)
			continue;
		memcpy(to + n, opts + i, step);
		n += step;
	}
	return (n + 3) & ~UINT32_C(3);
}

static void
write_header(uint8_t *p, uint32_t hdr_len, uint32_t len, uint32_t field)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p;

	ip->version_ihl = (uint8_t)(0x40 | hdr_len / 4);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(hdr_len + len));
	ip->fragment_offset = rte_cpu_to_be_16((uint16_t)field);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = cgn_csum(p, hdr_len);
}

/* Octets off … off+len-1 of the payload, as a packet of its own; NULL: no buffer. */
static struct rte_mbuf *
make_piece(const struct cut *cut, uint32_t off, uint32_t len)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(cut->m);
	const uint8_t *frame = rte_pktmbuf_mtod(cut->m, const uint8_t *);
	struct rte_mbuf *m = rte_pktmbuf_alloc(cut->m->pool);
	uint32_t head = pkt->l3_off + cut->later_hdr_len, field = cut->field + off / 8;
	struct cgn_pkt *copy;
	const void *payload;
	uint8_t *p;

	if (m == NULL)
		return NULL;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(head + len));
	memcpy(p, frame, pkt->l3_off + sizeof(struct rte_ipv4_hdr));
	memcpy(p + pkt->l3_off + sizeof(struct rte_ipv4_hdr), cut->later_options,
		cut->later_hdr_len - sizeof(struct rte_ipv4_hdr));
	payload = rte_pktmbuf_read(cut->m, pkt->l3_off + cut->hdr_len + off, len, p + head);
	if (payload != p + head)
		memcpy(p + head, payload, len);
	write_header(p + pkt->l3_off, cut->later_hdr_len, len,
		off + len < cut->len ? field | RTE_IPV4_HDR_MF_FLAG : field);
	copy = cgn_pkt_of(m);
	*copy = *pkt;
	copy->originated = CGN_ORIG_FRAGMENT + 1;
	copy->fragment = CGN_FRAGMENT_NONE;
	copy->ip_len = (uint16_t)(cut->later_hdr_len + len);
	copy->l4_off = (uint16_t)head;
	return m;
}

/* The packet keeps its first octets; it has one segment or more. */
static void
shorten(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint16_t n_segs = 1;

	m->pkt_len = len;
	for (; len > last->data_len; n_segs++) {
		len -= last->data_len;
		last = last->next;
	}
	last->data_len = (uint16_t)len;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->nb_segs = n_segs;
}

/* False: a buffer was missing. */
static bool
make_pieces(struct cut *cut, uint32_t first_len)
{
	uint32_t step = (cut->most - cut->later_hdr_len) & ~UINT32_C(7);

	for (uint32_t off = first_len; off < cut->len; off += step) {
		uint32_t len = RTE_MIN(step, cut->len - off);
		struct rte_mbuf *m = cut->n_pieces < MAX_PIECES ? make_piece(cut, off, len) : NULL;

		if (m == NULL)
			return false;
		cut->pieces[cut->n_pieces++] = m;
	}
	return true;
}

void
cgn_tx_cut(struct cgn_worker *w, struct rte_mbuf *m, uint16_t mtu)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + pkt->l3_off);
	uint32_t room = rte_pktmbuf_data_room_size(m->pool) - RTE_PKTMBUF_HEADROOM - pkt->l3_off;
	struct cut cut = {.m = m,
		.hdr_len = (uint32_t)(pkt->l4_off - pkt->l3_off),
		.field = rte_be_to_cpu_16(ip->fragment_offset),
		.most = RTE_MIN((uint32_t)mtu, room)};
	uint32_t first_len = (mtu - cut.hdr_len) & ~UINT32_C(7);

	cut.len = pkt->ip_len - cut.hdr_len;
	cut.later_hdr_len = (uint32_t)sizeof(*ip) +
		copy_options(frame + pkt->l3_off + sizeof(*ip), cut.hdr_len - sizeof(*ip),
			cut.later_options);
	if (!make_pieces(&cut, first_len)) {
		rte_pktmbuf_free_bulk(cut.pieces, cut.n_pieces);
		cgn_drop(w, m, CGN_FATE_FRAGMENT_NO_BUFFER);
		return;
	}
	shorten(m, pkt->l3_off + cut.hdr_len + first_len);
	write_header(frame + pkt->l3_off, cut.hdr_len, first_len, cut.field | RTE_IPV4_HDR_MF_FLAG);
	cgn_tx_buffer(w, m);
	for (uint32_t i = 0; i < cut.n_pieces; i++)
		cgn_tx_buffer(w, cut.pieces[i]);
}
