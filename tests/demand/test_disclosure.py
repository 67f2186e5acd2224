"""Small counts stay hidden from somebody who writes down every sum that the product ever shows and solves them all."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine.disclosure import KNOWN, Lines, hidden_cells, hide, hide_small_cells
from demand.selectors import hidden as released
from tests.demand.facts_files import market


def lines(*sums, least=2):
    """(total, parts …) by position -> Lines."""
    starts = np.cumsum([0, *(len(parts) for _, *parts in sums)])
    parts = np.array([part for _, *parts in sums for part in parts])
    return Lines(np.array([total for total, *_ in sums]), starts, parts, np.full(len(sums), least), np.zeros(len(sums)))


def test_ten_people_are_hidden_and_eleven_shown():
    assert hide(np.array([1, 10, 11]), lines()).tolist() == [True, True, False]


def test_a_single_small_part_takes_the_next_smallest_with_it():
    #          total, 3 people, 40, 25
    people = np.array([68, 3, 40, 25])
    assert hide(people, lines((0, 1, 2, 3))).tolist() == [False, True, False, True]


def test_two_small_parts_that_are_small_together_take_a_third_with_them():
    people = np.array([60, 3, 4, 30, 23])
    assert hide(people, lines((0, 1, 2, 3, 4))).tolist() == [False, True, True, False, True]


def test_two_small_parts_of_eleven_people_together_are_enough():
    people = np.array([60, 5, 6, 49])
    assert hide(people, lines((0, 1, 2, 3))).tolist() == [False, True, True, False]


def test_a_hidden_total_hides_a_part_so_that_the_parts_do_not_add_up_to_it():
    #  0: hidden as the only companion of 1 in the first sum; then 0 = 3 + 4 must not be computable
    people = np.array([12, 5, 17, 6, 6])
    found = hide(people, lines((2, 0, 1), (0, 3, 4)))
    assert found[0] and (found[3] or found[4])


def test_hiding_in_a_column_is_covered_in_the_rows_too():
    """A 3 × 3 table with margins and one small cell: at least two rows and two columns have hidden cells."""
    cells = np.array([[4, 30, 40], [20, 50, 60], [25, 70, 90]])
    people = np.concatenate([cells.ravel(), cells.sum(0), cells.sum(1), [cells.sum()]])
    sums = [(9 + column, *(3 * row + column for row in range(3))) for column in range(3)]
    sums += [(12 + row, *(3 * row + column for column in range(3))) for row in range(3)]
    sums += [(15, 9, 10, 11), (15, 12, 13, 14)]
    found = hide(people, lines(*sums))
    table = found[:9].reshape(3, 3)
    assert table[0, 0]
    assert all(number != 1 for number in [*table.sum(0), *table.sum(1)])


def test_where_three_are_asked_for_three_are_hidden_or_all_there_are():
    people = np.array([68, 3, 40, 15, 10 + 90])
    assert hide(people, lines((0, 1, 2, 3), least=3)).tolist() == [False, True, True, True, False]
    assert hide(np.array([60, 5, 55]), lines((0, 1, 2), least=3)).tolist() == [False, True, True]


def test_a_known_total_over_hidden_parts_ends():
    assert hide(np.array([3, 4]), lines((KNOWN, 0, 1))).tolist() == [True, True]


# ---- the attack ----


def columns_of(people: int, seed: int) -> dict[str, list]:
    """A seeded market's columns as `released.FACTS` has them."""
    facts = market(people, months=6, seed=seed)
    named = facts.attribution_rule.fillna("").map({"majority": "majority", "": "unattributed"}).fillna("named")
    outcome = facts.outcome.fillna("unknown")
    return {
        **{name: list(facts[name]) for name in ("month", *released.DIMENSIONS)},
        "person": list(facts.person_no),
        "head": list(named),
        "outcome": list(outcome),
        "bag": list(facts.channel_confidence),
        "site": list(facts.site_id),
        "mechanism": list(facts.mechanism.fillna("")),
        "reason": list(facts.reason.fillna("")),
        "place": list(outcome + "/" + facts.site_class + "/" + facts.ownership + "/" + facts.owner + "/" + facts.payer_affiliation),
    }


