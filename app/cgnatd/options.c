/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of cgnatd. Main thread. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "daemon.h"

static const char usage[] =
	"usage: cgnatd -c FILE [--check [--print]]\n"
	"\n"
	"  -c, --config FILE  the appliance's configuration (cgnat.yaml); it names the tenants' "
	"files\n"
	"      --check        read and validate all of it, say every error, touch nothing\n"
	"      --print        with --check: print the configuration in force, defaults included\n"
	"  -h, --help         this text\n"
	"  -V, --version      version\n"
	"\n"
	"Signals: TERM and INT stop it. The log goes to standard error. The running daemon is\n"
	"controlled with cgnatctl(1).\n";

int
cgn_options_parse(int argc, char **argv, struct cgn_options *opt)
{
	enum { OPT_CHECK = 256, OPT_PRINT };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, OPT_CHECK},
		{"print", no_argument, NULL, OPT_PRINT},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*opt = (struct cgn_options){0};
	while ((c = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt->conf_path = optarg;
			break;
		case OPT_CHECK:
			opt->check = true;
			break;
		case OPT_PRINT:
			opt->print = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case 'V':
			puts("cgnatd " CGN_VERSION);
			return 1;
		default:
			fputs(usage, stderr);
			return -EINVAL;
		}
	}
	if (opt->conf_path != NULL && optind == argc && (opt->check || !opt->print))
		return 0;
	if (optind < argc)
		fprintf(stderr, "cgnatd: unexpected argument \"%s\"\n", argv[optind]);
	else if (opt->conf_path == NULL)
		fputs("cgnatd: no configuration given: use -c FILE\n", stderr);
	else
		fputs("cgnatd: --print goes with --check\n", stderr);
	fputs(usage, stderr);
	return -EINVAL;
}
