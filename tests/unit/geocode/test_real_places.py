"""Search over real names: villages of Nanchang, streets of Macau, addresses of Lauf."""

import random
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from gis.geocode import Entry, Level, Located, MemoryGazetteer, Tie
from gis.geocode.parse import names_of
from tests.data import test_data
from tests.unit.geocode.places import (
    find,
    lauf_addresses,
    locate,
    macau_roads,
    nanchang_villages,
)


@pytest.fixture(scope="module")
def villages() -> list[Entry]:
    folder = test_data("cn_admin_divisions_2023/villages_3601_nanchang.csv").parent
    return nanchang_villages(folder)


@pytest.fixture(scope="module")
def macau() -> list[Entry]:
    return macau_roads(test_data("roads_macau_lanemapleader/roads.min.json.gz"))


def test_a_village_name_borne_by_several_ties_with_the_town_as_question(
    villages: list[Entry],
) -> None:
    gazetteer = MemoryGazetteer(villages)
    borne = Counter(entry.name for entry in villages)
    shared = [name for name, count in borne.items() if count > 1]
    assert shared
    for name in shared:
        tie = locate(gazetteer, name)
        assert isinstance(tie, Tie), name
        assert sum(match.entry.name == name for match in tie.matches) == borne[name]
        assert {Level.COUNTY, Level.TOWN} & set(tie.apart)


def test_a_village_with_its_town_is_located_and_never_at_another(villages: list[Entry]) -> None:
    gazetteer = MemoryGazetteer(villages)
    asked, located = villages[::7], 0
    for entry in asked:
        text = entry.parts[Level.COUNTY] + entry.parts[Level.TOWN] + entry.name
        outcome = locate(gazetteer, text)
        assert isinstance(outcome, Located | Tie), text
        assert entry.id in {match.entry.id for match in outcome.matches}, text
        located += isinstance(outcome, Located)
        if isinstance(outcome, Located):
            assert len(outcome.matches) == 1, text
            assert outcome.found_by is Level.VILLAGE, text
    print(f"nanchang: {located} of {len(asked)} villages located with county and town, others tie")
    assert located >= 0.98 * len(asked)


def recall(gazetteer: MemoryGazetteer, asked: Iterable[tuple[str, Entry]]) -> tuple[float, float]:
    """Recall at 1 (best score, ties included) and at 5 (counting a tie's whole length)."""
    first = fifth = count = 0
    for text, entry in asked:
        count += 1
        matches = find(gazetteer, text)
        own = [match.score for match in matches if match.entry.name == entry.name]
        if own:
            first += own[0] == matches[0].score
            fifth += sum(m.score > own[0] for m in matches) < 5
    return first / count, fifth / count


def with_one_wrong(name: str, generator: random.Random, letters: str) -> str:
    """`name` with one character of its kind replaced, the last Han character (the type) kept."""
    places = [at for at, character in enumerate(name) if character in letters]
    at = generator.choice(places[:-1] or places)
    wrong = generator.choice([letter for letter in letters if letter != name[at]])
    return name[:at] + wrong + name[at + 1 :]


def test_every_street_of_macau_is_found_by_each_of_its_names(macau: list[Entry]) -> None:
    gazetteer = MemoryGazetteer(macau)
    asked = [(name, entry) for entry in macau for name in names_of(entry.name)]
    first, fifth = recall(gazetteer, asked)
    print(f"macau, {len(asked)} names as written: {first:.4f} {fifth:.4f}")
    assert first >= 0.995


@pytest.mark.parametrize("script", ["chinese", "portuguese"])
def test_most_streets_of_macau_are_found_with_one_wrong_character(
    macau: list[Entry], script: str
) -> None:
    generator = random.Random(20260101)
    gazetteer = MemoryGazetteer(macau)
    names = [(name, entry) for entry in macau for name in names_of(entry.name)]
    asked = [pair for pair in names if pair[0].isascii() is (script == "portuguese")]
    letters = "".join(
        sorted({c for name, _ in asked for c in name if c.isalpha()} - set("一二三四五六七八九十"))
    )
    wrong = [(with_one_wrong(name, generator, letters), entry) for name, entry in asked]
    first, fifth = recall(gazetteer, wrong)
    print(f"macau, {len(wrong)} {script} names, one wrong: {first:.4f} {fifth:.4f}")
    assert first >= 0.9 and fifth >= 0.93


def abbreviated(tags: dict[str, str]) -> str:
    street = tags["street"].replace("straße", "str.").replace("Straße", "Str.")
    return f"{street} {tags['housenumber']}, {tags['city']}"


def typed_umlauts(tags: dict[str, str]) -> str:
    street = tags["street"].lower()
    for letter, typed in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        street = street.replace(letter, typed)
    number = tags["housenumber"].replace(" ", "").upper()
    return f"{street} {number} {tags.get('postcode', '')} {tags['city']}"


def number_first(tags: dict[str, str]) -> str:
    street = tags["street"].replace("Straße", "Str").replace("straße", "str").replace("-", " ")
    bare = street.translate(str.maketrans("äöü", "aou")).upper()
    return f"{tags['housenumber']} {bare}"


def test_every_address_of_lauf_is_found_however_it_is_typed() -> None:
    addresses = lauf_addresses(test_data("osm_lauf_2020/lauf-200115.osm.pbf"))
    assert len(addresses) >= 5_400
    gazetteer = MemoryGazetteer(entry for entry, _ in addresses)
    variants: list[Callable[[dict[str, str]], str]] = [abbreviated, typed_umlauts, number_first]
    missed, ties = [], 0
    for entry, tags in addresses:
        for typed in {variant(tags) for variant in variants}:
            outcome = locate(gazetteer, typed)
            ties += isinstance(outcome, Tie)
            found = isinstance(outcome, Located | Tie) and any(
                match.entry.id == entry.id for match in outcome.matches
            )
            if not found:
                missed.append(typed)
    print(f"lauf: {ties} ties, missed {missed}")
    assert not missed
    assert ties < 100
