/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of options to getopt_long and to help; see cmdline.h. */
#include "cmdline.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

int
cgn_cmdline_next(const struct cgn_option *options, size_t n, int argc, char **argv)
{
	struct option longs[CGN_CMDLINE_MAX + 1];
	char shorts[2 * CGN_CMDLINE_MAX + 1], *s = shorts;

	assert(n <= CGN_CMDLINE_MAX);
	memset(longs, 0, sizeof(longs));
	for (size_t i = 0; i < n; i++) {
		longs[i].name = options[i].name;
		longs[i].has_arg = options[i].value != NULL ? required_argument : no_argument;
		longs[i].val = options[i].key;
		if (options[i].key >= CGN_CMDLINE_LONG)
			continue;
		*s++ = (char)options[i].key;
		if (options[i].value != NULL)
			*s++ = ':';
	}
	*s = '\0';
	return getopt_long(argc, argv, shorts, longs, NULL);
}

/* "-c, --config FILE" */
static const char *
option_str(const struct cgn_option *o, char *buf, size_t size)
{
	char letter[8] = "    ";

	if (o->key < CGN_CMDLINE_LONG)
		snprintf(letter, sizeof(letter), "-%c, ", o->key);
	snprintf(buf, size, "%s--%s%s%s", letter, o->name, o->value != NULL ? " " : "",
		o->value != NULL ? o->value : "");
	return buf;
}

void
cgn_cmdline_print(FILE *out, const struct cgn_option *options, size_t n)
{
	char text[96];
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(option_str(&options[i], text, sizeof(text)));

		width = options[i].help != NULL && len > width ? len : width;
	}
	for (size_t i = 0; i < n; i++)
		if (options[i].help != NULL)
			fprintf(out, "  %-*s  %s\n", (int)width,
				option_str(&options[i], text, sizeof(text)), options[i].help);
}
