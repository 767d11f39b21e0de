"""Where transformers stand, how many customers each has, and the institutions that own one."""

from dataclasses import dataclass

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.frame import Bools, Floats, Ints, shares, stream
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Roads

INSTITUTIONS = (
    ("县人民医院", "hospital"),
    ("县中医院", "hospital"),
    ("县自来水厂", "waterworks"),
    ("县第一中学", "school"),
    ("县妇幼保健院", "hospital"),
    ("县职业中学", "school"),
    ("县污水处理厂", "sewage works"),
    ("县融媒体中心", "broadcasting"),
    ("县客运站", ""),
    ("县人民政府", "government"),
)
TOWN_INSTITUTIONS = (("卫生院", "hospital"), ("中心小学", "school"), ("水厂", "waterworks"))


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """One row per transformer: the `public` first ones, then those of a single customer."""

    place: Ints
    vertex: Ints
    xy: Floats
    customers: Ints
    name: tuple[str, ...]
    owner: tuple[str, ...]
    critical: tuple[str, ...]
    compound: Bools
    rated_kva: Ints
    public: int


def make_sites(seed: int, customers: int, places: list[Place], roads: Roads) -> Sites:
    """Place the transformers at nodes of the settlements' streets.

    Raises ValueError where `customers` are too few to fill a county.
    """
    if customers < p.FEWEST_CUSTOMERS:
        raise ValueError(f"customers is {customers}; expected {p.FEWEST_CUSTOMERS} or more")
    rng = stream(seed, "sites")
    public = round(customers / p.MEAN_CUSTOMERS_PER_TRANSFORMER)
    special = round(public * p.SPECIAL_SHARE / (1 - p.SPECIAL_SHARE))
    place = _public_places(rng, public, places)
    owners = _owners(rng, special, places)
    size = customers_each(rng, customers - special, [places[i].kind for i in place])
    place = np.r_[place, [home for home, _, _ in owners]].astype(np.int64)
    vertex = _vertices(rng, place, roads)
    kinds = [places[i].kind for i in place]
    share = np.array([p.COMPOUND_SHARE[kind] for kind in kinds])
    compound = (rng.random(len(place)) < share) & (np.arange(len(place)) < public)
    compound[:public] &= size >= p.SMALLEST_COMPOUND
    angle = rng.uniform(0, 2 * np.pi, len(place))
    out = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(14, 30, (len(place), 1))
    counts = np.r_[size, np.ones(special, dtype=np.int64)]
    return Sites(
        place=place,
        vertex=vertex,
        xy=np.round(roads.xy[vertex] + out, 2),
        customers=counts,
        name=tuple(_names(rng, place[:public], compound, places, [o for _, o, _ in owners])),
        owner=("",) * public + tuple(owner for _, owner, _ in owners),
        critical=("",) * public + tuple(critical for _, _, critical in owners),
        compound=compound,
        rated_kva=_ratings(rng, counts, public),
        public=public,
    )


def _public_places(rng: np.random.Generator, public: int, places: list[Place]) -> Ints:
    weights = np.zeros(len(places))
    for kind, share in p.TRANSFORMER_SHARE.items():
        members = np.array([i for i, q in enumerate(places) if q.kind == kind])
        some = rng.lognormal(0, 0.35, len(members))
        weights[members] = share * some / some.sum()
    return np.repeat(np.arange(len(places)), shares(public, weights))


def customers_each(rng: np.random.Generator, customers: int, kinds: list[str]) -> Ints:
    """Customers per public transformer: the real quartiles, the larger ones in town."""
    low, quarter, half, three, high = p.CUSTOMERS_PER_TRANSFORMER
    at = (np.arange(len(kinds)) + 0.5) / len(kinds)
    rising = np.interp(at, [0, 0.25, 0.5, 0.75, 1], [low, quarter, half, three, three])
    # The top quarter rises slowly, so that the mean is the real one too.
    rising += (high - three) * np.clip((at - 0.75) * 4, 0, 1) ** 2
    size: Ints = np.clip(np.round(rising), low, high).astype(np.int64)
    middle = np.flatnonzero((size > quarter) & (size < high - quarter))
    rest = customers - int(size.sum())
    size[middle] += rest // len(middle)
    size[middle[: rest % len(middle)]] += 1
    score = np.array([p.SIZE_SCORE[kind] for kind in kinds]) + rng.normal(0, 0.75, len(kinds))
    ranked = np.empty_like(size)
    ranked[np.argsort(score, kind="stable")] = np.sort(size)
    return ranked


