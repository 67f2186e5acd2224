"""Who must stay, may move, should not, or cannot be judged: each rule of the line once, and that nobody is lost."""

import csv
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine.drug_suitability import SITE_CLASSES, OwnRule, Rule, Suitability
from demand.engine.retention_line import KINDS, Line, WrongLine, differences, parse_line, shipped_line
from demand.engine.verdicts import VERDICTS, Fact, judge
from tests.demand.line_system import line_system
from tests.demand.line_values import AS_OF, treatment, values

RULES = Suitability(AS_OF)


def line(*codes: str, **thresholds: int | None) -> Line:
    """Only these criteria, in this order; thresholds as CODE_name."""
    found = []
    for code in codes:
        given = {one.name: thresholds.get(f"{code}_{one.name}", one.default) for one in KINDS[code].thresholds}
        found.append({"code": code, "on": True, "thresholds": given, "ask": thresholds.get(f"{code}_ask", "recorded")})
    return parse_line({"criteria": found})


def verdict(row: dict, criteria: Line, site_class: str = "infusion_center", **more) -> tuple[str, str]:
    found = judge(values(row), criteria, more.pop("rules", RULES), **more)
    return VERDICTS[found.verdict[0, SITE_CLASSES.index(site_class)]], "; ".join(map(str, found.reasons(0, site_class)))


@pytest.mark.parametrize(
    ("changes", "criteria", "said"),
    [
        ({"age": 17}, line("AGE"), ("must_stay", "AGE (17 years)")),
        ({"age": 18}, line("AGE"), ("may_move", "")),
        ({"age": 80}, line("AGE", AGE_below=0, AGE_from=80), ("must_stay", "AGE (80 years)")),
        ({"age": None}, line("AGE"), ("not_enough_data", "AGE (not known)")),
        ({"doses": 1}, line("FIRST_DOSE"), ("must_stay", "FIRST_DOSE (1 given)")),
        ({"doses": 2}, line("FIRST_DOSE"), ("may_move", "")),
        ({"doses": 1, "start_known": False}, line("FIRST_DOSE"), ("not_enough_data", "FIRST_DOSE (not known)")),
        ({"reaction_days": 90, "reaction_code": "T8089XA"}, line("REACTION"), ("must_stay", "REACTION (T8089XA, 90 days ago)")),
        ({"reaction_days": 90}, line("REACTION", REACTION_days=89), ("may_move", "")),
        ({"emergency_days": 5}, line("REACTION"), ("may_move", "")),
        ({"emergency_days": 5}, line("REACTION", REACTION_emergency=1), ("must_stay", "REACTION (recorded)")),
        ({"cardiopulm_wide_days": 30, "cardiopulm_wide_code": "J449"}, line("CARDIOPULM"), ("may_move", "")),
        (
            {"cardiopulm_wide_days": 30, "cardiopulm_wide_code": "J449"},
            line("CARDIOPULM", CARDIOPULM_wide=1),
            ("must_stay", "CARDIOPULM (J449, 30 days ago)"),
        ),
        ({"miles_infusion_center": 31}, line("GEO"), ("must_stay", "GEO (31 miles)")),
        ({"miles_infusion_center": None}, line("GEO"), ("not_enough_data", "GEO (not known)")),
        ({}, line("COGNITIVE"), ("may_move", "")),
        ({}, line("COGNITIVE", COGNITIVE_ask="always"), ("not_enough_data", "COGNITIVE (not known)")),
        ({"age": 17, "doses": 1}, line("FIRST_DOSE", "AGE"), ("must_stay", "FIRST_DOSE (1 given); AGE (17 years)")),
    ],
)
def test_rule(changes, criteria, said):
    assert verdict(treatment(1, **changes), criteria) == said


def test_a_person_home_has_no_distance_and_storage_is_its_condition():
    row = treatment(1, family="belimumab", miles_infusion_center=99)
    word, why = verdict(row, line("GEO"), "home")
    assert word == "may_move" and why.startswith("STORAGE, SELF_ADMINISTRATION (condition: ")


