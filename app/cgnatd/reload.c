/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reload: the configuration is read again, compared with the one in force, and applied whole or not
 * at all. Asked for by SIGHUP or by the command "reload"; done on the main thread, which alone
 * makes and frees configurations. Packets go on all the time (lib/control/directory_switch.h).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "daemon.h"
#include "directory_switch.h"
#include "load.h"
#include "log.h"
#include "reloader.h"

/* One telemetry thread at a time asks; main answers. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum { NOBODY, ASKED, AT_WORK, DONE } state;
	bool dry_run, stopping;
	struct cgn_reload_result *result; /* the asking thread's */
	pthread_t main;
} job = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void
say(struct cgn_reload_result *result, enum cgn_reload_outcome outcome, const char *message)
{
	result->outcome = outcome;
	snprintf(result->message, sizeof(result->message), "%.*s", (int)sizeof(result->message) - 1,
		message);
}

/* Telemetry thread. */
static void
ask(void *ctx, bool dry_run, struct cgn_reload_result *result)
{
	(void)ctx;
	pthread_mutex_lock(&job.lock);
	if (job.state != NOBODY || job.stopping) {
		say(result, CGN_RELOAD_BUSY,
			job.stopping ? "the daemon is stopping"
				     : "another reload is being asked for");
		pthread_mutex_unlock(&job.lock);
		return;
	}
	job.state = ASKED;
	job.dry_run = dry_run;
	job.result = result;
	pthread_kill(job.main, SIGUSR1);
	while (job.state != DONE && !(job.stopping && job.state == ASKED))
		pthread_cond_wait(&job.changed, &job.lock);
	if (job.state != DONE)
		say(result, CGN_RELOAD_BUSY, "the daemon is stopping");
	job.state = NOBODY;
	pthread_mutex_unlock(&job.lock);
}

static void
refuse(struct cgn_reload_result *result, bool dry_run, const char *why)
{
	say(result, CGN_RELOAD_REFUSED, why);
	if (!dry_run)
		cgn_err("reload", "not applied: %s", why);
}

/* All errors go to whoever asked, and to the log unless it is only a question. */
static struct cgn_conf *
load(const char *path, bool dry_run, struct cgn_reload_result *result)
{
	struct cgn_conf *conf = cgn_conf_load(path, &result->errors);
	char line[1024];

	if (conf != NULL)
		return conf;
	if (result->errors.n_errors == 0) {
		refuse(result, dry_run, "not enough memory to read the configuration");
		return NULL;
	}
	for (uint32_t i = 0; !dry_run && i < result->errors.n_errors; i++)
		cgn_err("reload", "%s", cgn_conf_error_str(&result->errors, i, line, sizeof(line)));
	snprintf(line, sizeof(line), "%u error%s in the configuration; nothing has changed",
		result->errors.n_errors, result->errors.n_errors == 1 ? "" : "s");
	say(result, CGN_RELOAD_BAD, line);
	if (!dry_run)
		cgn_err("reload", "not applied: %s", line);
	return NULL;
}

static void
log_differences(const struct cgn_diff *diff)
{
	for (uint32_t i = 0; i < diff->n_items; i++) {
		const struct cgn_diff_item *item = &diff->items[i];

		cgn_notice("reload", "%s %s class=%s old=%s new=%s", cgn_change_name(item->change),
			item->path, cgn_reload_name(item->reload),
			item->old_text != NULL ? item->old_text : "-",
			item->new_text != NULL ? item->new_text : "-");
	}
}

/* What control is asked: the answer may come after the mailbox has given up waiting. */
struct order {
	void (*act)(struct cgn_control *c, struct order *order);
	const struct cgn_directory *fresh;
	struct cgn_pool_need need;
	struct cgn_switch_count count;
	uint32_t n_drains; /* of operators */
	struct cgn_errmsg err;
	int rc;
	bool is_over;
	atomic_bool done;
};

static void
act_need(struct cgn_control *c, struct order *order)
{
	order->rc = cgn_switch_need(c, order->fresh, &order->need, &order->err);
}

static void
act_begin(struct cgn_control *c, struct order *order)
{
	order->rc = cgn_switch_begin(c, order->fresh);
}

static void
act_look(struct cgn_control *c, struct order *order)
{
	order->is_over = cgn_switch_is_over(&c->change);
	order->count = c->change.count;
	order->n_drains = c->drains.n_on;
}

