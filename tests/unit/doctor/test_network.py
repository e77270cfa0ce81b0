"""Proxies and certificates; each fix names a command."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from course_helpers.doctor import network
from tests.unit.shared import failure


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ({}, "none"),
        ({"no": "127.0.0.1"}, "none"),
        ({"https": "http://p:1"}, "for https, not for this computer"),
        ({"http": "http://p:1", "no": "localhost, 127.0.0.1"}, "for http, not for this computer"),
        ({"http": "http://p:1", "all": "x", "no": "*"}, "for http, all, not for this computer"),
    ],
)
def test_a_proxy_that_is_not_asked_for_this_computer(proxies: dict[str, str], seen: str) -> None:
    assert network.proxy(proxies) == seen


@pytest.mark.parametrize("proxies", [{"http": "http://u:secret@p"}, {"all": "x", "no": ".lan"}])
def test_a_proxy_that_is_in_the_way(proxies: dict[str, str]) -> None:
    what = failure(lambda: network.proxy(proxies))
    assert "requests to this computer" in what
    assert "secret" not in what


def test_certificates(tmp_path: Path) -> None:
    assert network.certificates({}) == "the usual ones"
    good = {"SSL_CERT_FILE": certifi.where(), "REQUESTS_CA_BUNDLE": str(tmp_path), "PIP_CERT": ""}
    assert network.certificates(good) == "from SSL_CERT_FILE, REQUESTS_CA_BUNDLE"
    gone = {"SSL_CERT_FILE": str(tmp_path / "gone.pem")}
    assert failure(lambda: network.certificates(gone)).endswith("gone.pem is not there")
    (tmp_path / "empty.pem").write_text("nothing")
    empty = {"PIP_CERT": str(tmp_path / "empty.pem")}
    assert failure(lambda: network.certificates(empty)).endswith("holds no certificates")
