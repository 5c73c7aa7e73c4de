/* SPDX-License-Identifier: BSD-3-Clause */
/* The totals in the log at the end of a run. Main thread, all loops have ended. */
#include "daemon.h"
#include "log.h"

void
cgn_report_totals(const struct cgn_box *box)
{
	struct cgn_conservation law = cgn_box_conservation(box);

	cgn_notice("totals", "received=%lu fates=%lu held=%lu mappings_expired=%lu",
		(unsigned long)law.received, (unsigned long)law.fates, (unsigned long)law.held,
		(unsigned long)box->control->expired);
	for (int f = 0; f < CGN_N_FATES; f++) {
		uint64_t sum = cgn_box_fate_sum(box, (enum cgn_fate)f);

		if (sum > 0)
			cgn_notice("totals", "fate=%s packets=%lu", cgn_fates[f].name,
				(unsigned long)sum);
	}
}
