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
