"""The location search against looking at every choice there is."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from demand.engine.covering import Candidate, Limit, frontier, permitted


def candidates(number: int, **fields) -> list[Candidate]:
    return [Candidate(f"c{place}", "new", **fields) for place in range(number)]


def small(seed: int, rows: int = 14, sites: int = 7):
    draw = np.random.default_rng(seed)
    people, homes, places = draw.integers(0, 30, rows), draw.uniform(0, 60, (rows, 2)), draw.uniform(0, 60, (sites, 2))
    near = np.hypot(*(homes[:, None] - places[None]).transpose(2, 0, 1)) <= 18
    return people.astype(float), (people * draw.uniform(2, 9, rows)).round(1), near


def best_by_looking(value, load, near, given: list[Candidate], k: int) -> float:
    """Every set of at most k sites, each served as well as it can be (a linear programme of who goes where)."""
    best = 0.0
    for size in range(1, k + 1):
        for chosen in combinations(range(len(given)), size):
            at_row, at_site = np.nonzero(near[:, chosen])
            lines, limits = [*(at_row == row for row in range(len(value)))], [1.0] * len(value)
            for place, site in enumerate(chosen):
                if given[site].capacity is not None:
                    lines.append(np.where(at_site == place, load[at_row], 0.0))
                    limits.append(given[site].capacity)
                lines.append(np.where(at_site == place, -load[at_row], 0.0))
                limits.append(-given[site].minimum)
            if not len(at_row):
                continue
            found = linprog(-value[at_row], A_ub=np.array(lines, dtype=float), b_ub=limits, bounds=(0, 1))
            if found.status == 0:
                best = max(best, -found.fun)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_without_limits_it_is_the_best_of_all_choices(seed):
    value, load, near = small(seed)
    given = candidates(7)
    for answer in frontier(value, load, near, given, 4):
        by_hand = max(value[near[:, chosen].any(axis=1)].sum() for chosen in combinations(range(7), answer.k))
        assert answer.value == pytest.approx(by_hand) and answer.proven
        assert (
            answer.value == pytest.approx(value[near[:, list(answer.chosen)].any(axis=1)].sum()) and len(answer.chosen) <= answer.k
        )
        assert sum(answer.kept) == pytest.approx(answer.value)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("capacity", "minimum"), [(120.0, 0.0), (None, 300.0), (160.0, 90.0)])
def test_with_capacity_and_minimum_volume_it_is_the_best_of_all_choices(seed, capacity, minimum):
    value, load, near = small(seed, rows=10, sites=5)
    given = candidates(5, capacity=capacity, minimum=minimum)
    for answer in frontier(value, load, near, given, 3):
        assert answer.value == pytest.approx(best_by_looking(value, load, near, given, answer.k), abs=1e-4) and answer.proven
        assert all(used <= (capacity or np.inf) + 1e-6 and used >= minimum - 1e-6 for used in answer.loads)


def test_where_no_more_site_helps_none_is_used_twice():
    value, load, near = small(100, rows=10, sites=5)
    given = candidates(5, capacity=168.0)
    answers = frontier(value, load, near, given, 3)
    assert [len(set(answer.chosen)) for answer in answers] == [1, 2, 2]
    assert answers[2].value == pytest.approx(best_by_looking(value, load, near, given, 3), abs=1e-4)


def test_more_centers_never_keep_less_and_nobody_is_kept_twice():
    value, load, near = small(11, rows=40, sites=12)
    answers = frontier(value, load, near, candidates(12), 8)
    kept = [answer.value for answer in answers]
    assert kept == sorted(kept) and kept[-1] <= value.sum()


def test_a_limit_binds_only_what_it_names_and_the_barred_is_never_chosen():
    given = [
        Candidate("37203", "new", "metro"),
        Candidate("PA", "partner", "metro", "infusion_center"),
        Candidate("PB", "partner", "rural", "physician_office"),
    ]
    in_metro = Limit("exclusive", kinds=frozenset({"partner"}), markets=frozenset({"metro"}))
    free, barred = permitted(given, [in_metro, Limit("empty")])
    assert [one.key for one in free] == ["37203", "PB"] and [(one.key, limit.name) for one, limit in barred] == [
        ("PA", "exclusive")
    ]
    assert permitted(given, [Limit("office", site_classes=frozenset({"physician_office"}))])[0] == given[:2]
    assert permitted(given, [Limit("one", keys=frozenset({"37203"}))])[0] == given[1:]


def test_nobody_in_reach_is_an_answer_and_bad_numbers_are_refused():
    (answer,) = frontier([5.0], [1.0], [[False]], candidates(1), 3)
    assert answer.value == 0 and answer.chosen == () and answer.proven
    assert frontier([], [], np.empty((0, 2), dtype=bool), candidates(2), 1)[0].value == 0
    assert frontier([1.0], [1.0], np.empty((1, 0), dtype=bool), [], 2) == ()
    with pytest.raises(ValueError, match="from 0 up"):
        frontier([-1.0], [1.0], [[True]], candidates(1), 1)
    with pytest.raises(ValueError, match="one number a demand row"):
        frontier([1.0, 2.0], [1.0], [[True]], candidates(1), 1)
