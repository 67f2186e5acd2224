"""The quality pages as their readers get them: measured once, small counts hidden, and a provider's own billing said as such."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.management import call_command

from demand import storage, tasks
from demand.actions.extracts import bring_in, create_extract
from demand.engine.quality import Value
from demand.models import Extract, Run
from demand.selectors import measured, quality_run
from demand.selectors.coverage import own_billing_words
from demand.selectors.quality import hide, quality
from demand.selectors.quality_run import Enrolled
from tests.demand.builders import eligibility, medical, write_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]


def bring(tmp_path, name: str, medical_rows: list, eligibility_rows: list = (), **about) -> Extract:
    """Loaded by the real intake, not yet in any run."""
    files = []
    for kind, rows in (("medical", medical_rows), ("eligibility", eligibility_rows)):
        if rows:
            files.append(bring_in(kind, write_rows(tmp_path / f"{name}-{kind}.csv", list(rows))))
    extract, run = create_extract(name=name, files=files, **about)
    tasks.do_load(run.pk)
    extract.refresh_from_db()
    assert extract.status == Extract.Status.LOADED, extract.refusal
    return extract


def people(count: int, **changes) -> list[dict]:
    """One row each; every person's code, place and claim of their own."""
    return [medical(claim_id=f"{changes.get('hcpcs_code', 'C')}{n}", person_id=f"P{n}", **changes) for n in range(count)]


def mixed() -> list[dict]:
    """J7777 of 12 people and J8888 of 2: neither is in the reference."""
    return (
        people(12, hcpcs_code="J7777", allowed_amount="1000.00")
        + people(2, hcpcs_code="J8888", allowed_amount="431.00")
        + people(12, hcpcs_code="J1745", service_unit_quantity="400", paid_date="2026-02-20")
    )


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


@pytest.fixture
def reference(db):
    call_command("load_reference", verbosity=0)


@pytest.fixture
def council(client, db):
    user = User.objects.create_user("cora")
    user.groups.add(Group.objects.get(name="council member"))
    client.force_login(user)
    return client


def test_an_analyst_sees_every_part_with_its_numbers(analyst, reference, tmp_path):
    extract = bring(tmp_path, "Payer A", mixed(), [eligibility(person_id=f"P{n}") for n in range(10)])
    tasks.recompute_leakage(Run.objects.filter(kind="recompute").latest("pk").pk)
    html = page(analyst, f"/extracts/{extract.pk}/quality/")
    for key in ("completeness", "warnings", "doses", "codes", "payers", "lag", "coverage", "totals"):
        assert f'id="{key}"' in html and f'href="#{key}"' in html
    assert "18 questions" in html and "not answerable" in html
    assert "J8888" in html and "$862" in html  # two people, for whom she has the right
    assert "Milligrams look billed as units" in html and "12 of 12 infusions" in html
    assert "2 of 12 people (16.7%)" in html
    assert "Filled share of a column that every row should carry" in html  # the thresholds


def test_others_do_not_see_what_rests_on_a_few_people(council, reference, tmp_path):
    extract = bring(tmp_path, "Payer A", mixed(), [eligibility(person_id=f"P{n}") for n in range(10)])
    tasks.recompute_leakage(Run.objects.filter(kind="recompute").latest("pk").pk)
    html = page(council, f"/extracts/{extract.pk}/quality/")
    assert "$12,000" in html  # J7777: twelve people
    assert "$862" not in html and "$12,862" not in html  # nor what would give it away
    assert "2 of 12 people" not in html and "A hidden number of people" in html
    assert "Run-off triangle" not in html
    assert "$862" not in page(council, "/quality/")


def test_nobody_without_the_right_opens_it(client, tmp_path):
    extract = bring(tmp_path, "Payer A", people(3))
    leader = User.objects.create_user("lee")
    leader.groups.add(Group.objects.get(name="leader"))
    client.force_login(leader)
    assert client.get(f"/extracts/{extract.pk}/quality/").status_code == 403
    assert client.get("/quality/").status_code == 403


def test_an_extract_that_is_not_loaded_has_no_quality(analyst):
    waiting = Extract.objects.create(name="Waiting", status=Extract.Status.QUEUED)
    assert analyst.get(f"/extracts/{waiting.pk}/quality/").status_code == 404
    assert "No extract yet" in page(analyst, "/quality/")


