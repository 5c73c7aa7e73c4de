/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of GnuTLS; see tls.h. */
#include "tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ipaddr.h"

enum { RECORD_MAX = 16384, TEXT_LEN = 160 };

/* NORMAL of this machine without what RFC 8996 has put out of use. */
static const char priorities[] = "-VERS-TLS1.0:-VERS-TLS1.1";

struct cgn_tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t files;
	char name[CGN_DEVICE_LEN]; /* that the certificate has to be for */
	gnutls_typed_vdata_st wanted[2];
	bool is_open, verify;
};

/* --- Files --- */

static int
read_cas(gnutls_certificate_credentials_t files, const char *path, struct cgn_errmsg *err)
{
	int n = path[0] != '\0'
		? gnutls_certificate_set_x509_trust_file(files, path, GNUTLS_X509_FMT_PEM)
		: gnutls_certificate_set_x509_system_trust(files);

	if (n > 0)
		return 0;
	if (path[0] == '\0')
		cgn_errmsg_set(err, "the machine trusts no CA; name one by ca_file");
	else
		cgn_errmsg_set(err, "ca_file %s has no certificate that can be read: %s", path,
			n < 0 ? gnutls_strerror(n) : "it is empty");
	return -EINVAL;
}

/* Whoever has the key writes records in the name of the box. */
static int
check_mode(const char *path, struct cgn_errmsg *err)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		cgn_errmsg_set(err, "key_file %s cannot be read: %s", path, strerror(errno));
		return -errno;
	}
	if ((st.st_mode & (S_IWGRP | S_IRWXO)) == 0)
		return 0;
	cgn_errmsg_set(err, "key_file %s has mode %04o: make it 0600, or 0640 for a group", path,
		(unsigned int)(st.st_mode & 07777));
	return -EACCES;
}

static int
read_own(gnutls_certificate_credentials_t files, const struct cgn_conf_collector *conf,
	struct cgn_errmsg *err)
{
	int rc;

	if (conf->cert_file[0] == '\0')
		return 0;
	rc = check_mode(conf->key_file, err);
	if (rc < 0)
		return rc;
	rc = gnutls_certificate_set_x509_key_file(
		files, conf->cert_file, conf->key_file, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		return 0;
	cgn_errmsg_set(err, "cert_file %s and key_file %s are of no use: %s", conf->cert_file,
		conf->key_file, gnutls_strerror(rc));
	return -EINVAL;
}

/* NULL with *err. */
static gnutls_certificate_credentials_t
read_files(const struct cgn_conf_collector *conf, struct cgn_errmsg *err)
{
	gnutls_certificate_credentials_t files;

	if (gnutls_certificate_allocate_credentials(&files) < 0) {
		cgn_errmsg_set(err, "no memory for TLS");
		return NULL;
	}
	if ((conf->verify && read_cas(files, conf->ca_file, err) < 0) ||
		read_own(files, conf, err) < 0) {
		gnutls_certificate_free_credentials(files);
		return NULL;
	}
	return files;
}

int
cgn_tls_check(const struct cgn_conf_collector *conf, struct cgn_errmsg *err)
{
	gnutls_certificate_credentials_t files = read_files(conf, err);

	if (files == NULL)
		return -EINVAL;
	gnutls_certificate_free_credentials(files);
	return 0;
}

/* --- Sessions --- */

static int
set_up(struct cgn_tls *tls, int fd)
{
	int rc = gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	if (rc < 0)
		return rc;
	rc = gnutls_set_default_priority_append(tls->session, priorities, NULL, 0);
	if (rc >= 0)
		rc = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->files);
	gnutls_transport_set_int(tls->session, fd);
	if (tls->verify)
		gnutls_session_set_verify_cert2(
			tls->session, tls->wanted, sizeof(tls->wanted) / sizeof(tls->wanted[0]), 0);
	return rc;
}

struct cgn_tls *
cgn_tls_create(const struct cgn_conf_collector *conf, int fd, struct cgn_errmsg *err)
{
	struct cgn_tls *tls = calloc(1, sizeof(*tls));
	int rc;

	if (tls == NULL) {
		cgn_errmsg_set(err, "no memory for TLS");
		return NULL;
	}
	tls->verify = conf->verify;
	if (conf->server_name[0] != '\0')
		memcpy(tls->name, conf->server_name, sizeof(tls->name));
	else
		cgn_ip4_str(conf->address, tls->name);
	tls->wanted[0].type = GNUTLS_DT_DNS_HOSTNAME; /* finds addresses too */
	tls->wanted[0].data = (uint8_t *)tls->name;
	tls->wanted[1].type = GNUTLS_DT_KEY_PURPOSE_OID;
	tls->wanted[1].data = (uint8_t *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER;
	tls->files = read_files(conf, err);
	rc = tls->files != NULL ? set_up(tls, fd) : 0;
	if (rc >= 0 && tls->files != NULL && conf->server_name[0] != '\0')
		rc = gnutls_server_name_set(
			tls->session, GNUTLS_NAME_DNS, tls->name, strlen(tls->name));
	if (tls->files != NULL && rc >= 0)
		return tls;
	if (rc < 0)
		cgn_errmsg_set(err, "no TLS: %s", gnutls_strerror(rc));
	cgn_tls_destroy(tls);
	return NULL;
}

void
cgn_tls_destroy(struct cgn_tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->is_open)
		gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	if (tls->session != NULL)
		gnutls_deinit(tls->session);
	if (tls->files != NULL)
		gnutls_certificate_free_credentials(tls->files);
	free(tls);
}

