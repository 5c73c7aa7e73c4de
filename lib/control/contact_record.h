/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filtering by contacts (nat/contact.h): which mappings have it, whom they have sent to, within the
 * quotas of mapping, subscriber and tenant, and until when. Control thread.
 *
 * A mapping gets its filtering when it is made, from the rule of the packet that opens it, and
 * keeps it over a reload. One that is asked for (NAT-PMP, PCP, static, an ALG) has none, whatever
 * the tenant's (PCP-29), and one that is asked for later loses it for good.
 */
#pragma once

#include "fates.h"
#include "pkt.h"

struct cgn_control;
struct cgn_mapping;

/* The filtering of a mapping that a packet opens; before it is published. */
void cgn_filtering_choose(
	const struct cgn_control *c, struct cgn_mapping *m, const struct cgn_pkt *pkt);

/* A packet from inside goes to this peer: CGN_FATE_NONE, or the quota that refuses it. */
enum cgn_fate cgn_contact_note(struct cgn_control *c, uint32_t i, const struct cgn_pkt *pkt);

/* What cgn_contact_note would say; m: entry i, or a copy of it. Changes nothing. */
enum cgn_fate cgn_contact_foresee(const struct cgn_control *c, const struct cgn_mapping *m,
	uint32_t i, const struct cgn_pkt *pkt);

/* The mapping ends, or is open to anybody from now on: its contacts end. */
void cgn_contacts_end(struct cgn_control *c, uint32_t i);

/* Ends contacts that are idle: a slice. Returns work done. */
uint32_t cgn_contacts_expire(struct cgn_control *c);

/* Contacts of a mapping now. */
uint32_t cgn_contacts_of(const struct cgn_control *c, uint32_t i);
