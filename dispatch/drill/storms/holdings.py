"""Which outage holds which report at the drill's desk, and of which fault it truly is."""

from collections import Counter, defaultdict

from dispatch.domain.words import TicketId


class Holdings:
    """Tickets by the one outage that may hold each, and by their true fault."""

    def __init__(self) -> None:
        self.outage_of: dict[TicketId, int] = {}
        self.fault_of: dict[TicketId, int] = {}
        self._of_fault: dict[int, set[TicketId]] = defaultdict(set)
        self._held: dict[int, dict[TicketId, None]] = defaultdict(dict)
        self._outages_of_fault: dict[int, Counter[int]] = defaultdict(Counter)
        self._faults_in: dict[int, Counter[int]] = defaultdict(Counter)

    def enter(self, ticket_id: TicketId, fault: int) -> None:
        """A ticket came in; nothing holds it yet."""
        self.fault_of[ticket_id] = fault
        self._of_fault[fault].add(ticket_id)

    def leave(self, ticket_id: TicketId) -> None:
        """A ticket that nothing holds any longer is settled."""
        self._of_fault[self.fault_of[ticket_id]].discard(ticket_id)

    def move(self, ticket_id: TicketId, key: int | None) -> None:
        """Let another outage hold a ticket, or none."""
        before, fault = self.outage_of.get(ticket_id), self.fault_of[ticket_id]
        if before is not None:
            _less(self._outages_of_fault[fault], before)
            _less(self._faults_in[before], fault)
            del self.outage_of[ticket_id], self._held[before][ticket_id]
        if key is not None:
            self.outage_of[ticket_id] = key
            self._held[key][ticket_id] = None
            self._outages_of_fault[fault][key] += 1
            self._faults_in[key][fault] += 1

    def of_fault(self, fault: int) -> set[TicketId]:
        """Tickets of a fault that are not settled."""
        return self._of_fault[fault]

    def held_by(self, key: int) -> list[TicketId]:
        """Tickets an outage holds, in the order in which it got them."""
        return list(self._held[key])

    def count(self, key: int) -> int:
        """How many tickets an outage holds."""
        return len(self._held[key])

    def faults_in(self, key: int) -> Counter[int]:
        """How many tickets of each fault an outage holds."""
        return self._faults_in[key]

    def main_fault(self, key: int) -> int | None:
        """The fault that most tickets of an outage are of; None if it holds none."""
        main = self._faults_in[key].most_common(1)
        return main[0][0] if main else None

    def outages_of(self, fault: int) -> list[int]:
        """Outages with tickets of a fault, the one with most first."""
        return [key for key, _ in self._outages_of_fault[fault].most_common()]


def _less(counter: Counter[int], key: int) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
