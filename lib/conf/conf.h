/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct cgn_conf: what the operator wrote, or the default, and nothing else. Filled by
 * cgn_conf_load on the main thread and const from then on; no run-time state lives here.
 * Every field below is one key of keys.def, which holds its range, default, unit and help.
 * Addresses are HOST order. Arrays are malloc'ed and freed by cgn_conf_free.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf_log.h"
#include "ipaddr.h"

enum cgn_idle { CGN_IDLE_POLL, CGN_IDLE_SLEEP };
enum cgn_binding { CGN_BINDING_NONE, CGN_BINDING_ACCESS };

/* What becomes of IPv4 options; source routing is refused before. */
enum cgn_ip_options { CGN_IP_OPTIONS_PASS, CGN_IP_OPTIONS_CLEAR, CGN_IP_OPTIONS_DROP };
enum cgn_unsolicited { CGN_UNSOLICITED_SILENT, CGN_UNSOLICITED_UNREACHABLE };
enum cgn_role { CGN_ROLE_INSIDE, CGN_ROLE_OUTSIDE };

/* 802.1Q tags of an attachment or uplink: none (n 0), one (vlan), two (outer_vlan, vlan). */
struct cgn_conf_tags {
	uint8_t n;
	uint16_t outer, inner; /* n 1: outer holds the VID; n 2: both */
	uint16_t outer_tpid;   /* sent on double tags: 0x88a8 or 0x8100; both are received */
};

struct cgn_conf_port {
	char name[CGN_NAME_LEN];
	char device[CGN_DEVICE_LEN]; /* PCI address or EAL vdev string */
	enum cgn_role role;
	uint16_t mtu; /* IP bytes */
	uint16_t rx_queues, rx_descriptors, tx_descriptors;
	bool promiscuous;
	struct cgn_conf_pos pos;
};

struct cgn_conf_route {
	struct cgn_prefix prefix;
	uint32_t via; /* an on-link address of an uplink */
	struct cgn_conf_pos pos;
};

struct cgn_conf_uplink {
	uint16_t port; /* index into cgn_conf.ports */
	struct cgn_conf_tags tags;
	struct cgn_prefix address; /* own address with the on-link prefix length */
	struct cgn_conf_pos pos;
};

/* Addresses that are assigned to subscribers: each prefix of subscriber_mask bits is one. */
struct cgn_conf_subscribers {
	struct cgn_prefix prefix;
	uint32_t subscriber_mask;      /* prefix.len … 32 */
	uint32_t via;                  /* router inside the on-link prefix, or 0: on-link */
	char class_name[CGN_NAME_LEN]; /* "": the tenant's quota.subscriber */
	bool sessions;                 /* served only while they have one */
	struct cgn_conf_pos pos;
};

struct cgn_conf_attachment {
	uint16_t port;
	struct cgn_conf_tags tags;
	struct cgn_prefix address; /* service address and gateway, with the on-link prefix length */
	enum cgn_binding binding;
	struct cgn_conf_subscribers *subscribers;
	uint32_t n_subscribers;
	struct cgn_conf_pos pos;
};

/* Both inclusive. */
struct cgn_port_range {
	uint16_t first, last;
};

struct cgn_conf_port_range {
	struct cgn_port_range range;
	struct cgn_conf_pos pos;
};

/* A of RFC 7422; deterministic.h says what each computes. */
enum cgn_det_algorithm { CGN_DET_OFF, CGN_DET_SEQUENTIAL, CGN_DET_SPREAD };

struct cgn_conf_pool {
	struct cgn_prefix prefix;
	struct cgn_conf_pos pos;
};

struct cgn_conf_quota_subscriber {
	uint32_t mappings, tcp, udp, icmp;   /* mappings at one time */
	uint32_t explicit_mappings;          /* of these, asked for */
	uint32_t contacts, mapping_contacts; /* peers remembered: in all, of one mapping */
	uint32_t new_per_s, burst;           /* new mappings */
	uint16_t fragments; /* datagrams in fragments, and fragments held, per worker */
	uint16_t other;     /* mappings by address pair, of nat.protocols */
};

/* Limits of some subscribers, each or CGN_LIMIT_UNSET: then what is more general counts. */
struct cgn_conf_limits {
	uint32_t mappings, tcp, udp, icmp;
	uint32_t explicit_mappings;
	uint32_t new_per_s, burst;
	uint32_t max_blocks;
	uint32_t fragments;
};

struct cgn_conf_class {
	char name[CGN_NAME_LEN];
	struct cgn_conf_limits limits;
	struct cgn_conf_pos pos;
};

struct cgn_conf_tag {
	char name[CGN_NAME_LEN];
	struct cgn_conf_pos pos;
};

