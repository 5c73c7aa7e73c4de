/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/manage/params: what telemetry clients may write, and how wrong text is refused. */
#include "params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pkt.h"

static struct cgn_params params;
static struct cgn_params_error err;

static int
parse(const char *verb, const char *text)
{
	return cgn_params_parse(cgn_command_find(verb), text, &params, &err);
}

/* The text is refused, the error names the parameter and says this. */
static void
refused(const char *verb, const char *text, const char *param, const char *says)
{
	cr_expect_lt(parse(verb, text), 0, "%s", text);
	cr_expect_str_eq(err.param, param, "%s: %s", text, err.param);
	cr_expect(strstr(err.message, says) != NULL, "%s: %s", text, err.message);
}

Test(params, nothing_is_right_where_nothing_is_needed)
{
	cr_expect_eq(parse("info", NULL), 0);
	cr_expect_eq(parse("info", ""), 0);
	cr_expect_eq(params.given, 0);
}

Test(params, every_type_is_read)
{
	cr_assert_eq(
		parse("mappings",
			"tenant=a-b_9,subscriber=100.64.0.10,proto=icmp,"
			"outside=203.0.113.17:40000,cursor=18446744073709551615,limit=64,id=7"),
		0, "%s", err.message);
	cr_expect_str_eq(params.values[CGN_PARAM_TENANT].text, "a-b_9");
	cr_expect_eq(params.values[CGN_PARAM_SUBSCRIBER].addr, 0x6440000a);
	cr_expect_eq(params.values[CGN_PARAM_PROTO].number, CGN_ICMP);
	cr_expect_eq(params.values[CGN_PARAM_OUTSIDE].addr, 0xcb007111);
	cr_expect_eq(params.values[CGN_PARAM_OUTSIDE].port, 40000);
	cr_expect_eq(params.values[CGN_PARAM_CURSOR].number, UINT64_MAX);
	cr_expect_eq(params.values[CGN_PARAM_LIMIT].number, 64);
	cr_expect_not(cgn_params_has(&params, CGN_PARAM_WORKER));
	cr_expect_eq(parse("fates", "all=true"), 0);
	cr_expect_eq(params.values[CGN_PARAM_ALL].number, 1);
	cr_expect_eq(parse("fates", "all=false"), 0);
	cr_expect_eq(params.values[CGN_PARAM_ALL].number, 0);
	for (uint64_t o = 0; o < CGN_N_ORIGINS; o++) {
		char text[32];

		snprintf(text, sizeof(text), "origin=%s", cgn_origin_names[o]);
		cr_expect_eq(parse("explicit", text), 0, "%s", text);
		cr_expect_eq(params.values[CGN_PARAM_ORIGIN].number, o);
	}
	cr_assert_eq(parse("map add",
			     "tenant=a,proto=tcp,inside=100.64.0.10:443,"
			     "outside=203.0.113.17:8443"),
		0, "%s", err.message);
	cr_expect_eq(params.values[CGN_PARAM_INSIDE].addr, 0x6440000a);
	cr_expect_eq(params.values[CGN_PARAM_INSIDE].port, 443);
}

Test(params, packets_are_read)
{
	cr_assert_eq(parse("explain",
			     "port=wan,vlan=200.7,from=192.0.2.1:53,to=203.0.113.17:80/tcp,"
			     "flags=syn+ack,length=1500,ttl=0"),
		0, "%s", err.message);
	cr_expect_eq(params.values[CGN_PARAM_VLAN].number, 200 << 16 | 7);
	cr_expect_eq(params.values[CGN_PARAM_VLAN].port, 2);
	cr_expect_eq(params.values[CGN_PARAM_TO].addr, 0xcb007111);
	cr_expect_eq(params.values[CGN_PARAM_TO].port, 80);
	cr_expect_eq(params.values[CGN_PARAM_TO].number, CGN_TCP);
	cr_expect_eq(params.values[CGN_PARAM_FLAGS].number, 0x12);
	refused("trace port", "transport=203.0.113.17:80", "transport", "port and protocol");
	refused("trace port", "transport=203.0.113.17:80/dccp", "transport", "port and protocol");
	refused("trace port", "transport=203.0.113.17/udp", "transport", "port and protocol");
	refused("explain", "vlan=4095", "vlan", "1 to 4094");
	refused("explain", "vlan=1.", "vlan", "1 to 4094");
	refused("explain", "flags=syn+", "flags", "TCP flags");
	refused("explain", "flags=synack", "flags", "TCP flags");
	refused("explain", "length=39", "length", "from 40");
}