/* --- What went wrong --- */

static const char *
advice_of(unsigned int status)
{
	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		return "give the other end a new one, or set the clocks";
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		return "put the CA that signed it into ca_file";
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		return "set server_name to a name in it, or have one made for this name";
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return "have one made for a TLS server";
	return "have another one made";
}

/* Whose the other end's certificate is, and until when; "" when it has none. */
static void
describe(gnutls_session_t session, char *buf, size_t size)
{
	unsigned int n = 0;
	const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &n);
	char subject[TEXT_LEN] = "", issuer[TEXT_LEN] = "", until[32] = "";
	size_t subject_len = sizeof(subject), issuer_len = sizeof(issuer);
	gnutls_x509_crt_t crt;
	struct tm tm;
	time_t end;

	buf[0] = '\0';
	if (n == 0 || gnutls_x509_crt_init(&crt) < 0)
		return;
	if (gnutls_x509_crt_import(crt, raw, GNUTLS_X509_FMT_DER) == 0) {
		gnutls_x509_crt_get_dn(crt, subject, &subject_len);
		gnutls_x509_crt_get_issuer_dn(crt, issuer, &issuer_len);
		end = gnutls_x509_crt_get_expiration_time(crt);
		strftime(until, sizeof(until), "%F", gmtime_r(&end, &tm));
		snprintf(buf, size, " \"%s\" of CA \"%s\" until %s", subject, issuer, until);
	}
	gnutls_x509_crt_deinit(crt);
}

static int
refuse(const struct cgn_tls *tls, struct cgn_errmsg *err)
{
	unsigned int status = gnutls_session_get_verify_cert_status(tls->session);
	gnutls_datum_t why = {0};
	char whose[3 * TEXT_LEN];

	describe(tls->session, whose, sizeof(whose));
	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &why, 0);
	cgn_errmsg_set(err, "certificate%.250s refused for %.60s: %.120s%s", whose, tls->name,
		why.data != NULL ? (const char *)why.data : "", advice_of(status));
	gnutls_free(why.data);
	return -EACCES;
}

/* Text and errno of a code that is none of waiting. */
static int
explain(const struct cgn_tls *tls, int code, struct cgn_errmsg *err)
{
	switch (code) {
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return refuse(tls, err);
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		cgn_errmsg_set(err,
			"TLS: the other end refuses: %s; its log says more; does it want a "
			"certificate of ours (cert_file), of a CA that it knows?",
			gnutls_alert_get_name(gnutls_alert_get(tls->session)));
		return -ECONNREFUSED;
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PREMATURE_TERMINATION:
		cgn_errmsg_set(err, "%s", strerror(ECONNRESET));
		return -ECONNRESET;
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_UNEXPECTED_PACKET:
		cgn_errmsg_set(err, "TLS: what answers there speaks no TLS; is it the right port?");
		return -EPROTO;
	default:
		cgn_errmsg_set(err, "TLS: %s", gnutls_strerror(code));
		return -EPROTO;
	}
}

int
cgn_tls_shake(struct cgn_tls *tls, struct cgn_errmsg *err)
{
	int rc = gnutls_handshake(tls->session);

	if (rc < 0)
		return gnutls_error_is_fatal(rc) ? explain(tls, rc, err) : 0;
	tls->is_open = true;
	return 1;
}

/* Nothing more is said over a session that has failed. */
static int
fail(struct cgn_tls *tls, int code, struct cgn_errmsg *err)
{
	tls->is_open = false;
	return explain(tls, code, err);
}

ssize_t
cgn_tls_send(struct cgn_tls *tls, const void *data, size_t len, struct cgn_errmsg *err)
{
	ssize_t n = gnutls_record_send(tls->session, data, len < RECORD_MAX ? len : RECORD_MAX);

	if (n >= 0)
		return n;
	return gnutls_error_is_fatal((int)n) ? fail(tls, (int)n, err) : -EAGAIN;
}

int
cgn_tls_look(struct cgn_tls *tls, struct cgn_errmsg *err)
{
	uint8_t buf[256];
	ssize_t n = gnutls_record_recv(tls->session, buf, sizeof(buf));

	if (n > 0)
		return 0;
	if (n == 0) {
		tls->is_open = false;
		cgn_errmsg_set(err, "%s", strerror(ECONNRESET));
		return -ECONNRESET;
	}
	return gnutls_error_is_fatal((int)n) ? fail(tls, (int)n, err) : 0;
}