static void
on_control(struct cgn_control *c, void *arg)
{
	struct order *order = *(struct order **)arg;

	order->act(c, order);
	atomic_store(&order->done, true);
}

static int
tell_control(struct cgn_daemon *d, struct order *order)
{
	enum { RETRY_US = 1000 };

	atomic_store(&order->done, false);
	while (cgn_request_call(&d->box->control->requests, on_control, &order, sizeof(order)) ==
		-EBUSY)
		usleep(RETRY_US); /* others ask too; their turn ends */
	while (!atomic_load(&order->done)) {
		usleep(RETRY_US); /* it will do it: what it is to use must stay */
		cgn_service_beat(d);
	}
	return order->rc;
}

/* Publishes the directory; handlers of telemetry see the old one whole or the new one whole. */
static int
publish(struct cgn_daemon *d, struct cgn_conf *conf, struct cgn_directory *fresh,
	struct order *order)
{
	int rc;

	cgn_manage_hold();
	order->act = act_begin;
	rc = tell_control(d, order);
	if (rc == 0) {
		cgn_box_adopt(d->box, fresh);
		d->retired = d->conf;
		d->conf = conf;
	}
	cgn_manage_release();
	return rc;
}

/* What control needs to know before it can take the directory over. */
static int
look_ahead(struct cgn_daemon *d, struct cgn_directory *fresh, struct order *order,
	struct cgn_errmsg *err)
{
	int rc = cgn_switch_check(d->box->dir, fresh, err);

	if (rc < 0)
		return rc;
	order->act = act_need;
	order->fresh = fresh;
	do
		rc = tell_control(d, order);
	while (rc > 0);
	if (rc < 0)
		*err = order->err;
	return rc;
}

/* From its end on there is no way back; before that, nothing has changed. A dry run ends before. */
static int
begin(struct cgn_daemon *d, struct cgn_conf *conf, bool dry_run, struct cgn_errmsg *err)
{
	struct cgn_directory *fresh = cgn_directory_create(conf, d->box->dir, err);
	struct cgn_radius_next *radius = NULL;
	struct order order = {0};
	int rc;

	if (fresh == NULL)
		return -errno;
	cgn_service_beat(d);
	radius = cgn_radius_prepare(d, fresh, err);
	rc = radius != NULL ? look_ahead(d, fresh, &order, err) : -errno;
	if (rc == 0 && !dry_run)
		rc = cgn_box_prepare(d->box, fresh, &order.need, err);
	if (rc == 0 && !dry_run) {
		rc = publish(d, conf, fresh, &order);
		if (rc < 0)
			cgn_errmsg_set(err, "control does not take it: %s", strerror(-rc));
	}
	if (rc == 0 && !dry_run) {
		cgn_radius_take(d, radius);
	} else {
		cgn_radius_drop(radius);
		cgn_directory_destroy(fresh);
	}
	return rc;
}

static void
log_warning(const char *line)
{
	cgn_warn("conf", "%s", line);
}

/* Takes conf. The differences are there, and none needs a restart. */
static void
apply(struct cgn_daemon *d, struct cgn_conf *conf, bool dry_run, struct cgn_reload_result *result)
{
	struct cgn_errmsg err;

	if (begin(d, conf, dry_run, &err) < 0)
		refuse(result, dry_run, err.text);
	if (result->outcome == CGN_RELOAD_REFUSED || dry_run) {
		cgn_conf_free(conf);
		return;
	}
	cgn_log_set_level((enum cgn_log_level)conf->log_level);
	say(result, CGN_RELOAD_APPLIED,
		result->diff.n_by_reload[CGN_RELOAD_DRAIN] > 0
			? "applied; what says drain ends or moves on as said there"
			: "applied, and nothing is lost");
	log_differences(&result->diff);
	cgn_warnings(d->box->dir, log_warning);
	cgn_notice("reload", "applied live=%u drain=%u", result->diff.n_by_reload[CGN_RELOAD_LIVE],
		result->diff.n_by_reload[CGN_RELOAD_DRAIN]);
}

