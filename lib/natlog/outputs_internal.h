/* SPDX-License-Identifier: BSD-3-Clause */
/* For outputs*.c only. */
#pragma once

#include "collector.h"
#include "outputs.h"
#include "syslog_target.h"

struct cgn_outputs {
	struct cgn_lane *lanes; /* of IPFIX: one, or one for each collector */
	uint32_t n_lanes;
	struct cgn_ipfix_message message; /* that is being filled, for all lanes */
	struct cgn_syslog_target *targets;
	uint32_t n_targets;
	struct cgn_syslog_style style;
	uint64_t number; /* of the last record */
};
