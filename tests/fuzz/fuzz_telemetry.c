/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of the telemetry parameters: the first byte chooses the command, the rest is what a
 * client wrote behind its comma, read as every handler's parameters are. What is accepted is
 * written again and must be read as the same; what is refused must say why, in printable text.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "params.h"

static void
check_error(const struct cgn_params_error *err)
{
	size_t n = strnlen(err->message, sizeof(err->message));

	CHECK(n > 0 && n < sizeof(err->message));
	CHECK(memchr(err->param, 0, sizeof(err->param)) != NULL);
	CHECK(strncmp(err->message, err->param, strlen(err->param)) == 0);
	for (size_t i = 0; i < n; i++)
		CHECK(err->message[i] >= ' ' && err->message[i] <= '~');
}

static void
check_again(const struct cgn_command *cmd, const struct cgn_params *params)
{
	char text[CGN_PARAMS_MAX_LEN + 1] = "";
	struct cgn_params_error err;
	struct cgn_params again;
	size_t n = 0;

	CHECK((params->given & ~cmd->takes) == 0 && (cmd->needs & ~params->given) == 0);
	for (int p = 0; p < CGN_N_PARAMS; p++) {
		const struct cgn_param_value *v = cgn_params_find(params, (enum cgn_param_id)p);

		if (v == NULL)
			continue;
		CHECK(memchr(v->text, 0, sizeof(v->text)) != NULL);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=%s", n > 0 ? "," : "",
			cgn_param_infos[p].name, v->text);
		CHECK(n < sizeof(text));
	}
	CHECK(cgn_params_parse(cmd, text, &again, &err) == 0);
	CHECK(again.given == params->given);
	for (int p = 0; p < CGN_N_PARAMS; p++) {
		const struct cgn_param_value *a = &again.values[p], *b = &params->values[p];

		CHECK(strcmp(a->text, b->text) == 0 && a->number == b->number &&
			a->addr == b->addr && a->port == b->port);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cgn_command *cmd;
	struct cgn_params_error err;
	struct cgn_params params;
	char *text;

	if (size == 0)
		return 0;
	cmd = &cgn_commands[data[0] % CGN_N_COMMANDS];
	text = malloc(size); /* exact: the sanitizer watches its end */
	CHECK(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (cgn_params_parse(cmd, text, &params, &err) == 0)
		check_again(cmd, &params);
	else
		check_error(&err);
	free(text);
	return 0;
}