def test_all_rows_are_looked_over_once_and_again_when_the_reference_changes(analyst, reference, tmp_path, monkeypatch):
    extract = bring(tmp_path, "Payer A", mixed())
    looked = []
    real = measured.measure
    monkeypatch.setattr(measured, "measure", lambda *given: looked.append(1) or real(*given))
    measured.prepare([extract])
    for _ in range(2):
        assert "J7777" in page(analyst, f"/extracts/{extract.pk}/quality/")
    assert len(looked) == 1
    drugs = tmp_path / "drugs.csv"
    drugs.write_text(
        "hcpcs_code,effective_from,molecule,family,unit_amount,unit_of_measure\nJ7777,2020-01-01,infliximab,infliximab,10,mg\n"
    )
    call_command("load_drugs", str(drugs), verbosity=0)
    assert "J7777" not in page(analyst, f"/extracts/{extract.pk}/quality/")
    assert len(looked) == 2
    assert len(list(storage.extract_folder(extract.pk).glob("measured-*.json"))) == 1


def test_the_last_extract_of_the_same_source_stands_beside_and_a_fall_is_marked(analyst, tmp_path):
    first = bring(tmp_path, "January", people(20))
    bring(tmp_path, "Another source", [row | {"data_source": "other", "claim_id": "O" + row["claim_id"]} for row in people(20)])
    later = [
        row | {"claim_id": "F" + row["claim_id"], "allowed_amount": "" if n < 15 else "5.00"} for n, row in enumerate(people(20))
    ]
    second = bring(tmp_path, "February", later)
    found = quality(second, see_small=True)
    assert found.before == first
    (allowed,) = [column for column in found.columns if column.column == "allowed_amount"]
    assert (allowed.share, allowed.before, allowed.mark) == (0.25, 1.0, "warn")
    assert "down 75.0 points" in page(analyst, f"/extracts/{second.pk}/quality/")
    over_time = page(analyst, "/quality/")
    assert over_time.index("January") < over_time.index("Another source") < over_time.index("February")
    assert "“January” to “February”, of the same source, allowed_amount (medical) fell the most: from 100.0% to 25.0%" in over_time


def test_figures_of_a_providers_own_billing_say_what_they_cannot_see(analyst, tmp_path):
    extract = bring(tmp_path, "Our billing", people(12), perspective="provider")
    tasks.recompute_leakage(Run.objects.filter(kind="recompute").latest("pk").pk)
    words = "infusions given elsewhere are not in it; leakage rests on overdue doses and orders"
    assert words in page(analyst, "/")
    assert "infusions given elsewhere are not in it" in page(analyst, f"/extracts/{extract.pk}/quality/")


@pytest.mark.parametrize(
    ("names", "of", "begins"),
    [
        ([], 2, ""),
        (["A"], 1, "This extract is a provider's own billing: infusions given elsewhere are not in it;"),
        (["A", "B"], 2, "These extracts are a provider's own billing: infusions given elsewhere are not in them;"),
        (["A"], 2, "“A” is a provider's own billing: infusions given elsewhere are not in it;"),
        (["A", "B"], 3, "“A” and “B” are a provider's own billing: infusions given elsewhere are not in them;"),
    ],
)
def test_which_extracts_are_own_billing_is_said_in_words(names, of, begins):
    assert own_billing_words(names, of).startswith(begins) and (not begins) == (not own_billing_words(names, of))


def test_a_sum_is_hidden_where_it_would_give_one_away():
    def value(name, count):
        return Value("unknown", name, count, count, count * 100, None)

    shown, sum_hidden = hide((value("A", 40), value("B", 3)), see_small=False)
    assert [one.hidden for one in shown] == [False, True] and sum_hidden
    shown, sum_hidden = hide((value("Z", 9), value("C", 40), value("B", 3)), see_small=False)
    assert [(one.value.value, one.hidden) for one in shown] == [("C", False), ("B", True), ("Z", True)] and not sum_hidden
    assert hide((value("B", 3),), see_small=True)[1] is False


@pytest.mark.parametrize(
    ("people", "without", "small"), [(40, 0, False), (40, 20, False), (40, 3, True), (40, 35, True), (8, 8, True), (40, 40, False)]
)
def test_coverage_hides_few_people_and_few_that_are_left(people, without, small):
    assert Enrolled("feed", 100, 50, people, without, 1, 1, 1, 1).small is small


def test_doses_of_a_few_people_are_not_even_counted(monkeypatch):
    monkeypatch.setattr(quality_run, "ask_file", lambda path, sql, **given: [(30, 5_000, 9)])
    told = quality_run.outliers(Run(pk=1), Extract(pk=1), see_small=False)
    assert told.hidden and (told.of_infusions, told.of_allowed_cents, told.groups) == (0, 0, ())
