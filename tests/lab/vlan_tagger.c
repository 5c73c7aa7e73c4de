/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The access switch of the lab: joins untagged access interfaces to one 802.1Q trunk, each access
 * interface with a VLAN ID of its own. A frame from an access interface leaves on the trunk with
 * one more tag; a frame from the trunk loses its outer tag and leaves on the access interface of
 * that VLAN ID; anything else from the trunk goes nowhere. It exists because the kernels that the
 * lab has to run on may have no 8021q module. Started by scripts/lab; one thread, one poll loop.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	N_WIRES_MAX = 32,     /* the trunk and 31 access interfaces */
	BATCH = 64,           /* frames per system call */
	HEADROOM = 8,         /* two tags: the one that the kernel took off, and ours */
	FRAME_MAX = 9018 + 8, /* jumbo payload, Ethernet header, FCS room, two tags */
	MACS_LEN = 12,        /* the two addresses before the EtherType */
	TAG_LEN = 4,
	RCVBUF_BYTES = 8 << 20,
};

struct wire {
	int fd;
	uint16_t vid; /* 0: the trunk */
	const char *name;
};

/* Where one burst lives; iov[i] points at the first byte of frame i, after the headroom. */
struct burst {
	uint8_t frames[BATCH][HEADROOM + FRAME_MAX];
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control[BATCH];
};

static struct wire wires[N_WIRES_MAX]; /* [0] is the trunk */
static unsigned int n_wires;
static struct burst burst;

static void
fail(const char *what, const char *name)
{
	fprintf(stderr, "cgn-vlan-tagger: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static int
socket_open(const char *name)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct packet_mreq promisc = {.mr_type = PACKET_MR_PROMISC};
	const int on = 1, rcvbuf = RCVBUF_BYTES;
	int fd;

	at.sll_ifindex = (int)if_nametoindex(name);
	if (at.sll_ifindex == 0)
		fail("no interface", name);
	promisc.mr_ifindex = at.sll_ifindex;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("packet socket for", name);
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		fail("socket options for", name);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		fail("bind to", name);
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) < 0)
		fail("promiscuous mode of", name);
	return fd;
}

static void
tag_push(struct iovec *frame, uint16_t tpid, uint16_t tci)
{
	uint8_t *p = (uint8_t *)frame->iov_base - TAG_LEN;
	const uint16_t tag[2] = {htons(tpid), htons(tci)};

	memmove(p, frame->iov_base, MACS_LEN);
	memcpy(p + MACS_LEN, tag, TAG_LEN);
	frame->iov_base = p;
	frame->iov_len += TAG_LEN;
}

/* The kernel takes the outer tag off a received frame; this is where it put it, or NULL. */
static const struct tpacket_auxdata *
aux_tag(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const struct tpacket_auxdata *aux = (const void *)CMSG_DATA(c);

		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			return aux->tp_status & TP_STATUS_VLAN_VALID ? aux : NULL;
	}
	return NULL;
}

/* Fills the burst from one wire; returns the number of frames, 0 when there are none. */
static int
burst_receive(const struct wire *w)
{
	int n;

	for (int i = 0; i < BATCH; i++) {
		burst.iov[i] = (struct iovec){burst.frames[i] + HEADROOM, FRAME_MAX};
		burst.msgs[i].msg_hdr = (struct msghdr){
			.msg_iov = &burst.iov[i],
			.msg_iovlen = 1,
			.msg_control = &burst.control[i],
			.msg_controllen = sizeof(burst.control[i]),
		};
	}
	n = recvmmsg(w->fd, burst.msgs, BATCH, MSG_DONTWAIT, NULL);
	if (n >= 0)
		return n;
	/* ENETDOWN: the other side restarts; the socket works again when the interface is up. */
	if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		fail("receive from", w->name);
	return 0;
}

/* Sends frames first..first+n-1; what the interface has no room for is lost, as on a wire. */
static void
burst_send(const struct wire *w, int first, int n)
{
	while (n > 0) {
		const int sent = sendmmsg(w->fd, burst.msgs + first, (unsigned int)n, MSG_DONTWAIT);
		const int step = sent > 0 ? sent : 1;

		first += step;
		n -= step;
	}
}

static const struct wire *
access_find(const struct tpacket_auxdata *tag)
{
	if (!tag || tag->tp_vlan_tpid != ETH_P_8021Q)
		return NULL;
	for (unsigned int i = 1; i < n_wires; i++)
		if (wires[i].vid == (tag->tp_vlan_tci & 0xfff))
			return &wires[i];
	return NULL;
}

/* Frame i was received from w: makes it what the other side gets; NULL: it goes nowhere. */
static const struct wire *
frame_switch(const struct wire *w, int i)
{
	struct msghdr *msg = &burst.msgs[i].msg_hdr;
	const struct tpacket_auxdata *tag = aux_tag(msg);
	const struct wire *to = w == &wires[0] ? access_find(tag) : &wires[0];

	burst.iov[i].iov_len = burst.msgs[i].msg_len;
	if (msg->msg_flags & MSG_TRUNC || burst.iov[i].iov_len < ETH_HLEN)
		to = NULL;
	if (to == &wires[0]) {
		if (tag)
			tag_push(&burst.iov[i], tag->tp_vlan_tpid, tag->tp_vlan_tci);
		tag_push(&burst.iov[i], ETH_P_8021Q, w->vid);
	}
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	return to;
}

static void
wire_drain(const struct wire *w)
{
	const int n = burst_receive(w);
	const struct wire *run_to = NULL;
	int run_first = 0;

	/* Frames that follow each other to the same wire go out in one system call. */
	for (int i = 0; i < n; i++) {
		const struct wire *to = frame_switch(w, i);

		if (to != run_to) {
			if (run_to)
				burst_send(run_to, run_first, i - run_first);
			run_to = to;
			run_first = i;
		}
	}
	if (run_to)
		burst_send(run_to, run_first, n - run_first);
}

static void
access_parse(char *arg)
{
	char *colon = strrchr(arg, ':');
	char *end = NULL;
	const unsigned long vid = colon ? strtoul(colon + 1, &end, 10) : 0;

	if (!colon || *end != '\0' || vid < 1 || vid > 4094) {
		fprintf(stderr, "cgn-vlan-tagger: %s is not INTERFACE:VID (VID 1 to 4094)\n", arg);
		exit(2);
	}
	*colon = '\0';
	wires[n_wires++] = (struct wire){socket_open(arg), (uint16_t)vid, arg};
}

int
main(int argc, char **argv)
{
	struct pollfd polls[N_WIRES_MAX];

	if (argc < 3 || argc > N_WIRES_MAX + 1) {
		fprintf(stderr, "usage: cgn-vlan-tagger TRUNK INTERFACE:VID...\n");
		return 2;
	}
	wires[n_wires++] = (struct wire){socket_open(argv[1]), 0, argv[1]};
	for (int i = 2; i < argc; i++)
		access_parse(argv[i]);
	for (unsigned int i = 0; i < n_wires; i++)
		polls[i] = (struct pollfd){.fd = wires[i].fd, .events = POLLIN};
	printf("cgn-vlan-tagger: ready\n");
	fflush(stdout);
	for (;;) {
		if (poll(polls, n_wires, -1) < 0 && errno != EINTR)
			fail("poll of", "the wires");
		for (unsigned int i = 0; i < n_wires; i++)
			if (polls[i].revents)
				wire_drain(&wires[i]);
	}
}