def test_a_drug_that_is_not_suitable_should_not_go_there_and_says_why():
    word, why = verdict(treatment(1, family="pegloticase"), line("AGE"), "home")
    assert word == "should_not" and why.startswith("REACTION_RISK (Boxed warning")
    assert verdict(treatment(1, family="pegloticase", age=3), line("AGE"), "home")[0] == "must_stay"  # the line comes first


def test_a_drug_for_certified_sites_asks_the_register():
    row, criteria = treatment(1, family="natalizumab"), line("REMS")
    place = ("natalizumab", "infusion_center", "metro")
    assert verdict(row, criteria, certified={place: False}) == ("must_stay", "REMS (no certified site on file)")
    assert verdict(row, criteria, certified={place: True})[0] == "may_move"
    assert verdict(row, criteria)[0] == "not_enough_data"
    assert verdict(row, line("AGE"))[0] == "may_move"  # the criterion is off


def test_recorded_facts_outrank_what_claims_show():
    criteria = line("REACTION", "COGNITIVE", COGNITIVE_ask="always")
    row = treatment(1, reaction_days=3, reaction_code="T782XXA")
    no, yes = Fact("p1", "REACTION", False), Fact("p1", "COGNITIVE", True)
    assert verdict(row, criteria, facts=[no])[0] == "not_enough_data"
    assert verdict(row, criteria, facts=[no, yes]) == ("must_stay", "COGNITIVE (recorded)")
    assert verdict(row, criteria, facts=[no, Fact("p1", "COGNITIVE", False)])[0] == "may_move"


def test_a_rule_written_here_counts_from_its_day_on():
    own = OwnRule("infliximab", "home", Rule("not", "STORAGE", "No courier", "committee", "own", dt.date(2026, 7, 1)))
    row, criteria = treatment(1), line("AGE")
    assert verdict(row, criteria, "home", rules=Suitability(dt.date(2026, 6, 30), [own]))[0] == "may_move"
    assert verdict(row, criteria, "home", rules=Suitability(dt.date(2026, 7, 1), [own])) == ("should_not", "STORAGE (No courier)")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            {"code": "AGE", "on": True, "thresholds": {"below": 300, "from": None}},
            "Age, stay below age: give a whole number from 0 to 99.",
        ),
        (
            {"code": "AGE", "on": True, "thresholds": {"below": 70, "from": 60}},
            "Age: the age from which people stay must lie above",
        ),
        ({"code": "LUCK", "on": True}, "Each criterion of a line must be one of the known ones"),
        ({"code": "ACCESS", "ask": "perhaps"}, "Venous access: say whether it is asked always"),
    ],
)
def test_a_line_that_cannot_be_is_refused_in_one_sentence(document, sentence):
    with pytest.raises(WrongLine, match=sentence):
        parse_line({"criteria": [document]})


def test_a_line_survives_its_document_and_says_what_an_edit_changes():
    shipped = shipped_line()
    assert parse_line(shipped.as_json()) == shipped and differences(shipped, shipped) == []
    document = shipped.as_json()
    for one in document["criteria"]:
        if one["code"] == "AGE":
            one["thresholds"]["below"] = 21
        if one["code"] == "PREGNANCY":
            one["on"] = True
    assert differences(shipped, parse_line(document)) == ["Age: stay below age 18 → 21", "Pregnancy: on"]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "person_no": st.integers(1, 6), "age": st.sampled_from([None, 5, 17, 40, 90]), "doses": st.integers(1, 4),
            "start_known": st.booleans(), "reaction_days": st.sampled_from([None, 10, 2000]),
            "miles_infusion_center": st.sampled_from([None, 3.0, 80.0]), "family": st.sampled_from(["infliximab", "natalizumab", "nivolumab"]),
        }
    ),
    min_size=1, max_size=12,
)  # fmt: skip
CRITERIA = st.lists(st.sampled_from(sorted(KINDS)), unique=True)


