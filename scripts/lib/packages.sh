# SPDX-License-Identifier: BSD-3-Clause
# The Debian packages that the project needs, once, for building, the lab, the demo and the tests.
# Sourced; `packages_install build lab` installs what is missing of these groups.
# shellcheck shell=bash

PACKAGES_build=(gcc libc6-dev meson ninja-build pkg-config libdpdk-dev libyaml-dev libjansson-dev
	libmicrohttpd-dev nettle-dev libgnutls28-dev libncurses-dev libsystemd-dev libseccomp-dev libcap-ng-dev)
PACKAGES_lab=(iproute2 ethtool procps util-linux iputils-ping curl tcpdump iperf3 dnsmasq-base
	bind9-dnsutils natpmpc traceroute mtr-tiny iputils-tracepath python3 python3-scapy)
# Of the end-to-end tests.
PACKAGES_clients=(nmap transmission-cli python3-libtorrent syncthing prometheus python3-prometheus-client
	dpdk tshark python3-pyte python3-jsonschema freeradius-utils python3-pyftpdlib nfdump pmacct
	rsyslog rsyslog-gnutls openssl coturn)
PACKAGES_test=(mold mandoc groff-base libcriterion-dev clang clang-tools libclang-rt-dev llvm libubsan1 libasan8 libtsan2)
# Of scripts/package, and of installing what it makes.
PACKAGES_package=(dpkg-dev systemd man-db librte-meta-bus librte-meta-mempool librte-meta-net)
PACKAGES_lint=(git clang-format clang-tidy codespell shellcheck binutils python3)

packages_missing() {
	local group name

	for group in "$@"; do
		local -n list="PACKAGES_$group"
		for name in "${list[@]}"; do
			[[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) = installed ]] ||
				printf '%s\n' "$name"
		done
	done | sort -u
}

packages_install() {
	local missing

	command -v dpkg-query >/dev/null || return 0 # not Debian: the operator installs them
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]} > 0)) || return 0
	[[ $EUID -eq 0 ]] || die "packages missing (as root: apt-get install ${missing[*]})"
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	local log
	log=$(mktemp)
	if ! { apt-get -q update &&
		apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install "${missing[@]}"; } \
		>"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install ${missing[*]}"
	fi
	rm -f "$log"
}
