"""Boosted trees as plain numbers: grown by LightGBM, kept and read off without it.

What is stored is arrays, checked when they are read: nothing of it is ever run, and a process that
only asks needs no library for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.errors import InvalidInput
from dispatch.rates import Floats

Ints = NDArray[np.int32]

GROWTH: Mapping[str, object] = {
    "objective": "quantile",
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 1.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "verbose": -1,
}
ROUNDS = 120
AT_ONCE = 256
MOST_KEPT = 20_000
"""So many cells are kept at most, some 8 MB; those that nobody asked about longest go first."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Sums of trees, one sum for each of several outputs.

    Nodes of all trees stand in one row: a case goes to `left` where its `feature` is at most
    `threshold`, else to `right`; below 0 these are leaves, `~i` the i-th `value`. `roots` begin the
    trees, `output` says to which sum each adds. What is below a node stands behind it, so that no
    way runs in a circle.
    """

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats
    roots: Ints
    output: Ints
    outputs: int

    def sums(self, cases: Floats) -> Floats:
        """The outputs, shape (cases, outputs), of cases of shape (cases, features)."""
        adds = np.arange(self.outputs) == self.output[:, None]
        parts = [
            self.value[~self._leaves(cases[at : at + AT_ONCE])] @ adds
            for at in range(0, len(cases), AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.outputs))

    def _leaves(self, cases: Floats) -> Ints:
        """Where each case ends in each tree, below 0; shape (cases, trees)."""
        at = np.repeat(self.roots[None], len(cases), axis=0)
        row, tree = np.nonzero(at >= 0)
        while row.size:
            node = at[row, tree]
            goes_left = cases[row, self.feature[node]] <= self.threshold[node]
            at[row, tree] = node = np.where(goes_left, self.left[node], self.right[node])
            row, tree = row[node >= 0], tree[node >= 0]
        return at

    def to_dict(self) -> dict[str, Any]:
        """Plain lists."""
        return {
            "feature": self.feature.tolist(),
            "threshold": self.threshold.tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "value": self.value.tolist(),
            "roots": self.roots.tolist(),
            "output": self.output.tolist(),
            "outputs": self.outputs,
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any], features: int) -> "Trees":
        """Read what `to_dict` gave.

        Raises
        ------
        InvalidInput
            An index points outside, an array is too short, or a number is not finite.
        """
        try:
            made = cls(
                feature=np.array(written["feature"], np.int32),
                threshold=np.array(written["threshold"], float),
                left=np.array(written["left"], np.int32),
                right=np.array(written["right"], np.int32),
                value=np.array(written["value"], float),
                roots=np.array(written["roots"], np.int32),
                output=np.array(written["output"], np.int32),
                outputs=int(written["outputs"]),
            )
        except (KeyError, TypeError, ValueError) as unreadable:
            raise InvalidInput("trees", str(unreadable), "lists of numbers") from unreadable
        if not made._is_sound(features):
            raise InvalidInput("trees", "arrays", "indices inside them and finite numbers")
        return made

    def _is_sound(self, features: int) -> bool:
        nodes, leaves = self.feature.size, self.value.size
        if not self.threshold.size == self.left.size == self.right.size == nodes:
            return False
        if self.roots.size != self.output.size:
            return False
        to = np.concatenate((self.left, self.right, self.roots))
        return bool(
            np.isin(self.output, range(self.outputs)).all()
            and ((self.feature >= 0) & (self.feature < features)).all()
            and ((to < nodes) & (~to < leaves)).all()
            and all(
                ((side < 0) | (side > np.arange(nodes))).all() for side in (self.left, self.right)
            )
            and np.isfinite(self.threshold).all()
            and np.isfinite(self.value).all()
        )


class KeptSums:
    """The sums of trees, kept by the cell that a case falls into.

    A tree only asks on which side of its thresholds a case lies, so that all cases between the same
    thresholds have the same sums: what is kept is no approximation, but for rounding in the
    fifteenth digit. Between one plan of a district and the next most cases stay in their cells.
    """

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._kept: dict[bytes, Floats] = {}
        self._before: dict[bytes, Floats] = {}
        features = int(trees.feature.max(initial=-1)) + 1
        self._borders = [np.unique(trees.threshold[trees.feature == f]) for f in range(features)]

    def of(self, cases: Floats) -> Floats:
        """The outputs, as `Trees.sums` gives them."""
        if len(cases) > MOST_KEPT // 2:
            return self._trees.sums(cases)
        keys = self._keys(cases)
        found = {key: self._held(key) for key in keys}
        rows = {key: row for row, key in enumerate(keys) if found[key] is None}
        if rows:
            made = self._trees.sums(cases[list(rows.values())])
            found.update(zip(rows, made, strict=True))
        self._keep({key: sums for key, sums in found.items() if sums is not None})
        return np.array([found[key] for key in keys]).reshape(len(cases), self._trees.outputs)

    def missing(self, cases: Floats) -> Floats:
        """Those cases whose sums are not kept, one for each cell."""
        rows = {key: row for row, key in enumerate(self._keys(cases)) if self._held(key) is None}
        return cases[list(rows.values())]

    def borders(self, feature: int) -> Floats:
        """The thresholds of a feature, ascending."""
        return self._borders[feature] if feature < len(self._borders) else np.empty(0)

    def _held(self, key: bytes) -> Floats | None:
        sums = self._kept.get(key)
        return self._before.get(key) if sums is None else sums

    def _keep(self, found: Mapping[bytes, Floats]) -> None:
        """Keep what was asked for; what has not been since half of all were full is forgotten."""
        if len(self._kept) + len(found) > MOST_KEPT // 2:
            self._before, self._kept = self._kept, {}
        self._kept.update(found)

    def _keys(self, cases: Floats) -> list[bytes]:
        return [row.tobytes() for row in self._cells(cases)]

    def _cells(self, cases: Floats) -> Ints:
        """How many thresholds of each feature a case lies above; shape (cases, features)."""
        cells = np.zeros((len(cases), len(self._borders)), np.int32)
        for feature, borders in enumerate(self._borders):
            cells[:, feature] = np.searchsorted(borders, cases[:, feature])
        return cells


def grow(cases: Floats, log_min: Floats, levels: Sequence[float], rounds: int = ROUNDS) -> Trees:
    """Grow trees for quantiles of `log_min` (cases,) at each level from cases (cases, features)."""
    import lightgbm  # noqa: PLC0415 (only who learns needs it)

    dumped = []
    for level in levels:
        booster = lightgbm.train(
            {**GROWTH, "alpha": level},
            lightgbm.Dataset(cases, log_min, params={"verbose": -1}),
            num_boost_round=rounds,
        )
        dumped.append(booster.dump_model())
    return _flat(dumped)


def _flat(dumped: Sequence[Mapping[str, Any]]) -> Trees:
    nodes: list[tuple[int, float, int, int]] = []
    values: list[float] = []
    roots, output = [], []
    for number, model in enumerate(dumped):
        for tree in model["tree_info"]:
            root = _add(tree["tree_structure"], nodes, values)
            roots.append(root)
            output.append(number)
    feature, threshold, left, right = zip(*nodes, strict=True) if nodes else ((), (), (), ())
    return Trees(
        feature=np.array(feature, np.int32),
        threshold=np.array(threshold, float),
        left=np.array(left, np.int32),
        right=np.array(right, np.int32),
        value=np.array(values),
        roots=np.array(roots, np.int32),
        output=np.array(output, np.int32),
        outputs=len(dumped),
    )


def _add(
    node: Mapping[str, Any], nodes: list[tuple[int, float, int, int]], values: list[float]
) -> int:
    """Write a node down with all below it, which stands behind it; where it stands."""
    if "leaf_value" in node:
        values.append(node["leaf_value"])
        return ~(len(values) - 1)
    here = len(nodes)
    nodes.append((0, 0.0, 0, 0))
    left = _add(node["left_child"], nodes, values)
    right = _add(node["right_child"], nodes, values)
    nodes[here] = (node["split_feature"], node["threshold"], left, right)
    return here
