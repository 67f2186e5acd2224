"""Sections 3 and 4 of the definitions, infusions to episodes and leakage: runs, moves, what became of them, and whose they are."""

import pytest

from demand.engine.check_numbers import check_numbers
from tests.demand.definition_cases import (
    DOCTOR,
    FORMER_DOCTOR,
    HOSPITAL,
    OUR_CENTER,
    OUR_PHARMACY,
    OUTSIDER,
    PAID_THROUGH,
    PARTNER,
    PHARMACY,
    THEIR_CENTER,
    THEIR_HOSPITAL,
    TWO_CENTERS,
    Cases,
    claim,
    dispensed,
    enrolled,
    every,
    given,
    hospital,
    office,
)  # fmt: skip

CASES = Cases()
case = CASES.add

# fmt: off
# The feed reaches to 30 June 2026. Everybody is enrolled throughout unless a case says otherwise.


def course(dates, npi=HOSPITAL, code="J1745", **changes):
    """One infusion a date at one site."""
    make = {HOSPITAL: hospital, THEIR_HOSPITAL: hospital}.get(npi, office)
    where = "facility_npi" if make is hospital else "billing_npi"
    return [make(code, on=on, claim_id=f"{code}-{on}-{npi[-3:]}", **{where: npi}, **changes) for on in dates]


def weeks(count, times, since):
    return every(7 * count, times, since)


def one(outcome, **more):
    return [{"outcome": outcome} | more]


LATE = "2025-09-01"  # infliximab every 56 days from here, six times: last on 8 June 2026, the next not yet overdue

# Interval
case("fewer than two gaps: the reference regimen", *course(["2026-03-02", "2026-05-01"]), episodes=[{"interval_days": 56}])
case("the median of the person's own gaps, induction dropped",
     *course(["2025-05-01", "2025-05-15", "2025-06-12", "2025-07-24", "2025-09-04", "2025-10-16", "2025-11-27"]),
     eligibility=[enrolled("2024-01-01")], episodes=[{"interval_days": 42, "infusions": 7}])
case("a cyclic regimen has its cycle", *course(["2025-07-01", "2025-07-15", "2026-01-06", "2026-06-20"], code="J2350"),
     episodes=[{"interval_days": 182, "infusions": 4}])
case("rituximab: a pair every 24 weeks is one run", *course(["2025-03-03", "2025-03-17", "2025-09-01", "2025-09-15", "2026-02-20"],
     code="J9312"), episodes=[{"interval_days": 168, "infusions": 5}])

# The gap rule: interval + 50 %, at least 60 days. Infliximab by reference: 56 + 28 = 84.
for days, runs in [(84, 1), (85, 2)]:
    case(f"infliximab, a gap of {days} days", *course(every(days, 2, "2026-02-01")), episodes=[{"family": "infliximab"}] * runs)
# Vedolizumab every 28 days by the person's own gaps: 28 + 14 = 42, but never below 60.
LONG_GAP = every(28, 8, "2025-01-06")
for days, runs in [(60, 1), (61, 2)]:
    case(f"four-weekly, a gap of {days} days", *course(LONG_GAP + every(days, 2, LONG_GAP[-1])[1:], code="J3380"),
         episodes=[{"family": "vedolizumab"}] * runs)
case("the biosimilar continues the run", *course(weeks(8, 3, LATE)), *course(weeks(8, 3, "2026-02-16"), code="Q5103"),
     episodes=[{"family": "infliximab", "infusions": 6}])
case("two families are two runs", *course(weeks(8, 6, LATE)), *course(weeks(8, 6, LATE), code="J3380"),
     episodes=[{"family": "infliximab"}, {"family": "vedolizumab"}])

# New starts
for since, new in [("2024-09-01", True), ("2024-09-02", None)]:  # with fewer days one cannot know
    case(f"enrolled since {since}", *course(weeks(8, 6, LATE)), eligibility=[enrolled(since)], episodes=[{"new_start": new}])
case("spans that touch are one", *course(weeks(8, 6, LATE)),
     eligibility=[enrolled("2024-01-01", "2024-12-31"), enrolled("2025-01-01")], episodes=[{"new_start": True}])
