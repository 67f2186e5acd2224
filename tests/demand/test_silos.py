"""Payer by drug with all four functions, contradictions settled and opened again, steps dated: as people with and without the right see them."""

import datetime as dt
import re

import duckdb
import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.utils import timezone

from demand import storage
from demand.engine.address_names import address_name, named
from demand.models import Denial, LogLoad, Order, PatientImpact, Run, Settlement, WhiteBagEvent
from demand.selectors.log_cells import LogCells
from demand.selectors.logs import log_rows, split_table
from demand.selectors.therapies import therapy
from demand.selectors.therapy_pairs import find_pair, pairs
from payers.models import DrugCode, DrugFamily, Policy, PolicyStep
from sites.models import Site
from tests.demand.facts_files import fact, write_facts

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 3, 3)
INFUSION = {
    "infusion_id": 1, "person_id": "p1", "person_no": 1, "service_date": DAY, "family": "infliximab", "payer": "Payer A",
    "line_of_business": "commercial", "funding_type": "insured", "site_class": "hopd_on_campus", "site_id": "N1", "ownership": "owned",
    "hospital_affiliated": True, "channel": "buy_and_bill", "allowed_cents": 100_000,
}  # fmt: skip


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def run(settings, tmp_path):
    """A published run: 40 people of Payer A with infliximab at our hospital, one infusion each; the last 20 white-bagged."""
    settings.STORAGE_DIR = tmp_path
    now = timezone.now()
    run = Run.objects.create(
        kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now, inputs={"extracts": []}
    )
    write_facts(storage.run_folder(run.pk), [fact(person_no=one) for one in range(40)])
    rows = [
        INFUSION
        | {"infusion_id": one, "person_id": f"p{one}", "person_no": one, "channel": "white_bag" if one >= 20 else "buy_and_bill"}
        for one in range(40)
    ]
    with duckdb.connect() as connection:
        types = {int: "BIGINT", str: "VARCHAR", dt.date: "DATE", bool: "BOOLEAN"}
        connection.execute(f"CREATE TABLE given ({', '.join(f'{name} {types[type(value)]}' for name, value in INFUSION.items())})")
        connection.executemany(
            f"INSERT INTO given VALUES ({', '.join('?' for _ in INFUSION)})", [list(row.values()) for row in rows]
        )
        connection.execute(f"COPY given TO '{storage.run_folder(run.pk) / 'infusions.parquet'}' (FORMAT parquet)")
        connection.execute(
            "CREATE TABLE line AS SELECT infusion_id, 'drug' AS role, CASE WHEN infusion_id > 0 THEN '57894003001' END AS ndc_code, "
            "CASE WHEN infusion_id < 5 THEN 'JZ;TB' WHEN infusion_id < 7 THEN 'JZX' END AS modifiers FROM given"
        )
        connection.execute(f"COPY line TO '{storage.run_folder(run.pk) / 'lines-0.parquet'}' (FORMAT parquet)")
    return run


@pytest.fixture
def known(db):
    family = DrugFamily.objects.create(family="infliximab", clinical_line="gastroenterology", source="test")
    DrugCode.objects.create(
        hcpcs_code="J1745",
        effective_from="2000-01-01",
        molecule="infliximab",
        family=family,
        unit_amount=10,
        unit_of_measure="mg",
        source="t",
    )
    Site.objects.create(site_id="N1", name="North", site_class="hopd_on_campus", ownership="owned")
    Policy.objects.create(
        policy_id="SOC", payer="Payer A", kind="site_of_care", status="in_force", effective_from="2025-01-01",
        document={"drugs": {"molecules": ["infliximab"]}, "excluded_site_classes": ["hopd_on_campus"], "source": {"title": "Outside"}},
    )  # fmt: skip


@pytest.fixture
def logs(known):
    Denial.objects.create(
        row_key="d1", claim_id="C1", payer="PAYER A", hcpcs_code="J1745", site_id="N1", service_date="2024-12-01", reason_code="CO-58",
        denied_cents=420_010, written_off_cents=0, decided_on="2025-04-01",
    )  # fmt: skip
    for number in range(12):
        WhiteBagEvent.objects.create(
            row_key=f"w{number}", site_id="N1", hcpcs_code="J1745", payer="Payer A", administered_on=DAY, delayed_days=2 * (number == 0),
            wasted=number == 1, dose_changed=False, staff_minutes=30,
        )  # fmt: skip
    PatientImpact.objects.create(
        row_key="i1", policy_id="SOC", reported_on="2025-02-01", kind="missed_dose", delay_days=12, severity="high"
    )
    Order.objects.create(
        order_id="O1", person_id="p1", molecule="infliximab", ordered_on="2025-02-01", authorized_on="2025-03-05", scheduled_on=DAY,
        first_infused_on=DAY, determination="Accepted",
    )  # fmt: skip
    Order.objects.create(
        order_id="O2",
        person_id="p2",
        molecule="infliximab",
        ordered_on="2025-02-01",
        determination="Rejected",
        reject_reason="Insurance",
    )


