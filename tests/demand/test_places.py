"""The pages about places: what they count, what they say when something is missing, what small counts hide."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict

from demand.charts import market_fit as fit_charts
from demand.charts import where as where_charts
from demand.engine.disclosure import HIDDEN
from demand.engine.reach import Thresholds
from demand.places import PlaceQuestion
from demand.selectors.market_fit import VerdictThresholds, verdicts
from demand.selectors.market_map import spots, unplaced, visible
from demand.selectors.population import older_people
from demand.selectors.reach import reached, travel
from demand.selectors.where import search
from demand.where import WhereQuestion
from payers.models import DrugFamily
from sites.models import Partnership
from tests.demand.places_files import CITY, DAY, FAR, SUBURB, People, policy, site

pytestmark = pytest.mark.django_db
PAGES = ("/markets/map/", "/markets/fit/", "/markets/where/")


@pytest.fixture
def leader(client):
    user = User.objects.create_user("lea")
    user.groups.add(Group.objects.get(name="leader"))
    client.force_login(user)
    return client


def test_each_person_counts_once_at_the_latest_zip_code_and_only_ours(own_storage):
    site("H")
    people = People().add(3, CITY, infusions=4).add(2, FAR).add(1, None).add(5, CITY, attribution_rule="majority")
    people.add(4, CITY, service_date=DAY - dt.timedelta(days=366))
    people.spans.append({"person_id": "p0", "zip_code": FAR, "enrollment_start_date": dt.date(2026, 1, 1)})
    found = reached(people.publish(), Thresholds())
    by_zip = {spot.zip_code: spot for spot in spots(found, PlaceQuestion(), see_small=True)}
    assert (by_zip[CITY].people, by_zip[CITY].outside) == (2, 0) and (by_zip[FAR].people, by_zip[FAR].outside) == (3, 3)
    assert unplaced(found, PlaceQuestion(), True) == 1 and unplaced(found, PlaceQuestion(), False) is HIDDEN


def test_policies_take_permitted_sites_away_and_a_run_without_exposures_says_so(own_storage, analyst):
    site("H")
    policy("P")
    policy("OVER", effective_to=DAY)
    policy("MAYBE", status="anticipated")
    run = (
        People()
        .add(20, CITY)
        .add(12, CITY, exposed_to="P")
        .add(3, CITY, exposed_to="OVER")
        .add(2, CITY, exposed_to="MAYBE")
        .publish()
    )
    (spot,) = spots(reached(run, Thresholds()), PlaceQuestion(), True)
    assert (spot.people, spot.at_risk, spot.outside) == (37, 12, 12)
    run.delete()
    People().add(20, CITY).publish()
    assert "knows no exposures" in analyst.get("/markets/map/").content.decode()


def test_closed_sites_are_not_there_and_an_edited_register_is_seen_at_once(own_storage):
    place = site("H", closed_on=DAY)
    run = People().add(3, CITY).publish()
    assert spots(reached(run, Thresholds()), PlaceQuestion(), True)[0].outside == 3
    place.closed_on = DAY + dt.timedelta(days=1)
    place.save()
    assert spots(reached(run, Thresholds()), PlaceQuestion(), True)[0].outside == 0


def test_an_access_point_says_how_many_would_have_none(own_storage):
    site("H")
    site("O", ownership="other", site_class="physician_office", zip_code=FAR)
    found = reached(People().add(30, CITY).add(12, FAR).publish(), Thresholds())
    table = fit_charts.access_points(found, PlaceQuestion(), True).table
    assert [(row[0], row[-1]) for row in table.rows] == [("H", 30), ("O", 12)]


def test_travel_is_to_where_infusions_are_given(own_storage):
    site("H")
    run = People().add(8, CITY).add(2, SUBURB).add(2, CITY, site_id="npi:1").publish()
    trips = travel(run, reached(run, Thresholds()), see_small=True)
    assert (trips[""].infusions, trips[""].not_placed, trips[""].median) == (10, 2, 0)
    assert 15 < trips[""].ninetieth < 20 and trips["metro"] == trips[""]  # Franklin to Nashville
    hidden = travel(run, reached(run, Thresholds()), see_small=False)[""]
    assert hidden.median is None and hidden.infusions == 0


def test_one_verdict_a_market_with_every_input(own_storage):
    DrugFamily.objects.update_or_create(family="infliximab", defaults={"chair_minutes": 120})
    site("H", chairs=1, open_hours_per_week=40)
    policy("P")
    people = People().add(40, CITY, exposed_to="P", infusions=20, waits=30).add(30, CITY, infusions=20, waits=2)
    run = people.publish()
    found = reached(run, Thresholds())
    (answer,) = verdicts(run, found, visible(found, True), VerdictThresholds(), True)
    told = {one.name: (one.value, one.says) for one in answer.inputs}
    assert answer.verdict == "Likely unmet demand"
    assert told["Referral to first dose"][0].startswith("median 30 days")
    assert told["People with no permitted site in reach"] == ("57.1% (40 of 70)", "points to unmet demand")
    # 1,400 infusions a year × 2 hours ÷ 12 = 233 hours a month; 40 hours × 4.345 weeks = 174 open, 130 at 75 %
    assert told["Chair-hours needed of those open"][0] == "179% (233 hours a month needed by what claims show, 174 open at 1 site)"
    assert told["Satisfaction of patients"] == ("no survey results are recorded", "not known")
    strict = VerdictThresholds(wait_days=31, out_share=60, use_share=180)
    assert verdicts(run, found, visible(found, True), strict, True)[0].verdict == "No unmet demand seen"


def test_new_centers_add_those_whom_policies_keep_out_of_the_hospital(own_storage):
    site("H")
    policy("P")
    run = People().add(40, CITY, exposed_to="P").add(15, FAR, exposed_to="P").add(50, CITY).publish()
    found = reached(run, Thresholds())
    answers = search(found, WhereQuestion(kinds=("new",)), True)
    assert answers.base == 0 and answers.everything == 55
    assert [(kept.total, [one.zip_code for one, _, _ in kept.sites]) for kept in answers.kept] == [(40, [CITY]), (55, [CITY, FAR])]
    barred = search(found, WhereQuestion(kinds=("new",), barred_sites=(CITY,)), True)
    assert [kept.total for kept in barred.kept] == [15] and barred.barred[0][1] == "a limit on single sites"
    converted = search(found, WhereQuestion(kinds=("clinic",)), True)
    assert [one.name for one, _, _ in converted.kept[0].sites] == ["H"] and converted.kept[0].total == 40
    full = search(found, WhereQuestion(kinds=("new",), capacity=25), True)
    assert full.kept[0].total == pytest.approx(25)


def test_without_the_right_zip_codes_have_three_digits_and_small_counts_are_hidden(own_storage, leader):
    site("H")
    policy("P")
    run = People().add(40, CITY).add(12, CITY, exposed_to="P").add(3, SUBURB).add(25, FAR).publish()
    for page in PAGES:
        text = leader.get(page).content.decode()
        assert not any(zip_code in text for zip_code in (CITY, SUBURB, FAR)), page
    found = reached(run, Thresholds())
    shown = {spot.zip_code: spot for spot in spots(found, PlaceQuestion(), False)}
    assert set(shown) == {"372••", "370••", "422••"} and shown["370••"].people is HIDDEN
    text = leader.get("/markets/map/?urban=11&payer=A&family=infliximab").content.decode()
    assert "distances stay at 10, 20 and 30 miles" in text and "Two filters at once" in text


def test_no_small_count_of_the_shown_figures_can_be_found_by_subtraction(own_storage):
    """The sums that a reader can write down from one dimension: parts to the whole, inside to outside."""
    site("H")
    site("C", site_class="infusion_center", ownership="other", zip_code=SUBURB)
    policy("P")
    people = People()
    for number, (zip_code, payer, market) in enumerate(
        (z, p, m) for z in (CITY, SUBURB, FAR) for p in "ABC" for m in ("metro", "rural")
    ):
        people.add(3 + 5 * (number % 5), zip_code, payer=payer, market=market, exposed_to="P" if number % 3 == 0 else "")
    found = reached(people.publish(), Thresholds())
    seen, reach = visible(found, False), found.reach
    for name in ("permitted", "ours", "hopd_on_campus", "infusion_center"):
        for payer in "ABC":
            mine = [group.payer == payer for group in reach.groups]
            total = int(reach.people[mine].sum())
            inside = int(reach.people[mine & reach.within(name)].sum())
            shown = seen.count(inside, name, payer=payer)
            if shown is not HIDDEN and seen.count(total, payer=payer) is not HIDDEN:
                assert not 0 < inside < 11 and not 0 < total - inside < 11


def test_pages_answer_to_everyone_who_sees_figures_and_say_when_there_is_nothing(own_storage, analyst):
    for page in PAGES:
        assert "No figures yet" in analyst.get(page).content.decode()
    People().publish()
    for page in PAGES:
        assert analyst.get(page).status_code == 200
    site("H")
    People().add(3, CITY).add(1, "00000").publish()
    for page in PAGES:
        response = analyst.get(page, headers={"HX-Request": "true"})
        assert response.status_code == 200 and b"<html" not in response.content
    analyst.logout()
    assert all(analyst.get(page).status_code == 302 for page in PAGES)


def test_what_cannot_work_is_said_in_a_sentence(own_storage, analyst):
    site("H")
    People().add(3, CITY).publish()
    text = analyst.get("/markets/map/?urban=-1&rural=nan&reached=moon").content.decode()
    assert "Miles in urban areas must be a number from 1 to 200; 10 was used." in text
    assert "Miles in rural areas must be" in text and "The class of site was left out" in text
    text = analyst.get("/markets/where/?measure=margin&zips=3720,37203&k=99&capacity=x").content.decode()
    assert "Margin is a share of the allowed amount" in text and "1 candidate ZIP codes were left out" in text
    assert "The number of centers must be a number from 1 to 8; 2 was used." in text and "it was left out" in text
    assert "the wait" not in analyst.get("/markets/fit/?wait_days=0").content.decode()


def test_an_answer_goes_into_a_scenario_with_its_market_and_name(own_storage, analyst):
    site("H")
    policy("P")
    People().add(40, CITY, exposed_to="P").publish()
    text = analyst.get("/markets/where/?kind=new&k=1").content.decode()
    assert (
        "/scenarios/new/?market=metro&amp;place=37203+%28Nashville%2C+TN%29&amp;zip=37203&amp;affiliated=no&amp;measure=people&amp;amount=about+40"
        in text
    )
    assert "&amp;affiliated=yes&amp;measure=people" in analyst.get("/markets/where/?kind=new&k=1&affiliated=on").content.decode()


def test_the_question_is_what_the_address_says():
    question, problems = WhereQuestion.from_query(QueryDict("kind=new&kind=partner&barred_market=metro&minimum=50&k=3"), True)
    assert not problems and question.kinds == ("new", "partner") and question.minimum == 50 and question.k == 3
    assert question.limits()[0].markets == {"metro"}
    asked, _ = PlaceQuestion.from_query({"payer": "A", "urban": "12", "reached": "ours"}, True)
    assert PlaceQuestion.from_query(asked.as_query(), True) == (asked, ())
    assert [where_charts.rounded(value, question, False) for value in (37, 7, 0)] == [30, HIDDEN, 0]


def test_without_the_right_what_few_people_add_is_hidden_in_infusions_and_dollars_too(own_storage):
    """40 people of ours in the city, 5 far away with many infusions: no number tells what the 5 receive."""
    site("H", site_class="infusion_center")
    site("PC", site_class="infusion_center", ownership="partner", zip_code=FAR)
    run = People().add(40, CITY, infusions=10).add(5, FAR, infusions=33).publish()
    found = reached(run, Thresholds())
    for measure in ("infusions", "margin"):
        question = WhereQuestion(measure=measure, margin_share=50.0)
        answers = search(found, question, False)
        assert answers.kept[0].total == answers.everything > answers.base
        figure = where_charts.frontier(answers, question, False)
        # Everything is told, so what is kept without the 5 is not, nor what they add.
        assert figure.table.rows[0][2] == "hidden" and figure.table.rows[1][3] == "hidden"
        assert figure.chart["data"][0]["x"][0] == 1
        sites = where_charts.answer(answers, answers.kept[0], [], question, False)
        assert sites.table.rows[0][3:] == ("hidden", "hidden") and "hidden" in sites.reading


def test_chart_and_table_of_centers_have_the_same_precision(own_storage):
    site("H")
    policy("P")
    found = reached(People().add(43, CITY, infusions=7, exposed_to="P").publish(), Thresholds())
    question = WhereQuestion(measure="infusions")
    figure = where_charts.frontier(search(found, question, False), question, False)
    assert figure.table.rows[1][2:4] == ("about 300", "about 300") and figure.chart["data"][0]["y"][1] == 300


def test_a_recorded_partnership_binds_the_search_by_itself_until_it_is_waived(own_storage, analyst):
    site("H")
    policy("P")
    site("PC", site_class="infusion_center", ownership="partner", owner="Kidney Group", zip_code=FAR)
    run = People().add(40, CITY, exposed_to="P").add(15, FAR, exposed_to="P").publish()
    limit = Partnership.objects.create(
        partner="Kidney Group", site_types=["community"], waived_by="The board", markets=["metro"], until=dt.date(2999, 1, 1)
    )
    found = reached(run, Thresholds())
    bound = search(found, WhereQuestion(), True)
    assert {spot.candidate.kind for spot in bound.candidates} == {"partner"}  # the partner's own site stays
    assert {name for _, name in bound.barred} == {"the partnership with Kidney Group"}
    waived = search(found, WhereQuestion(waived=(limit.pk,)), True)
    assert waived.kept[-1].total == 55 and not waived.barred
    text = analyst.get("/markets/where/").content.decode()
    assert "It may be waived by The board." in text and f'name="waived" value="{limit.pk}"' in text
    Partnership.objects.update(until=dt.date(2020, 1, 1))
    assert not search(found, WhereQuestion(), True).barred


def test_growth_of_older_people_needs_two_years_of_the_same_zip_codes(own_storage, analyst):
    site("H")
    found = reached(People().add(20, CITY).add(20, SUBURB).add(5, None).publish(), Thresholds())
    assert older_people(found)["metro"].zips == 2 and older_people(found)["metro"].growth is None

    def load(rows: str):
        file = SimpleUploadedFile("ages.csv", ("zip_code,year,population,population_65_plus\n" + rows).encode())
        return analyst.post("/sites/population/", {"file": file}).content.decode()

    load(f"{CITY},2019,900,100\n")
    assert "one year known, 2019" in analyst.get("/markets/fit/").content.decode()
    assert "2 added, 0 changed, 0 unchanged, 1 rejected" in load(f"{CITY},2021,950,121\n{SUBURB},2021,500,60\n{FAR},2021,1,2\n")
    older = older_people(found)["metro"]
    assert (older.before, older.after, older.zips_compared) == (100, 121, 1)
    assert older.growth == pytest.approx(0.21) and older.growth_a_year == pytest.approx(0.10)
    assert "100 in 2019, 121 in 2021: +21.0%, +10.0% a year, in 1 of 2 ZIP codes" in analyst.get("/markets/fit/").content.decode()
    assert "Choose a file first" in analyst.post("/sites/population/").content.decode()
