/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT-PMP and PCP on the control core: checks the datagram, lets portctl/ decide, sends the answers
 * with the mirrored addresses and ports to the station the request came from.
 */
#include "portctl_send.h"

/* The payload of a sound request; false when it must not be believed. */
static bool
payload_of(struct rte_mbuf *m, const uint8_t **payload, uint32_t *len)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct rte_ipv4_hdr *ip;
	const struct rte_udp_hdr *udp;

	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) < 0)
		return false;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, pkt->l3_off);
	udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, pkt->l4_off);
	if (udp->dgram_cksum != 0 && cgn_portctl_udp_csum(ip, udp) != 0)
		return false;
	*payload = (const uint8_t *)(udp + 1);
	*len = rte_be_to_cpu_16(udp->dgram_len) - (uint32_t)sizeof(*udp);
	return true;
}

static struct cgn_portctl_dest
sender_of(struct rte_mbuf *request)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(request);
	struct cgn_portctl_dest to = {.iface = pkt->iface,
		.addr = rte_be_to_cpu_32(pkt->src),
		.port = rte_be_to_cpu_16(pkt->sport),
		.worker = pkt->worker};

	to.mac = *rte_pktmbuf_mtod_offset(
		request, const struct rte_ether_addr *, RTE_ETHER_ADDR_LEN);
	return to;
}

struct cgn_portctl_policy
cgn_portctl_policy_of(const struct cgn_conf_portctl *conf)
{
	return (struct cgn_portctl_policy){
		.natpmp = conf->natpmp,
		.pcp = conf->pcp,
		.map = conf->map,
		.peer = conf->peer,
		.prefer_failure = conf->prefer_failure,
		.filter = conf->filter,
		.port_set = conf->port_set,
		.replace_nonce = conf->replace_nonce,
		.natpmp_max_lifetime_s = conf->natpmp_max,
		.pcp_min_lifetime_s = conf->pcp_min,
		.pcp_max_lifetime_s = conf->pcp_max,
	};
}

static bool
is_noc(const struct cgn_conf_portctl *conf, uint32_t addr)
{
	for (uint32_t i = 0; i < conf->n_nocs; i++)
		if (conf->nocs[i].addr == addr)
			return true;
	return false;
}

void
cgn_portctl_input(struct cgn_control *c, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_conf_portctl *conf = &c->dp->dir->tenants[pkt->tenant].conf->portctl;
	struct cgn_portctl_policy policy = cgn_portctl_policy_of(conf);
	struct cgn_portctl_client client = {.tenant = pkt->tenant,
		.inside = pkt->inside,
		.addr = rte_be_to_cpu_32(pkt->src),
		.port = rte_be_to_cpu_16(pkt->sport),
		.service = rte_be_to_cpu_32(pkt->dst),
		.third_party = is_noc(conf, rte_be_to_cpu_32(pkt->src))};
	struct cgn_portctl_outcome outcome = {0};
	struct cgn_portctl_dest to;
	const uint8_t *payload;
	uint32_t len, n;

	if (!conf->natpmp && !conf->pcp) {
		cgn_refuse(c, m, CGN_FATE_NATPMP_OFF);
		return;
	}
	if (!payload_of(m, &payload, &len)) {
		cgn_control_drop(c, m, CGN_FATE_PORTCTL_BAD);
		return;
	}
	n = cgn_portctl_handle(
		&cgn_explicit_ops, c, &policy, &client, payload, len, c->replies, &outcome);
	to = sender_of(m);
	for (uint32_t i = 0; i < n; i++)
		cgn_portctl_send(c, &to, &c->replies[i]);
	cgn_control_drop(c, m, n > 0 ? CGN_FATE_PORTCTL_ANSWERED : CGN_FATE_PORTCTL_IGNORED);
}
