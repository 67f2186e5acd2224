"""What follows infusions: on a rehearsal, against a second, slow way and what was planted; what few people hide."""

import csv
import datetime as dt
import itertools
from collections import Counter, defaultdict

import pytest
from django.contrib.auth.models import Group, User

from demand.charts import safety as charts
from demand.engine.disclosure import HIDDEN
from demand.models import PatientImpact
from demand.selectors.bounce_back import FLAGS, bounce_back, bounced
from demand.selectors.contradictions import board
from demand.selectors.facts import ask_tables, results_key
from demand.selectors.policy_safety import policy_safety
from demand.selectors.safety import KINDS, WITHIN, adherence, event_rates, followed_infusions, unfollowed_infusions
from tests.demand.rehearsed_run import publish_rehearsal, rehearsal

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(own_storage):
    return publish_rehearsal()


@pytest.fixture
def leader(client):
    user = User.objects.create_user("lea")
    user.groups.add(Group.objects.get(name="leader"))
    client.force_login(user)
    return client


def slow_rates(run, kind: str, within: int) -> dict[str, tuple[int, int]]:
    """Class of site -> (infusions, those followed), person by person; each event with the last infusion before it."""
    horizon = {}
    for source, month, mature in ask_tables(run, "SELECT data_source, month, mature FROM {maturity}"):
        if mature:
            following = (month + dt.timedelta(days=31)).replace(day=1)
            horizon[source] = max(horizon.get(source, following), following)
    given, events = defaultdict(list), defaultdict(list)
    rows = "SELECT person_no, service_date, infusion_id, site_class, data_source, attribution_rule FROM {infusions} ORDER BY infusion_id"
    for person, *row in ask_tables(run, rows):
        given[person].append(row)
    for person, day, found in ask_tables(run, "SELECT person_no, event_on, kind FROM {clinical_events}"):
        if found in KINDS[kind][0]:
            events[person].append(day)
    cases, hits = Counter(), Counter()
    for person, infusions in given.items():
        hit = set()
        for event in events[person]:
            before = [row for row in infusions if row[0] <= event]
            if before:
                last = max(row[0] for row in before)
                first_of_day = min(row[1] for row in before if row[0] == last)
                if (event - last).days <= within:
                    hit.add(first_of_day)
        for day, number, site_class, source, rule in infusions:
            asked = rule in ("ordering_npi", "rendering_npi") and site_class not in ("unknown", "inpatient", "emergency")
            if asked and source in horizon and day + dt.timedelta(days=30) < horizon[source]:
                cases[site_class] += 1
                hits[site_class] += number in hit
    return {name: (cases[name], hits[name]) for name in cases}


@pytest.mark.parametrize(("kind", "within"), [("hospital", 1), ("hospital", 30), ("infection", 30), ("reaction", 1)])
def test_rates_are_those_of_a_slow_way(run, kind, within):
    assert {one.site_class: (one.cases, one.events) for one in event_rates(run, kind, within, True)} == slow_rates(
        run, kind, within
    )


def test_longer_windows_hold_shorter_ones(run):
    for kind in KINDS:
        by_window = [[one.events for one in event_rates(run, kind, within, True)] for within in WITHIN]
        assert all(
            short <= longer for one, other in itertools.pairwise(by_window) for short, longer in zip(one, other, strict=True)
        )


def test_planted_hospital_visits_are_found_with_their_infusion(run):
    """Planted visits within a day of an infusion: at least as many infusions are seen followed by one, and few more (background ones)."""
    with (rehearsal().folder / "system" / "truth" / "clinical.csv").open(newline="", encoding="utf-8") as stream:
        rows = [
            row
            for row in csv.DictReader(stream)
            if row["visible"] == "true" and row["after_on"] and row["kind"] in ("emergency", "admission")
        ]
    planted = {
        (row["person_id"], row["after_on"])
        for row in rows
        if (dt.date.fromisoformat(row["event_on"]) - dt.date.fromisoformat(row["after_on"])).days <= 1
    }
    everybody = ask_tables(
        run,
        "SELECT count(DISTINCT (given.person_no, service_date)) FROM {infusions} AS given JOIN {clinical_events} AS event "
        "ON event.person_no = given.person_no AND event_on - service_date BETWEEN 0 AND 1 AND kind IN ('emergency', 'admission')",
    )[0][0]
    assert len(planted) > 20 and everybody == pytest.approx(len(planted), rel=0.25)
    found = sum(one.events for one in event_rates(run, "hospital", 1, True))
    assert 0 < found <= everybody


def test_late_doses_and_persistence_keep_their_denominators(run):
    columns = followed_infusions(run.pk, results_key(run))
    found = adherence(run, True)
    slow = {name: Counter() for name in ("doses", "late", "missed", "days", "covered")}
    for place, gap, interval in zip(columns["site_class"], columns["gap"], columns["interval_days"], strict=True):
        if 0 < gap <= 365 and interval > 0:
            slow["doses"][place] += 1
            slow["late"][place] += gap > interval + 7
            slow["missed"][place] += gap > interval + 7 and gap > 2 * interval
            slow["days"][place] += int(gap)
            slow["covered"][place] += int(min(gap, interval))
    for measure, of in (("late", "doses"), ("missed", "doses"), ("covered", "days")):
        assert {one.site_class: (one.cases, one.events) for one in found[measure]} == {
            place: (slow[of][place], slow[measure][place]) for place in slow["doses"]
        }
    assert all(one.events <= one.cases for one in found["persisted"])
    assert sum(one.cases for one in found["persisted"]) > 50


