/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/radius/radius: datagrams in, changes of sessions and answers out. */
#include "radius.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "counters.h"
#include "request_build.h"

enum {
	CLIENT = 0xc0000240, /* 192.0.2.64/28, tenant 4 */
	OTHER = 0xc0000280,  /* 192.0.2.128/32, tenant 5 */
	NOBODY = 0xc6336401,
	A1 = 0x6440000a,
	MAX_SESSIONS = 512,
};

/* What stands for control: sessions as lib/control/session.h says. */
static struct fake {
	struct {
		uint32_t tenant, addr;
		char id[CGN_SESSION_ID_LEN], class_name[CGN_NAME_LEN];
	} sessions[MAX_SESSIONS];
	uint32_t n, n_calls, n_changes;
	int fail;                       /* what apply returns, and does then half of its work */
	enum cgn_session_result refuse; /* ADD, if not PENDING */
} fake;

static struct cgn_radius *radius;
static struct cgn_radius_datagram datagrams[CGN_RADIUS_BATCH];
static struct rb_packet packets[CGN_RADIUS_BATCH];
static uint8_t answers[CGN_RADIUS_BATCH][CGN_RADIUS_MAX];
static uint32_t n_datagrams;
static uint8_t next_id;
static cgn_ns_t now;

static uint32_t
fake_at(uint32_t tenant, uint32_t addr)
{
	uint32_t i = 0;

	while (i < fake.n && (fake.sessions[i].tenant != tenant || fake.sessions[i].addr != addr))
		i++;
	return i;
}

static void
fake_change(struct cgn_session_change *c)
{
	uint32_t i = fake_at(c->tenant, c->addr);
	bool is_there = i < fake.n, is_same = is_there && strcmp(fake.sessions[i].id, c->id) == 0;

	if (c->kind == CGN_SESSION_REMOVE) {
		c->result = is_same ? CGN_SESSION_REMOVED : CGN_SESSION_NONE;
		if (is_same)
			fake.sessions[i] = fake.sessions[--fake.n];
		return;
	}
	cr_assert_eq(c->kind, CGN_SESSION_ADD);
	c->result = is_same ? CGN_SESSION_REFRESHED : CGN_SESSION_ADDED;
	if (fake.refuse != CGN_SESSION_PENDING) {
		c->result = (uint8_t)fake.refuse;
		return;
	}
	fake.n += !is_there;
	fake.sessions[i].tenant = c->tenant;
	fake.sessions[i].addr = c->addr;
	strcpy(fake.sessions[i].id, c->id);
	strcpy(fake.sessions[i].class_name, c->class_name);
}

static int
fake_apply(void *ctx, struct cgn_session_change *changes, uint32_t n)
{
	cr_assert_eq(ctx, &fake);
	cr_assert_leq(n, CGN_SESSION_BATCH);
	fake.n_calls++;
	for (uint32_t i = 0; i < (fake.fail != 0 ? n / 2 : n); i++, fake.n_changes++)
		fake_change(&changes[i]);
	return fake.fail;
}

static struct cgn_radius_settings *
make_settings(void)
{
	struct cgn_radius_settings *s = calloc(1, sizeof(*s));

	s->n_listens = 1;
	s->n_tenants = s->n_clients = 2;
	s->listens = calloc(1, sizeof(*s->listens));
	s->tenants = calloc(2, sizeof(*s->tenants));
	s->clients = calloc(2, sizeof(*s->clients));
	s->tenants[0] = (struct cgn_radius_tenant){.number = 4, .name = "a", .secret = rb_secret()};
	s->tenants[1] = (struct cgn_radius_tenant){.number = 5,
		.name = "b",
		.secret = rb_secret(),
		.subscriber = CGN_RADIUS_BY_CALLING_STATION,
		.class_from = CGN_RADIUS_CLASS_FILTER_ID};
	s->tenants[1].classes = calloc(1, sizeof(*s->tenants[1].classes));
	s->tenants[1].n_classes = 1;
	strcpy(s->tenants[1].classes[0], "gold");
	s->clients[0] = (struct cgn_radius_client){.prefix = {CLIENT, 28}, .tenant = 0};
	s->clients[1] = (struct cgn_radius_client){.prefix = {OTHER, 32}, .tenant = 1};
	return s;
}

