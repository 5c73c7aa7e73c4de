#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A BitTorrent client of the test's own on libtorrent, which asks with PCP first, then NAT-PMP.

_bittorrent.py make FILE TORRENT                     a torrent without tracker
_bittorrent.py seed TORRENT FOLDER PORT              serves until SIGTERM; prints what it hears of its
                                                     gateway
_bittorrent.py fetch TORRENT FOLDER OWN ADDRESS PORT tcp|utp   downloads from that peer, over that alone
"""
import os
import signal
import sys
import time

import libtorrent as lt

FETCH_S = 30  # Transmission decides every 10 s whom it serves
QUIET = {"enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False}
PORT_MAPPING = lt.alert.category_t.port_mapping_notification | \
    lt.alert.category_t.port_mapping_log_notification


def make(file, torrent):
    files = lt.file_storage()
    lt.add_files(files, file)
    created = lt.create_torrent(files, flags=lt.create_torrent.v1_only)  # Transmission 3 knows no other
    created.set_priv(True)  # no peers but those that the test names
    lt.set_piece_hashes(created, os.path.dirname(file))
    with open(torrent, "wb") as out:
        out.write(lt.bencode(created.generate()))
    return 0


def add(session, torrent, folder):
    return session.add_torrent({"ti": lt.torrent_info(torrent), "save_path": folder})


def seed(torrent, folder, port):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    session = lt.session({**QUIET, "enable_natpmp": True, "alert_mask": PORT_MAPPING,
                          "listen_interfaces": f"0.0.0.0:{port}"})
    add(session, torrent, folder)
    try:
        while True:
            session.wait_for_alert(200)
            for alert in session.pop_alerts():
                print(alert.message(), flush=True)
    finally:
        del session  # waits until the gateway has heard that its mappings end


def fetch(torrent, folder, own, address, port, transport):
    tcp = transport == "tcp"
    session = lt.session({**QUIET, "listen_interfaces": f"{own}:0", "outgoing_interfaces": own,
                          "alert_mask": 0, "min_reconnect_time": 1, "enable_outgoing_tcp": tcp,
                          "enable_outgoing_utp": not tcp})
    handle = add(session, torrent, folder)
    deadline = time.monotonic() + FETCH_S
    while time.monotonic() < deadline:
        status = handle.status()
        if status.is_seeding:
            return 0
        if status.state == lt.torrent_status.downloading and not status.num_peers:
            handle.connect_peer((address, int(port)))
        time.sleep(0.1)
    print(f"{handle.status().progress:.0%} after {FETCH_S} s")
    return 1


if __name__ == "__main__":
    verbs = {"make": (make, 2), "seed": (seed, 3), "fetch": (fetch, 6)}
    verb, number = verbs.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0))
    if verb is None or len(sys.argv) != number + 2:
        sys.exit(__doc__)
    sys.exit(verb(*sys.argv[2:]))
