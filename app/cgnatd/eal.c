/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL up and down: its command line made from the configuration, and what it leaves in the runtime
 * directory taken away. Lcore numbers: 0 main (any CPU, it only waits), 1…n workers, n+1 control.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "daemon.h"
#include "log.h"

enum { MAX_ARGS = 24 + 2 * CGN_MAX_PORTS, ARG_LEN = 2048 };

struct args {
	int n;
	char *argv[MAX_ARGS];
	char text[MAX_ARGS][ARG_LEN];
};

static void __attribute__((format(printf, 2, 3))) add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->text[a->n], ARG_LEN, fmt, ap);
	va_end(ap);
	a->argv[a->n] = a->text[a->n];
	a->n++;
}

/* Hexadecimal digits and then one of `end`; moves past both. */
static bool
skip_hex(const char **s, char end)
{
	size_t n = strspn(*s, "0123456789abcdefABCDEF");

	if (n == 0 || (*s)[n] != end)
		return false;
	*s += n + 1;
	return true;
}

/* domain:bus:device.function, or the same without the domain. */
static bool
is_pci(const char *device)
{
	const char *s = device;

	if (!skip_hex(&s, ':') || !skip_hex(&s, strchr(s, ':') != NULL ? ':' : '.'))
		return false;
	return s[-1] == '.' ? skip_hex(&s, '\0') : skip_hex(&s, '.') && skip_hex(&s, '\0');
}

static void
add_lcores(struct args *a, const struct cgn_conf *conf)
{
	char text[ARG_LEN];
	cpu_set_t set;
	int n, first = -1, last = -1;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		first = first < 0 ? cpu : first;
		last = cpu;
	}
	n = snprintf(text, sizeof(text), "0@(%d-%d)", first, last);
	for (uint16_t w = 0; w < conf->cores.n_workers; w++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, ",%u@%u", w + 1,
			conf->cores.workers[w]);
	snprintf(text + n, sizeof(text) - (size_t)n, ",%u@%u", conf->cores.n_workers + 1,
		conf->cores.control);
	add(a, "--lcores=%s", text);
	add(a, "--main-lcore=0");
}

static void
make_args(struct args *a, const struct cgn_conf *conf)
{
	bool pci = false;

	add(a, "cgnatd");
	add_lcores(a, conf);
	add(a, "--file-prefix=%s", conf->file_prefix);
	add(a, "--log-level=%s", conf->log_level >= CGN_LOG_DEBUG ? "debug" : "warning");
	add(a, "-m");
	add(a, "%u", conf->memory.size_mib);
	if (conf->memory.hugepages)
		add(a, "--in-memory"); /* pages vanish with the process, whatever ends it */
	else {
		add(a, "--no-huge");
		add(a, "--no-shconf");
	}
	for (uint16_t p = 0; p < conf->n_ports; p++) {
		bool is = is_pci(conf->ports[p].device);

		pci |= is;
		add(a, is ? "--allow=%s" : "--vdev=%s", conf->ports[p].device);
	}
	if (!pci)
		add(a, "--no-pci");
}

/* Where EAL keeps the telemetry socket, by its own rules, known before it is up. */
static void
find_runtime_dir(struct cgn_daemon *d)
{
	const char *base = getenv("RUNTIME_DIRECTORY");

	if (base == NULL || base[0] == '\0')
		base = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");
	snprintf(d->runtime_dir, sizeof(d->runtime_dir), "%s/dpdk/%s", base != NULL ? base : "/tmp",
		d->conf->file_prefix);
}

/* Is another daemon answering on the socket of this prefix? */
static bool
is_running(const struct cgn_daemon *d)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	bool running;

	if (fd < 0)
		return false;
	if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dpdk_telemetry.v2",
		    d->runtime_dir) >= sizeof(addr.sun_path)) {
		close(fd);
		return false;
	}
	running = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EAGAIN;
	close(fd);
	return running;
}

/* EAL leaves its runtime directory behind; everything in it belongs to this process. */
static void
remove_runtime_dir(const struct cgn_daemon *d)
{
	DIR *dir = opendir(d->runtime_dir);
	char parent[sizeof(d->runtime_dir)];
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(d->runtime_dir);
	snprintf(parent, sizeof(parent), "%s", d->runtime_dir);
	*strrchr(parent, '/') = '\0';
	rmdir(parent); /* stays if another DPDK program uses it */
}

