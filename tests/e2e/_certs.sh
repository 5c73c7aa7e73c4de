# SPDX-License-Identifier: BSD-3-Clause
# Certificates of a CA of the test's own, by openssl, in $WORK. Sourced after _lib.sh.
# shellcheck shell=bash

certs_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$WORK/$1.key" -out "$WORK/$1.pem" 2>/dev/null
}

# certs_make NAME CA SUBJECT_ALT_NAME: NAME.pem and NAME.key.
certs_make() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$WORK/$1.key" -out "$WORK/$1.csr" 2>/dev/null
	openssl x509 -req -in "$WORK/$1.csr" -CA "$WORK/$2.pem" -CAkey "$WORK/$2.key" -CAcreateserial -days 1 \
		-extfile <(printf 'subjectAltName=%s\n' "$3") -out "$WORK/$1.pem" 2>/dev/null
}