/* What the operator knows of one subscriber: who it is, and what it may have. */
struct cgn_conf_listed {
	uint32_t addr; /* its address; where it has several, any of them */
	char id[CGN_SUBSCRIBER_ID_LEN];
	char class_name[CGN_NAME_LEN]; /* "": what its prefix says */
	struct cgn_conf_tag *tags;
	uint32_t n_tags;
	struct cgn_conf_limits limits; /* above those of the class */
	struct cgn_conf_pos pos;
};

struct cgn_conf_quota_tenant {
	/* Guaranteed; 0 in the file (default): an equal share of what the others leave. */
	uint32_t mappings;
	uint32_t mappings_max; /* 0: the guaranteed ones; see cgn_conf_mappings_max */
	uint32_t new_per_s, burst;
	uint32_t explicit_mappings; /* asked for, at one time */
	uint32_t explicit_min;      /* of these, guaranteed */
	uint32_t tcp_sessions;      /* of each of them, 0: as many as there is room for */
	uint32_t contacts;          /* peers remembered; 0 in the file: an equal share, if needed */
	uint32_t dependent;         /* of mappings, those of one remote end; 0 likewise */
	uint16_t weight;            /* of its part of control's time */
};

/* Mappings that the tenant may have when others leave them. */
static inline uint32_t
cgn_conf_mappings_max(const struct cgn_conf_quota_tenant *quota)
{
	return quota->mappings_max != 0 ? quota->mappings_max : quota->mappings;
}

/* An inside address that may use PCP's THIRD_PARTY. */
struct cgn_conf_noc {
	uint32_t addr;
	struct cgn_conf_pos pos;
};

/* The operator's port forward. */
struct cgn_conf_static {
	uint32_t inside, outside;
	uint16_t inside_port, outside_port;
	enum { CGN_STATIC_TCP, CGN_STATIC_UDP } protocol; /* in the order of enum cgn_proto */
	struct cgn_conf_pos pos;
};

/* The same port forward, wherever it is written. */
static inline bool
cgn_conf_static_is_same(const struct cgn_conf_static *a, const struct cgn_conf_static *b)
{
	return a->inside == b->inside && a->outside == b->outside &&
		a->inside_port == b->inside_port && a->outside_port == b->outside_port &&
		a->protocol == b->protocol;
}

/* An outside address that one subscriber has for itself. */
struct cgn_conf_own_address {
	uint32_t inside, outside;
	struct cgn_conf_pos pos;
};

/* Protocols that are translated by addresses alone; IP protocol numbers: cgn_conf_other_number. */
enum cgn_other { CGN_OTHER_GRE, CGN_OTHER_ESP, CGN_OTHER_SCTP, CGN_N_OTHERS };

static inline uint8_t
cgn_conf_other_number(enum cgn_other other)
{
	static const uint8_t numbers[CGN_N_OTHERS] = {
		[CGN_OTHER_GRE] = 47, [CGN_OTHER_ESP] = 50, [CGN_OTHER_SCTP] = 132};

	return numbers[other];
}

/* Remote addresses that are reached without translation. */
struct cgn_conf_bypass {
	struct cgn_prefix prefix;
	struct cgn_conf_pos pos;
};

/* NAT-PMP and PCP for the tenant's subscribers. */
struct cgn_conf_portctl {
	bool natpmp, pcp;
	bool map, peer;
	bool prefer_failure, filter, port_set;
	bool replace_nonce;
	uint32_t natpmp_max, pcp_min, pcp_max; /* lifetimes, s */
	uint32_t requests_per_s, burst;        /* of one subscriber */
	struct cgn_conf_noc *nocs;
	uint32_t n_nocs;
};

/* Who may tell of sessions by RADIUS, and what names the subscriber and its class in it. */
enum cgn_radius_subscriber {
	CGN_RADIUS_BY_USER_NAME,
	CGN_RADIUS_BY_CLASS,
	CGN_RADIUS_BY_CALLING_STATION,
	CGN_RADIUS_BY_ACCT_SESSION_ID,
};
enum cgn_radius_class { CGN_RADIUS_CLASS_NONE, CGN_RADIUS_CLASS_FILTER_ID, CGN_RADIUS_CLASS_CLASS };

struct cgn_conf_radius_client {
	struct cgn_prefix prefix;
	struct cgn_conf_pos pos;
};

struct cgn_conf_radius {
	uint32_t listen; /* 0: the tenant has no listener */
	uint16_t port;
	char secret_file[CGN_DEVICE_LEN]; /* path; the secret itself is no part of the
					     configuration, which is printed, compared and logged */
	struct cgn_conf_radius_client *clients;
	uint32_t n_clients;
	enum cgn_radius_subscriber subscriber;
	enum cgn_radius_class class_from;
};

struct cgn_conf_timeouts { /* seconds */
	uint32_t udp, icmp, other, tcp_established, tcp_opening, tcp_closing, port_rest;
};

