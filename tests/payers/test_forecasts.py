"""Who foresaw what payers did: the Brier score of each forecaster."""

import datetime as dt

import pytest

from payers.engine.forecasts import Decided, Said, scores

JUNE = dt.date(2026, 6, 1)


def said(policy: str, likelihood: float, who: str = "ann", day: int = 1) -> Said:
    return Said(policy, who, likelihood, dt.date(2026, 5, day))


def test_the_mean_of_squared_errors():
    decisions = {"P": Decided("P", True, JUNE), "Q": Decided("Q", False, JUNE)}
    (score,) = scores([said("P", 0.8), said("Q", 0.3)], decisions)
    assert score.brier == pytest.approx(((1 - 0.8) ** 2 + 0.3**2) / 2)
    assert (score.decided, score.waiting) == (2, 0)


def test_the_last_word_before_the_decision_counts():
    late = Said("P", "ann", 1.0, JUNE)
    (score,) = scores([said("P", 0.2, day=1), said("P", 0.6, day=9), late], {"P": Decided("P", True, JUNE)})
    assert score.brier == pytest.approx(0.16)


def test_the_best_come_first_and_the_undecided_last():
    found = scores(
        [said("P", 0.9), said("P", 0.4, "bob"), said("Q", 0.5, "cid")],
        {"P": Decided("P", True, JUNE)},
    )
    assert [(score.forecaster, score.decided, score.waiting) for score in found] == [("ann", 1, 0), ("bob", 1, 0), ("cid", 0, 1)]
    assert found[-1].brier is None


def test_nobody_is_scored_on_what_was_said_after():
    assert scores([Said("P", "ann", 1.0, JUNE)], {"P": Decided("P", True, JUNE)}) == []