def shown_and_small(columns: dict[str, list]) -> tuple[np.ndarray, np.ndarray, float]:
    """0/1 rows over infusions that no question can tell apart: of the cells shown, of the small cells; the share shown of the rest."""
    axes, _ = released.split(columns)
    person = np.array(columns["person"])
    found = hidden_cells(axes, person, sorted(released.RELEASED))
    facts = np.stack([axis.levels[level] for axis in axes for level in axis.levels])
    _, atom = np.unique(facts, axis=1, return_inverse=True)
    atom = atom.reshape(-1)
    hidden, shown, small, large = set(found.keys.tolist()), [], [], []
    for levels in released.RELEASED:
        codes = [axis.levels[level] for axis, level in zip(axes, levels, strict=True)]
        present = np.flatnonzero(np.logical_and.reduce([code >= 0 for code in codes]))
        keys = sum(code[present] * stride for code, stride in zip(codes, found.strides, strict=True))
        order = np.argsort(keys, kind="stable")
        for inside in np.split(present[order], np.flatnonzero(np.diff(keys[order])) + 1):
            row = np.zeros(atom.max() + 1, dtype=np.float32)
            row[atom[inside]] = 1
            key = sum(int(code[inside[0]]) * stride for code, stride in zip(codes, found.strides, strict=True))
            people = len(np.unique(person[inside]))
            if key not in hidden:
                assert people > 10
                shown.append(row)
            if people <= 10:
                small.append(row)
            else:
                large.append(key not in hidden)
    return np.unique(shown, axis=0), np.unique(small, axis=0), float(np.mean(large))


def recovered(shown: np.ndarray, small: np.ndarray) -> int:
    """How many small cells follow from all shown sums solved together (their rows lie in the span of the shown rows)."""
    groups, group = np.unique(shown, axis=1, return_inverse=True)  # infusions that are always shown together
    group = group.reshape(-1)
    sizes = np.bincount(group)
    scaled = groups.astype(float) * np.sqrt(sizes)
    value, vector = np.linalg.eigh(scaled @ scaled.T)
    kept = value > 1e-7 * value.max()
    basis = (vector[:, kept] / np.sqrt(value[kept])).T @ scaled
    sums = np.stack([np.bincount(group, row, len(sizes)) for row in small])
    whole = np.abs(small - (sums / sizes)[:, group]).max(axis=1) < 1e-6  # a part of an always-together group never follows
    rest = sums / np.sqrt(sizes)
    return int((whole & (np.linalg.norm(rest - (rest @ basis.T) @ basis, axis=1) < 1e-5)).sum())


@pytest.mark.parametrize("seed", range(4))
def test_no_small_count_follows_from_all_the_sums_that_are_shown(seed):
    shown, small, _ = shown_and_small(columns_of(300, seed))
    assert len(small) > 100
    assert recovered(shown, small) == 0


def test_the_attack_finds_what_is_not_covered():
    """Total and one payer shown, the other small and hidden: the attack must see through that."""
    shown = np.array([[1, 1, 1], [0, 1, 1]], dtype=np.float32)
    assert recovered(shown, np.array([[1, 0, 0]], dtype=np.float32)) == 1
    assert recovered(shown[:1], np.array([[1, 0, 0]], dtype=np.float32)) == 0


def test_hiding_leaves_most_of_what_is_large():
    columns = columns_of(1500, 3)
    assert shown_and_small(columns)[2] > 0.4


# ---- the export of the leakage table ----

COLUMNS = ["run_id", "month", "payer", "family", "kept_infusions", "kept_people", "kept_allowed_cents", "site_leak_infusions",
           "site_leak_people", "site_leak_allowed_cents", "mature"]  # fmt: skip


def leakage_row(payer, family, kept, leaked, month=dt.date(2025, 1, 1)):
    return (1, month, payer, family, 2 * kept, kept, 1000 * kept, 2 * leaked, leaked, 1000 * leaked, True)


def test_the_export_hides_all_measures_of_a_small_cell_and_no_zero():
    rows = [leakage_row("A", "infliximab", 4, 0), leakage_row("A", "iron", 50, 0), leakage_row("B", "infliximab", 60, 0)]
    shown = hide_small_cells(COLUMNS, rows)
    assert shown[0][4:10] == (None, None, None, 0, 0, 0)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz"), st.integers(0, 40), st.integers(0, 40)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_hidden_cell_of_the_export_is_alone_in_a_sum(drawn):
    unique = {(payer, family): (kept, leaked) for payer, family, kept, leaked in drawn}
    rows = [leakage_row(payer, family, *people) for (payer, family), people in unique.items()]
    shown = hide_small_cells(COLUMNS, rows)
    for place in (5, 8):
        for label in (2, 3):
            for value in {row[label] for row in rows}:
                line = [
                    (row[place], after[place]) for row, after in zip(rows, shown, strict=True) if row[label] == value and row[place]
                ]
                gone = [people for people, after in line if after is None]
                assert all(after is None for people, after in line if people <= 10)
                assert len(gone) != 1 or len(line) == 1
