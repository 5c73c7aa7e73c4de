/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of the RADIUS thread. Called by app/cgnatd on the main thread, at start and reload. */
#include "radius_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line; longer than anybody's, so that one that is too long is known by its length. */
enum { FILE_MAX = CGN_RADIUS_SECRET_MAX + 3 };

static int
check_mode(int fd, const char *path, struct cgn_errmsg *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		cgn_errmsg_set(err, "radius.secret_file %s is no file", path);
		return -EINVAL;
	}
	if ((st.st_mode & (S_IWGRP | S_IRWXO)) == 0)
		return 0;
	cgn_errmsg_set(err,
		"radius.secret_file %s has mode %04o: whoever knows the secret ends sessions; make "
		"it 0600, or 0640 for a group (chmod o=,g-w)",
		path, (unsigned int)(st.st_mode & 07777));
	return -EACCES;
}

static int
take_line(const char *path, const uint8_t *text, size_t n, struct cgn_radius_secret *secret,
	struct cgn_errmsg *err)
{
	const uint8_t *end = memchr(text, '\n', n);
	size_t len = end != NULL ? (size_t)(end - text) : n;

	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len == 0 || len > CGN_RADIUS_SECRET_MAX || (end != NULL && end + 1 != text + n)) {
		cgn_errmsg_set(err,
			"radius.secret_file %s is not one line of 1 to %d bytes, the shared "
			"secret",
			path, CGN_RADIUS_SECRET_MAX);
		return -EINVAL;
	}
	memcpy(secret->bytes, text, len);
	secret->len = (uint8_t)len;
	return 0;
}

int
cgn_radius_secret_read(const char *path, struct cgn_radius_secret *secret, struct cgn_errmsg *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	uint8_t text[FILE_MAX];
	ssize_t n = 0;

	if (fd < 0) {
		rc = -errno;
		cgn_errmsg_set(
			err, "radius.secret_file %s cannot be read: %s", path, strerror(-rc));
		return rc;
	}
	rc = check_mode(fd, path, err);
	if (rc == 0) {
		n = read(fd, text, sizeof(text));
		rc = take_line(path, text, n > 0 ? (size_t)n : 0, secret, err);
	}
	explicit_bzero(text, sizeof(text));
	close(fd);
	return rc;
}

static uint32_t
listen_of(struct cgn_radius_settings *s, const struct cgn_conf_radius *conf)
{
	uint32_t i = 0;

	while (i < s->n_listens &&
		(s->listens[i].addr != conf->listen || s->listens[i].port != conf->port))
		i++;
	if (i == s->n_listens)
		s->listens[s->n_listens++] = (struct cgn_radius_listen){conf->listen, conf->port};
	return i;
}

static int
copy_classes(struct cgn_radius_tenant *t, const struct cgn_conf_tenant *conf)
{
	if (t->class_from == CGN_RADIUS_CLASS_NONE || conf->n_classes == 0)
		return 0;
	t->classes = calloc(conf->n_classes, sizeof(*t->classes));
	if (t->classes == NULL)
		return -ENOMEM;
	t->n_classes = conf->n_classes;
	for (uint32_t i = 0; i < conf->n_classes; i++)
		memcpy(t->classes[i], conf->classes[i].name, sizeof(t->classes[i]));
	return 0;
}

static int
add_tenant(struct cgn_radius_settings *s, uint32_t number, const struct cgn_conf_tenant *conf,
	struct cgn_errmsg *err)
{
	struct cgn_radius_tenant *t = &s->tenants[s->n_tenants];
	uint32_t listen = listen_of(s, &conf->radius);

	t->number = number;
	memcpy(t->name, conf->name, sizeof(t->name));
	t->subscriber = conf->radius.subscriber;
	t->class_from = conf->radius.class_from;
	for (uint32_t i = 0; i < conf->radius.n_clients; i++)
		s->clients[s->n_clients++] = (struct cgn_radius_client){
			.prefix = conf->radius.clients[i].prefix,
			.listen = listen,
			.tenant = s->n_tenants};
	s->n_tenants++;
	if (copy_classes(t, conf) < 0) {
		cgn_errmsg_set(err, "no memory for the clients of radius");
		return -ENOMEM;
	}
	return cgn_radius_secret_read(conf->radius.secret_file, &t->secret, err);
}

static int
compare_clients(const void *a, const void *b)
{
	const struct cgn_radius_client *x = a, *y = b;

	if (x->listen != y->listen)
		return x->listen < y->listen ? -1 : 1;
	return x->prefix.addr < y->prefix.addr ? -1 : x->prefix.addr > y->prefix.addr;
}

/* Room for all that the directory can ask for. */
static int
take_room(struct cgn_radius_settings *s, const struct cgn_directory *dir)
{
	size_t n_tenants = 1, n_clients = 1;

	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		if (!cgn_directory_tenant_live(dir, t) || dir->tenants[t].conf->radius.listen == 0)
			continue;
		n_tenants++;
		n_clients += dir->tenants[t].conf->radius.n_clients;
	}
	s->listens = calloc(n_tenants, sizeof(*s->listens));
	s->tenants = calloc(n_tenants, sizeof(*s->tenants));
	s->clients = calloc(n_clients, sizeof(*s->clients));
	return s->listens != NULL && s->tenants != NULL && s->clients != NULL ? 0 : -ENOMEM;
}

struct cgn_radius_settings *
cgn_radius_settings_create(const struct cgn_directory *dir, struct cgn_errmsg *err)
{
	struct cgn_radius_settings *s = calloc(1, sizeof(*s));
	int rc = s != NULL ? take_room(s, dir) : -ENOMEM;

	if (rc < 0)
		cgn_errmsg_set(err, "no memory for the clients of radius");
	for (uint32_t t = 0; t < dir->n_tenants && rc == 0; t++)
		if (cgn_directory_tenant_live(dir, t) && dir->tenants[t].conf->radius.listen != 0)
			rc = add_tenant(s, t, dir->tenants[t].conf, err);
	if (rc < 0) {
		cgn_radius_settings_destroy(s);
		errno = -rc;
		return NULL;
	}
	qsort(s->clients, s->n_clients, sizeof(*s->clients), compare_clients);
	return s;
}

void
cgn_radius_settings_destroy(struct cgn_radius_settings *settings)
{
	if (settings == NULL)
		return;
	for (uint32_t t = 0; t < settings->n_tenants; t++) {
		explicit_bzero(&settings->tenants[t].secret, sizeof(settings->tenants[t].secret));
		free(settings->tenants[t].classes);
	}
	free(settings->listens);
	free(settings->tenants);
	free(settings->clients);
	free(settings);
}

bool
cgn_radius_tenant_has_class(const struct cgn_radius_tenant *tenant, const char *name)
{
	for (uint32_t i = 0; i < tenant->n_classes; i++)
		if (strcmp(tenant->classes[i], name) == 0)
			return true;
	return false;
}

struct cgn_radius_client *
cgn_radius_settings_find(const struct cgn_radius_settings *settings, uint32_t listen, uint32_t src)
{
	uint32_t first = 0, n = settings->n_clients;

	while (n > 0) { /* the last client that does not begin above src */
		struct cgn_radius_client *c = &settings->clients[first + n / 2];
		bool above = c->listen > listen || (c->listen == listen && c->prefix.addr > src);

		first += above ? 0 : n / 2 + 1;
		n = above ? n / 2 : n - n / 2 - 1;
	}
	if (first == 0)
		return NULL;
	first--;
	return settings->clients[first].listen == listen &&
			cgn_prefix_has(settings->clients[first].prefix, src)
		? &settings->clients[first]
		: NULL;
}
