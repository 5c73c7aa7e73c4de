/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser of telemetry parameters. Called by commands.c on a telemetry thread, and fuzzed. */
#include "params.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipaddr.h"
#include "mapping.h"
#include "portctl.h"
#include "text.h"

#define SHOWN "%.32s" /* enough of a foreign text to recognise it */

const char *const cgn_origin_names[CGN_N_ORIGINS] = {[CGN_EXPLICIT_NATPMP] = "natpmp",
	[CGN_EXPLICIT_PCP_MAP] = "pcp_map",
	[CGN_EXPLICIT_PCP_PEER] = "pcp_peer",
	[CGN_EXPLICIT_OPERATOR] = "operator"};

void
cgn_params_error_set(struct cgn_params_error *err, const char *param, const char *fmt, ...)
{
	va_list ap;
	int n;

	snprintf(err->param, sizeof(err->param), "%s", param);
	n = snprintf(
		err->message, sizeof(err->message), "%s%s", param, param[0] != '\0' ? ": " : "");
	va_start(ap, fmt);
	vsnprintf(err->message + n, sizeof(err->message) - (size_t)n, fmt, ap);
	va_end(ap);
	for (char *c = err->message; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static int
parse_name(const struct cgn_param_info *info, struct cgn_param_value *v, const char **wanted)
{
	size_t n = strlen(v->text);

	*wanted = "a name: up to 31 characters out of a-z, 0-9, _ and -";
	if (n < info->min || n > info->max ||
		strspn(v->text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
		return -EINVAL;
	return 0;
}

static int
parse_login(const struct cgn_param_info *info, struct cgn_param_value *v, const char **wanted)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._@+-";
	size_t n = strlen(v->text);

	*wanted = "a login: up to 31 characters out of A-Z, a-z, 0-9 and ._@+-";
	return n < info->min || n > info->max || strspn(v->text, letters) != n ? -EINVAL : 0;
}

static int
parse_printable(const struct cgn_param_info *info, struct cgn_param_value *v, const char **wanted)
{
	size_t n = strlen(v->text);

	*wanted = "a word: up to 63 printable characters, none of them blank";
	for (size_t i = 0; i < n; i++)
		if (v->text[i] <= ' ' || v->text[i] > '~')
			return -EINVAL;
	return n < info->min || n > info->max ? -EINVAL : 0;
}

/* "a.b.c.d:port" */
static int
parse_end(const char *text, struct cgn_param_value *v)
{
	const char *colon = strrchr(text, ':');
	char quad[CGN_PARAM_VALUE_LEN];
	uint64_t port;

	if (colon == NULL)
		return -EINVAL;
	snprintf(quad, sizeof(quad), "%.*s", (int)(colon - text), text);
	if (cgn_ip4_parse(quad, &v->addr) < 0 || cgn_u64_parse(colon + 1, 0, UINT16_MAX, &port) < 0)
		return -EINVAL;
	v->port = (uint16_t)port;
	return 0;
}

static int
parse_endpoint(struct cgn_param_value *v, const char **wanted)
{
	*wanted = "an address and port such as 203.0.113.17:40000";
	return parse_end(v->text, v);
}

static int
parse_transport(struct cgn_param_value *v, const char **wanted)
{
	const char *slash = strchr(v->text, '/');
	int proto = slash != NULL ? cgn_proto_parse(slash + 1) : -1;
	char end[CGN_PARAM_VALUE_LEN];

	*wanted = "an address, port and protocol such as 203.0.113.17:40000/udp";
	if (slash != NULL && proto < 0 && cgn_other_parse(slash + 1) != 0) {
		proto = CGN_OTHER;
		v->ip_proto = cgn_other_parse(slash + 1);
	}
	if (proto < 0)
		return -EINVAL;
	snprintf(end, sizeof(end), "%.*s", (int)(slash - v->text), v->text);
	v->number = (uint64_t)proto;
	return parse_end(end, v);
}

static int
parse_tags(struct cgn_param_value *v, const char **wanted)
{
	const char *dot = strchr(v->text, '.');
	char outer[CGN_PARAM_VALUE_LEN];
	uint64_t vid, inner = 0;

	*wanted = "a VLAN identifier from 1 to 4094, or two such as 200.7";
	snprintf(outer, sizeof(outer), "%.*s",
		(int)(dot != NULL ? (size_t)(dot - v->text) : strlen(v->text)), v->text);
	if (cgn_u64_parse(outer, 1, 4094, &vid) < 0 ||
		(dot != NULL && cgn_u64_parse(dot + 1, 1, 4094, &inner) < 0))
		return -EINVAL;
	v->number = dot != NULL ? vid << 16 | inner : vid;
	v->port = dot != NULL ? 2 : 1;
	return 0;
}

static int
parse_flags(struct cgn_param_value *v, const char **wanted)
{
	static const char names[][4] = {"fin", "syn", "rst", "psh", "ack", "urg"};
	const char *word = v->text;

	*wanted = "TCP flags such as syn or syn+ack";
	for (;; word += 4) {
		int f = 0;

		while (f < 6 && strncmp(word, names[f], 3) != 0)
			f++;
		if (f == 6 || (word[3] != '\0' && word[3] != '+'))
			return -EINVAL;
		v->number |= UINT64_C(1) << f;
		if (word[3] == '\0')
			return 0;
	}
}

static int
parse_origin(struct cgn_param_value *v, const char **wanted)
{
	*wanted = "natpmp, pcp_map, pcp_peer or operator";
	for (v->number = 0; v->number < CGN_N_ORIGINS; v->number++)
		if (strcmp(v->text, cgn_origin_names[v->number]) == 0)
			return 0;
	return -EINVAL;
}

static int
parse_side(struct cgn_param_value *v, const char **wanted)
{
	static const char *const sides[] = {NULL, "inside", "outside", "both"};

	*wanted = "inside, outside or both";
	for (v->number = 1; v->number < sizeof(sides) / sizeof(sides[0]); v->number++)
		if (strcmp(v->text, sides[v->number]) == 0)
			return 0;
	return -EINVAL;
}

static int
parse_assigned(struct cgn_param_value *v, const char **wanted)
{
	struct cgn_prefix prefix = {.addr = 0};
	int rc = cgn_prefix_parse(v->text, &prefix);

	*wanted = "an IPv4 address such as 100.64.0.10, or the prefix of a subscriber";
	v->addr = prefix.addr;
	v->number = prefix.len;
	return rc;
}

static int
parse_word(enum cgn_param_type type, struct cgn_param_value *v, const char **wanted)
{
	if (type == CGN_PARAM_TYPE_PROTO) {
		int proto = cgn_proto_parse(v->text);

		*wanted = "tcp, udp or icmp";
		v->number = (uint64_t)proto;
		return proto < 0 ? -EINVAL : 0;
	}
	*wanted = "true or false";
	v->number = strcmp(v->text, "true") == 0;
	return v->number || strcmp(v->text, "false") == 0 ? 0 : -EINVAL;
}

/* 0, or -EINVAL and what would be right in *wanted; NUMBER leaves that to its caller. */
static int
parse_value(const struct cgn_param_info *info, struct cgn_param_value *v, const char **wanted)
{
	switch (info->type) {
	case CGN_PARAM_TYPE_NAME:
		return parse_name(info, v, wanted);
	case CGN_PARAM_TYPE_LOGIN:
		return parse_login(info, v, wanted);
	case CGN_PARAM_TYPE_WORD:
		return parse_printable(info, v, wanted);
	case CGN_PARAM_TYPE_ADDRESS:
		*wanted = "an IPv4 address such as 100.64.0.10";
		return cgn_ip4_parse(v->text, &v->addr);
	case CGN_PARAM_TYPE_ASSIGNED:
		return parse_assigned(v, wanted);
	case CGN_PARAM_TYPE_ORIGIN:
		return parse_origin(v, wanted);
	case CGN_PARAM_TYPE_SIDE:
		return parse_side(v, wanted);
	case CGN_PARAM_TYPE_ENDPOINT:
		return parse_endpoint(v, wanted);
	case CGN_PARAM_TYPE_TRANSPORT:
		return parse_transport(v, wanted);
	case CGN_PARAM_TYPE_TAGS:
		return parse_tags(v, wanted);
	case CGN_PARAM_TYPE_FLAGS:
		return parse_flags(v, wanted);
	case CGN_PARAM_TYPE_NUMBER:
		*wanted = NULL;
		return cgn_u64_parse(v->text, info->min, info->max, &v->number) < 0 ? -EINVAL : 0;
	default:
		return parse_word(info->type, v, wanted);
	}
}

static int
find_param(const struct cgn_command *cmd, const char *key, size_t len)
{
	for (int p = 0; p < CGN_N_PARAMS; p++)
		if ((cmd->takes >> p & 1) && strlen(cgn_param_infos[p].name) == len &&
			memcmp(cgn_param_infos[p].name, key, len) == 0)
			return p;
	return -1;
}

static void
set_unknown(
	const struct cgn_command *cmd, const char *key, size_t len, struct cgn_params_error *err)
{
	char takes[CGN_COMMAND_TAKES_LEN];

	cgn_command_takes_str(cmd, takes);
	if (takes[0] == '\0')
		cgn_params_error_set(err, "", "unknown parameter '%.*s'; %s takes none",
			(int)(len < 24 ? len : 24), key, cmd->verb);
	else
		cgn_params_error_set(err, "", "unknown parameter '%.*s'; %s takes %s",
			(int)(len < 24 ? len : 24), key, cmd->verb, takes);
}

/* One key=value of len bytes. */
static int
parse_pair(const struct cgn_command *cmd, const char *pair, size_t len, struct cgn_params *params,
	struct cgn_params_error *err)
{
	const char *equals = memchr(pair, '=', len), *wanted = NULL;
	const struct cgn_param_info *info;
	struct cgn_param_value *v;
	int p;

	if (equals == NULL) {
		cgn_params_error_set(err, "",
			"'%.*s' is not a parameter; write key=value,key=value",
			(int)(len < 32 ? len : 32), pair);
		return -EINVAL;
	}
	p = find_param(cmd, pair, (size_t)(equals - pair));
	if (p < 0) {
		set_unknown(cmd, pair, (size_t)(equals - pair), err);
		return -EINVAL;
	}
	info = &cgn_param_infos[p];
	v = &params->values[p];
	len -= (size_t)(equals + 1 - pair);
	if (cgn_params_has(params, (enum cgn_param_id)p)) {
		cgn_params_error_set(err, info->name, "is given twice");
		return -EINVAL;
	}
	if (len >= sizeof(v->text)) {
		cgn_params_error_set(err, info->name, "%zu bytes are too long for it", len);
		return -EINVAL;
	}
	memcpy(v->text, equals + 1, len);
	v->text[len] = '\0';
	params->given |= UINT64_C(1) << p;
	if (parse_value(info, v, &wanted) == 0)
		return 0;
	if (wanted != NULL)
		cgn_params_error_set(err, info->name, "'" SHOWN "' is not %s", v->text, wanted);
	else
		cgn_params_error_set(err, info->name,
			"'" SHOWN "' is not a number from %" PRIu64 " to %" PRIu64, v->text,
			info->min, info->max);
	return -EINVAL;
}

static int
check_needs(const struct cgn_command *cmd, const struct cgn_params *params,
	struct cgn_params_error *err)
{
	uint64_t missing = cmd->needs & ~params->given;
	const struct cgn_param_info *info;

	if (missing == 0)
		return 0;
	info = &cgn_param_infos[__builtin_ctzll(missing)];
	cgn_params_error_set(err, info->name, "is missing; %s needs %s=%s", cmd->verb, info->name,
		info->metavar);
	return -EINVAL;
}

int
cgn_params_parse(const struct cgn_command *cmd, const char *text, struct cgn_params *params,
	struct cgn_params_error *err)
{
	size_t len = text != NULL ? strlen(text) : 0;

	memset(params, 0, sizeof(*params));
	if (len > CGN_PARAMS_MAX_LEN) {
		cgn_params_error_set(err, "", "parameters of %zu bytes are too long; at most %d",
			len, CGN_PARAMS_MAX_LEN);
		return -EINVAL;
	}
	while (len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t n = comma != NULL ? (size_t)(comma - text) : len;

		if (parse_pair(cmd, text, n, params, err) < 0)
			return -EINVAL;
		if (comma == NULL)
			break;
		text += n + 1;
		len -= n + 1;
		if (len == 0) {
			cgn_params_error_set(
				err, "", "a parameter is missing behind the last comma");
			return -EINVAL;
		}
	}
	return check_needs(cmd, params, err);
}
