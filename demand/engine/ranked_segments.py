"""Segments with what moving them would change -> their order under the weights that a user sets; grain: one segment.

Each objective's part of a segment is its mean rank among the segments in the measures of that objective, 0 for the worst and 100 for the
best; what is not known counts as the middle, 50. Score = the weighted mean of the parts. Weights change scores and the order, never a
measure and never a part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

# Objective -> its measures, all of them better the higher they are.
OBJECTIVES = {
    "access": ("miles_saved", "patient_cents_saved"),
    "revenue": ("allowed_cents_kept",),
    "steerage": ("exposed_share",),
    "safety": ("events_avoided",),
}
MIDDLE = 50.0


def parts(segments: Sequence[Mapping[str, float | None]]) -> list[dict[str, float]]:
    """Each segment's part in each objective, 0 to 100, to a tenth."""
    ranks = {measure: _ranks([segment[measure] for segment in segments]) for of in OBJECTIVES.values() for measure in of}
    return [
        {name: round(float(np.mean([ranks[measure][place] for measure in of])), 1) for name, of in OBJECTIVES.items()}
        for place in range(len(segments))
    ]


def _ranks(values: Sequence[float | None]) -> list[float]:
    """Equal values have the middle of the ranks they share."""
    known = np.array([value for value in values if value is not None], dtype=float)
    if len(known) < 2:
        return [MIDDLE] * len(values)
    ordered = np.sort(known)

    def rank(value: float) -> float:
        below, through = np.searchsorted(ordered, value, "left"), np.searchsorted(ordered, value, "right")
        return 100.0 * ((below + through - 1) / 2) / (len(ordered) - 1)

    return [MIDDLE if value is None else rank(value) for value in values]


def score(part: Mapping[str, float], weights: Mapping[str, float]) -> float | None:
    """The weighted mean of the parts, to a tenth; None where every weight is zero."""
    total = sum(weights.values())
    return round(sum(part[name] * weight for name, weight in weights.items()) / total, 1) if total else None


def order(names: Sequence[tuple[str, ...]], scores: Sequence[float | None]) -> list[int]:
    """Positions of the segments, the highest score first; equal ones by name."""
    return sorted(range(len(names)), key=lambda place: (-(scores[place] or 0.0), names[place]))
