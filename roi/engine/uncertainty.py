"""A center, a seed and a number of draws -> the spread of its value, and which inputs it comes from; grain: one draw.

- P10, P50, P90 are draws (inverse of the empirical distribution); the probability is the share of draws with a value above zero.
- Tornado: each input alone at the P10 and the P90 of its spread, all others at their likely values.
- Assumption debt: y, the value, is regressed on all drawn inputs x, y = a + Σ bᵢ xᵢ + e; input i takes bᵢ Cov(xᵢ, y) of the variance, which
  for independent inputs is bᵢ² Var(xᵢ) and for correlated ones splits what they share. The debt is the sum over guessed inputs ÷ the
  sum over all. So an input that turns from a guess into a measurement lowers the debt by its own share, its spread being the same.
  `explained` is that sum ÷ Var(y); the rest is bends (a full site) and products of inputs, and is assigned to nobody.
- Value of finding out input i (expected value of partial perfect information, decision: build or not, against doing nothing):
  E[max(0, E[y | xᵢ])] − max(0, E[y]), with E[y | xᵢ] a cubic of xᵢ by least squares. Nobody should pay more for the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roi.engine.break_even import break_even
from roi.engine.cash_flow import BASELINES
from roi.engine.draws import Draws, draw_values
from roi.engine.infusion_center import Center
from roi.engine.irr_draws import irr_of_draws
from roi.engine.marks import MARKS
from roi.engine.sampling import draw_inputs, quantile
from roi.engine.spreads import Spread, spreads_of
from roi.engine.worlds import DO_NOTHING

DRAWS = 10_000
MOST_DRAWS = 100_000
PERCENTILES = (0.1, 0.5, 0.9)
BINS = 40


@dataclass(frozen=True)
class InputShare:
    """One uncertain input: its spread, the value at its P10 and P90, its part of the variance, what knowing it is worth, and where
    it would have to be for the value to be zero (None: nowhere in its range), with the share of draws beyond that."""

    spread: Spread
    p10: float
    p90: float
    npv_at_p10: int
    npv_at_p90: int
    share: float
    worth_cents: int
    break_even: float | None
    chance_beyond: float | None

    @property
    def swing(self) -> int:
        return abs(self.npv_at_p90 - self.npv_at_p10)

    def as_json(self) -> dict:
        spread = self.spread
        return {
            "key": spread.key, "mark": spread.mark, "shape": spread.shape, "low": spread.low, "likely": spread.likely,
            "high": spread.high, "given": spread.given, "p10": self.p10, "p90": self.p90, "npv_at_p10_cents": self.npv_at_p10,
            "npv_at_p90_cents": self.npv_at_p90, "share": _short(self.share), "worth_cents": self.worth_cents,
            "break_even": None if self.break_even is None else float(f"{self.break_even:.6g}"),
            "chance_beyond": self.chance_beyond,
        }  # fmt: skip


@dataclass(frozen=True)
class Uncertainty:
    """`baselines`: percentiles and chances against each; `debt`: share of the spread by mark (None: nothing spreads)."""

    seed: int
    draws: int
    baselines: dict[str, dict]
    chance_full: float
    inputs: tuple[InputShare, ...]
    debt: dict[str, float] | None
    explained: float | None
    worth_of_all_cents: int

    def as_json(self) -> dict:
        return {
            "seed": self.seed,
            "draws": self.draws,
            "baselines": self.baselines,
            "chance_full": self.chance_full,
            "inputs": [each.as_json() for each in self.inputs],
            "debt": self.debt,
            "explained": self.explained,
            "worth_of_all_cents": self.worth_of_all_cents,
        }


def uncertainty(center: Center, seed: int, draws: int = DRAWS) -> Uncertainty:
    """One screen, the whole calculation."""
    spreads = spreads_of(center)
    drawn = draw_inputs(spreads, seed, draws)
    made = draw_values(center, drawn, draws)
    npv = made.npv[DO_NOTHING]
    shares = _variance_shares(drawn, npv)
    tornado = _tornado(center, spreads)
    solved = break_even(center, [spread.key for spread in spreads])
    inputs = []
    for spread in spreads:
        zero_at = solved[spread.key].value
        inputs.append(
            InputShare(
                spread,
                *tornado[spread.key],
                share=shares.get(spread.key, 0.0),
                worth_cents=_worth(drawn[spread.key], npv),
                break_even=zero_at,
                chance_beyond=None if zero_at is None else _beyond(drawn[spread.key], spread.likely, zero_at),
            )
        )
    whole = sum(shares.values())
    variance = float(npv.var())
    return Uncertainty(
        seed=seed,
        draws=draws,
        baselines={baseline: _distribution(made, baseline) for baseline in BASELINES},
        chance_full=_short(float(made.full.mean())),
        inputs=tuple(sorted(inputs, key=lambda each: (-each.swing, each.spread.key))),
        debt={mark: _short(sum(shares[s.key] for s in spreads if s.mark == mark) / whole) for mark in MARKS} if whole > 0 else None,
        explained=_short(whole / variance) if variance else None,
        worth_of_all_cents=round(float(np.maximum(npv, 0).mean() - max(npv.mean(), 0.0))),
    )


def _distribution(made: Draws, baseline: str) -> dict:
    npv, flows = made.npv[baseline], made.flows[baseline]
    cumulative = flows.cumsum(axis=0)
    months, paid = _paybacks(cumulative)
    rates = irr_of_draws(flows)
    found = rates[~np.isnan(rates)]
    counts, edges = np.histogram(npv, bins=BINS)
    return {
        "npv_cents": [int(cents) for cents in _quantiles(npv)],
        "mean_npv_cents": round(float(npv.mean())),
        "probability_positive": _short(float((npv > 0).mean())),
        "peak_cash_cents": [int(cents) for cents in _quantiles(np.maximum(0, -cumulative.min(axis=0)))],
        "chance_paid_back": _short(float(paid.mean())),
        "payback_months": [int(month) for month in _quantiles(months[paid])] if paid.any() else None,
        "irr": [float(rate) for rate in _quantiles(found)] if found.size else None,
        "chance_of_an_irr": _short(float(found.size / made.size)),
        "histogram": {"edges_cents": [round(float(edge)) for edge in edges], "draws": [int(count) for count in counts]},
    }


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, PERCENTILES, method="inverted_cdf")


def _paybacks(cumulative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per draw: the month from which the cumulative flow stays at or above zero, and whether there is one."""
    below = cumulative < 0
    last = len(cumulative) - 1
    last_deficit = np.where(below.any(axis=0), last - below[::-1].argmax(axis=0), -1)
    return last_deficit + 1, last_deficit < last