@settings(max_examples=60, deadline=None)
@given(ROWS, CRITERIA, st.sampled_from([SITE_CLASSES, ("home",), ("infusion_center",)]), st.booleans())
def test_everybody_is_in_exactly_one_class_and_the_attrition_adds_up(rows, codes, site_classes, whole):
    given = values(*(treatment(row["person_no"], **row) for row in rows))
    found = judge(given, line(*codes), RULES)
    scope = np.ones(len(given), dtype=bool) if whole else np.arange(len(given)) % 2 == 0
    verdict, caught = found.of_people(site_classes, scope)
    people = len({row["person_no"] for row, inside in zip(rows, scope, strict=True) if inside})
    counts = [int((verdict == number).sum()) for number in range(len(VERDICTS))]
    assert sum(counts) == people and (verdict >= 0).sum() == people
    assert [int((caught == number).sum()) for number in range(len(codes))] == [
        int(((verdict == 0) & (caught == n)).sum()) for n in range(len(codes))
    ]
    assert sum(int((caught == number).sum()) for number in range(len(codes))) == counts[0]  # caught + the other classes = all


def slowly(row: dict, criteria: Line, site_class: str) -> str:
    """The same verdict from the definitions, one treatment and one criterion at a time."""
    rule = RULES.rule(row["family"], row["clinical_line"], site_class)
    unknown = False
    for one in criteria.on:
        answer = asked(row, one, site_class, rule)
        if answer is True:
            return "must_stay"
        unknown = unknown or answer is None
    return "should_not" if rule.suitability == "not" else "not_enough_data" if unknown else "may_move"


def asked(row: dict, one, site_class: str, rule: Rule) -> bool | None:
    """Whether a criterion holds; None: not known."""
    if one.code == "AGE":
        return None if row["age"] is None else row["age"] < one["below"]
    if one.code == "FIRST_DOSE":
        return False if row["doses"] >= one["doses"] else True if row["start_known"] else None
    if one.code == "GEO":
        miles = None if site_class == "home" else row[f"miles_{site_class}"]
        return False if site_class == "home" else None if miles is None else miles > one["miles"]
    if one.code == "REMS":
        return None if rule.suitability == "certified" else False  # no register is asked here
    if one.kind.shown_by == "recorded":
        return False
    days = row[f"{one.code.lower()}_days"]
    return days is not None and days <= one["days"]


@settings(max_examples=60, deadline=None)
@given(ROWS, CRITERIA)
def test_tables_say_what_the_definitions_say_one_by_one(rows, codes):
    treatments = [treatment(row["person_no"], **row) for row in rows]
    found = judge(values(*treatments), line(*codes), RULES).verdict
    for number, row in enumerate(treatments):
        assert [VERDICTS[one] for one in found[number]] == [slowly(row, line(*codes), site_class) for site_class in SITE_CLASSES]


@settings(max_examples=30, deadline=None)
@given(ROWS, CRITERIA, st.sampled_from(sorted(KINDS)))
def test_one_more_criterion_never_lets_anybody_go(rows, codes, more):
    given = values(*(treatment(row["person_no"], **row) for row in rows))
    before, after = (judge(given, line(*listed), RULES).verdict for listed in (codes, [*codes, *({more} - set(codes))]))
    assert not ((before == 0) & (after != 0)).any() and not ((before != 3) & (after == 3)).any()


def test_moving_the_age_from_18_to_21_moves_exactly_the_planted_people():
    system = line_system()
    born = {}
    with (system.folder / "system" / "eligibility.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            born[row["person_id"]] = dt.date.fromisoformat(row["birth_date"])
    known = {row["pseudonym"]: row["person_id"] for row in system.query(
        f"SELECT DISTINCT pseudonym, person_id FROM read_parquet('{system.folder / 'identities' / '*.parquet'}')"
    )}  # fmt: skip
    rows = system.query("FROM retention_values")
    given = values(*(dict.fromkeys(["start_known"], False) | row for row in rows))
    before, after = (judge(given, line("AGE", AGE_below=below), RULES).verdict[:, 0] for below in (18, 21))
    crossed = {known[given.texts["person_id"][row]] for row in np.flatnonzero(before != after)}
    day = rows[0]["as_of"]
    planted = {
        known[row["person_id"]]
        for row in rows
        if birthday(born[known[row["person_id"]]], 18) <= day < birthday(born[known[row["person_id"]]], 21)
    }
    assert crossed == planted and planted


def birthday(born: dt.date, age: int) -> dt.date:
    """The day on which somebody becomes so old; who was born on 29 February does on 1 March."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return dt.date(born.year + age, 3, 1)
