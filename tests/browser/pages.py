"""Every address the application answers, with an example of each thing that addresses name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from api.access import API, DEVICES, ROUTES
from api.callers import Role

QUERIES: Mapping[str, str] = {
    "/commitments/clocks": "?rule=arrival_commitment",
    "/desk/answer": "?q=T1-0",
    "/console/network": "?q=T",
    "/console/anything": "?q=T",
    "/console/then/{layer}": "?bbox=115,28,117,29&at=2026-03-02T12:00:00Z",
    "/console/layers/{layer}": "?bbox=115,28,117,29",
    "/board/layers/{layer}": "?bbox=115,28,117,29",
}
"""What an address has to be asked besides."""

NOT_READ: Mapping[str, str] = {
    "/healthz": "for machines",
    "/readyz": "for machines",
    "/api/openapi.json": "for machines",
    "/crew-worker.js": "a script of ours that holds no data",
    "/crew/shell": "the empty frame of the crew's screen; leads there as soon as a server answers",
    "/crew.webmanifest": "for the phone's system; the same for everybody",
    "/basemap/{stamp}.pmtiles": "a file of map tiles",
    "/language/{code}": "leads back to the page one came from",
    "/theme/{choice}": "leads back to the page one came from",
    "/": "leads to the first screen of the role",
}
"""Addresses outside the interface that show nobody anything, and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """One route of the application as somebody may open it."""

    route: str
    path: str
    role: Role


def addresses(examples: Mapping[str, object]) -> Iterator[Address]:
    """Every address outside the interface, with an example for each parameter.

    Raises
    ------
    KeyError
        A route has a parameter without an example.
    """
    for (method, route), roles in ROUTES.items():
        of_devices = roles is DEVICES and route.startswith("/trackers/")
        if method == "GET" and not route.startswith(API) and not of_devices | (route in NOT_READ):
            role = Role.CREW if route.startswith("/crew") else Role.ADMIN
            yield Address(route, route.format_map(dict(examples)) + QUERIES.get(route, ""), role)


def is_whole_page(page: Page, url: str) -> bool:
    """Whether the address answers with a page of its own, not with a part, data or a file."""
    answer = page.request.get(url)
    kind = answer.headers.get("content-type", "")
    return kind.startswith("text/html") and "<html" in answer.text()[:300].lower()


def is_markup(page: Page, url: str) -> bool:
    """Whether the address answers with HTML, be it a page or a part of one."""
    return page.request.get(url).headers.get("content-type", "").startswith("text/html")