static void
setup(void)
{
	memset(&fake, 0, sizeof(fake));
	now = 1000 * CGN_NS_PER_S;
	n_datagrams = 0;
	radius = cgn_radius_create(make_settings(), fake_apply, &fake);
	cr_assert_not_null(radius);
}

static void
teardown(void)
{
	cgn_radius_destroy(radius);
}

TestSuite(radius_server, .init = setup, .fini = teardown);

/* The next datagram of the batch; what it says is added to the packet before serve. */
static struct rb_packet *
add(uint32_t src)
{
	struct rb_packet *p = &packets[n_datagrams];

	rb_begin(p, next_id++);
	datagrams[n_datagrams] = (struct cgn_radius_datagram){
		.src = src, .src_port = 50000, .bytes = p->bytes, .answer = answers[n_datagrams]};
	n_datagrams++;
	return p;
}

static struct rb_packet *
say(uint32_t src, uint32_t status, const char *session, const char *user, uint32_t addr)
{
	struct rb_packet *p = add(src);

	rb_number(p, RB_STATUS, status);
	rb_text(p, RB_SESSION, session);
	rb_text(p, RB_USER, user);
	rb_text(p, RB_STATION, user);
	rb_number(p, RB_NAS, src);
	if (addr != 0)
		rb_number(p, RB_ADDRESS, addr);
	return p;
}

/* Signs what was not, serves the batch, and returns how many were answered. */
static uint32_t
serve(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < n_datagrams; i++) {
		rb_sign(&packets[i]);
		datagrams[i].len = packets[i].len;
	}
	now += CGN_NS_PER_MS;
	cgn_radius_serve(radius, datagrams, n_datagrams, now, now / CGN_NS_PER_MS);
	for (uint32_t i = 0; i < n_datagrams; i++)
		n += datagrams[i].answer_len > 0;
	n_datagrams = 0;
	return n;
}

static uint64_t
counted(uint32_t client, enum cgn_accounting_kind kind, enum cgn_accounting_result result)
{
	return radius->settings->clients[client].counts[kind * CGN_N_ACCOUNTING_RESULTS + result];
}

#define one(kind, result) counted(0, CGN_ACCOUNTING_##kind, CGN_ACCOUNTING_##result)

static const char *
owner(uint32_t tenant, uint32_t addr)
{
	uint32_t i = fake_at(tenant, addr);

	return i < fake.n ? fake.sessions[i].id : "-";
}

Test(radius_server, start_and_stop_make_and_end_a_session)
{
	say(CLIENT, 1, "S1", "alice", A1);
	cr_expect_eq(serve(), 1);
	cr_expect_str_eq(owner(4, A1), "alice");
	cr_expect_eq(one(START, ADDED), 1);
	cr_expect_eq(radius->n_sessions, 1);
	say(CLIENT, 3, "S1", "alice", A1);
	cr_expect_eq(serve(), 1);
	cr_expect_eq(one(INTERIM, REFRESHED), 1);
	say(CLIENT, 2, "S1", "alice", A1);
	cr_expect_eq(serve(), 1);
	cr_expect_str_eq(owner(4, A1), "-");
	cr_expect_eq(one(STOP, ENDED), 1);
	cr_expect_eq(radius->n_sessions, 0);
}