case("a hole of a day is a hole", *course(weeks(8, 6, LATE)),
     eligibility=[enrolled("2024-01-01", "2024-12-31"), enrolled("2025-01-02")], episodes=[{"new_start": None}])
for days, new in [(180, False), (181, True)]:
    case(f"a restart after {days} days", *course(["2025-09-01"]), *course(every(days, 2, "2025-09-01")[1:]),
         episodes=[{"outcome": "ended"}, {"new_start": new}])

# What became of them
case("six at home base, the next not overdue", *course(weeks(8, 6, LATE)), episodes=one("kept", dark=False, infusions=6))
case("two elsewhere: moved on the first of them", *course(weeks(8, 3, LATE)), *course(weeks(8, 3, "2026-02-16"), THEIR_CENTER),
     episodes=one("moved_out", outcome_on="2026-02-16", from_site_id="H", to_site_id="X", first_site_class="hopd_on_campus",
                  last_site_class="infusion_center"))
case("the last seen counts", *course(weeks(8, 5, LATE)), *course(["2026-06-08"], THEIR_CENTER),
     episodes=one("moved_out", outcome_on="2026-06-08", to_site_id="X"))
case("one visit elsewhere is visiting", *course(weeks(8, 3, LATE)), *course(["2026-02-16"], THEIR_CENTER),
     *course(weeks(8, 2, "2026-04-13")), episodes=one("kept", from_site_id=None, to_site_id=None))
case("one at home base, then established elsewhere", *course(["2026-02-16"]),
     *course(weeks(8, 2, "2026-04-13"), THEIR_CENTER), episodes=one("moved_out", outcome_on="2026-04-13"))
case("a partner's site is not ours", *course(weeks(8, 3, LATE)), *course(weeks(8, 3, "2026-02-16"), PARTNER),
     episodes=one("moved_out", to_site_id="PT"))
case("a site that cannot be told is unknown", *course(weeks(8, 3, LATE)),
     *course(weeks(8, 3, "2026-02-16"), TWO_CENTERS, place_of_service_code="49"), episodes=one("unknown"))
case("between two owned sites nothing leaves", *course(weeks(8, 3, LATE)), *course(weeks(8, 3, "2026-02-16"), OUR_CENTER),
     episodes=[{"outcome": "kept"}])
case("ordered inside, first infused outside", *course(weeks(8, 6, LATE), THEIR_CENTER), episodes=one("never_captured"))
case("outside first, then at home base", *course(weeks(8, 3, LATE), THEIR_CENTER), *course(weeks(8, 3, "2026-02-16")),
     episodes=one("moved_in", from_site_id="X", to_site_id="H"))
case("out and back again", *course(weeks(8, 2, LATE)), *course(weeks(8, 2, "2025-12-22"), THEIR_CENTER),
     *course(weeks(8, 2, "2026-04-13")), episodes=[{"outcome": "kept"}])
case("moved and then silent is moved", *course(weeks(8, 2, "2025-01-06")), *course(weeks(8, 2, "2025-04-28"), THEIR_CENTER),
     episodes=one("moved_out"))
case("a stranger's patient has no outcome", *course(weeks(8, 6, LATE), ordering_npi=OUTSIDER), episodes=one(None))
case("any infusion of ours makes the episode ours", *course(weeks(8, 5, LATE), ordering_npi=OUTSIDER), *course(["2026-06-08"]),
     episodes=one("kept"))

# Benefit shift, ended, dark
SELF = "72606002501"  # infliximab for self-injection
for days, outcome in [(120, "benefit_shift"), (121, "unknown")]:
    case(f"self-injection {days} days after", *course(weeks(8, 3, "2025-01-06")),
         pharmacy=[dispensed(every(days, 2, "2025-04-28")[1], ndc=SELF)],
         episodes=[{"outcome": outcome, "dark": False, "infusions": 3}])
case("the planned switch by label is ended", *course(weeks(4, 3, "2025-01-06"), code="J2327", service_unit_quantity="600"),
     pharmacy=[dispensed("2025-03-31", ndc="00074106501")], episodes=one("ended", dark=False))