def _tornado(center: Center, spreads: Sequence[Spread]) -> dict[str, tuple[float, float, int, int]]:
    """Each input alone at its P10 and its P90 -> those values and the value there: two draws an input, in one pass."""
    ends = {spread.key: quantile(spread, np.array([0.1, 0.9])) for spread in spreads}
    size = 2 * len(spreads)
    drawn = {}
    for number, spread in enumerate(spreads):
        drawn[spread.key] = np.full(size, spread.likely)
        drawn[spread.key][2 * number : 2 * number + 2] = ends[spread.key]
    npv = draw_values(center, drawn, size).npv[DO_NOTHING] if spreads else []
    return {
        spread.key: (float(ends[spread.key][0]), float(ends[spread.key][1]), int(npv[2 * number]), int(npv[2 * number + 1]))
        for number, spread in enumerate(spreads)
    }


def _variance_shares(drawn: dict[str, np.ndarray], npv: np.ndarray) -> dict[str, float]:
    """bᵢ Cov(xᵢ, y) by input, in squared cents."""
    moving = {key: values for key, values in drawn.items() if values.std() > 0}
    if not moving or npv.std() == 0:
        return {}
    x = np.stack([(values - values.mean()) / values.std() for values in moving.values()], axis=1)
    y = npv - npv.mean()
    together = x.T @ y / len(y)
    slopes = np.linalg.solve(x.T @ x / len(y), together)
    return dict(zip(moving, (float(share) for share in slopes * together), strict=True))


def _worth(values: np.ndarray, npv: np.ndarray) -> int:
    if values.std() == 0:
        return 0
    x = (values - values.mean()) / values.std()
    powers = np.stack([np.ones_like(x), x, x**2, x**3], axis=1)
    weights = np.linalg.solve(powers.T @ powers, powers.T @ npv)
    return max(0, round(float(np.maximum(powers @ weights, 0).mean() - max(npv.mean(), 0.0))))


def _beyond(values: np.ndarray, likely: float, zero_at: float) -> float:
    """Share of draws on the far side of the break-even, seen from the likely value."""
    return _short(float((values >= zero_at).mean() if zero_at >= likely else (values <= zero_at).mean()))


def _short(share: float) -> float:
    return round(share, 6)