/* What a secret_file holds may be different when its path is not. */
static void
reread_secrets(struct cgn_daemon *d)
{
	struct cgn_errmsg err;
	struct cgn_radius_next *radius = cgn_radius_prepare(d, d->box->dir, &err);

	if (radius != NULL)
		cgn_radius_take(d, radius);
	else
		cgn_warn("reload", "%s; the secrets stay as they were", err.text);
}

/* *result is all zeros. The reload before is over. */
static void
reload(struct cgn_daemon *d, bool dry_run, struct cgn_reload_result *result)
{
	struct cgn_conf *conf = load(d->conf_path, dry_run, result);

	if (conf == NULL)
		return;
	cgn_service_beat(d);
	say(result, CGN_RELOAD_DRY_RUN, "a reload would do this; nothing has changed");
	if (cgn_conf_diff(d->conf, conf, &result->diff) < 0)
		refuse(result, dry_run, "not enough memory to compare the configurations");
	else if (result->diff.n_items == 0) {
		say(result, CGN_RELOAD_UNCHANGED, "nothing is different");
		if (!dry_run)
			reread_secrets(d);
		cgn_notice("reload", "%s", result->message);
	} else if (result->diff.n_by_reload[CGN_RELOAD_RESTART] > 0) {
		if (!dry_run)
			log_differences(&result->diff);
		refuse(result, dry_run,
			"nothing has changed; restart the daemon, or undo what says restart");
	} else {
		apply(d, conf, dry_run, result);
		return;
	}
	cgn_conf_free(conf);
}

void
cgn_reload_by_signal(struct cgn_daemon *d, const struct cgn_event_who *who)
{
	struct cgn_reload_result result;
	struct cgn_event ev;

	memset(&result, 0, sizeof(result));
	cgn_event_init(&ev, CGN_EVENT_RELOAD);
	ev.who = *who;
	cgn_notice("reload", "asked by=SIGHUP");
	cgn_service_reloading(d);
	reload(d, false, &result);
	cgn_reload_count(result.outcome);
	cgn_reload_describe(&ev, &result);
	cgn_act_record(d->box->control, &ev);
	cgn_service_reloaded(d, &result);
	cgn_reload_result_fini(&result);
}

void
cgn_reload_by_command(struct cgn_daemon *d)
{
	pthread_mutex_lock(&job.lock);
	if (job.state == ASKED) {
		job.state = AT_WORK;
		pthread_mutex_unlock(&job.lock);
		if (!job.dry_run) {
			cgn_notice("reload", "asked by=command");
			cgn_service_reloading(d);
		}
		reload(d, job.dry_run, job.result);
		if (!job.dry_run) {
			cgn_reload_count(job.result->outcome);
			cgn_service_reloaded(d, job.result);
		}
		pthread_mutex_lock(&job.lock);
		job.state = DONE;
		pthread_cond_broadcast(&job.changed);
	}
	pthread_mutex_unlock(&job.lock);
}

bool
cgn_reload_goes_on(struct cgn_daemon *d)
{
	struct order look = {.act = act_look};
	const struct cgn_switch_count *count = &look.count;

	if (d->retired == NULL)
		return false;
	tell_control(d, &look);
	if (!look.is_over)
		return true;
	cgn_box_retire(d->box);
	cgn_conf_free(d->retired);
	d->retired = NULL;
	cgn_notice("reload",
		"finished swept=%u ended=%u renumbered=%u rehopped=%u addresses_added=%u "
		"addresses_gone=%u statics_added=%u statics_gone=%u statics_failed=%u",
		count->swept, count->ended, count->renumbered, count->rehopped,
		count->addresses_added, count->addresses_gone, count->statics_added,
		count->statics_gone, count->statics_failed);
	if (look.n_drains > 0)
		cgn_warn("reload", "drains of operators stay in force n=%u: see cgnatctl drains",
			look.n_drains);
	return false;
}

int
cgn_reload_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	static struct cgn_reloader reloader = {.run = ask};

	(void)err;
	reloader.ctx = d;
	job.main = pthread_self();
	cgn_manage_set_reloader(&reloader);
	return 0;
}

void
cgn_reload_stop(struct cgn_daemon *d)
{
	(void)d;
	pthread_mutex_lock(&job.lock);
	job.stopping = true;
	pthread_cond_broadcast(&job.changed);
	pthread_mutex_unlock(&job.lock);
	cgn_manage_set_reloader(NULL);
}
