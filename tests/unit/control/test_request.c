/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/request: the mailbox, with one thread that asks and one that serves. */
#include "request.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <criterion/criterion.h>

#include "eal_fixture.h"

enum { N_CLIENTS = 8, N_CALLS = 2000 };

static struct cgn_request_box box;
static struct cgn_control *const control = (struct cgn_control *)0x40; /* only passed through */
static atomic_bool stop;

static void
start(void)
{
	eal_fixture_start();
	cr_assert_eq(cgn_request_init(&box, "test", -1), 0);
}

static void
finish(void)
{
	cgn_request_fini(&box);
	rte_eal_cleanup();
}

TestSuite(request, .init = start, .fini = finish, .timeout = 30);

static void
increment(struct cgn_control *c, void *arg)
{
	cr_assert_eq(c, control);
	++*(uint64_t *)arg;
}

static void
upper(struct cgn_control *c, void *arg)
{
	char *bytes = arg;

	(void)c;
	for (uint32_t i = 0; i < CGN_REQUEST_ARG_MAX; i++)
		bytes[i]++;
}

static void *
serve(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop))
		cgn_request_serve(control, &box);
	return NULL;
}

static pthread_t
server_start(void)
{
	pthread_t thread;

	atomic_store(&stop, false);
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	return thread;
}

static void
server_stop(pthread_t thread)
{
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}

Test(request, argument_goes_there_and_back)
{
	pthread_t thread = server_start();
	uint64_t n = 41;

	cr_assert_eq(cgn_request_call(&box, increment, &n, sizeof(n)), 0);
	cr_assert_eq(n, 42);
	server_stop(thread);
}

Test(request, largest_argument_is_carried_whole_and_a_larger_one_refused)
{
	static char bytes[CGN_REQUEST_ARG_MAX + 1];
	pthread_t thread = server_start();

	memset(bytes, 'a', sizeof(bytes));
	cr_assert_eq(cgn_request_call(&box, upper, bytes, CGN_REQUEST_ARG_MAX), 0);
	for (uint32_t i = 0; i < CGN_REQUEST_ARG_MAX; i++)
		cr_assert_eq(bytes[i], 'b');
	cr_assert_eq(bytes[CGN_REQUEST_ARG_MAX], 'a');
	cr_assert_eq(cgn_request_call(&box, upper, bytes, CGN_REQUEST_ARG_MAX + 1), -E2BIG);
	server_stop(thread);
}

Test(request, nothing_waits_in_an_empty_box)
{
	cr_assert_eq(cgn_request_serve(control, &box), 0);
}

Test(request, control_that_does_not_answer_is_given_up_and_the_slot_comes_back)
{
	uint64_t n = 7;

	for (int round = 0; round < 2; round++) {
		cr_assert_eq(cgn_request_call(&box, increment, &n, sizeof(n)), -ETIMEDOUT);
		cr_assert_eq(n, 7, "the caller's argument is left alone");
	}
	for (int round = 0; round < 2; round++)
		cr_assert_eq(cgn_request_serve(control, &box), 1);
	cr_assert_eq(cgn_request_serve(control, &box), 0);
	for (int i = 0; i < CGN_REQUEST_SLOTS; i++)
		cr_assert_eq(atomic_load(&box.slots[i].state), 0, "slot %d is lost", i);
}

static void *
give_up(void *arg)
{
	uint64_t n = 0;

	*(int *)arg = cgn_request_call(&box, increment, &n, sizeof(n));
	return NULL;
}

Test(request, full_box_is_busy_and_serves_again_later)
{
	pthread_t clients[CGN_REQUEST_SLOTS], server;
	int rcs[CGN_REQUEST_SLOTS];
	uint64_t n = 0;

	for (int i = 0; i < CGN_REQUEST_SLOTS; i++)
		pthread_create(&clients[i], NULL, give_up, &rcs[i]);
	for (int i = 0; i < CGN_REQUEST_SLOTS; i++) {
		pthread_join(clients[i], NULL);
		cr_assert_eq(rcs[i], -ETIMEDOUT);
	}
	cr_assert_eq(cgn_request_call(&box, increment, &n, sizeof(n)), -EBUSY);
	server = server_start();
	while (cgn_request_call(&box, increment, &n, sizeof(n)) == -EBUSY)
		sched_yield();
	cr_assert_eq(n, 1);
	server_stop(server);
}

static void *
call_often(void *arg)
{
	uint64_t n = 0;

	(void)arg;
	for (uint64_t i = 0; i < N_CALLS; i++)
		if (cgn_request_call(&box, increment, &n, sizeof(n)) != 0 || n != i + 1)
			return (void *)1;
	return NULL;
}

Test(request, many_clients_get_each_its_own_answer)
{
	pthread_t clients[N_CLIENTS], server = server_start();

	for (int i = 0; i < N_CLIENTS; i++)
		pthread_create(&clients[i], NULL, call_often, NULL);
	for (int i = 0; i < N_CLIENTS; i++) {
		void *failed;

		pthread_join(clients[i], &failed);
		cr_assert_null(failed);
	}
	server_stop(server);
}