def _owners(
    rng: np.random.Generator, special: int, places: list[Place]
) -> list[tuple[int, str, str]]:
    """(place, owner, why its supply is critical or nothing), the important ones first."""
    towns = [i for i, q in enumerate(places) if q.kind == "town"]
    far = [i for i, q in enumerate(places) if q.kind in ("village", "hamlet")]
    owners = [(0, p.COUNTY + name.removeprefix("县"), why) for name, why in INSTITUTIONS]
    owners += [(t, places[t].name + name, why) for name, why in TOWN_INSTITUTIONS for t in towns]
    firms = [f"{firm}{trade}" for firm in words.FIRMS for trade in words.TRADES]
    firms = [str(name) for name in rng.permutation(firms)]
    k = 0
    while len(owners) < special:
        draw = rng.random()
        if draw < 0.55:  # noqa: PLR2004 - shares of factories, masts and pumps
            home = 0 if rng.random() < 0.45 else int(rng.choice(towns))  # noqa: PLR2004
            number = f"{k // len(firms) + 1}厂" if k >= len(firms) else ""
            owners.append((home, firms[k % len(firms)] + number, ""))
        else:
            home = int(rng.choice(far))
            what = "通信基站" if draw < 0.8 else "抽水站"  # noqa: PLR2004
            again = sum(1 for _, owner, _ in owners if owner.startswith(places[home].name + what))
            owners.append((home, f"{places[home].name}{what}{again + 1 if again else ''}", ""))
        k += 1
    return owners[:special]


def _vertices(rng: np.random.Generator, place: Ints, roads: Roads) -> Ints:
    """Give each transformer a street node of its settlement, as far apart as may be."""
    vertex = np.empty(len(place), dtype=np.int64)
    used = np.unique(roads.edges().ravel())
    for home in np.unique(place):
        mine = np.flatnonzero(place == home)
        nodes = used[roads.place[used] == home]
        order = _spread(rng, roads.xy[nodes], len(mine))
        vertex[mine] = nodes[rng.permutation(order)]
    return vertex


def _spread(rng: np.random.Generator, xy: Floats, wanted: int) -> Ints:
    """Indices of `wanted` points far from one another; they repeat when points run out."""
    chosen = [int(rng.integers(len(xy)))]
    gap = np.hypot(*(xy - xy[chosen[0]]).T)
    while len(chosen) < min(wanted, len(xy)):
        nearest = int(np.argmax(gap * rng.uniform(0.7, 1.0, len(xy))))
        chosen.append(nearest)
        np.minimum(gap, np.hypot(*(xy - xy[nearest]).T), out=gap)
    return np.resize(np.array(chosen, dtype=np.int64), wanted)


def _names(
    rng: np.random.Generator, place: Ints, compound: Bools, places: list[Place], owners: list[str]
) -> list[str]:
    estates = [f"{head}{tail}" for head in words.COMPOUND_HEADS for tail in words.COMPOUND_TAILS]
    estates = [str(name) for name in rng.permutation(estates)]
    names = []
    estate = 0
    count: dict[str, int] = {}
    for home, is_compound in zip(place.tolist(), compound.tolist(), strict=False):
        if is_compound:
            again = estate // len(estates)
            base = estates[estate % len(estates)] + (f"{again + 1}期" if again else "")
            estate += 1
        else:
            base = "城关" if places[home].kind == "seat" else places[home].name
        count[base] = count.get(base, 0) + 1
        names.append(f"{base}{count[base]}号公变")
    return names + [f"{owner}专变" for owner in owners]


def _ratings(rng: np.random.Generator, customers: Ints, public: int) -> Ints:
    wanted = customers * p.KVA_PER_CUSTOMER
    wanted[public:] = rng.choice([80, 150, 250, 400, 600], len(customers) - public)
    ratings = np.array(p.RATED_KVA)
    return ratings[np.minimum(np.searchsorted(ratings, wanted), len(ratings) - 1)]