case("silence", *course(weeks(8, 3, "2025-01-06")), episodes=one("dark", dark=True, last_infused_on="2025-04-28"))
case("silence of one who left the plan", *course(weeks(8, 3, "2025-01-06")), eligibility=[enrolled("2015-01-01", "2025-05-31")],
     episodes=one("ended", dark=False))
case("silence of one who died", *course(weeks(8, 3, "2025-01-06")), eligibility=[enrolled(death_date="2025-06-01")],
     episodes=one("ended", dark=False))
case("and of one who died after the dose was overdue: nobody is to be looked for", *course(weeks(8, 3, "2025-01-06")),
     eligibility=[enrolled(death_date="2025-12-01")], episodes=one("ended", dark=False, reason="died"))
case("a pharmacy's drug on the medical benefit is a fill too", *course(weeks(8, 3, "2025-01-06")),
     office("J1748", on="2025-06-20", claim_id="S", billing_npi=PHARMACY, place_of_service_code="12", service_unit_quantity="12"),
     episodes=[{"dark": False}], infusions=[{"site_id": "H"}] * 3)
case("a pharmacy's drug that was given in the last infusion is no later sign of life",
     *course(weeks(8, 2, "2025-01-06")), given(hospital(on="2025-04-28", facility_npi=HOSPITAL, claim_id="G")),
     office(on="2025-04-30", claim_id="S", billing_npi=PHARMACY, place_of_service_code="12"), episodes=[{"dark": True}])
case("the due date is the last infusion and the allowed gap", *course(weeks(8, 3, "2025-01-06")),
     episodes=one("dark", expected_next_on="2025-06-23", outcome_on="2025-07-21"))
case("a fill of another family changes nothing", *course(weeks(8, 3, "2025-01-06")),
     pharmacy=[dispensed("2025-06-20", ndc="00078063941")], episodes=one("dark"))
case("a hole in the enrollment when the dose was due", *course(weeks(8, 3, "2025-01-06")),
     eligibility=[enrolled("2015-01-01", "2025-06-30"), enrolled("2025-09-01")], episodes=one("ended", dark=False))
case("self-injection beside infusions that go on", *course(weeks(8, 6, LATE)), pharmacy=[dispensed("2025-12-01", ndc=SELF)],
     episodes=one("kept"))
case("moved out first, self-injection later", *course(weeks(8, 2, "2025-01-06")),
     *course(weeks(8, 2, "2025-04-28"), THEIR_CENTER), pharmacy=[dispensed("2025-08-01", ndc=SELF)], episodes=one("moved_out"))
case("the self-administered form of the family, whichever biosimilar was infused",
     *course(weeks(8, 3, "2025-01-06"), code="Q5104"), pharmacy=[dispensed("2025-06-20", ndc=SELF)],
     episodes=one("benefit_shift", outcome_on="2025-06-20", reason="benefit_shift", dark=False))
case("silence of one whose enrollment is not known", *course(weeks(8, 3, "2025-01-06")), eligibility=[],
     episodes=one("unknown", dark=False))
case("last infusion + allowed gap in the month that the feed does not cover", *course(weeks(8, 3, "2026-01-01")), episodes=[
     {"dark": False}])
case("a fill of the family keeps a person out of the dark", *course(weeks(8, 3, "2025-01-06")),
     pharmacy=[dispensed("2026-02-01")], episodes=[{"dark": False}])
case("a complete course of teprotumumab", *course(weeks(3, 8, "2025-01-06"), code="J3241"), episodes=one("ended", dark=False))
case("a complete course of iron", *course(["2025-01-06", "2025-01-13"], code="J1439", service_unit_quantity="750"),
     episodes=one("ended", dark=False))
case("a later restart ended the first run", *course(weeks(8, 3, "2025-01-06")), *course(weeks(8, 4, "2026-01-05")),
     episodes=one("ended") + one("kept"))

# Attribution
HERE = {"attributed": True}
case("by the ordering prescriber", *course(["2026-06-01"], THEIR_CENTER),
     infusions=[HERE | {"attribution_rule": "ordering_npi", "ordering_npi": DOCTOR}])