def test_adherence_is_adjusted_with_intervals_and_too_few_is_said(run):
    found = adherence(run, True)
    starts = {one.site_class: one.cases for one in found["persisted"]}
    for measure, lines in found.items():
        for one in lines:
            if one.raw is not None:
                value, low, high = one.adjusted
                assert 0 <= low <= value <= high <= 1 and one.raw[0] == pytest.approx(one.events / one.cases)
        assert any(one.raw and abs(one.raw[0] - one.adjusted[0]) > 0.0005 for one in lines), measure
    few = [name for name, number in starts.items() if number < 11]
    assert few and all(one.raw is None and one.adjusted is None for one in found["persisted"] if one.site_class in few)
    persistence = charts.adherence(found)[-1]
    assert (
        "Too few to tell (fewer than 11 new starts)" in persistence.note and "Adjusted for the mix of cases" in persistence.reading
    )


def test_each_move_bounces_once(run):
    *lines, everything = bounce_back(run, True)
    assert everything.moves == sum(one.moves for one in lines) > 0
    for flag in FLAGS:
        assert everything.numbers[flag] == sum(one.numbers[flag] for one in lines) <= everything.moves
    assert everything.numbers["one_dose"] <= everything.numbers["returned"]
    listed = bounced(run)
    assert sum("hospital" in flags for *_, flags in listed) == everything.numbers["hospital"]
    assert all(place not in ("hopd_on_campus", "hopd_off_campus") for *_, place, _ in listed)


def test_a_policy_has_as_many_days_before_as_after(run):
    for one in policy_safety(run, True):
        assert 30 <= one.days <= 180
        for side in (one.before, one.after):
            assert side.late <= side.due <= side.infusions and side.visits <= side.infusions


def test_without_the_right_no_class_tells_of_few_people(run, leader):
    people = defaultdict(set)
    columns = followed_infusions(run.pk, results_key(run))
    for person, place, days in zip(columns["person_no"], columns["site_class"], columns["hospital"], strict=True):
        if days <= 1:
            people[place].add(person)
    shown = {one.site_class: one for one in event_rates(run, "hospital", 1, False)}
    small = [name for name, who in people.items() if len(who) < 11]
    assert small and all(
        shown[name].events is HIDDEN and shown[name].raw is HIDDEN and shown[name].adjusted is HIDDEN for name in small
    )
    text = leader.get("/safety/").content.decode()
    assert "hidden" in text and "Moves with something that followed" not in text
    assert leader.get("/safety/bounce-back-list.csv").status_code == 404


def test_a_class_less_what_could_be_followed_leaves_no_few_people(run):
    """The whole class stands on the strategy brief; here, what was followed of it."""
    lost = unfollowed_infusions(run.pk, results_key(run))
    behind = {name: len(set(lost["person_no"][lost["site_class"] == name])) for name in set(lost["site_class"])}
    few = {name for name, people in behind.items() if 0 < people < 11}
    rates = [*event_rates(run, "hospital", 7, False), *event_rates(run, "reaction", 1, False)]
    assert few & {one.site_class for one in rates}
    assert all(one.cases is HIDDEN and one.raw is HIDDEN for one in rates if one.site_class in few)
    assert any(one.cases is not HIDDEN for one in rates)


def test_the_page_shows_studies_that_disagree_and_says_what_home_lacks(run, analyst, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        text = analyst.get("/safety/?within=7").content.decode()
    assert "within 7 days" in text and "No national comparator" in text and "they do not agree" in text and "Wasserman" in text
    assert "same or the next day" in analyst.get("/safety/?within=soon").content.decode()
    assert all(f"/safety/{key}.csv" in text for key in ("late-doses", "missed-doses", "days-covered", "persistence"))
    assert analyst.get("/safety/safety-hospital.csv?within=30").content.startswith(b"site_class,cases,events,raw")


def test_an_event_that_no_policy_caused_is_logged_and_contradicts_nothing(analyst, own_storage):
    answer = analyst.post(
        "/logs/patient_impacts/records/new/", {"reported_on": "2026-03-01", "kind": "infection", "severity": "high"}
    )
    assert answer.status_code == 302 and PatientImpact.objects.get().policy_id == ""
    assert not board(None).open
    assert "Unplanned return to hospital" in analyst.get("/logs/patient_impacts/records/new/").content.decode()


def test_the_sentence_names_home_with_its_rate_or_says_that_it_is_too_few(run):
    for see_small in (True, False):
        lines = event_rates(run, "hospital", 1, see_small)
        home = next(one for one in lines if one.site_class == "home")
        said = charts.rates(lines, "hospital", 1).reading
        assert ("Home: too few to show" in said) == (home.adjusted is HIDDEN)
        assert home.adjusted in (None, HIDDEN) or f"{1000 * home.adjusted[0]:,.1f} in 1,000, 95% interval" in said
