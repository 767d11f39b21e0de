"""BDGD, the geographic database that every Brazilian utility files with its regulator ANEEL.

Layers and columns follow the regulator's manual (PRODIST, module 10) in its second edition, with
the names of the first where they differ. What joins is a PAC (ponto de acoplamento comum): sections
and switches lie between PAC_1 and PAC_2, a transformer between its primary PAC_1 and secondary
PAC_2, a customer at its PAC; a circuit (CTMT) starts at PAC_INI. Poles (PONNOT) give the positions
of customers.

Codes of medium-voltage circuits, sections, switches and transformers stay as they are; those of
the other layers, which may repeat them, are preceded by the layer's name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from shapely import Point

from gis.errors import UnreadableFile
from gis.network.kinds import kind_of_class
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    ReadResult,
    Refusal,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.phases import live_phases
from gis.network.readers.records import Record, take
from gis.network.readers.source import Layer, Source, open_source

_T = TypeVar("_T")

SWITCH_KINDS: Mapping[str, SwitchKind] = {
    **dict.fromkeys(("22", "23", "27"), SwitchKind.FUSE),
    "29": SwitchKind.BREAKER,
    "32": SwitchKind.RECLOSER,
    "35": SwitchKind.SECTIONALISER,
    **dict.fromkeys(("16", "17", "18", "20", "21"), SwitchKind.LOAD_BREAK),
}
"""TIP_UNID of UNSEMT and UNSEBT to kind; a code not listed is taken as a disconnector.