/* Who may send to a mapping from outside (RFC 4787 section 5). */
enum cgn_filtering {
	CGN_FILTERING_INDEPENDENT,
	CGN_FILTERING_ADDRESS,
	CGN_FILTERING_ADDRESS_PORT,
};

/* How the outside port of a mapping that traffic makes is chosen (RFC 4787 section 4.1). */
enum cgn_mapping_mode {
	CGN_MAPPING_INDEPENDENT,
	CGN_MAPPING_ADDRESS_PORT, /* RFC 7857 section 3 */
};

/* What some destination ports are translated by. */
struct cgn_conf_nat_rule {
	char name[CGN_NAME_LEN];
	enum { CGN_NAT_RULE_TCP, CGN_NAT_RULE_UDP } protocol; /* in the order of enum cgn_proto */
	struct cgn_conf_port_range *ports;
	uint32_t n_ports;
	enum cgn_filtering filtering;
	enum cgn_mapping_mode mapping;
	struct cgn_conf_pos pos;
};

struct cgn_conf_tenant {
	char name[CGN_NAME_LEN];
	struct cgn_conf_class *classes;
	uint32_t n_classes;
	struct cgn_conf_listed *listed;
	uint32_t n_listed;
	char listed_file[CGN_DEVICE_LEN]; /* while it is loaded; then "", and listed is what it says
					   */
	struct cgn_conf_attachment *attachments;
	uint32_t n_attachments;
	struct cgn_conf_pool *pools;
	uint32_t n_pools;
	struct cgn_conf_pool *drains; /* parts of pools */
	uint32_t n_drains;
	struct cgn_conf_route *routes; /* outside routes of this tenant, before those of the box */
	uint32_t n_routes;
	struct {
		uint16_t first, last;  /* outside ports and ICMP ids that may be used, inclusive */
		uint16_t block_size;   /* ports per block, a multiple of 64 */
		uint16_t max_blocks;   /* per subscriber */
		uint16_t kept_percent; /* of the pool's blocks, for subscribers without one */
		bool parity;           /* UDP: even to even, odd to odd */
		bool keep_range;       /* TCP, UDP: 1-1023 to 1-1023 */
		struct cgn_conf_port_range *reserved;
		uint32_t n_reserved;
		struct {
			enum cgn_det_algorithm algorithm;
			uint32_t ratio;   /* C: ranges of an address; 0: as many as it takes */
			uint32_t dynamic; /* D: so many ranges' room for overflow blocks */
		} deterministic;
	} ports;
	struct {
		struct cgn_conf_quota_tenant tenant;
		struct cgn_conf_quota_subscriber subscriber;
	} quota;
	struct cgn_conf_timeouts timeouts;
	struct cgn_conf_portctl portctl;
	struct cgn_conf_radius radius;
	struct {
		bool blocks, explicit_mappings, mappings; /* records of these */
		uint16_t subscriber_percent;              /* of its mappings; 0: no record */
		uint32_t vrf;                             /* 0: the tenant's place in the list */
	} log;
	struct cgn_conf_static *statics;
	uint32_t n_statics;
	struct cgn_conf_own_address *addresses;
	uint32_t n_addresses;
	struct {
		uint32_t mss_max;           /* bytes; 0: MSS options are left as they are */
		uint32_t dscp_out, dscp_in; /* of what is forwarded; CGN_LIMIT_UNSET: as it came */
		enum cgn_ip_options ip_options;
		enum cgn_unsolicited unsolicited_syn;
		bool tcp_loose;       /* open a mapping for TCP segments other than SYN */
		bool inbound_refresh; /* RFC 4787 REQ-6: MAY; off by default */
		enum cgn_other protocols[CGN_N_OTHERS];
		uint16_t n_protocols;
		struct cgn_conf_bypass *bypasses;
		uint32_t n_bypasses;
		enum cgn_filtering filtering;
		struct cgn_conf_nat_rule *rules;
		uint32_t n_rules;
		uint32_t overload_when_full; /* last ports of a subscriber, shared; 0: none */
	} nat;
	struct {
		bool ftp, pptp;
	} alg;
	struct cgn_conf_pos pos;
};