@pytest.fixture
def leader(client):
    user = User.objects.create_user("lee")
    user.groups.add(Group.objects.get(name="leader"))
    client.force_login(user)
    return client


def test_all_four_functions_stand_side_by_side(run, logs):
    spellings, family = find_pair(run, "payer-a", "infliximab")
    assert (spellings, family) == (["PAYER A", "Payer A"], "infliximab")
    shown = therapy(run, spellings, family, see_small=True)
    assert shown.payer == "Payer A"
    assert (shown.revenue.denials, shown.revenue.denied_cents, shown.revenue.nothing_written_off) == (1, 420_010, 1)
    assert str(shown.revenue.reasons[0].reason) == "CO-58: given at a place of service that the payer holds unfit"
    assert [(row.policy_id, row.title, row.status_words) for row in shown.policy_rows] == [("SOC", "Outside", "In force")]
    bags = shown.pharmacy
    assert (bags.events, bags.infusions, bags.rate) == (12, 40, 0.3)
    assert (bags.delayed, bags.mean_delay, bags.wasted, bags.dose_changed, bags.minutes, bags.mean_minutes) == (1, 2, 1, 0, 360, 30)
    assert [(site.site, site.events, site.infusions) for site in bags.sites] == [("North", 12, 40)]
    assert [(row.words, row.reports, row.mean_delay, row.severe) for row in shown.providers.rows] == [("Missed dose", 1, 12, 1)]
    orders = shown.ordering
    assert (orders.orders, orders.due, orders.scheduled_before, orders.given_before, orders.exposed_cents) == (2, 1, 1, 1, 100_000)
    assert (orders.determinations, orders.days_to_approval) == ((("Accepted", 1), ("Rejected", 1)), 32)
    gaps = shown.claims.gaps
    assert (gaps.infusions, gaps.no_ndc, gaps.no_ndc_cents, gaps.no_waste_mark, gaps.no_waste_mark_cents) == (
        20,
        1,
        100_000,
        15,
        1_500_000,
    )
    assert (shown.revenue.still_open, shown.revenue.open_cents) == (0, 0)
    assert shown.claims.by_year == ((2025, "buy_and_bill", 20), (2025, "white_bag", 20))


def test_the_page_says_what_is_missing_and_who_has_to_supply_it(run, known, analyst):
    said = words(analyst.get("/therapies/payer-a/infliximab/"))
    for function in ("Revenue cycle", "Pharmacy", "Providers", "The record system"):
        assert f"{function} has not supplied this." in said
    assert "Load its log" in said and "Outside" in said
    assert analyst.get("/therapies/payer-z/infliximab/").status_code == 404


def test_without_the_right_nothing_finer_than_the_counts_is_told(run, logs, leader):
    said = words(leader.get("/therapies/payer-a/infliximab/"))
    assert "Events noted 12" in said and "Denials hidden" in said and "Orders hidden" in said
    for finer in ("CO-58", "Wasted", "Delayed", "4,200.10", "Rejected", "Missed dose", "30.0%"):
        assert finer not in said
    (pair,) = pairs(run, False)
    assert (pair.infusions, str(pair.denials), pair.events) == (40, "hidden", 12)


def test_the_page_names_the_contradictions_of_its_payer_and_drug(run, logs, analyst):
    said = words(analyst.get("/therapies/payer-a/infliximab/"))
    assert "2 contradictions between the functions on this payer and drug: Denied for the site, and no site policy on file" in said


def test_rates_before_approval_by_clinic_and_payer(run, logs):
    log = log_rows("orders", run, True)
    for split, label in (("site", "North"), ("payer", "Payer A")):
        (row,) = split_table(log, split).rows
        assert row == (label, 2, 32, 1, 1, 1.0, 100_000)


def test_events_over_administrations_by_site_drug_and_payer(run, logs):
    log = log_rows("white_bag_events", run, True)
    for split in ("site", "family", "payer"):
        (row,) = split_table(log, split).rows
        assert row[1:4] == (12, 40, 0.3)


def test_a_search_finds_a_payer_with_an_odd_name(run, known, analyst):
    Denial.objects.create(row_key="x", claim_id="C9", payer="Ödd/Name & “Co”?", hcpcs_code="J1745", denied_cents=1)
    (pair,) = pairs(run, True, "ödd inflix")
    address = "/therapies/{}/{}/".format(*pair.address)
    assert re.fullmatch(r"/therapies/odd-name-co-[0-9a-f]{8}/infliximab/", address)
    assert "Ödd/Name" in words(analyst.get(address))
    assert address_name("Alder  health") == "alder-health" != address_name("Alder-Health")
    assert named("alder-health", ["Alder Health", "ALDER HEALTH", "Alder-Health"]) == ["ALDER HEALTH", "Alder Health"]
    assert re.fullmatch("[0-9a-f]{8}", address_name("保険"))


