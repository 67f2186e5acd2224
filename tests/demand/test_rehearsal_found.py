"""What was planted in a rehearsal system and what the pipeline finds of it: the goals of the definitions, for several seeds."""

import pytest

from demand.engine.rehearsal.write import DEFAULT_SEED
from demand.engine.rehearsal_score import WHITE_BAG_GOAL
from tests.demand.rehearsed import rehearse

SYSTEMS = [(DEFAULT_SEED, 700), *(pytest.param((seed, 700), marks=pytest.mark.thorough) for seed in (11, 2027))]


@pytest.fixture(scope="module", params=SYSTEMS, ids=lambda system: f"seed {system[0]}")
def rehearsed(request, tmp_path_factory):
    seed, people = request.param
    return rehearse(tmp_path_factory.mktemp("found"), people, seed)


@pytest.mark.parametrize(
    "name",
    [
        "infusions_counted",  # within 0.5 % of planted
        "site_class",  # 99 %
        "white_bag_precision",  # 95 %
        "white_bag_recall",  # 95 %
        "episode_outcome",  # 95 %
        "exposure_date",  # 99.9 %
    ],
)
def test_goal(rehearsed, name):
    measure = rehearsed.score.measure(name)
    assert measure.passed, f"{measure}\n{rehearsed.score.as_text()}"


def test_leakage_of_each_mature_month_is_within_one_and_a_half_points(rehearsed):
    """Of so few people a month has some 130 infusions: two unnamed prescribers are a point and a half, so a month may also be as
    far off as a perfect reader of the same claims. The full-size systems below are held to the points alone."""
    mature = [month for month in rehearsed.score.months if month.mature]
    assert len(mature) >= 24
    for month in mature:
        assert abs(month.error) <= max(0.015, abs(month.ceiling_error) + 0.002), month
    assert sum(abs(month.error) <= 0.015 for month in mature) >= 0.9 * len(mature)


def test_what_has_no_goal_is_near_its_ceiling(rehearsed):
    for name in ("channel", "attribution", "outcome"):
        measure = rehearsed.score.measure(name)
        assert measure.value >= measure.ceiling - 0.005, measure
    assert rehearsed.score.measure("maturity").value == 1.0
    assert rehearsed.score.measure("dose").value >= 0.999
    assert rehearsed.score.measure("dark_precision").value >= 0.8
    assert rehearsed.score.measure("move_reason").value >= 0.85


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [DEFAULT_SEED, 7])
def test_a_full_system_reaches_every_goal(tmp_path, seed):
    score = rehearse(tmp_path, 3000, seed).score
    assert score.passed, score.as_text()


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [11, 7, 101])
def test_without_pharmacy_claims_white_bags_are_probable_and_still_found(tmp_path, seed):
    """The clinics' log, drug lines without a charge and the payers' policies say it then."""
    system = rehearse(tmp_path, 1500, seed, without="pharmacy")
    score = system.score
    assert score.measure("white_bag_precision").value >= WHITE_BAG_GOAL
    assert score.measure("white_bag_recall").value >= WHITE_BAG_GOAL
    assert score.measure("white_bag_precision_confirmed").value == 1
    by_fill = system.one("SELECT count(*) FROM infusions WHERE channel = 'white_bag' AND channel_confidence = 'confirmed' "
                         "AND infusion_id NOT IN (SELECT infusion_id FROM supplies WHERE kind = 'medical')")  # fmt: skip
    assert by_fill == 0
