/* SPDX-License-Identifier: BSD-3-Clause */
/* Trains of unsolicited messages and their bytes. Control's timers call it; control thread. */
#include "announce.h"

#include <netinet/in.h>
#include <string.h>

#include "pcp.h"
#include "pcp_options.h"
#include "pmp.h"
#include "wire.h"

/* RFC 6886 section 3.2.1; RFC 6887 sections 14.1.3 and 14.2 allow no less. */
#define FIRST_GAP_NS (250 * CGN_NS_PER_MS)

void
cgn_announce_start(struct cgn_announce *train, cgn_ns_t first_ns, uint8_t n_copies)
{
	*train = (struct cgn_announce){
		.due_ns = first_ns, .gap_ns = FIRST_GAP_NS, .n_left = n_copies};
}

void
cgn_announce_stop(struct cgn_announce *train)
{
	train->n_left = 0;
}

cgn_ns_t
cgn_announce_next_due(const struct cgn_announce *train)
{
	return train->n_left == 0 ? CGN_ANNOUNCE_NEVER : train->due_ns;
}

bool
cgn_announce_take(struct cgn_announce *train, cgn_ns_t now)
{
	if (train->n_left == 0 || now < train->due_ns)
		return false;
	train->n_left--;
	train->due_ns = now + train->gap_ns;
	train->gap_ns *= 2;
	return true;
}

cgn_ns_t
cgn_announce_slot(cgn_ns_t *free_at, cgn_ns_t now)
{
	cgn_ns_t slot = *free_at > now ? *free_at : now;

	*free_at = slot + CGN_NS_PER_MS;
	return slot;
}

void
cgn_announce_natpmp_write(struct cgn_portctl_reply *out, uint32_t epoch, uint32_t addr)
{
	out->len = CGN_ANNOUNCE_NATPMP_LEN;
	cgn_pmp_addr_write(out->bytes, epoch, addr);
}

void
cgn_announce_pcp_write(struct cgn_portctl_reply *out, uint32_t epoch)
{
	out->len = CGN_ANNOUNCE_PCP_LEN;
	cgn_pcp_header_write(out->bytes, CGN_PCP_ANNOUNCE, 0, epoch);
}

static void
options_append(struct cgn_portctl_reply *out, const struct cgn_announce_mapping *mapping)
{
	if (mapping->third_party != 0)
		cgn_pcp_third_party_append(out, mapping->third_party);
	for (uint32_t i = 0; i < mapping->n_filters; i++)
		cgn_pcp_filter_append(out, &mapping->filters[i]);
	if (mapping->now.n_ports > 1)
		cgn_pcp_port_set_append(out, &mapping->now, mapping->parity);
}

void
cgn_announce_update_write(
	struct cgn_portctl_reply *out, const struct cgn_announce_mapping *mapping, uint32_t epoch)
{
	bool is_peer = mapping->origin == CGN_EXPLICIT_PCP_PEER;
	uint8_t *p = out->bytes;

	out->len = is_peer ? CGN_PCP_PEER_LEN : CGN_PCP_MAP_LEN;
	memset(p, 0, out->len);
	cgn_pcp_header_write(
		p, is_peer ? CGN_PCP_PEER : CGN_PCP_MAP, mapping->now.lifetime_s, epoch);
	memcpy(p + CGN_PCP_OFF_NONCE, mapping->nonce, CGN_PCP_NONCE_LEN);
	p[CGN_PCP_OFF_PROTOCOL] = mapping->proto == CGN_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	cgn_put_be16(p + CGN_PCP_OFF_INSIDE_PORT, mapping->now.inside_port);
	cgn_put_be16(p + CGN_PCP_OFF_PORT, mapping->now.port);
	cgn_pcp_addr_put_ip4(p + CGN_PCP_OFF_ADDR, mapping->now.addr);
	if (is_peer) {
		cgn_put_be16(p + CGN_PCP_OFF_PEER_PORT, mapping->peer_port);
		cgn_pcp_addr_put_ip4(p + CGN_PCP_OFF_PEER_ADDR, mapping->peer_addr);
	}
	options_append(out, mapping);
}
