/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Least privileges. Before EAL, with one thread: a umask, no new privileges, and of the
 * capabilities those that a start can need. When everything runs: none, in all threads (main keeps
 * what closing af_xdp takes); no core files, no tracing by others of the same user; and a filter of
 * system calls (syscalls.c). Stages of stages.c; main thread.
 */
#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "all_threads.h"
#include "daemon.h"
#include "log.h"
#include "syscalls.h"

/* What a start can need, by any device. Files are not among it: what only CAP_DAC_OVERRIDE can read
 * at the start could not be read at a reload. */
static const unsigned int start_caps[] = {
	CAP_CHOWN,        /* the telemetry socket becomes telemetry.group's (eal.c) */
	CAP_NET_ADMIN,    /* tap, af_packet, af_xdp, mlx5: interfaces */
	CAP_NET_RAW,      /* af_packet, af_xdp, pcap, mlx5: sockets */
	CAP_IPC_LOCK,     /* vfio pins memory beyond RLIMIT_MEMLOCK */
	CAP_SYS_NICE,     /* memory of another NUMA node (mbind) */
	CAP_SYS_RESOURCE, /* af_xdp raises RLIMIT_MEMLOCK */
	CAP_BPF,          /* af_xdp and tap load programs */
	CAP_PERFMON,      /* their verifier */
	CAP_SYS_ADMIN,    /* libxdp finds programs by number; physical addresses without IOMMU */
	CAP_SYS_RAWIO,    /* uio */
};

/* Its closing takes an XDP program off the interface; tap and af_packet close without a capability.
 */
static const char xdp_device[] = "net_af_xdp";

static bool
is_start_cap(unsigned int cap)
{
	for (size_t i = 0; i < sizeof(start_caps) / sizeof(start_caps[0]); i++)
		if (start_caps[i] == cap)
			return true;
	return false;
}

int
cgn_confine_begin(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	const capng_type_t own = (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED |
		CAPNG_INHERITABLE | CAPNG_AMBIENT);

	(void)d;
	umask(027);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		cgn_errmsg_set(err, "no_new_privs: %s", strerror(errno));
		return -errno;
	}
	capng_get_caps_process();
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
			capng_update(CAPNG_DROP, CAPNG_BOUNDING_SET, cap);
		capng_apply(CAPNG_SELECT_BOUNDS); /* needless with no_new_privs: a second lock */
	}
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!is_start_cap(cap))
			capng_update(CAPNG_DROP, own, cap);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0) {
		cgn_errmsg_set(err, "capabilities cannot be given up: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}

/* Of the calling thread; in a signal handler. */
static int
set_caps(uint32_t caps)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = caps, .permitted = caps}};

	return syscall(SYS_capset, &head, data) < 0 ? errno : 0;
}

static int
drop_caps(void)
{
	return set_caps(0);
}

/* What main, which closes the devices, goes on with, of what it has. */
static uint32_t
closing_caps(const struct cgn_conf *conf)
{
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return 0;
	for (uint16_t p = 0; p < conf->n_ports; p++)
		if (strncmp(conf->ports[p].device, xdp_device, strlen(xdp_device)) == 0)
			return UINT32_C(1) << CAP_NET_ADMIN;
	return 0;
}

/* The memory holds who talks to whom: no file of it, and nobody looks into it. */
static void
keep_memory_private(void)
{
	static const struct rlimit none;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
cgn_confine_end(struct cgn_daemon *d, struct cgn_errmsg *err)
{
	uint32_t caps = closing_caps(d->conf);
	int rc = cgn_all_threads(drop_caps);

	if (rc == 0)
		rc = -set_caps(caps);
	if (rc < 0) {
		cgn_errmsg_set(err, "capabilities cannot be given up: %s", strerror(-rc));
		return rc;
	}
	if (!d->options->core_dumps)
		keep_memory_private();
	if (!d->options->no_seccomp) {
		rc = cgn_syscalls_filter();
		if (rc < 0) {
			cgn_errmsg_set(err,
				"the filter of system calls is refused: %s; a kernel without "
				"seccomp needs --no-seccomp",
				strerror(-rc));
			return rc;
		}
	}
	cgn_info("cgnatd", "confined uid=%u capabilities=%s seccomp=%s core_dumps=%s", getuid(),
		caps != 0 ? "net_admin" : "none", d->options->no_seccomp ? "off" : "on",
		d->options->core_dumps ? "on" : "off");
	return 0;
}

void
cgn_confine_stop(struct cgn_daemon *d)
{
	(void)d; /* there is no way back */
}