Test(params, wrong_values_are_refused_by_name)
{
	refused("mappings", "limit=0", "limit", "from 1 to 64");
	refused("mappings", "limit=65", "limit", "from 1 to 64");
	refused("mappings", "limit=", "limit", "from 1 to 64");
	refused("mappings", "cursor=-1", "cursor", "is not a number");
	refused("mappings", "cursor=18446744073709551616", "cursor", "is not a number");
	refused("mappings", "tenant=", "tenant", "is not a name");
	refused("mappings", "tenant=A", "tenant", "is not a name");
	refused("mappings", "tenant=aaaaaaaaaabbbbbbbbbbccccccccccdd", "tenant", "is not a name");
	refused("mappings", "subscriber=100.64.0", "subscriber", "is not an IPv4 address");
	refused("mappings", "proto=sctp", "proto", "tcp, udp or icmp");
	refused("mappings", "outside=203.0.113.17", "outside", "such as 203.0.113.17:40000");
	refused("mappings", "outside=203.0.113.17:65536", "outside", "such as 203.0.113.17:40000");
	refused("explicit", "origin=pcp", "origin", "natpmp, pcp_map, pcp_peer or operator");
	refused("map add", "inside=100.64.0.10", "inside", "an address and port");
	refused("fates", "all=yes", "all", "true or false");
	refused("mappings", "tenant=a,tenant=a", "tenant", "twice");
	refused("mappings", "tenant=a=b", "tenant", "is not a name");
}

Test(params, unknown_and_shapeless_parameters_are_refused_with_what_is_known)
{
	refused("mappings", "colour=red", "", "mappings takes tenant, subscriber, proto, outside");
	refused("mappings", "=a", "", "unknown parameter");
	refused("mappings", "a", "", "key=value");
	refused("mappings", ",tenant=a", "", "key=value");
	refused("mappings", "tenant=a,,limit=1", "", "key=value");
	refused("mappings", "tenant=a,", "", "behind the last comma");
	refused("info", "tenant=a", "", "takes none");
}

Test(params, a_needed_parameter_that_is_missing_is_named)
{
	refused("tenant", NULL, "tenant", "is missing");
	refused("subscriber", "tenant=a", "address", "is missing");
	refused("subscriber", "address=100.64.0.1", "tenant", "is missing");
	refused("map add", "tenant=a,proto=tcp,inside=100.64.0.10:443", "outside",
		"map add needs outside=A.B.C.D:PORT");
	refused("map delete", "tenant=a,proto=tcp", "inside", "is missing");
}

Test(params, a_kilobyte_of_junk_is_refused_for_every_command)
{
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		for (size_t len = 400; len <= 1023; len += 89) {
			char *junk = malloc(len + 1);

			memset(junk, 0xff, len);
			junk[len] = '\0';
			cr_expect_lt(cgn_params_parse(&cgn_commands[c], junk, &params, &err), 0);
			for (const char *p = err.message; *p != '\0'; p++)
				cr_expect(*p >= ' ' && *p <= '~');
			free(junk);
		}
	}
}

Test(params, a_long_value_is_refused_by_name)
{
	char text[512] = "tenant=";

	memset(text + 7, 'a', 400);
	refused("mappings", text, "tenant", "400 bytes are too long");
}

Test(params, the_lists_of_commands_and_fields_are_sound)
{
	char takes[CGN_COMMAND_TAKES_LEN];

	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		cr_expect_lt(
			strlen(cgn_commands[c].path), 56, "limit of rte_telemetry_register_cmd");
		cr_expect_lt(strlen(cgn_commands[c].help), 128, "%s", cgn_commands[c].help);
		cr_expect_lt(
			strlen(cgn_command_takes_str(&cgn_commands[c], takes)), sizeof(takes) - 1);
		cr_expect_eq(cgn_commands[c].needs & ~cgn_commands[c].takes, 0);
	}
	for (size_t a = 0; a < cgn_n_fields; a++) {
		for (size_t b = 0; b < a; b++)
			cr_expect(cgn_fields[a].command != cgn_fields[b].command ||
					strcmp(cgn_fields[a].where, cgn_fields[b].where) != 0 ||
					strcmp(cgn_fields[a].name, cgn_fields[b].name) != 0,
				"%s twice", cgn_fields[a].name);
	}
}
