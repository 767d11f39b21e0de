"""Who the customers are: invented names, numbers that ring nowhere, accounts and meters."""

import numpy as np
import shapely

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.frame import Ints, lonlat, stream
from dispatch.drill.county.places import Place
from dispatch.drill.county.premises import Premises
from dispatch.drill.county.sites import INSTITUTIONS, TOWN_INSTITUTIONS, Sites
from dispatch.drill.county.wires import transformer_id
from gis.network.kinds import CustomerKind
from gis.network.model import UsagePoint

PHONES = 10_000_000
ARREARS = "arrears"
LIFE_SUPPORT = "life support"


def phone(number: int) -> str:
    """The made-up telephone number of that running number."""
    return f"{p.PHONE_PREFIX}{number % PHONES:07d}"


def person(rng: np.random.Generator, count: int) -> list[str]:
    """`count` invented names."""
    family = rng.choice(list(words.SURNAMES), count)
    first = rng.choice(list(words.GIVEN), count)
    second = rng.choice(["", *words.GIVEN], count)
    return [f"{a}{b}{c}" for a, b, c in zip(family, first, second, strict=True)]


def make_customers(
    seed: int, sites: Sites, premises: Premises, boxes: list[str], places: list[Place]
) -> tuple[UsagePoint, ...]:
    """One row per customer, in the order of `premises`."""
    rng = stream(seed, "people")
    count = len(premises.transformer)
    names = person(rng, count)
    holder = _holders(rng, premises.transformer, sites.public)
    start = int(rng.integers(PHONES))
    # 7919 has no factor in common with the range, so numbers repeat only where holders do.
    numbers = (start + holder * 7_919) % PHONES
    second = rng.random(count) < p.SECOND_PHONE_SHARE
    arrears = (rng.random(count) < p.ARREARS_SHARE) & (premises.transformer < sites.public)
    dialysis = rng.random(count) < p.DIALYSIS_PER_10_000 / 10_000
    kinds = _kinds(seed, sites, premises, places)
    points = shapely.points(lonlat(premises.xy))
    out = []
    for i, t in enumerate(premises.transformer.tolist()):
        own = sites.owner[t]
        phones: tuple[str, ...] = (phone(int(numbers[i])),)
        if second[i]:
            phones += (phone(int(numbers[i]) + PHONES // 2 + i),)
        critical = sites.critical[t] or (LIFE_SUPPORT if dialysis[i] and not own else "")
        out.append(
            UsagePoint(
                account=f"88{seed % 100:02d}{i + 1:06d}",
                meter=f"D{seed % 100:02d}{i + 1:08d}",
                name=own or names[int(holder[i])],
                phones=phones,
                address=premises.address[i],
                point=points[i],
                transformer_id=transformer_id(t),
                node=boxes[i],
                disconnected_for=ARREARS if arrears[i] else None,
                critical=critical or None,
                kind=kinds[i],
            )
        )
    return tuple(out)


def _holders(rng: np.random.Generator, transformer: Ints, public: int) -> Ints:
    """Whose phone and name stand on each account: a few people hold several."""
    count = len(transformer)
    holder = np.arange(count)
    lent = (rng.random(count) < p.SHARED_PHONE_SHARE) & (transformer < public) & (holder > 0)
    back = rng.integers(1, 40, count)
    for i in np.flatnonzero(lent).tolist():
        holder[i] = holder[max(0, i - int(back[i]))]
    return holder


_PUBLIC = tuple(name.removeprefix("县") for name, _ in (*INSTITUTIONS, *TOWN_INSTITUTIONS))


def _kinds(seed: int, sites: Sites, premises: Premises, places: list[Place]) -> list[CustomerKind]:
    """Who is supplied: owners of a transformer by their name, others as often as in such a place.

    Drawn apart from everything else, which so stays as it is.
    """
    drawn = stream(seed, "kinds").random(len(premises.transformer))
    found = []
    for t, chance in zip(premises.transformer.tolist(), drawn.tolist(), strict=True):
        place = places[int(sites.place[t])].kind
        if sites.owner[t]:
            found.append(_kind_of_owner(sites.owner[t]))
        elif chance < p.SHOPS[place]:
            found.append(CustomerKind.COMMERCIAL)
        elif chance < p.SHOPS[place] + p.FARMS[place]:
            found.append(CustomerKind.FARM)
        else:
            found.append(CustomerKind.RESIDENTIAL)
    return found


def _kind_of_owner(owner: str) -> CustomerKind:
    if owner.endswith(_PUBLIC):
        return CustomerKind.PUBLIC
    if "抽水站" in owner:
        return CustomerKind.FARM
    return CustomerKind.COMMERCIAL if "通信基站" in owner else CustomerKind.INDUSTRIAL
