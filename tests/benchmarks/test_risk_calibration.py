"""Who is next on rehearsal systems of 20,000 people that nothing was chosen on: each judged by its own run, tenths added up over the seeds.

A tenth of one system's year has some 400 treatments: a perfect forecast is then more than 2 points off in its worst tenth in most years.
Added up over five seeds it has 2,000, which shows 2 points. Features and weights were chosen on the seeds 7 and 311 to 315.
"""

import numpy as np
import pytest

from demand.engine.move_risk import BETTER, NO_BETTER
from tests.demand.equal_hazards import plant_equal_hazards
from tests.demand.rehearsed import rehearse

pytestmark = pytest.mark.benchmark
PEOPLE, SEEDS, EQUAL_SEED = 20_000, (811, 812, 813, 814, 815), 821
GOAL_POINTS = 2.0


def points_off(deciles: list[dict]) -> float:
    """Of the worst tenth."""
    return max(100 * abs(one["expected"] - one["moved"]) / one["treatments"] for one in deciles)


def added_up(cards: list[dict]) -> list[dict]:
    """The tenths of several systems, lowest with lowest."""
    tenths = zip(*(card["evaluation"]["deciles"] for card in cards), strict=True)
    return [{name: sum(one[name] for one in same) for name in ("treatments", "expected", "moved")} for same in tenths]


def by_chance(deciles: list[dict]) -> float:
    """What the worst tenth is off by in 19 of 20 years although every risk is right and nobody leaves together."""
    draws, treatments = np.random.default_rng(1), np.array([one["treatments"] for one in deciles])
    share = np.array([one["expected"] for one in deciles]) / treatments
    worst = np.abs(draws.binomial(treatments, share, size=(4_000, len(deciles))) / treatments - share).max(axis=1)
    return 100 * float(np.quantile(worst, 0.95))


def told(seed: int, card: dict) -> None:
    one = card["evaluation"]
    print(
        f"\nseed {seed}, {one['on']}: {one['treatments']:,} treatments, expected {one['expected']:.0f}, moved {one['moved']}; worst tenth "
        f"{points_off(one['deciles']):.1f} points off, by chance up to {one['chance_points']:.1f}; Brier {one['brier']:.4f} against "
        f"{one['brier_base']:.4f} of the base rate, gain {one['gain']:.4f} ({one['gain_low']:.4f} to {one['gain_high']:.4f}): {card['status']}"
    )


def test_tenths_over_fresh_seeds(tmp_path):
    cards = []
    for seed in SEEDS:
        cards.append(rehearse(tmp_path / str(seed), PEOPLE, seed).summary.move_risk)
        told(seed, cards[-1])
    pooled = added_up(cards)
    shown = ", ".join(
        f"{100 * one['expected'] / one['treatments']:.1f}/{100 * one['moved'] / one['treatments']:.1f}" for one in pooled
    )
    treatments, expected, moved = (sum(one[name] for one in pooled) for name in ("treatments", "expected", "moved"))
    print(
        f"\n{treatments:,} treatments, expected {expected:.0f}, moved {moved}; tenths, expected/moved in %: {shown}\n"
        f"worst {points_off(pooled):.1f} points off (goal: {GOAL_POINTS}), by chance up to {by_chance(pooled):.1f}"
    )
    assert all(card["status"] == BETTER for card in cards)
    assert points_off(pooled) <= GOAL_POINTS


def test_equal_hazards_are_foreseen_no_better_than_by_the_base_rate(tmp_path, monkeypatch):
    plant_equal_hazards(monkeypatch)
    card = rehearse(tmp_path, PEOPLE, EQUAL_SEED).summary.move_risk
    told(EQUAL_SEED, card)
    one = card["evaluation"]
    assert card["status"] == NO_BETTER
    assert one["gain"] == pytest.approx(0, abs=0.002)
    assert np.isclose(one["expected"], one["moved"], atol=0.02 * one["treatments"])
