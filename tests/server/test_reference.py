"""The addresses of the reference sheet, asked of a real server."""

from __future__ import annotations

import re

import httpx
import pytest

from course_helpers.lanes import Deployment
from tests.reference import SHEET, rows

pytestmark = pytest.mark.server


def test_every_address_answers(server: Deployment) -> None:
    documented = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    for method, address, *_ in rows("Addresses of a server"):
        path = address.strip("`")
        if method == "GET" and "{" not in path:
            assert httpx.get(server.url + path).status_code == 200, path
        else:
            assert method.lower() in documented[path], path


def test_the_addresses_that_tutorials_name_do_not(server: Deployment) -> None:
    [sentence] = [line for line in SHEET.splitlines() if line.endswith("answer 404.")]
    paths = re.findall(r"`(/\w+)`", sentence)
    assert [httpx.get(server.url + path).status_code for path in paths] == [404, 404]
