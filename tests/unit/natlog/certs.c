/* SPDX-License-Identifier: BSD-3-Clause */
/* See certs.h. */
#include "certs.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"

static char dir[SCRATCH_LEN];

void
certs_begin(void)
{
	cr_assert_not_null(mkdtemp(scratch_template(dir, "cgn-certs")));
}

void
certs_end(void)
{
	char cmd[300];

	snprintf(cmd, sizeof(cmd), "rm -r '%s'", dir);
	cr_assert_eq(system(cmd), 0);
}

const char *
cert_path(const char *file)
{
	static char paths[8][256];
	static unsigned int n;
	char *path = paths[n++ % 8];

	cr_assert_lt(snprintf(path, 256, "%s/%s", dir, file), 256);
	return path;
}

static void
write_file(const char *name, const char *suffix, const gnutls_datum_t *pem)
{
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "%s.%s", name, suffix);
	fd = open(cert_path(file), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, pem->data, pem->size), (ssize_t)pem->size);
	close(fd);
}

static void
set_host(gnutls_x509_crt_t crt, const char *host)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, host, &addr) == 1)
		cr_assert_eq(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &addr,
				     sizeof(addr), GNUTLS_FSAN_SET),
			0);
	else
		cr_assert_eq(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
				     (unsigned int)strlen(host), GNUTLS_FSAN_SET),
			0);
}

struct cert
cert_make(const char *name, const struct cert *issuer, const char *host, int until_s)
{
	static uint8_t serial = 1;
	struct cert cert;
	gnutls_datum_t pem;
	time_t now = time(NULL);

	gnutls_x509_privkey_init(&cert.key);
	cr_assert_eq(gnutls_x509_privkey_generate(cert.key, GNUTLS_PK_ECDSA,
			     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	gnutls_x509_crt_init(&cert.crt);
	gnutls_x509_crt_set_version(cert.crt, 3);
	serial++;
	gnutls_x509_crt_set_serial(cert.crt, &serial, 1);
	gnutls_x509_crt_set_dn_by_oid(
		cert.crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned int)strlen(name));
	gnutls_x509_crt_set_activation_time(cert.crt, now - 86400);
	gnutls_x509_crt_set_expiration_time(cert.crt, now + until_s);
	gnutls_x509_crt_set_key(cert.crt, cert.key);
	gnutls_x509_crt_set_basic_constraints(cert.crt, issuer == NULL, -1);
	if (host != NULL)
		set_host(cert.crt, host);
	cr_assert_eq(gnutls_x509_crt_sign2(cert.crt, issuer != NULL ? issuer->crt : cert.crt,
			     issuer != NULL ? issuer->key : cert.key, GNUTLS_DIG_SHA256, 0),
		0);
	cr_assert_eq(gnutls_x509_crt_export2(cert.crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_file(name, "pem", &pem);
	gnutls_free(pem.data);
	cr_assert_eq(gnutls_x509_privkey_export2(cert.key, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_file(name, "key", &pem);
	gnutls_free(pem.data);
	return cert;
}

void
cert_free(struct cert *cert)
{
	gnutls_x509_crt_deinit(cert->crt);
	gnutls_x509_privkey_deinit(cert->key);
}
