/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgnatd: arguments, configuration, stages up, wait for a signal, stages down, exit status:
 * 0 stopped as asked or configuration good, 1 it could not start or the configuration is bad,
 * 2 wrong usage.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "daemon.h"
#include "log.h"
#include "outputs.h"
#include "render.h"

/* Prints every error; NULL when there are any. */
static struct cgn_conf *
load(const char *path)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_conf_load(path, &errors);
	char line[1024];

	for (uint32_t i = 0; i < errors.n_errors; i++)
		fprintf(stderr, "%s\n", cgn_conf_error_str(&errors, i, line, sizeof(line)));
	if (conf == NULL)
		fprintf(stderr, "cgnatd: %u error%s in the configuration\n", errors.n_errors,
			errors.n_errors == 1 ? "" : "s");
	cgn_conf_errors_free(&errors);
	return conf;
}

static void
print_warning(const char *line)
{
	fprintf(stderr, "warning: %s\n", line);
}

static int
check(const struct cgn_options *opt, const struct cgn_conf *conf)
{
	struct cgn_errmsg err;
	struct cgn_directory *dir = cgn_directory_create(conf, NULL, &err);
	struct cgn_radius_settings *radius;
	bool is_good;

	if (dir == NULL) {
		fprintf(stderr, "%s: %s\n", opt->conf_path, err.text);
		return 1;
	}
	radius = cgn_radius_settings_create(dir, &err);
	is_good = radius != NULL && cgn_outputs_check(conf, &err) == 0;
	if (is_good)
		cgn_warnings(dir, print_warning);
	cgn_directory_destroy(dir);
	cgn_radius_settings_destroy(radius);
	if (!is_good) {
		fprintf(stderr, "%s: %s\n", opt->conf_path, err.text);
		return 1;
	}
	if (opt->print)
		cgn_render_conf(stdout, conf);
	else
		printf("%s: good: %u tenant%s, %u port%s, %u uplink%s\n", opt->conf_path,
			conf->n_tenants, conf->n_tenants == 1 ? "" : "s", conf->n_ports,
			conf->n_ports == 1 ? "" : "s", conf->n_uplinks,
			conf->n_uplinks == 1 ? "" : "s");
	return 0;
}

/* The sender, where the kernel says it: with SI_QUEUE the sender itself does. */
static struct cgn_event_who
sender_of(const siginfo_t *info)
{
	if (info->si_code != SI_USER && info->si_code != SI_TKILL)
		return (struct cgn_event_who){.via = CGN_EVENT_BY_SIGNAL};
	return (struct cgn_event_who){.via = CGN_EVENT_BY_SIGNAL,
		.knows_uid = true,
		.knows_pid = info->si_pid != 0, /* 0: from another PID namespace */
		.uid = info->si_uid,
		.pid = (uint32_t)info->si_pid};
}

/* The next signal, or 0 after a while: a switch to a new configuration is looked after meanwhile,
 * and the service manager. */
static int
next_signal(const struct cgn_daemon *d, const sigset_t *signals, bool is_busy,
	struct cgn_event_who *who)
{
	cgn_ns_t wait = is_busy ? 20 * CGN_NS_PER_MS : cgn_service_patience(d);
	struct timespec ts = {
		.tv_sec = (time_t)(wait / CGN_NS_PER_S), .tv_nsec = (long)(wait % CGN_NS_PER_S)};
	siginfo_t info = {0};
	int sig = wait > 0 ? sigtimedwait(signals, &info, &ts) : sigwaitinfo(signals, &info);

	if (sig <= 0)
		return 0;
	*who = sender_of(&info);
	return sig;
}

static void
log_stop(int sig, const struct cgn_event_who *who)
{
	char text[CGN_EVENT_WHO_STRLEN];

	cgn_notice("cgnatd", "stopping signal=%d by %s", sig, cgn_event_who_str(who, text));
}

/*
 * Waits until somebody asks for the end. The signals are blocked in all threads. A reload that is
 * asked for while one goes on comes after it.
 */
static void
wait_for_end(struct cgn_daemon *d, const sigset_t *signals)
{
	bool hup = false, command = false; /* asked for, and not begun yet */
	struct cgn_event_who who, hup_who = {0};

	for (;;) {
		bool is_busy = cgn_reload_goes_on(d);
		int sig;

		cgn_service_beat(d);
		if (!is_busy && command) {
			command = false;
			cgn_reload_by_command(d);
			continue;
		}
		if (!is_busy && hup) {
			hup = false;
			cgn_reload_by_signal(d, &hup_who);
			continue;
		}
		sig = next_signal(d, signals, is_busy, &who);
		if (sig == SIGHUP) { /* several before it begins are one: the last asked */
			hup = true;
			hup_who = who;
		}
		command = command || sig == SIGUSR1;
		if (sig == SIGTERM || sig == SIGINT) {
			log_stop(sig, &who);
			return;
		}
	}
}

static int
run(struct cgn_conf *conf, const struct cgn_options *options, cgn_ns_t started)
{
	static struct cgn_daemon daemon; /* large, and threads point into it */
	int rc = 1;
	struct cgn_errmsg err;
	sigset_t signals;

	daemon.conf = conf;
	daemon.options = options;
	daemon.conf_path = options->conf_path;
	daemon.started = started;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);               /* reload.c: a telemetry thread asks */
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before EAL makes threads */
	signal(SIGPIPE, SIG_IGN);
	if (cgn_stages_start(&daemon, &err) < 0)
		cgn_err("cgnatd", "cannot start: %s", err.text);
	else {
		cgn_notice("cgnatd", "ready version=" CGN_VERSION " start_ms=%u",
			(unsigned int)((cgn_clock_now() - started) / CGN_NS_PER_MS));
		cgn_service_ready(&daemon);
		wait_for_end(&daemon, &signals);
		cgn_service_stopping(&daemon);
		cgn_stages_stop(&daemon);
		cgn_notice("cgnatd", "stopped");
		rc = 0;
	}
	cgn_conf_free(daemon.retired);
	cgn_conf_free(daemon.conf);
	return rc;
}

int
main(int argc, char **argv)
{
	cgn_ns_t started = cgn_clock_now();
	struct cgn_options opt;
	struct cgn_conf *conf;
	int rc = cgn_options_parse(argc, argv, &opt);

	if (rc != 0)
		return rc > 0 ? 0 : 2;
	conf = load(opt.conf_path);
	if (conf == NULL)
		return 1;
	cgn_log_set_level((enum cgn_log_level)conf->log_level);
	if (!opt.check)
		return run(conf, &opt, started);
	rc = check(&opt, conf);
	cgn_conf_free(conf);
	return rc;
}
