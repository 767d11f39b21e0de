"""The folium shell: real, whole, and with nothing of another host."""

import re

import folium
import pytest

from dispatch.store.reads.field import Box
from maps.assets import SHIPPED, STATIC, asset
from maps.shell import Fragments, ShellMap, shell

VIEW = Box(115.8, 28.6, 116.0, 28.8)


def whole(fragments: Fragments) -> str:
    return fragments.header + fragments.html + fragments.script


def test_the_shell_names_no_other_host():
    assert re.findall(r"(?:https?:)?//[\w.]+", whole(shell(VIEW))) == []


def test_scripts_and_styles_in_the_page_carry_the_nonce():
    dressed = shell(VIEW).with_nonce("abc")
    tags = re.findall(r"<(?:script|style)(?![^>]*src=)[^>]*>", dressed.header)
    assert tags
    assert all('nonce="abc"' in tag for tag in tags)


def test_people_may_zoom_the_page():
    assert "viewport" not in shell(VIEW).header


def test_the_map_is_handed_to_the_page():
    fragments = shell(VIEW)
    assert "window.relightMap = map_" in fragments.script
    assert 'class="folium-map"' in fragments.html


def test_a_world_without_a_network_has_a_map_too():
    assert "L.map(" in shell(None).script


def test_an_asset_nobody_ships_is_a_key_error():
    with pytest.raises(KeyError):
        asset("jquery.js")


def test_the_shell_is_a_folium_map():
    assert issubclass(ShellMap, folium.Map)


def test_what_the_manifest_names_is_there():
    missing = [name for name in SHIPPED.values() if not (STATIC / name).is_file()]
    if any(name.startswith("vendor/") for name in missing):
        pytest.skip("the screens' scripts are not there: run ./run assets")
    assert missing == []