/* The source says whose tenant and what counts there. */
Test(radius_server, tenants_are_told_apart_by_client)
{
	struct rb_packet *p;

	say(CLIENT + 15, 1, "S1", "alice", A1);
	p = say(OTHER, 1, "S1", "bob", A1);
	rb_text(p, RB_FILTER, "gold");
	rb_text(p, RB_CLASS, "no");
	cr_expect_eq(serve(), 2);
	cr_expect_str_eq(owner(4, A1), "alice");
	cr_expect_str_eq(owner(5, A1), "bob");
	cr_expect_str_eq(fake.sessions[fake_at(5, A1)].class_name, "gold");
	cr_expect_str_eq(fake.sessions[fake_at(4, A1)].class_name, "");
	p = say(OTHER, 3, "S1", "bob", A1);
	rb_text(p, RB_FILTER, "silver");
	cr_expect_eq(serve(), 1);
	cr_expect_str_eq(fake.sessions[fake_at(5, A1)].class_name, "", "no class of the tenant");
	cr_expect_eq(counted(1, CGN_ACCOUNTING_START, CGN_ACCOUNTING_ADDED), 1);
}

Test(radius_server, strangers_get_no_answer)
{
	static const uint32_t strangers[] = {NOBODY, CLIENT - 1, CLIENT + 16, OTHER + 1, 0};

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		say(strangers[i], 1, "S1", "alice", A1);
	cr_expect_eq(serve(), 0);
	cr_expect_eq(fake.n_changes, 0);
	cr_expect_eq(radius->unknown_clients, 5);
}

Test(radius_server, a_wrong_secret_changes_nothing)
{
	radius->settings->tenants[0].secret.bytes[0]++;
	say(CLIENT, 1, "S1", "alice", A1);
	cr_expect_eq(serve(), 0);
	cr_expect_eq(fake.n_changes, 0);
	cr_expect_eq(one(UNREAD, WRONG_SECRET), 1);
	cr_expect_eq(radius->records.n, 0);
}

/* PMP-31: the new owner's Start ends the old one's session, whose late Stop ends nothing. */
Test(radius_server, a_late_stop_of_the_old_owner_ends_nothing)
{
	say(CLIENT, 1, "S1", "alice", A1);
	say(CLIENT, 1, "S2", "bob", A1);
	say(CLIENT, 2, "S1", "alice", A1);
	cr_expect_eq(serve(), 3);
	cr_expect_str_eq(owner(4, A1), "bob");
	cr_expect_eq(one(START, TAKEN_OVER), 1);
	cr_expect_eq(one(STOP, NOT_OWNER), 1);
	cr_expect_eq(radius->n_sessions, 1);
}

/* RFC 5080 section 2.2.2 */
Test(radius_server, a_repeated_packet_gets_the_same_answer_once)
{
	uint8_t first[CGN_RADIUS_MAX];
	struct rb_packet *p = say(CLIENT, 1, "S1", "alice", A1);
	uint16_t len;

	rb_text(p, RB_PROXY, "one");
	cr_expect_eq(serve(), 1);
	len = datagrams[0].answer_len;
	memcpy(first, answers[0], len);
	fake.n_changes = 0;
	memset(answers[0], 0xee, sizeof(answers[0]));
	n_datagrams = 1;
	cr_expect_eq(serve(), 1);
	cr_expect_eq(datagrams[0].answer_len, len);
	cr_expect_arr_eq(answers[0], first, len);
	cr_expect_eq(fake.n_changes, 0, "no second effect");
	cr_expect_eq(one(START, REPEATED), 1);
	now += CGN_RADIUS_SEEN_S * CGN_NS_PER_S;
	n_datagrams = 1;
	cr_expect_eq(serve(), 1);
	cr_expect_eq(fake.n_changes, 1, "by then it is another");
	cr_expect_eq(one(START, REFRESHED), 1);
}

Test(radius_server, a_repetition_from_elsewhere_is_none)
{
	say(CLIENT, 1, "S1", "alice", A1);
	serve();
	n_datagrams = 1;
	datagrams[0].src_port++;
	cr_expect_eq(serve(), 1);
	n_datagrams = 1;
	datagrams[0].src++;
	cr_expect_eq(serve(), 1);
	cr_expect_eq(one(START, REPEATED), 0);
	cr_expect_eq(one(START, REFRESHED), 2);
}

Test(radius_server, the_same_packet_twice_in_a_batch_is_answered_once)
{
	uint8_t id = next_id;

	say(CLIENT, 1, "S1", "alice", A1);
	next_id = id;
	say(CLIENT, 1, "S1", "alice", A1);
	cr_expect_eq(serve(), 1);
	cr_expect_eq(fake.n_changes, 1);
	cr_expect_eq(one(START, IN_HAND), 1);
}

