/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of cgnatd. Main thread. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "cmdline.h"
#include "daemon.h"

static const struct cgn_option options[] = {
#define OPTION(k, n, v, text) {.key = k, .name = n, .value = v, .help = text},
#include "options.def"
#undef OPTION
};

enum { N_OPTIONS = sizeof(options) / sizeof(options[0]) };
enum { OPT_CHECK = CGN_CMDLINE_LONG, OPT_PRINT, OPT_NO_SECCOMP, OPT_CORE_DUMPS };

static void
usage(FILE *out)
{
	fputs("usage: cgnatd -c FILE [--no-seccomp] [--core-dumps]\n"
	      "       cgnatd -c FILE --check [--print]\n\n",
		out);
	cgn_cmdline_print(out, options, N_OPTIONS);
	fputs("\nSignals: TERM and INT stop it, HUP reloads the configuration. The log goes to "
	      "standard\nerror. The running daemon is controlled with cgnatctl(8).\n",
		out);
}

/* 0, or as cgn_options_parse. */
static int
parse_one(struct cgn_options *opt, int c)
{
	switch (c) {
	case 'c':
		opt->conf_path = optarg;
		return 0;
	case OPT_CHECK:
		opt->check = true;
		return 0;
	case OPT_PRINT:
		opt->print = true;
		return 0;
	case OPT_NO_SECCOMP:
		opt->no_seccomp = true;
		return 0;
	case OPT_CORE_DUMPS:
		opt->core_dumps = true;
		return 0;
	case 'h':
		usage(stdout);
		return 1;
	case 'V':
		puts("cgnatd " CGN_VERSION);
		return 1;
	default:
		usage(stderr);
		return -EINVAL;
	}
}

int
cgn_options_parse(int argc, char **argv, struct cgn_options *opt)
{
	int c;

	*opt = (struct cgn_options){0};
	while ((c = cgn_cmdline_next(options, N_OPTIONS, argc, argv)) != -1) {
		int rc = parse_one(opt, c);

		if (rc != 0)
			return rc;
	}
	if (opt->conf_path != NULL && optind == argc && (opt->check || !opt->print))
		return 0;
	if (optind < argc)
		fprintf(stderr, "cgnatd: unexpected argument \"%s\"\n", argv[optind]);
	else if (opt->conf_path == NULL)
		fputs("cgnatd: no configuration given: use -c FILE\n", stderr);
	else
		fputs("cgnatd: --print goes with --check\n", stderr);
	usage(stderr);
	return -EINVAL;
}
