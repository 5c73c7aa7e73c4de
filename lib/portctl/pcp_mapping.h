/* SPDX-License-Identifier: BSD-3-Clause */
/* MAP and PEER (RFC 6887 sections 11, 12, 15). pcp.c calls it on the control thread. */
#pragma once

#include <stdint.h>

struct cgn_pcp_options;
struct cgn_portctl_call;

/* A MAP or PEER request whose header and options are good. Returns the number of replies. */
uint32_t cgn_pcp_mapping_handle(
	const struct cgn_portctl_call *call, const struct cgn_pcp_options *options);