/* RFC 2866 section 2: no answer to what is not recorded; then it is repeated, and counts. */
Test(radius_server, what_control_has_not_done_is_not_answered)
{
	say(CLIENT, 1, "S0", "zoe", A1);
	serve();
	fake.fail = -ETIMEDOUT; /* half of two is done */
	say(CLIENT, 1, "S1", "alice", A1 + 1);
	say(CLIENT, 1, "S2", "bob", A1);
	cr_expect_eq(serve(), 1);
	cr_expect_gt(datagrams[0].answer_len, 0);
	cr_expect_str_eq(owner(4, A1), "zoe");
	cr_expect_eq(one(START, NOT_RECORDED), 1);
	fake.fail = 0;
	datagrams[0] = datagrams[1];
	packets[0] = packets[1];
	datagrams[0].bytes = packets[0].bytes;
	n_datagrams = 1;
	cr_expect_eq(serve(), 1, "the repetition is no duplicate of an answered one");
	cr_expect_str_eq(owner(4, A1), "bob");
	cr_expect_eq(one(START, TAKEN_OVER), 1);
}

Test(radius_server, a_stop_that_was_not_recorded_ends_it_later)
{
	say(CLIENT, 1, "S1", "alice", A1);
	serve();
	fake.fail = -EBUSY;
	say(CLIENT, 2, "S1", "alice", A1);
	cr_expect_eq(serve(), 0);
	cr_expect_eq(radius->n_sessions, 1);
	fake.fail = 0;
	n_datagrams = 1;
	cr_expect_eq(serve(), 1);
	cr_expect_eq(one(STOP, ENDED), 1);
	cr_expect_eq(fake.n, 0);
}

Test(radius_server, what_is_not_ours_is_answered)
{
	fake.refuse = CGN_SESSION_NO_ADDRESS;
	say(CLIENT, 1, "S1", "alice", 0xc0a80001);
	say(CLIENT, 1, "S2", "bob", 0);
	say(CLIENT, 9, "S3", "tunnel", A1);
	cr_expect_eq(serve(), 3);
	cr_expect_eq(one(START, NOT_OURS), 1);
	cr_expect_eq(one(START, NO_ADDRESS), 1);
	cr_expect_eq(one(OTHER, NO_CONCERN), 1);
	cr_expect_eq(radius->n_sessions, 0);
}

Test(radius_server, a_stop_without_an_address_ends_the_session_that_it_names)
{
	say(CLIENT, 1, "S1", "alice", A1);
	say(CLIENT, 1, "S2", "bob", A1 + 1);
	say(OTHER, 1, "S1", "alice", A1);
	cr_expect_eq(serve(), 3);
	say(CLIENT, 2, "S1", "alice", 0);
	cr_expect_eq(serve(), 1);
	cr_expect_eq(one(STOP, ENDED), 1);
	cr_expect_eq(fake.n, 2);
	cr_expect_str_eq(owner(4, A1 + 1), "bob");
	/* It is over, and so is one that was never there. */
	say(CLIENT, 2, "S1", "alice", 0);
	say(CLIENT, 2, "S7", "carol", 0);
	cr_expect_eq(serve(), 2);
	cr_expect_eq(one(STOP, NO_ADDRESS), 2);
	cr_expect_eq(fake.n, 2);
}

Test(radius_server, a_session_that_cannot_be_is_not_answered)
{
	fake.refuse = CGN_SESSION_FULL;
	say(CLIENT, 1, "S1", "alice", A1);
	cr_expect_eq(serve(), 0);
	cr_expect_eq(one(START, REFUSED), 1);
	fake.refuse = CGN_SESSION_PENDING;
	n_datagrams = 1;
	cr_expect_eq(serve(), 1, "there is room now");
	cr_expect_str_eq(owner(4, A1), "alice");
}

