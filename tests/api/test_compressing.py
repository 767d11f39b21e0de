"""Large JSON answers go out compressed; pages, files and short answers as they are."""

import gzip
import json

import pytest
from httpx import Response

from api.compressing import LEAST_BYTES, accepts_gzip
from maps.assets import asset
from tests.api.conftest import Town

MANY = 12


def raw(town: Town, path: str, accepts: str = "gzip", method: str = "GET", **more: str) -> Response:
    """What goes over the wire, before the client unpacks it."""
    headers = town.headers("dispatcher", **{"Accept-Encoding": accepts, **more})
    with town.client.stream(method, path, headers=headers) as answer:
        answer._content = b"".join(answer.iter_raw())
    return answer


@pytest.fixture
def busy(town: Town) -> Town:
    """A town with a list of some thousand bytes."""
    for n in range(MANY):
        town.report(f"N{n}", None, address=f"nowhere at all, house {n}", description="x" * 200)
    return town


def test_a_long_list_is_compressed_and_the_same_as_without(busy: Town):
    plain = raw(busy, "/console/rows", "identity")
    packed = raw(busy, "/console/rows")
    assert "content-encoding" not in plain.headers
    assert len(plain.content) >= LEAST_BYTES
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(packed.content)
    assert len(packed.content) < len(plain.content) / 2
    assert json.loads(gzip.decompress(packed.content)) == json.loads(plain.content)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["vary"]
        assert answer.headers["cache-control"] == "no-store"


def test_short_answers_and_pages_go_out_as_they_are(busy: Town):
    short = raw(busy, "/api/v1/me")
    page = raw(busy, "/console")
    assert len(page.content) >= LEAST_BYTES
    for answer in (short, page):
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
        assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_request_for_the_head_alone_gets_no_encoding(busy: Town):
    assert "content-encoding" not in raw(busy, "/api/openapi.json", method="HEAD").headers


def test_files_keep_their_headers_and_are_not_sent_twice(town: Town):
    first = raw(town, asset("desk.js"))
    assert first.status_code == 200 and len(first.content) >= LEAST_BYTES
    assert "content-encoding" not in first.headers and "vary" not in first.headers
    assert int(first.headers["content-length"]) == len(first.content)
    again = raw(town, asset("desk.js"), **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("accepted", "may"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("identity", False),
        ("", False),
        ("br, gzip;q=0", False),
        ("x-gzip-not", False),
    ],
)
def test_gzip_is_sent_only_to_who_accepts_it(accepted: str, may: bool):  # noqa: FBT001
    assert accepts_gzip(accepted) is may
