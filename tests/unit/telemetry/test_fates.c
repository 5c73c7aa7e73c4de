/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/telemetry/fates: the list that counters, telemetry and documentation come from. */
#include "fates.h"

#include <string.h>

#include <criterion/criterion.h>

Test(fates, names_are_unique_and_of_small_letters)
{
	for (int f = 0; f < CGN_N_FATES; f++) {
		const char *name = cgn_fates[f].name;

		cr_assert_not_null(name);
		cr_assert_gt(strlen(name), 0);
		cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name),
			"%s cannot be a telemetry key", name);
		for (int g = 0; g < f; g++)
			cr_assert_str_neq(name, cgn_fates[g].name);
	}
}

Test(fates, each_has_one_sentence)
{
	for (int f = 0; f < CGN_N_FATES; f++) {
		const char *sentence = cgn_fates[f].sentence;

		cr_assert_gt(strlen(sentence), 10, "%s says nothing", cgn_fates[f].name);
		cr_assert_eq(sentence[strlen(sentence) - 1], '.', "%s", cgn_fates[f].name);
		for (int g = 0; g < f; g++)
			cr_assert_str_neq(sentence, cgn_fates[g].sentence);
	}
}

Test(fates, forwarding_comes_first_since_it_indexes_byte_counters)
{
	cr_assert_eq(CGN_FATE_IN2OUT, 0);
	cr_assert_eq(CGN_FATE_OUT2IN, 1);
}

Test(fates, none_is_no_fate_and_all_fit_a_byte)
{
	cr_assert_lt(CGN_N_FATES, CGN_FATE_NONE);
	cr_assert_lt(CGN_FATE_NONE, 256);
}

Test(fates, severities_have_different_names)
{
	for (int s = CGN_SEV_OK; s <= CGN_SEV_ALERT; s++)
		for (int r = CGN_SEV_OK; r < s; r++)
			cr_assert_str_neq(cgn_severity_str((enum cgn_severity)s),
				cgn_severity_str((enum cgn_severity)r));
}

Test(fates, attempts_to_get_in_are_alerts)
{
	cr_assert_eq(cgn_fates[CGN_FATE_WAN_NATPMP].severity, CGN_SEV_ALERT);
	cr_assert_eq(cgn_fates[CGN_FATE_NATPMP_EXTERNAL].severity, CGN_SEV_ALERT);
	cr_assert_eq(cgn_fates[CGN_FATE_SPOOFED_UNASSIGNED].severity, CGN_SEV_ALERT);
	cr_assert_eq(cgn_fates[CGN_FATE_SPOOFED_ATTACHMENT].severity, CGN_SEV_ALERT);
}
