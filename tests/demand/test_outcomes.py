"""Every row ends as exactly one of accepted, rejected, duplicate, superseded: within an extract and across extracts."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine.columns import KINDS
from demand.engine.lines import SourceFile
from demand.engine.outcomes import candidates_sql, final_outcomes, schema
from tests.demand import slow_outcomes
from tests.demand.builders import SHARED, Loaded, eligibility, institutional, load, load_files, medical, pharmacy, reversal, rows_of

CLAIMS = SHARED / "data" / "claims"


def final(*loads: Loaded, rows_a_pass: int = 4_000_000):
    connection = duckdb.connect()
    outcomes = final_outcomes(connection, list(enumerate(load.folder for load in loads)), rows_a_pass)
    return connection, outcomes


def accepted(connection, outcomes, kind: str = "medical") -> list[dict]:
    return rows_of(f"{outcomes.accepted(kind)} ORDER BY sequence, file_no, row_number", connection)


def rules(load: Loaded) -> list[tuple[int, str, str]]:
    return [(reject["row_number"], reject["outcome"], reject["rule"]) for reject in load.rejects()]


# Duplicates and versions


def test_an_identical_row_is_a_duplicate_of_the_first(tmp_path):
    one = load(tmp_path, medical=[medical(), medical(claim_id="C2"), medical()])
    assert one.counts() == (2, 0, 1, 0)
    (reject,) = one.rejects()
    assert (reject["row_number"], reject["rule"], reject["message"]) == (
        4,
        "DUPLICATE_ROW",
        "Identical to line 2 of the same file.",
    )


def test_leading_zeros_and_sources_make_other_claims(tmp_path):
    rows = [medical(claim_id="000123"), medical(claim_id="123"), medical(claim_id="123", data_source="other")]
    assert load(tmp_path, medical=rows).counts() == (3, 0, 0, 0)


def test_the_newest_version_stands(tmp_path):
    rows = [
        medical(paid_date="2026-02-01", paid_amount="70.00"),
        medical(paid_date="2026-03-01", paid_amount="80.00"),
        medical(paid_date="2026-01-01", paid_amount="60.00"),
        medical(paid_date="", paid_amount="50.00"),
    ]
    one = load(tmp_path, medical=rows)
    assert one.counts() == (1, 0, 0, 3)
    assert [line for line, _, _ in rules(one)] == [2, 4, 5]


def test_file_date_then_place_decide_between_versions_paid_on_one_day(tmp_path):
    rows = [medical(file_date="2026-02-02", paid_amount="1"), medical(file_date="2026-02-01", paid_amount="2")]
    assert rules(load(tmp_path, medical=rows)) == [(3, "superseded", "OLDER_VERSION")]
    assert rules(load(tmp_path, name="two", medical=[medical(paid_amount="1"), medical(paid_amount="2")])) == [
        (2, "superseded", "OLDER_VERSION")
    ]


def test_a_resent_file_adds_nothing_whatever_its_order(tmp_path):
    rows = [medical(claim_id=f"C{number}") for number in range(5)]
    one = load(tmp_path, medical=rows)
    two = load(tmp_path, [one], "two", medical=rows[::-1])
    assert two.counts() == (0, 0, 5, 0)
    assert "earlier extract" in two.rejects()[0]["message"]
    connection, outcomes = final(one, two)
    assert len(accepted(connection, outcomes)) == 5
    assert outcomes.counts["medical"] == {"accepted": 5, "rejected": 0, "duplicate": 5, "superseded": 0}


def test_a_later_extract_restates_an_earlier_row_and_the_loads_counts_stay(tmp_path):
    one = load(tmp_path, medical=[medical(paid_amount="70.00", paid_date="2026-02-01")])
    two = load(tmp_path, [one], "two", medical=[medical(paid_amount="90.00", paid_date="2026-03-01")])
    assert one.counts() == (1, 0, 0, 0) and two.counts() == (1, 0, 0, 0)
    connection, outcomes = final(one, two)
    assert [(row["sequence"], row["paid_cents"]) for row in accepted(connection, outcomes)] == [(1, 9000)]
    assert outcomes.counts["medical"] == {"accepted": 1, "rejected": 0, "duplicate": 0, "superseded": 1}


def test_an_older_version_that_comes_later_is_superseded_at_once(tmp_path):
    one = load(tmp_path, medical=[medical(paid_amount="90.00", paid_date="2026-03-01")])
    two = load(tmp_path, [one], "two", medical=[medical(paid_amount="70.00", paid_date="2026-02-01")])
    assert two.counts() == (0, 0, 0, 1)


def test_line_numbers_above_sixty_four_are_still_told_apart(tmp_path):
    rows = [medical(claim_line_number=number) for number in (1, 64, 65, 66, 130, 130)]
    assert load(tmp_path, medical=rows).counts() == (5, 0, 1, 0)


def test_a_replaced_and_a_voided_claim_do_not_count(tmp_path):
    rows = [
        institutional(claim_id="A", claim_line_number=1),
        institutional(claim_id="A", claim_line_number=2),
        institutional(claim_id="A", claim_line_number=1, bill_type_code="0137", paid_date="2026-02-20", paid_amount="80.00"),
        institutional(claim_id="B", claim_line_number=1),
        institutional(claim_id="B", claim_line_number=2, bill_type_code="0138", paid_date="2026-02-20"),
        institutional(claim_id="C", claim_line_number=1, bill_type_code="0137"),
    ]
    one = load(tmp_path, medical=rows)
    assert rules(one) == [
        (2, "superseded", "OLDER_VERSION"),
        (3, "superseded", "CLAIM_REPLACED"),
        (5, "superseded", "CLAIM_VOIDED"),
        (6, "superseded", "CLAIM_VOIDED"),
    ]


# Reversals


def test_a_reversal_and_its_row_cancel_each_other(tmp_path):
    row = medical()
    one = load(tmp_path, medical=[row, reversal(row, claim_id="C9", paid_date="2026-02-01")])
    assert one.counts() == (0, 0, 0, 2)
    assert {reject["rule"] for reject in one.rejects()} == {"REVERSED"}


def test_a_reversal_takes_the_nearest_earlier_row_and_only_one(tmp_path):
    rows = [medical(claim_id="A"), medical(claim_id="B"), reversal(medical(claim_id="R")), medical(claim_id="D")]
    assert [line for line, _, _ in rules(load(tmp_path, medical=rows))] == [3, 4]


def test_reversals_nest_like_parentheses(tmp_path):
    rows = [
        medical(claim_id="A"), medical(claim_id="B"), reversal(medical(claim_id="R1")), medical(claim_id="C"),
        reversal(medical(claim_id="R2")), reversal(medical(claim_id="R3")), reversal(medical(claim_id="R4")),
    ]  # fmt: skip
    one = load(tmp_path, medical=rows)
    assert one.counts() == (0, 1, 0, 6)
    assert [line for line, _, rule in rules(one) if rule == "NEGATIVE_UNMATCHED"] == [8]


def test_reversal_of_the_old_version_then_the_new_one_stands(tmp_path):
    old = medical(paid_date="2026-01-20")
    new = medical(paid_date="2026-02-20", paid_amount="80.00")
    one = load(tmp_path, medical=[old, reversal(old, paid_date="2026-02-20"), new])
    assert one.counts() == (1, 0, 0, 2)
    assert [line for line, _, _ in rules(one)] == [2, 3]


@pytest.mark.parametrize(
    "difference",
    [
        {"person_id": "P2"},
        {"hcpcs_code": "J1750"},
        {"claim_line_start_date": "2026-01-06"},
        {"billing_npi": "1234567893"},
        {"rendering_npi": ""},
        {"data_source": "other"},
        {"paid_amount": "-100.26"},
        {"paid_amount": ""},
    ],
    ids=lambda value: "-".join(value),
)
def test_a_negative_row_that_matches_nothing_is_rejected(tmp_path, difference):
    one = load(tmp_path, medical=[medical(), reversal(medical(claim_id="R"), **difference)])
    assert one.counts() == (1, 1, 0, 0)
    (reject,) = one.rejects()
    assert (reject["rule"], reject["row_number"], reject["claim_id"]) == ("NEGATIVE_UNMATCHED", 3, "R")


def test_blank_amounts_on_both_rows_are_alike(tmp_path):
    row = medical(allowed_amount="", hcpcs_code="", service_unit_quantity="")
    assert load(tmp_path, medical=[row, reversal(row, claim_id="R")]).counts() == (0, 0, 0, 2)


def test_a_later_extract_reverses_a_row_of_an_earlier_one(tmp_path):
    one = load(tmp_path, medical=[medical()])
    two = load(tmp_path, [one], "two", medical=[reversal(medical(claim_id="R"))])
    assert one.counts() == (1, 0, 0, 0)
    assert two.counts() == (0, 0, 0, 1)
    connection, outcomes = final(one, two)
    assert accepted(connection, outcomes) == []
    connection, outcomes = final(two)  # without the extract that holds the original there is nothing to reverse
    assert outcomes.counts["medical"]["rejected"] == 1


def test_a_row_of_a_later_extract_is_not_reversed_by_an_earlier_one(tmp_path):
    one = load(tmp_path, medical=[medical(claim_id="K"), reversal(medical(claim_id="R"), paid_amount="-7")])
    two = load(tmp_path, [one], "two", medical=[medical(claim_id="N", paid_amount="7", paid_date="2025-12-01")])
    connection, outcomes = final(one, two)
    assert sorted(row["claim_id"] for row in accepted(connection, outcomes)) == ["K", "N"]


def test_the_same_unmatched_negative_twice_is_rejected_twice(tmp_path):
    row = reversal(medical())
    assert load(tmp_path, medical=[row, row]).counts() == (0, 2, 0, 0)


def test_a_resent_pair_is_recognised(tmp_path):
    rows = [medical(), reversal(medical(claim_id="R"))]
    one = load(tmp_path, medical=rows)
    two = load(tmp_path, [one], "two", medical=rows)
    assert two.counts() == (0, 0, 2, 0)
    connection, outcomes = final(one, two)
    assert accepted(connection, outcomes) == []


# The other kinds


def test_pharmacy_claims_go_by_the_same_rules(tmp_path):
    rows = [pharmacy(), pharmacy(), pharmacy(claim_id="R2"), reversal(pharmacy(claim_id="R3"), paid_date="2026-02-01")]
    one = load(tmp_path, pharmacy=rows)
    assert one.counts("pharmacy") == (1, 0, 1, 2)


def test_an_eligibility_span_is_a_version_by_source_person_payer_plan_and_start(tmp_path):
    rows = [
        eligibility(),
        eligibility(),
        eligibility(enrollment_end_date="2027-01-31"),
        eligibility(plan="Acme HMO"),
        eligibility(plan=""),
        eligibility(enrollment_start_date="2025-01-01"),
    ]
    one = load(tmp_path, eligibility=rows)
    assert one.counts("eligibility") == (4, 0, 1, 1)
    assert rules(one) == [(2, "superseded", "OLDER_VERSION"), (3, "duplicate", "DUPLICATE_ROW")]


def test_kinds_do_not_meet(tmp_path):
    one = load(tmp_path, medical=[medical(claim_id="X")], pharmacy=[pharmacy(claim_id="X")], eligibility=[eligibility()])
    assert [one.counts(kind) for kind in KINDS] == [(1, 0, 0, 0)] * 3


# Against the slow way, and in passes

ROWS = st.fixed_dictionaries(
    {
        "claim_id": st.sampled_from(["A", "B", "R"]),
        "claim_line_number": st.sampled_from(["1", "2", "70"]),
        "person_id": st.sampled_from(["P1", "P2"]),
        "bill_type_code": st.sampled_from(["", "", "", "0131", "137", "0138"]),
        "service_unit_quantity": st.sampled_from(["1", "1", "-1", ""]),
        "paid_amount": st.sampled_from(["5", "5", "-5", "7"]),
        "paid_date": st.sampled_from(["", "2026-01-01", "2026-02-01"]),
    }
)


@pytest.mark.parametrize("examples", [5, pytest.param(30, marks=pytest.mark.thorough)])
def test_outcomes_are_those_of_the_slow_way(tmp_path_factory, examples):
    some = given(extracts=st.lists(st.lists(ROWS, min_size=1, max_size=12), min_size=1, max_size=3))
    settings(max_examples=examples, deadline=None)(some(compare_with_the_slow_way))(tmp_path_factory)


def compare_with_the_slow_way(tmp_path_factory, extracts):
    folder = tmp_path_factory.mktemp("outcomes")
    loads, slow_rows = [], []
    for sequence, changes in enumerate(extracts):
        rows = [medical(**change, allowed_amount="", charge_amount="") for change in changes]
        loads.append(load(folder, loads, f"extract{sequence}", medical=rows))
        slow_rows += [row | {"sequence": sequence, "file_no": 0, "row_number": place + 2} for place, row in enumerate(rows)]
        expected = {place[2]: found for place, found in slow_outcomes.outcomes(slow_rows).items() if place[0] == sequence}
        counted = tuple(
            sum(outcome == name for outcome, _ in expected.values()) for name in ("accepted", "rejected", "duplicate", "superseded")
        )
        assert loads[-1].counts() == counted
        assert {line: (outcome, rule) for line, outcome, rule in rules(loads[-1])} == {
            line: found for line, found in expected.items() if found[0] != "accepted"
        }
    expected = slow_outcomes.outcomes(slow_rows)
    for rows_a_pass in (4_000_000, 3):
        connection, outcomes = final(*loads, rows_a_pass=rows_a_pass)
        found = {
            slow_outcomes.place(row): (row["outcome"], row["rule"]) for row in rows_of(outcomes.exceptions("medical"), connection)
        }
        assert found == {place: answer for place, answer in expected.items() if answer[0] != "accepted"}


def test_each_claims_total_counts_once_in_any_number_of_passes(tmp_path):
    rows = [
        institutional(claim_id=f"C{number // 2}", claim_line_number=number % 2 + 1, person_id=f"P{number // 2}")
        for number in range(60)
    ]
    one = load(tmp_path, medical=[*rows, rows[0]])
    connection, outcomes = final(one, rows_a_pass=7)
    whole = accepted(connection, outcomes)
    assert len(whole) == 60
    assert sum(row["paid_cents"] for row in whole) == 30 * 10025


# Repeated claim totals


def test_a_repeated_total_is_split_by_charge_to_the_cent(tmp_path):
    charges = ["100.00", "33.33", "0.01", "66.66"]
    rows = [
        institutional(claim_line_number=place + 1, charge_amount=charge, paid_amount="10.00")
        for place, charge in enumerate(charges)
    ]
    one = load(tmp_path, medical=rows)
    assert one.result.quality["facts"]["medical"]["repeated_claim_totals"] == [
        {"data_source": "acme", "claims": 1, "repeated": 1, "lines": 4, "split": True}
    ]
    assert one.result.kinds["medical"].flags["REPEATED_CLAIM_TOTAL"] == 4
    connection, outcomes = final(one)
    found = [row["paid_cents"] for row in accepted(connection, outcomes)]
    assert found == slow_outcomes.split_cents(1000, [10000, 3333, 1, 6666])
    assert sum(found) == 1000


@pytest.mark.parametrize("charges", [["", ""], ["50.00", "50.00"], ["50.00", ""]])
def test_it_is_split_equally_where_charges_are_absent_or_repeat(tmp_path, charges):
    rows = [
        institutional(claim_line_number=place + 1, charge_amount=charge, paid_amount="10.01")
        for place, charge in enumerate(charges)
    ]
    connection, outcomes = final(load(tmp_path, medical=rows))
    assert [row["paid_cents"] for row in accepted(connection, outcomes)] == [501, 500]


def test_the_line_that_is_the_claims_total_gets_no_share(tmp_path):
    rows = [
        institutional(claim_line_number=1, revenue_center_code="0001"),
        institutional(claim_line_number=2),
        institutional(claim_line_number=3),
    ]
    connection, outcomes = final(load(tmp_path, medical=rows))
    assert [row["paid_cents"] for row in accepted(connection, outcomes)] == [0, 5013, 5012]


def test_amounts_of_their_own_stay_where_they_are(tmp_path):
    rows = [
        institutional(claim_id=f"C{number}", claim_line_number=line, paid_amount=f"{number + line}.00")
        for number in range(10)
        for line in (1, 2)
    ]
    repeated = [institutional(claim_id="X", claim_line_number=line) for line in (1, 2)]
    one = load(tmp_path, medical=[*rows, *repeated])
    assert one.result.quality["facts"]["medical"]["repeated_claim_totals"][0] == {
        "data_source": "acme", "claims": 11, "repeated": 1, "lines": 2, "split": False,
    }  # fmt: skip
    connection, outcomes = final(one)
    assert sum(row["paid_cents"] for row in accepted(connection, outcomes)) == sum(row["paid_cents"] for row in one.candidates())


def test_claims_that_paid_nothing_professional_and_single_lines_are_left_out(tmp_path):
    rows = [
        institutional(claim_id="nothing", claim_line_number=1, paid_amount="0"),
        institutional(claim_id="nothing", claim_line_number=2, paid_amount="0"),
        medical(claim_id="professional", claim_line_number=1),
        medical(claim_id="professional", claim_line_number=2),
        institutional(claim_id="single"),
    ]
    one = load(tmp_path, medical=rows)
    assert one.result.quality["facts"]["medical"]["repeated_claim_totals"] == []
    connection, outcomes = final(one)
    assert [row["paid_cents"] for row in accepted(connection, outcomes)] == [0, 0, 10025, 10025, 10025]


@pytest.mark.parametrize(("repeating", "split"), [(19, True), (18, False)])
def test_ninety_five_in_a_hundred_is_the_line(tmp_path, repeating, split):
    rows = [
        institutional(claim_id=f"C{number}", claim_line_number=line, paid_amount="5.00" if number < repeating else f"{line}.00")
        for number in range(20)
        for line in (1, 2)
    ]
    (fact,) = load(tmp_path, medical=rows).result.quality["facts"]["medical"]["repeated_claim_totals"]
    assert fact["split"] is split


@settings(max_examples=6, deadline=None)
@given(
    paid=st.integers(1, 10**9),
    charges=st.lists(st.integers(0, 10**9), min_size=2, max_size=6).filter(lambda charges: len(set(charges)) > 1),
)
def test_shares_are_those_of_the_slow_way(tmp_path_factory, paid, charges):
    rows = [
        institutional(
            claim_line_number=place + 1, charge_amount=f"{charge / 100:.2f}", paid_amount=f"{paid // 100}.{paid % 100:02d}"
        )
        for place, charge in enumerate(charges)
    ]
    connection, outcomes = final(load(tmp_path_factory.mktemp("split"), medical=rows))
    assert [row["paid_cents"] for row in accepted(connection, outcomes)] == slow_outcomes.split_cents(paid, charges)


# Real claims


@pytest.mark.skipif(not CLAIMS.exists(), reason="the real claims are not here")
def test_real_files_loaded_one_after_the_other_double_nothing(tmp_path):
    first = load_files(tmp_path, [SourceFile("medical", CLAIMS / "tuva_medical_claim.csv", "a.csv")], name="first")
    second = load_files(tmp_path, [SourceFile("medical", CLAIMS / "tuva_medical_claim_upper.csv", "b.csv")], [first], name="second")
    assert first.result.kinds["medical"].rows_read == 6067 and second.result.kinds["medical"].rows_read == 6075
    assert sum(first.counts()) == 6067 and sum(second.counts()) == 6075
    connection, outcomes = final(first, second)
    rows = accepted(connection, outcomes)
    keys = [(row["data_source"], row["claim_id"], row["claim_line_number"]) for row in rows]
    assert len(keys) == len(set(keys))
    both = {key[1:] for key in map(_key, first.candidates())} & {key[1:] for key in map(_key, second.candidates())}
    assert len(both) == 175
    superseded_or_duplicate = outcomes.counts["medical"]["duplicate"] + outcomes.counts["medical"]["superseded"]
    assert superseded_or_duplicate == 175
    third = load_files(
        tmp_path, [SourceFile("medical", CLAIMS / "tuva_medical_claim.csv", "again.csv")], [first, second], name="third"
    )
    assert third.counts()[0] == 0
    assert final(first, second, third)[1].counts["medical"]["accepted"] == len(rows)


def _key(row: dict) -> tuple:
    return row["data_source"], row["claim_id"], row["claim_line_number"]


@pytest.mark.skipif(not CLAIMS.exists(), reason="the real claims are not here")
def test_the_paid_amount_of_claim_679715_is_counted_once(tmp_path):
    one = load_files(tmp_path, [SourceFile("medical", CLAIMS / "tuva_medical_claim.csv", "a.csv")])
    (fact,) = one.result.quality["facts"]["medical"]["repeated_claim_totals"]
    assert fact["split"] and fact["claims"] == fact["repeated"] == 211
    connection, outcomes = final(one)
    lines = [row for row in accepted(connection, outcomes) if row["claim_id"] == "679715"]
    assert sum(row["paid_cents"] for row in lines) == 255009
    assert {row["revenue_center_code"]: row["paid_cents"] for row in lines}["0001"] == 0
    assert sorted(row["paid_cents"] for row in lines) == [0, 51001, 51002, 51002, 51002, 51002]


def test_the_schema_is_what_the_rows_are(tmp_path):
    one = load(tmp_path, medical=[medical()], pharmacy=[pharmacy()], eligibility=[eligibility()])
    nothing = load(tmp_path, name="nothing", eligibility=[eligibility()])
    for kind in KINDS:
        for folder in (one.folder, nothing.folder):
            described = duckdb.connect().execute(f"DESCRIBE {candidates_sql(folder, kind)}").fetchall()
            assert {row[0]: row[1] for row in described} == schema(kind)
