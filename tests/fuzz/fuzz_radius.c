/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/radius as an accounting server: any datagrams, with sessions behind it that
 * are a list. What is changed is what an authentic packet asked for, an answer is what RFC 2866
 * section 4.2 says, and records agree with the sessions.
 *
 * Input: records of a byte of flags (1: signed; 2: the batch ends; 4: control fails; 8: from a
 * stranger; 16, 32: time goes on), a length, and that many bytes of attributes after a header that
 * is made; unsigned ones are the whole packet.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "log.h"
#include "radius.h"
#include "request_build.h"

enum { SIGNED = 1, ENDS = 2, FAILS = 4, STRANGER = 8, LATER = 16, MUCH_LATER = 32 };
enum { CLIENT = 0x7f000001, MAX_SESSIONS = 1024 };

static struct {
	struct cgn_session_change sessions[MAX_SESSIONS];
	uint32_t n;
	bool fails;
} model;

static struct {
	struct cgn_radius *radius;
	struct cgn_radius_datagram datagrams[CGN_RADIUS_BATCH];
	struct rb_packet packets[CGN_RADIUS_BATCH];
	uint8_t answers[CGN_RADIUS_BATCH][CGN_RADIUS_MAX];
	bool is_signed[CGN_RADIUS_BATCH];
	uint32_t n;
	cgn_ns_t now;
} bed;

static uint32_t
find(uint32_t addr)
{
	uint32_t i = 0;

	while (i < model.n && model.sessions[i].addr != addr)
		i++;
	return i;
}

static void
change(struct cgn_session_change *c)
{
	uint32_t i = find(c->addr);
	bool is_same = i < model.n && strcmp(model.sessions[i].id, c->id) == 0;

	CHECK(c->tenant == 1 && c->addr != 0);
	CHECK(c->id[0] != '\0' && memchr(c->id, '\0', sizeof(c->id)) != NULL);
	CHECK(strpbrk(c->id, " ,") == NULL);
	if (c->kind == CGN_SESSION_REMOVE) {
		c->result = is_same ? CGN_SESSION_REMOVED : CGN_SESSION_NONE;
		if (is_same)
			model.sessions[i] = model.sessions[--model.n];
	} else if (i == MAX_SESSIONS) {
		c->result = CGN_SESSION_FULL;
	} else {
		c->result = is_same ? CGN_SESSION_REFRESHED : CGN_SESSION_ADDED;
		model.sessions[i] = *c;
		model.n += i == model.n;
	}
}

static int
apply(void *ctx, struct cgn_session_change *changes, uint32_t n)
{
	(void)ctx;
	for (uint32_t i = 0; i < (model.fails ? n / 2 : n); i++)
		change(&changes[i]);
	return model.fails ? -ETIMEDOUT : 0;
}

static void
set_up(void)
{
	struct cgn_radius_settings *s = calloc(1, sizeof(*s));

	CHECK(s != NULL);
	cgn_log_set_level(CGN_LOG_ERROR); /* refused packets are no news here */
	s->n_listens = s->n_tenants = s->n_clients = 1;
	s->listens = calloc(1, sizeof(*s->listens));
	s->tenants = calloc(1, sizeof(*s->tenants));
	s->clients = calloc(1, sizeof(*s->clients));
	CHECK(s->listens != NULL && s->tenants != NULL && s->clients != NULL);
	s->tenants[0] = (struct cgn_radius_tenant){.number = 1, .name = "a", .secret = rb_secret()};
	s->clients[0] = (struct cgn_radius_client){.prefix = {CLIENT, 32}};
	memset(&model, 0, sizeof(model));
	bed.radius = cgn_radius_create(s, apply, NULL);
	CHECK(bed.radius != NULL);
	bed.now = 1000 * CGN_NS_PER_S;
	bed.n = 0;
}

static void
check_answer(const struct cgn_radius_datagram *d, bool is_signed)
{
	const uint8_t *a = d->answer;
	uint32_t at = CGN_RADIUS_MIN;

	if (d->answer_len == 0)
		return;
	CHECK(is_signed && d->src == CLIENT); /* without the secret nobody signs */
	CHECK(a[0] == 5 && a[1] == d->bytes[1] && (a[2] << 8 | a[3]) == d->answer_len);
	CHECK(d->answer_len <= d->len);
	for (; at < d->answer_len; at += a[at + 1])
		CHECK(a[at] == RB_PROXY && a[at + 1] >= 2);
	CHECK(at == d->answer_len);
}

/* Every session is one that a record knows; not the other way when control did half of its work. */
static void
check_records(void)
{
	const struct cgn_radius_records *all = &bed.radius->records;
	uint64_t n = 0;

	for (uint32_t i = 0; i < all->n; i++)
		n += all->records[i].owner.key != 0;
	CHECK(n == bed.radius->n_sessions);
	for (uint32_t i = 0; i < model.n; i++)
		CHECK(cgn_radius_records_find(all, 1, model.sessions[i].addr) != NULL);
}

static void
serve(void)
{
	cgn_radius_serve(bed.radius, bed.datagrams, bed.n, bed.now, bed.now / CGN_NS_PER_MS);
	for (uint32_t i = 0; i < bed.n; i++)
		check_answer(&bed.datagrams[i], bed.is_signed[i]);
	check_records();
	bed.n = 0;
}

static void
add(uint8_t flags, const uint8_t *bytes, uint8_t len)
{
	struct rb_packet *p = &bed.packets[bed.n];

	rb_begin(p, len);
	if (flags & SIGNED) {
		memcpy(p->bytes + p->len, bytes, len);
		p->len = (uint16_t)(p->len + len);
		rb_sign(p);
	} else {
		memcpy(p->bytes, bytes, len);
		p->len = len;
	}
	bed.is_signed[bed.n] = flags & SIGNED;
	bed.datagrams[bed.n] = (struct cgn_radius_datagram){
		.src = flags & STRANGER ? CLIENT + 1 : CLIENT,
		.bytes = p->bytes,
		.len = p->len,
		.answer = bed.answers[bed.n]};
	bed.n++;
	bed.now += (flags & LATER ? CGN_NS_PER_S : 0) +
		(flags & MUCH_LATER ? 100 * CGN_NS_PER_S : 0);
	model.fails = flags & FAILS;
	if ((flags & ENDS) || bed.n == CGN_RADIUS_BATCH)
		serve();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	set_up();
	while (size >= 2) {
		uint8_t len = data[1] < size - 2 ? data[1] : (uint8_t)(size - 2);

		add(data[0], data + 2, len);
		data += 2 + len;
		size -= 2u + len;
	}
	model.fails = false;
	serve();
	cgn_radius_destroy(bed.radius);
	return 0;
}
