/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filter of system calls, by libseccomp; called by confine.c when all threads run. What is
 * always allowed the kernel looks up in a bitmap (decision 0016 has the cost).
 */
#include "syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define ALLOW(name) SCMP_SYS(name),
static const int allowed[] = {
#include "syscalls.def"
};
#define KILL(name) SCMP_SYS(name),
static const int deadly[] = {
#include "syscalls.def"
};

/* No new kinds of sockets: those of packets are open by now. */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* LeakSanitizer has a process of its own trace the threads at the end. */
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static int
add_allowed(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	return rc;
}

static int
add_deadly(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (!SANITIZED || deadly[i] != SCMP_SYS(ptrace))
			rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	return rc;
}

/* Nothing that is written becomes code. */
static int
add_arguments(scmp_filter_ctx ctx)
{
	int rc = seccomp_rule_add(
		ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	for (size_t i = 0; rc == 0 && i < sizeof(families) / sizeof(families[0]); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return rc;
}

int
cgn_syscalls_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));
	int rc;

	if (ctx == NULL)
		return -ENOMEM;
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0) /* what is refused is in the kernel's log */
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
	if (rc == 0) /* before Linux 5.16 the filter would slow down every load after a store */
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	if (rc == 0) /* a binary tree */
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = add_deadly(ctx);
	if (rc == 0 && !SANITIZED)
		rc = add_allowed(ctx);
	if (rc == 0 && !SANITIZED)
		rc = add_arguments(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}