struct cgn_conf {
	struct {
		uint16_t workers[CGN_MAX_WORKERS]; /* CPUs, one poll-mode worker each */
		uint16_t n_workers;
		uint16_t control; /* CPU of the control core */
		enum cgn_idle idle;
	} cores;
	struct {
		bool hugepages;
		uint32_t size_mib;
		uint32_t mbufs; /* packet buffers */
	} memory;
	char file_prefix[CGN_NAME_LEN]; /* EAL --file-prefix; names the telemetry socket's folder */
	struct cgn_conf_port *ports;
	uint16_t n_ports;
	struct cgn_conf_uplink *uplinks;
	uint16_t n_uplinks;
	struct cgn_conf_route *routes; /* outside, of the box */
	uint32_t n_routes;
	struct {
		uint32_t mappings;    /* table capacity */
		uint32_t subscribers; /* assigned addresses, directory capacity */
		uint32_t shards;      /* 1, 2, 4, 8 or 16 */
		uint32_t
			explicit_mappings; /* of these, asked for by NAT-PMP, PCP or the operator */
		uint32_t sessions;         /* of subscribers, at one time */
		uint32_t tcp_tracked;      /* of these, with known TCP sessions */
		uint32_t tcp_sessions;     /* of each of them */
		uint32_t others;           /* of mappings, those by address pair */
		uint32_t algs;             /* connections that an ALG has edited */
		uint32_t contacts;         /* peers remembered for filtering */
		uint32_t dependent;        /* of mappings, those of one remote end */
	} table;
	struct {
		uint32_t ring; /* packets per worker ring, a power of two */
		uint32_t subscriber_per_s, subscriber_burst; /* first packets per worker */
		uint32_t local_per_s, local_burst; /* ARP and for the box: per attachment, worker */
	} punt;
	struct {
		uint32_t datagrams, hold; /* per worker */
		uint16_t address;         /* of each, from outside to one address, per worker */
		uint16_t timeout;         /* s */
	} fragments;
	struct {
		uint32_t refresh;      /* s: a neighbour in use is probed this often */
		uint32_t hold_packets; /* in all, while addresses are resolved */
		uint32_t hold_packets_per_neighbour;
	} arp;
	struct {
		uint32_t errors_per_s, burst;    /* ICMP errors sent by the box, in all */
		uint32_t echo_per_s, echo_burst; /* echo replies: per attachment, worker */
	} icmp;
	struct {
		char journal[CGN_DEVICE_LEN]; /* path; empty: nothing is kept over a restart */
		uint32_t max_mib;
	} state;
	struct {
		char directory[CGN_DEVICE_LEN]; /* path; empty: there are no captures */
		uint32_t max_mib;               /* of one file */
		uint32_t ring;                  /* packets, of each source; a power of two */
	} capture;
	struct {
		uint16_t raise_percent, clear_percent; /* of a limit */
		uint32_t refused_per_s, subscribers;   /* cleared below half */
		uint32_t clear_s;                      /* below the bound for so long */
	} alarms;
	struct {
		char group[CGN_NAME_LEN]; /* empty: nobody but the owner */
		uint32_t events;          /* kept, of each kind */
	} telemetry;
	int log_level; /* enum cgn_log_level */
	struct cgn_conf_log log;
	struct cgn_conf_tenant *tenants;
	uint32_t n_tenants;
	char **files; /* paths as opened; [0] is the appliance file */
	uint32_t n_files;
};

/* Is it an id as a subscriber has one? Pure. */
bool cgn_subscriber_id_is_good(const char *id);
/* The rule of a protocol (in the order of enum cgn_proto) and a destination port, or NULL. */
const struct cgn_conf_nat_rule *cgn_conf_nat_rule_find(
	const struct cgn_conf_tenant *tenant, uint32_t protocol, uint16_t port);

/* Does the tenant have mappings that remember who they have sent to? */
bool cgn_conf_filters(const struct cgn_conf_tenant *tenant);

/* Does the tenant have mappings that share ports? */
bool cgn_conf_overloads(const struct cgn_conf_tenant *tenant);

/* Index of a class by its name, or CGN_NONE. */
uint32_t cgn_conf_class_find(const struct cgn_conf_tenant *tenant, const char *name);

/* One error: "file:line:col: key: what is wrong; what to do". */
struct cgn_conf_error {
	struct cgn_conf_pos pos;
	char *text; /* without the position */
};

struct cgn_conf_errors {
	struct cgn_conf_error *errors;
	uint32_t n_errors;
	char **files; /* the files tried, index as in pos.file */
	uint32_t n_files;
};

/*
 * Reads the appliance file and the tenant files it names (paths relative to its directory),
 * decodes and validates all of it. Main thread; needs no EAL; allocates.
 * Returns the configuration, or NULL and errno EINVAL with *errors holding every error found in all
 * files, in file order; NULL and errno ENOMEM is lack of memory, and *errors may be incomplete or
 * empty. errors is initialised by the call and freed by cgn_conf_errors_free in all cases.
 */
struct cgn_conf *cgn_conf_load(const char *path, struct cgn_conf_errors *errors);
void cgn_conf_free(struct cgn_conf *conf); /* NULL is accepted */

/* "file:line:col: text" into buf; returns buf. */
const char *cgn_conf_error_str(
	const struct cgn_conf_errors *errors, uint32_t i, char *buf, uint32_t size);
void cgn_conf_errors_free(struct cgn_conf_errors *errors);