/* EAL only says "invalid parameter" about a CPU that is not there. */
static int
check_cpus(const struct cgn_conf *conf, struct cgn_errmsg *err)
{
	cpu_set_t set;
	int cpu = conf->cores.control;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (uint16_t w = 0; w < conf->cores.n_workers && CPU_ISSET(cpu, &set); w++)
		cpu = conf->cores.workers[w];
	if (CPU_ISSET(cpu, &set))
		return 0;
	cgn_errmsg_set(err,
		"CPU %d of cores.* does not exist or is not given to this process, which may use "
		"%d: "
		"choose others (see nproc, taskset)",
		cpu, CPU_COUNT(&set));
	return -EINVAL;
}

/* The group that telemetry.group names; 0 with -1 in *gid when it names none. */
static int
find_group(const struct cgn_conf *conf, gid_t *gid, struct cgn_errmsg *err)
{
	const struct group *group;

	*gid = (gid_t)-1;
	if (conf->telemetry.group[0] == '\0')
		return 0;
	group = getgrnam(conf->telemetry.group);
	if (group == NULL) {
		cgn_errmsg_set(err, "telemetry.group: there is no group \"%s\" on this machine",
			conf->telemetry.group);
		return -ENOENT;
	}
	*gid = group->gr_gid;
	return 0;
}

/* The members may enter the directory and use the socket; nobody else may. */
static int
open_socket_to(const struct cgn_daemon *d, gid_t gid, struct cgn_errmsg *err)
{
	char parent[sizeof(d->runtime_dir)], path[sizeof(d->runtime_dir) + 32];

	if (gid == (gid_t)-1)
		return 0;
	snprintf(path, sizeof(path), "%s/dpdk_telemetry.v2", d->runtime_dir);
	snprintf(parent, sizeof(parent), "%s", d->runtime_dir);
	*strrchr(parent, '/') = '\0';
	/* Other DPDK programs have their directories beside: to be passed through, not listed. */
	if (chown(path, (uid_t)-1, gid) == 0 && chmod(path, 0660) == 0 &&
		chown(d->runtime_dir, (uid_t)-1, gid) == 0 && chmod(d->runtime_dir, 0710) == 0 &&
		chmod(parent, 0711) == 0)
		return 0;
	cgn_errmsg_set(err, "telemetry.group: %s cannot be given to group %s: %s", path,
		d->conf->telemetry.group, strerror(errno));
	return -EPERM;
}

/* What EAL makes is its owner's from the first moment, whatever umask the caller has. */
static int
init_eal(struct args *args)
{
	mode_t mask = umask(0077);
	int rc = rte_eal_init(args->n, args->argv);

	umask(mask);
	return rc;
}

int
cgn_eal_start(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	static struct args args; /* EAL keeps pointers into it */
	gid_t gid;
	int rc;

	find_runtime_dir(d);
	if (is_running(d)) {
		cgn_errmsg_set(err,
			"another process uses file_prefix \"%s\" (%s): stop it or choose another "
			"prefix",
			d->conf->file_prefix, d->runtime_dir);
		return -EBUSY;
	}
	if (check_cpus(d->conf, err) < 0 || find_group(d->conf, &gid, err) < 0)
		return -EINVAL;
	make_args(&args, d->conf);
	if (init_eal(&args) >= 0) {
		rc = open_socket_to(d, gid, err);
		if (rc < 0)
			cgn_eal_stop(d);
		return rc;
	}
	cgn_errmsg_set(err,
		"DPDK's environment did not come up (%s); it says why above. Common causes: %s; a "
		"CPU of "
		"cores.* that does not exist; a driver in ports[].device that does not exist; not "
		"enough "
		"rights",
		rte_strerror(rte_errno),
		d->conf->memory.hugepages ? "too few free hugepages for memory.size_mib"
					  : "memory.size_mib beyond what is free");
	remove_runtime_dir(d);
	return -EIO;
}

void
cgn_eal_stop(struct cgn_daemon *d)
{
	rte_eal_cleanup();
	remove_runtime_dir(d);
}
