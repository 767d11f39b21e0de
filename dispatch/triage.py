"""What an agent asks about a home where nothing is known to be out, and what the replies settle.

Three questions, each only where it still tells something: do the neighbours have light, has the
main switch tripped, does it hold once the appliances are unplugged. Replies are symptoms of the
report, so they are kept with it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.words import Symptom
from dispatch.sayings import CLOSE_SWITCH, MAIN_SWITCH, NEIGHBOURS, Saying


class Finding(StrEnum):
    """What the replies come to."""

    OPEN = "open"
    NETWORK = "network"
    SERVICE = "service"
    INSIDE = "inside"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question, and the symptoms that its two replies are."""

    ask: Saying
    yes: Symptom
    no: Symptom

    def reply(self, said: Collection[str]) -> Symptom | None:
        """What was replied, None while nobody has."""
        return next((each for each in (self.yes, self.no) if each in said), None)


LIT = Step(ask=NEIGHBOURS, yes=Symptom.NEIGHBOURS_LIT, no=Symptom.NEIGHBOURS_OUT)
TRIPPED = Step(ask=MAIN_SWITCH, yes=Symptom.MAIN_SWITCH_TRIPPED, no=Symptom.MAIN_SWITCH_ON)
HOLDS = Step(ask=CLOSE_SWITCH, yes=Symptom.LIGHT_BACK, no=Symptom.SWITCH_TRIPS_AGAIN)

SAYINGS: dict[Finding, Saying] = {
    Finding.NETWORK: Saying(
        "邻居也没电，应是我们线路的故障，我马上登记。",
        "If the neighbours are out too, the fault is in our network; I register it now.",
    ),
    Finding.SERVICE: Saying(
        "您家开关没跳、邻居有电，问题可能在进户线或电表，我登记，派人上门。",
        "Your switch is on and the neighbours have light: it may be the line to your home or the"
        " meter. I register it and we send somebody.",
    ),
    Finding.INSIDE: Saying(
        "开关合不上，是您家内部线路或电器的故障，请不要再合，找电工检修；需要我们上门也可以登记。",
        "If the switch does not hold, the fault is in your own wiring or an appliance. Please leave"
        " it off and call an electrician; if you want us to come, I register it.",
    ),
    Finding.SETTLED: Saying(
        "好的，已经来电。请把电器逐个插回；再跳闸就请电工检查那一路。",
        "Good, the light is back. Plug the appliances in one by one; if it trips again, have an"
        " electrician look at that circuit.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The questions so far with their replies, the one that is open, and what they come to."""

    asked: Sequence[tuple[Step, Symptom]]
    open: Step | None
    finding: Finding

    @property
    def say(self) -> Saying | None:
        """The sentence that the finding calls for; None while a question is open."""
        return SAYINGS.get(self.finding)


def triage(said: Collection[str]) -> Triage:
    """Lay out the questions for what was `said` (codes of symptoms), in the order of asking."""
    lit, tripped, holds = (step.reply(said) for step in (LIT, TRIPPED, HOLDS))
    if lit is LIT.no:
        step, finding = None, Finding.NETWORK
    elif holds is not None:
        step, finding = None, Finding.SETTLED if holds is HOLDS.yes else Finding.INSIDE
    elif tripped is TRIPPED.yes:
        step, finding = HOLDS, Finding.OPEN
    elif lit is None:
        step, finding = LIT, Finding.OPEN
    elif tripped is None:
        step, finding = TRIPPED, Finding.OPEN
    else:
        step, finding = None, Finding.SERVICE
    replied = ((LIT, lit), (TRIPPED, tripped), (HOLDS, holds))
    asked = [(each, reply) for each, reply in replied if reply is not None]
    return Triage(asked=asked, open=step, finding=finding)
