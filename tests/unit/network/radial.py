"""Random radial networks for property tests."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from gis.network.model import Network
from gis.network.notation import parse

_JOINTS = ["--", "-250-", "-B:s{n}-", "-R:s{n}-", "-S:s{n}-", "-F:s{n}-", "-L:s{n}-", "-D:s{n}-"]


@st.composite
def networks(draw: DrawFn, max_nodes: int = 30) -> Network:
    """Radial networks of one to three feeders, with open ties between any two nodes."""
    feeders = draw(st.integers(1, 3))
    count = draw(st.integers(0, max_nodes))
    names = [f"F{i}" for i in range(feeders)]
    lines = [f"[{name}]" for name in names]
    for number in range(count):
        above = draw(st.sampled_from(names))
        joint = draw(st.sampled_from(_JOINTS)).format(n=number)
        customers = draw(st.integers(0, 3))
        hung = draw(st.sampled_from(["", f"(t{number}:{customers})", f"{{{customers}}}"]))
        names.append(f"n{number}")
        lines.append(f"{above} {joint} n{number}{hung}")
    for number in range(draw(st.integers(0, 3))):
        one, other = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        if one != other:
            lines.append(f"{one} -/L:tie{number}/- {other}")
    return parse("\n".join(lines))