case("else by the rendering prescriber", *course(["2026-06-01"], ordering_npi="", rendering_npi=DOCTOR),
     infusions=[HERE | {"attribution_rule": "rendering_npi"}])
case("the one who orders comes first", *course(["2026-06-01"], ordering_npi=OUTSIDER, rendering_npi=DOCTOR),
     infusions=[{"attributed": False}])
case("on the roster until the day before ends_on", *course(["2025-03-02"], ordering_npi=FORMER_DOCTOR), infusions=[HERE])
case("not on it", *course(["2025-03-03"], ordering_npi=FORMER_DOCTOR), infusions=[{"attributed": False}])
case("nobody is named, and most infusions of the twelve months before were ours: by majority, apart",
     *course(weeks(8, 3, LATE), ordering_npi=""),
     infusions=[{"attributed": False}] + [HERE | {"attribution_rule": "majority"}] * 2)
case("a site of the system is no prescriber", *course(["2026-06-01"], ordering_npi="", rendering_npi="", npi=THEIR_CENTER),
     infusions=[{"attributed": False}])

# Each attributed infusion is one of five
TOKEN = {"allowed_amount": "0.01", "paid_amount": "0.00", "charge_amount": "0.01"}
PAY = ["2026-06-01"]
case("kept", *course(PAY), infusions=one("kept"))
case("partner", *course(PAY, PARTNER), infusions=one("partner"))
case("site leak", *course(PAY, THEIR_CENTER), infusions=one("site_leak"))
case("site leak outside the register", office(on=PAY[0]), infusions=one("site_leak"))
WHITE = hospital(on=PAY[0], facility_npi=HOSPITAL, **TOKEN)
case("margin leak", *claim(WHITE, given(WHITE)), pharmacy=[dispensed("2026-05-28")], infusions=one("margin_leak"))
case("clear bag of our own pharmacy is kept", *claim(WHITE, given(WHITE)), pharmacy=[dispensed("2026-05-28", by=OUR_PHARMACY)],
     infusions=one("kept"))
case("an owned site with unknown channel", *claim(WHITE, given(WHITE)), infusions=one("unknown"))
case("white-bagged at a partner's is partner", *claim(*[office(on=PAY[0], billing_npi=PARTNER, **TOKEN),
     given(office(on=PAY[0], billing_npi=PARTNER))]), pharmacy=[dispensed("2026-05-28")], infusions=one("partner"))
case("whose site is unknown", *course(PAY, TWO_CENTERS, place_of_service_code="49"), infusions=one("unknown"))
case("not attributed", *course(PAY, ordering_npi=OUTSIDER), infusions=one(None))
# fmt: on


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    assert PAID_THROUGH.isoformat() == "2026-06-30"
    return CASES.compute(tmp_path_factory.mktemp("episodes"))


@pytest.mark.parametrize("one", CASES.listed, ids=str)
def test_episodes_and_leakage_are_as_defined(answers, one):
    answers.check(one)


@pytest.mark.parametrize("outcome", ["kept", "margin_leak", "partner", "site_leak", "unknown"])
def test_leakage_adds_up_to_the_infusions_that_a_named_prescriber_ordered(answers, outcome):
    """The majority rule can only add kept people, so the headline leaves it out."""
    mine = [
        row
        for row in answers.tables["infusions"]
        if row["attribution_rule"] in ("ordering_npi", "rendering_npi") and row["outcome"] == outcome
    ]
    assert sum(row[f"{outcome}_infusions"] for row in answers.leakage) == len(mine) > 0
    assert sum(row[f"{outcome}_allowed_cents"] for row in answers.leakage) == sum(row["allowed_cents"] or 0 for row in mine)
    assert sum(row[f"{outcome}_people"] for row in answers.leakage) >= len({row["person_id"] for row in mine})


def test_what_is_not_attributed_has_no_outcome(answers):
    assert {row["outcome"] for row in answers.tables["infusions"] if not row["attributed"]} == {None}
    assert {row["outcome"] for row in answers.tables["episodes"] if not row["attributed"]} == {None}


def test_the_slow_way_finds_the_same_in_all_cases(answers):
    assert [check for check in check_numbers(answers.run, answers.reference) if not check.agrees] == []
