"""What an extract can answer: the questions need what they say they need, and the one column that helps most is counted, not guessed."""

import pytest

from demand.engine import readiness as engine
from demand.engine.columns import KINDS
from demand.engine.readiness import ANSWERED, NO, PARTLY, REGISTER_WORDS, STATUSES, Inputs, readiness
from demand.engine.readiness_questions import CONCERN_SOME_ROWS, QUESTIONS

EVERYTHING = {kind.name: dict.fromkeys(kind.columns, 1.0) for kind in KINDS.values()}
ALL_REGISTERS = frozenset(REGISTER_WORDS)


def inputs(perspective="payer", registers=ALL_REGISTERS, without=(), **thin) -> Inputs:
    """A complete extract; `without` columns ("medical.payer") or kinds; `thin`: medical columns and their filled share."""
    filled = {
        kind: {name: share for name, share in columns.items() if f"{kind}.{name}" not in without}
        for kind, columns in EVERYTHING.items()
    }
    filled["medical"] |= thin
    return Inputs({kind: columns for kind, columns in filled.items() if kind not in without}, perspective, frozenset(registers))


def status(found, key: str) -> str:
    return next(answer.status for answer in found.answers if answer.key == key)


def test_a_complete_extract_answers_everything_and_needs_nothing():
    found = readiness(inputs())
    assert {answer.status for answer in found.answers} == {ANSWERED}
    assert (found.best, found.columns, found.others) == (None, (), ())


def test_every_need_names_a_column_that_we_read_or_a_register():
    for source in engine._sources():
        kind, name = source.split(".")
        known = {"register": REGISTER_WORDS, "perspective": ("payer", "provider")}.get(kind) or KINDS[kind].columns
        assert name in known, source
    assert CONCERN_SOME_ROWS <= engine._sources()


@pytest.mark.parametrize(
    ("without", "key", "expected"),
    [
        ("medical.hcpcs_code", "drug", NO),
        ("medical.service_unit_quantity", "drug", PARTLY),
        ("medical.paid_date", "maturity", NO),
        ("medical.paid_date", "dark", NO),
        ("medical.ordering_npi", "prescriber", PARTLY),
        ("medical.allowed_amount", "money", PARTLY),
        ("eligibility.zip_code", "travel", NO),
        ("eligibility.birth_date", "policies", PARTLY),
        ("eligibility.payer_type", "payer", PARTLY),
        ("medical.payer", "payer", ANSWERED),  # eligibility names it
        ("pharmacy", "benefit_shift", NO),
        ("pharmacy", "white_bagging", PARTLY),
        ("eligibility", "new_starts", NO),
        ("medical.authorization_end_date", "renewal", NO),
        ("medical.bill_type_code", "restatements", PARTLY),
    ],
)
def test_without_it_the_answer_falls(without, key, expected):
    found = readiness(inputs(without={without}))
    assert status(found, key) == expected
    if expected != ANSWERED:
        answer = next(answer for answer in found.answers if answer.key == key)
        assert answer.why.endswith(".") and answer.gaps


@pytest.mark.parametrize(("share", "expected"), [(1.0, ANSWERED), (0.9, ANSWERED), (0.89, PARTLY), (0.3, PARTLY), (0.0, NO)])
def test_a_thin_column_answers_partly(share, expected):
    assert status(readiness(inputs(paid_date=share)), "maturity") == expected


def test_a_place_of_service_or_a_bill_type_is_enough_for_each_row():
    assert status(readiness(inputs(place_of_service_code=0.6, bill_type_code=0.4)), "place") == ANSWERED
    assert status(readiness(inputs(place_of_service_code=0.3, bill_type_code=0.1)), "place") == PARTLY


@pytest.mark.parametrize(("register", "key"), [("sites", "site_leakage"), ("prescribers", "prescriber"), ("policies", "policies"),
                                               ("white_bag_events", "white_bagging_checked"), ("zip_centroids", "travel")])  # fmt: skip
def test_registers_count_as_well(register, key):
    found = readiness(inputs(registers=ALL_REGISTERS - {register}))
    assert status(found, key) == NO
    assert not found.columns and {unlock.name for unlock in found.others} == {f"register.{register}"}


def test_a_providers_own_billing_never_sees_leakage_whole():
    found = readiness(inputs(perspective="provider"))
    assert status(found, "site_leakage") == PARTLY and "overdue doses and orders" in found.unseen[0]
    assert not found.columns  # no column makes it see care given elsewhere
    assert "overdue" not in " ".join(readiness(inputs()).unseen)


def test_the_most_helpful_column_is_the_one_that_improves_most_questions_by_trying_each():
    without = {"medical.paid_date", "eligibility.zip_code", "medical.allowed_amount", "medical.copayment_amount"}
    given = inputs(without=without)
    found = readiness(given)
    tried = {}
    for kind, columns in EVERYTHING.items():
        for column in columns:
            filled = {name: dict(has) for name, has in given.filled.items()}
            filled[kind][column] = 1.0
            then = readiness(Inputs(filled, given.perspective, given.registers))
            tried[f"{kind}.{column}"] = sum(
                STATUSES.index(after.status) > STATUSES.index(now.status)
                for now, after in zip(found.answers, then.answers, strict=True)
            )
    assert tried[found.best.name] == len(found.best.improved) == max(tried.values()) > 1
    assert {unlock.name: len(unlock.improved) for unlock in found.columns} == {name: gain for name, gain in tried.items() if gain}


def test_a_whole_file_that_is_missing_is_no_column():
    found = readiness(inputs(without={"pharmacy"}))
    assert found.best is None and [unlock.name for unlock in found.others] == ["file.pharmacy"]
    assert any("pharmacy claims" in sentence for sentence in found.unseen)


def test_the_three_counts_are_all_questions():
    found = readiness(inputs(without={"eligibility", "medical.ordering_npi"}))
    assert found.answered + found.partly + found.not_answerable == len(QUESTIONS)