27 is a cut-out with several fuses in turn: after the last a crew must come, so it is a fuse.
"""

SOLID_LINK = "LAM"
"""CAP_ELO of a cut-out that carries a solid blade: nothing in it melts."""

_IN_SERVICE = {"at": True, "ds": False}
_OPEN = {"a": True, "f": False}
_UNUSED = frozenset({"", "0"})


def is_bdgd(source: Source) -> bool:
    """Whether the source holds the layers by which a BDGD is known."""
    return source.has("CTMT", "SSDMT")


def read_bdgd(
    path: Path | str,
    switch_kinds: Mapping[str, SwitchKind] = SWITCH_KINDS,
    crs: str | None = None,
) -> ReadResult:
    """Read a BDGD from a GeoPackage or FileGDB folder, packed as a zip file or not.

    Equipment whose SIT_ATIV says that it is out of service (DS) is refused; a customer of that
    state is kept, disconnected for "inactive". A customer's code that comes again, as it does
    when the file keeps an earlier state of the same supply, gets `#2`, `#3`, the one in service
    going first. A circuit that starts behind its breaker is made to start before it. `crs` is the
    reference system of layers that name none. Raises UnreadableFile.
    """
    with open_source(path, crs) as source:
        if not is_bdgd(source):
            raise UnreadableFile(source.path, "it is no BDGD: layers CTMT and SSDMT are not there")
        return _Reading(source, switch_kinds).result()


@dataclass(slots=True, eq=False)
class _Reading:
    source: Source
    switch_kinds: Mapping[str, SwitchKind]
    refusals: list[Refusal] = field(default_factory=list)

    def result(self) -> ReadResult:
        switches = (*self._switches("UNSEMT", ""), *self._switches("UNSEBT", "UNSEBT:"))
        sections = (
            *self._sections("SSDMT", Level.MV, prefix=""),
            *self._regulators(),
            *self._sections("SSDBT", Level.LV, prefix="SSDBT:"),
            *self._sections("RAMLIG", Level.SERVICE, prefix="RAMLIG:"),
        )
        transformers = self._take(
            ("UNTRMT", "UNTRD"),
            ("SIT_ATIV", "PAC_1", "PAC_2", "FAS_CON_P", "POT_NOM", "DESCR"),
            _transformer,
        )
        network = Network(
            name=self._name(),
            substations=self._take(("SUB",), ("NOME",), _substation),
            feeders=_behind_breakers(
                self._take(("CTMT",), ("NOME", "SUB", "PAC_INI"), _feeder),
                sections,
                switches,
                transformers,
            ),
            sections=sections,
            switches=switches,
            transformers=transformers,
            usage_points=self._usage_points(),
        )
        return ReadResult(network=network, refusals=tuple(self.refusals))

    def _name(self) -> str:
        base = self.source.read(("BASE",), ("DIST", "DAT_EXT"))
        if base is None or base.count == 0:
            return self.source.path.name.partition(".")[0]
        row = Record(base, 0)
        return f"BDGD {row.find_text('DIST') or '?'} {row.find_text('DAT_EXT') or ''}".strip()

    def _sections(self, name: str, level: Level, *, prefix: str) -> tuple[LineSection, ...]:
        layer = self._layer((name,), ("PAC_1", "PAC_2", "FAS_CON", "COMP"))
        lengths = layer.lengths_m() if layer else []

        def build(row: Record) -> LineSection:
            from_node, to_node = _ends(row)
            stated_m = row.find_number("COMP")
            return LineSection(
                id=prefix + row.text("COD_ID"),
                from_node=from_node,
                to_node=to_node,
                level=level,
                phases=_phases(row, "FAS_CON"),
                line=row.find_line(),
                length_m=lengths[row.at] if stated_m is None else stated_m,
            )

        return self._build(layer, build)

    def _switches(self, name: str, prefix: str) -> tuple[Switch, ...]:
        columns = ("PAC_1", "PAC_2", "FAS_CON", "SIT_ATIV", "TIP_UNID", "P_N_OPE", "CAP_ELO")

        def build(row: Record) -> Switch:
            _check_in_service(row)
            from_node, to_node = _ends(row)
            kind = self.switch_kinds.get(row.find_text("TIP_UNID") or "", SwitchKind.DISCONNECTOR)
            if kind is SwitchKind.FUSE and row.find_text("CAP_ELO") == SOLID_LINK:
                kind = SwitchKind.DISCONNECTOR
            return Switch(
                id=prefix + row.text("COD_ID"),
                kind=kind,
                from_node=from_node,
                to_node=to_node,
                point=row.find_point(),
                normal_open=row.choice("P_N_OPE", _OPEN),
                phases=_phases(row, "FAS_CON"),
            )

        return self._take((name,), columns, build)

    def _regulators(self) -> tuple[LineSection, ...]:
        """Take voltage regulators as what they are to a trace: a piece of line without length."""

        def build(row: Record) -> LineSection:
            _check_in_service(row)
            from_node, to_node = _ends(row)
            return LineSection(
                id="UNREMT:" + row.text("COD_ID"),
                from_node=from_node,
                to_node=to_node,
                level=Level.MV,
                phases=_phases(row, "FAS_CON"),
            )

        return self._take(("UNREMT",), ("PAC_1", "PAC_2", "FAS_CON", "SIT_ATIV"), build)

    def _usage_points(self) -> tuple[UsagePoint, ...]:
        poles = self._poles()
        columns = (
            *("PAC", "PN_CON", "UNI_TR_MT", "UNI_TR_D", "SIT_ATIV"),
            *("LGRD", "BRR", "CEP", "CLAS_SUB", "FAS_CON"),
        )
        found: list[UsagePoint] = []
        for names in (("UCBT_tab", "UCBT"), ("UCMT_tab", "UCMT")):
            layer = self._layer(names, columns)
            for at in range(layer.count if layer else 0):
                assert layer is not None
                try:
                    found.append(_usage_point(Record(layer, at), poles))
                except ValueError as error:
                    code = layer.columns.get("cod_id", [None] * layer.count)[at]
                    self.refusals.append(
                        Refusal(layer=layer.name, row=at + 1, id=str(code), reason=str(error))
                    )
        return _told_apart(found)

    def _poles(self) -> dict[str, Point]:
        points: dict[str, Point] = {}

        def build(row: Record) -> None:
            point = row.find_point()
            if point is not None:
                points[row.text("COD_ID")] = point

        self._take(("PONNOT",), (), build)
        return points

    def _layer(self, names: tuple[str, ...], columns: tuple[str, ...]) -> Layer | None:
        return self.source.read(names, ("COD_ID", *columns))

    def _take(
        self, names: tuple[str, ...], columns: tuple[str, ...], build: Callable[[Record], _T]
    ) -> tuple[_T, ...]:
        return self._build(self._layer(names, columns), build)

    def _build(self, layer: Layer | None, build: Callable[[Record], _T]) -> tuple[_T, ...]:
        taken, refused = take(layer, "COD_ID", build)
        self.refusals.extend(refused)
        return tuple(taken)


def _substation(row: Record) -> Substation:
    id_ = row.text("COD_ID")
    return Substation(id=id_, name=row.find_text("NOME") or id_, point=row.find_point())


def _feeder(row: Record) -> Feeder:
    id_ = row.text("COD_ID")
    return Feeder(
        id=id_,
        name=row.find_text("NOME") or id_,
        substation_id=row.find_text("SUB"),
        head_node=row.text("PAC_INI"),
    )


def _transformer(row: Record) -> Transformer:
    _check_in_service(row)
    id_ = row.text("COD_ID")
    low = row.find_text("PAC_2")
    return Transformer(
        id=id_,
        name=row.find_text("DESCR") or id_,
        node=row.text("PAC_1"),
        lv_node=None if low in _UNUSED else low,
        point=row.find_point(),
        rated_kva=row.find_number("POT_NOM"),
        phases=_phases(row, "FAS_CON_P"),
    )


def _usage_point(row: Record, poles: Mapping[str, Point]) -> UsagePoint:
    state = row.find_choice("SIT_ATIV", _IN_SERVICE, otherwise=True)
    transformer_id = row.find_text("UNI_TR_MT", "UNI_TR_D")
    where = (row.find_text(name) for name in ("LGRD", "BRR", "CEP"))
    return UsagePoint(
        account=row.text("COD_ID"),
        address=", ".join(part for part in where if part),
        point=poles.get(row.find_text("PN_CON") or ""),
        transformer_id=None if transformer_id in _UNUSED else transformer_id,
        node=row.find_text("PAC"),
        disconnected_for=None if state else "inactive",
        kind=kind_of_class(row.find_text("CLAS_SUB")),
        phases=live_phases(row.find_text("FAS_CON")),
    )


def _told_apart(usage_points: list[UsagePoint]) -> tuple[UsagePoint, ...]:
    """Number the accounts that come more than once, those in service first."""
    times: dict[str, int] = {}
    account_at: dict[int, str] = {}
    in_service_first = sorted(
        range(len(usage_points)), key=lambda at: usage_points[at].disconnected_for is not None
    )
    for at in in_service_first:
        account = usage_points[at].account
        times[account] = times.get(account, 0) + 1
        if times[account] > 1:
            account_at[at] = f"{account}#{times[account]}"
    return tuple(
        replace(each, account=account_at[at]) if at in account_at else each
        for at, each in enumerate(usage_points)
    )


def _behind_breakers(
    feeders: tuple[Feeder, ...],
    sections: tuple[LineSection, ...],
    switches: tuple[Switch, ...],
    transformers: tuple[Transformer, ...],
) -> tuple[Feeder, ...]:
    """Move a head to the source side of the breaker that stands on it with a free end."""
    touched: dict[str, int] = {}
    edges: tuple[LineSection | Switch, ...] = (*sections, *switches)
    for edge in edges:
        for node in {edge.from_node, edge.to_node}:
            touched[node] = touched.get(node, 0) + 1
    for transformer in transformers:
        touched[transformer.node] = touched.get(transformer.node, 0) + 1
    source_side: dict[str, str] = {}
    for switch in switches:
        if switch.kind in (SwitchKind.BREAKER, SwitchKind.RECLOSER) and not switch.normal_open:
            for near, far in (
                (switch.from_node, switch.to_node),
                (switch.to_node, switch.from_node),
            ):
                if touched[far] == 1:
                    source_side.setdefault(near, far)
    return tuple(
        replace(feeder, head_node=source_side.get(feeder.head_node, feeder.head_node))
        for feeder in feeders
    )


def _ends(row: Record) -> tuple[str, str]:
    ends = row.text("PAC_1"), row.text("PAC_2")
    for name, end in zip(("PAC_1", "PAC_2"), ends, strict=True):
        if end in _UNUSED:
            raise ValueError(f"{name} is {end!r}; expected the code of a coupling point")
    return ends


def _check_in_service(row: Record) -> None:
    if not row.find_choice("SIT_ATIV", _IN_SERVICE, otherwise=True):
        raise ValueError("SIT_ATIV is 'DS': it is out of service")


def _phases(row: Record, name: str) -> str:
    said = set(row.find_text(name) or "") & set("ABCN")
    return "".join(sorted(said)) or "ABC"