Test(radius_server, what_names_the_subscriber_must_be_there)
{
	struct rb_packet *p = add(CLIENT);

	rb_number(p, RB_STATUS, 1);
	rb_text(p, RB_SESSION, "S1");
	rb_number(p, RB_NAS, CLIENT);
	rb_number(p, RB_ADDRESS, A1);
	cr_expect_eq(serve(), 0);
	cr_expect_eq(one(START, INCOMPLETE), 1);
}

/* All sessions that came by one access server end, in more slices than one. */
Test(radius_server, accounting_on_ends_the_sessions_of_its_server)
{
	enum { N = 300 };
	struct rb_packet *p;

	for (uint32_t i = 0; i < N; i++) {
		char user[16];

		snprintf(user, sizeof(user), "u%u", i);
		say(CLIENT, 1, user, user, A1 + i);
		if (n_datagrams == CGN_RADIUS_BATCH)
			serve();
	}
	say(CLIENT + 1, 1, "S1", "alice", A1 + N);
	say(OTHER, 1, "S1", "bob", A1);
	serve();
	cr_assert_eq(fake.n, N + 2);
	/* In one batch: what comes before it ends, what comes after it stays. */
	say(CLIENT, 1, "X1", "before", A1 + N + 1);
	p = add(CLIENT);
	rb_number(p, RB_STATUS, 7);
	rb_number(p, RB_NAS, CLIENT);
	now += 10 * CGN_NS_PER_S;
	say(CLIENT, 1, "X2", "after", A1 + N + 2);
	cr_expect_eq(serve(), 3);
	cr_expect_eq(one(ON, SWEPT), 1);
	cr_expect_eq(fake.n, 3);
	cr_expect_str_eq(owner(4, A1 + N), "alice");
	cr_expect_str_eq(owner(5, A1), "bob");
	cr_expect_str_eq(owner(4, A1 + N + 2), "after");
	cr_expect_eq(radius->n_sessions, 3);
}

Test(radius_server, accounting_on_that_was_not_recorded_is_not_answered)
{
	struct rb_packet *p;

	say(CLIENT, 1, "S1", "alice", A1);
	serve();
	p = add(CLIENT);
	rb_number(p, RB_STATUS, 8);
	rb_number(p, RB_NAS, CLIENT);
	fake.fail = -ETIMEDOUT;
	cr_expect_eq(serve(), 0);
	fake.fail = 0;
	n_datagrams = 1;
	cr_expect_eq(serve(), 1);
	cr_expect_eq(fake.n, 0);
	cr_expect_eq(one(OFF, SWEPT), 1);
}

/* A delay beyond 1970 is as long ago as can be: the session has no claim against another. */
Test(radius_server, an_absurd_delay_is_long_ago)
{
	rb_number(say(CLIENT, 1, "S1", "alice", A1), RB_DELAY, UINT32_MAX);
	say(CLIENT, 1, "S2", "bob", A1);
	cr_expect_eq(serve(), 2);
	cr_expect_str_eq(owner(4, A1), "bob");
	rb_number(say(CLIENT, 3, "S1", "alice", A1), RB_DELAY, UINT32_MAX);
	cr_expect_eq(serve(), 1);
	cr_expect_str_eq(owner(4, A1), "bob");
}

/* A reload: counters and sessions go on, and a new secret counts from then on. */
Test(radius_server, settings_change_while_sessions_stay)
{
	struct cgn_radius_settings *next = make_settings();

	say(CLIENT, 1, "S1", "alice", A1);
	serve();
	next->tenants[0].secret.bytes[0]++;
	next->clients[1].prefix.len = 31;
	cgn_radius_adopt(radius, next);
	cr_expect_eq(one(START, ADDED), 1);
	say(CLIENT, 2, "S1", "alice", A1);
	cr_expect_eq(serve(), 0);
	cr_expect_eq(one(UNREAD, WRONG_SECRET), 1);
	radius->settings->tenants[0].secret = rb_secret();
	say(CLIENT, 2, "S1", "alice", A1);
	cr_expect_eq(serve(), 1);
	cr_expect_eq(one(STOP, ENDED), 1);
}
