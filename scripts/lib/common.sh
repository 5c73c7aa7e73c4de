# SPDX-License-Identifier: BSD-3-Clause
# What every script of the project shares: where the tree is, how to speak, how to wait.
# shellcheck shell=bash

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${CGN_BUILD:-$TOP/build} # the build directory whose programs the lab runs
[[ $BUILD = /* ]] || BUILD=$TOP/$BUILD

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	[[ $EUID -eq 0 ]] || die "needs root: it makes network namespaces; run it with sudo"
}

# wait_for SECONDS COMMAND...: polls until the command succeeds; false when the time is up.
wait_for() {
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}
