"""Systems, as `/etc/os-release` describes them."""

from __future__ import annotations

BOOKWORM = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}
TRIXIE = {"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"}
FORKY = {"ID": "debian", "VERSION_CODENAME": "forky"}  # testing has no number
RASPBIAN = {**BOOKWORM, "ID": "raspbian", "ID_LIKE": "debian"}
UBUNTU = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "24.04", "VERSION_CODENAME": "noble"}
MINT = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22"}
FEDORA = {"ID": "fedora", "VERSION_ID": "44"}