def test_a_contradiction_is_settled_comes_back_when_it_grows_and_is_opened_again(run, logs, analyst):
    said = words(analyst.get("/contradictions/"))
    assert (
        "2 open" in said
        and "Denied for the site, and no site policy on file 1" in said
        and "White-bagged, and no drug-source" in said
    )
    key = re.search(r"/contradictions/([0-9a-f]{24})/\">\s*PAYER A: infliximab", analyst.get("/contradictions/").content.decode())[
        1
    ]
    LogLoad.objects.create(kind="denials", source="file", name="x", status="on_file")
    assert "C1" in words(analyst.get(f"/contradictions/{key}/"))
    assert LogEntry.objects.filter(additional_data__did="looked at the records behind a contradiction").exists()
    assert "Write why it is settled" in words(analyst.post(f"/contradictions/{key}/settle/", {"reason": " "}, follow=True))
    analyst.post(f"/contradictions/{key}/settle/", {"reason": "Confirmed by letter"})
    assert "1 open , 1 settled" in words(analyst.get("/contradictions/")) and "Confirmed by letter" in words(
        analyst.get("/contradictions/")
    )
    second = Denial.objects.create(
        row_key="d2",
        claim_id="C2",
        payer="Payer A",
        hcpcs_code="J1745",
        service_date="2024-12-02",
        reason_code="58",
        denied_cents=100,
    )
    assert "more since it was settled" in words(analyst.get("/contradictions/"))
    second.delete()
    analyst.post(f"/contradictions/{key}/reopen/")
    assert "2 open" in words(analyst.get("/contradictions/"))
    settled = Settlement.objects.get()
    assert settled.undone_by.username == "ann" and "Confirmed by letter" in words(analyst.get(f"/contradictions/{key}/"))


def test_readers_learn_that_there_is_a_contradiction_and_not_how_many_are_behind_it(run, logs, leader):
    page = leader.get("/contradictions/")
    said = words(page)
    assert "PAYER A: infliximab" in said and "4,200.10" not in said and "2024-12-01" not in said and "Dec 2024" in said
    key = re.search(r"/contradictions/([0-9a-f]{24})/", page.content.decode())[1]
    detail = words(leader.get(f"/contradictions/{key}/"))
    assert "C1" not in detail and "Settle it" not in detail
    assert leader.post(f"/contradictions/{key}/settle/", {"reason": "because"}).status_code == 403


def test_steps_are_dated_in_the_browser_and_the_report_counts_the_days(run, known, analyst):
    today = timezone.localdate()
    for step, on in (("notice", today - dt.timedelta(days=30)), ("answered", today - dt.timedelta(days=10))):
        analyst.post("/response/SOC/", {"step": step, "on": on.isoformat(), "note": "letter"})
    assert "Median 20 days from notice to answer over 1 answered policy" in words(analyst.get("/response/"))
    refused = analyst.post("/response/SOC/", {"step": "decided", "on": (today - dt.timedelta(days=40)).isoformat()})
    assert refused.status_code == 422 and "correct one of the two dates" in words(refused)
    assert "Enter the day as year-month-day" in words(analyst.post("/response/SOC/", {"step": "decided", "on": "soon"}))
    page = words(analyst.get("/response/SOC/"))
    assert "20 days from notice to answer" in page and "not in this run" in page
    analyst.post("/response/SOC/answered/remove/")
    assert list(PolicyStep.objects.values_list("step", flat=True)) == ["notice"]
    assert analyst.get("/response/NONE/").status_code == 404


def test_readers_cannot_date_steps(run, known, leader):
    assert "Date a step" not in words(leader.get("/response/SOC/"))
    assert leader.post("/response/SOC/", {"step": "notice", "on": "2026-01-01"}).status_code == 403


def test_cells_of_a_log_are_judged_as_one_set():
    """Payer B's 15 are two drugs, 12 and 3: with 15 shown, 12 would tell the 3."""
    payers = ["A"] * 40 + ["B"] * 15
    families = ["x"] * 40 + ["x"] * 12 + ["y"] * 3
    cells = LogCells({"payer": payers, "family": families, "site": ["N"] * 55})
    assert cells.shows() and cells.shows(payer="A") and cells.shows(payer="B")
    assert not cells.shows(payer="B", family="y") and not cells.shows(payer="B", family="x")
    assert not cells.shows(family="y") and not cells.shows(family="x")
    assert not cells.shows(site="N", payer="A"), "no such table is released"
    assert cells.shows(payer="Z"), "what does not occur is a plain zero"
    assert not LogCells({"payer": ["A"] * 30}, people=["one"] * 30).shows(payer="A"), "thirty orders of one person are one person"
