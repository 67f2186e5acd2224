"""Prices against a published run: infusions without one, and the rate at which a payer is indifferent."""

import datetime as dt
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from demand import storage
from demand.models import Run
from demand.price_forms import COSTS, CostsForm
from demand.selectors.indifference_inputs import indifference_inputs, payers_and_families
from demand.selectors.price_gaps import price_gaps
from payers.engine.indifference import PayerCosts
from payers.models import AdministrationFee, AspLimit, DrugCode, DrugFamily, Rate

TODAY = dt.date(2025, 11, 15)
INFUSIONS = {
    "infusion_id": "BIGINT",
    "person_no": "BIGINT",
    "service_date": "DATE",
    "payer": "VARCHAR",
    "plan": "VARCHAR",
    "line_of_business": "VARCHAR",
    "family": "VARCHAR",
    "site_class": "VARCHAR",
    "site_id": "VARCHAR",
    "ownership": "VARCHAR",
    "channel": "VARCHAR",
    "hcpcs_codes": "VARCHAR",
    "dose": "DOUBLE",
    "allowed_cents": "BIGINT",
}
USUAL = {
    "person_no": 1,
    "service_date": TODAY,
    "payer": "Plan A",
    "plan": "PPO",
    "line_of_business": "commercial",
    "family": "infliximab",
    "site_class": "hopd_on_campus",
    "site_id": "S1",
    "ownership": "owned",
    "channel": "buy_and_bill",
    "hcpcs_codes": "96413;J1745",
    "dose": 400.0,
    "allowed_cents": 300_000,
}


def write(path: Path, rows: list[dict], columns: dict[str, str]) -> None:
    frame = pd.DataFrame(rows, columns=list(columns)).astype(object).where(lambda table: table.notna(), None)
    with duckdb.connect() as connection:
        connection.register("given", frame)
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())
        connection.execute(f"COPY (SELECT {casts} FROM given) TO '{path}' (FORMAT parquet)")


@pytest.fixture
def publish(own_storage, db):
    """publish(*rows, modifiers={number: "PO"}): a run of these infusions; Plan A has a contract for departments on campus."""

    def publish(*rows: dict, modifiers: dict[int, str] | None = None) -> Run:
        now = timezone.now()
        run = Run.objects.create(
            kind=Run.Kind.RECOMPUTE, status=Run.Status.FINISHED, requested_at=now, finished_at=now, published_at=now
        )
        folder = storage.run_folder(run.pk)
        folder.mkdir(parents=True)
        write(folder / "infusions.parquet", [USUAL | {"infusion_id": number} | row for number, row in enumerate(rows)], INFUSIONS)
        lines = [
            {"infusion_id": number, "site_class": "hopd_off_campus", "modifiers": said}
            for number, said in (modifiers or {}).items()
        ]
        write(folder / "lines-0.parquet", lines, {"infusion_id": "BIGINT", "site_class": "VARCHAR", "modifiers": "VARCHAR"})
        return run

    family = DrugFamily.objects.create(family="infliximab", clinical_line="x", infusion_minutes=60, source="x")
    DrugCode.objects.create(
        hcpcs_code="J1745",
        effective_from=dt.date(2000, 1, 1),
        molecule="infliximab",
        family=family,
        unit_amount=10,
        unit_of_measure="mg",
        route="iv",
        source="x",
    )
    quarter = dt.date(2025, 10, 1)
    AspLimit.objects.create(hcpcs_code="J1745", quarter_start=quarter, payment_limit=D("31.090"), source="CMS")
    AdministrationFee.objects.create(hcpcs_code="96413", effective_from=quarter, amount=D("119.36"), source="CMS")
    contract = {"payer": "Plan A", "effective_from": dt.date(2025, 1, 1), "source": "contract A"}
    for site_class, percent, hour in (("hopd_on_campus", 220, 700), ("infusion_center", 118, 160)):
        Rate.objects.create(site_class=site_class, basis="percent_of_asp", rate=percent, **contract)
        Rate.objects.create(site_class=site_class, basis="per_unit", rate=hour, hcpcs_code="96413", **contract)
    return publish


def test_gaps_are_ranked_by_allowed_money(publish):
    run = publish(
        {},
        {"payer": "Plan B", "allowed_cents": 900_000},
        {"payer": "Plan B", "allowed_cents": 100_000, "person_no": 2},
        {"site_class": "hopd_off_campus", "allowed_cents": 400_000},
        {"payer": "Plan C", "ownership": "other"},
        {"payer": "Plan D", "service_date": dt.date(2024, 10, 1)},
        {"payer": "Plan E", "channel": "white_bag", "hcpcs_codes": "96413", "allowed_cents": 50_000},
    )
    found = price_gaps(run)
    assert [(row.payer, row.site_class, row.allowed_cents, row.infusions, row.people) for row in found.rows] == [
        ("Plan B", "hopd_on_campus", 1_000_000, 2, 2),
        ("Plan A", "hopd_off_campus", 400_000, 1, 1),
        ("Plan E", "hopd_on_campus", 50_000, 1, 1),
    ]
    assert (found.infusions, found.unpriced, found.allowed_cents) == (5, 4, 1_450_000)
    # a white-bagged infusion lacks the price of its administration, not of a drug that we are not paid for
    assert [gap.hcpcs_code for gap in found.rows[2].gaps] == ["96413"]
    assert price_gaps(run, every_site=True).rows[2].payer == "Plan C"


def test_a_department_that_says_which_kind_it_is_has_a_price(publish):
    medicare = {"payer": "Medicare", "line_of_business": "medicare", "site_class": "hopd_off_campus"}
    run = publish(medicare, medicare | {"person_no": 2}, modifiers={0: "PO TB"})
    (row,) = price_gaps(run).rows
    assert (row.infusions, row.of_infusions) == (1, 2) and "excepted (PO) or not (PN)" in row.gaps[0].reason


def test_numbers_of_combinations_are_for_those_who_may_see_people(publish, client, analyst):
    publish({"payer": "Plan B", "allowed_cents": 777_700})
    page = client.get(reverse("demand:price-gaps")).content.decode()
    assert "$7,777" in page and "100.0% of infusions" in page
    download = client.get(reverse("demand:price-gaps-csv")).content.decode()
    assert "Plan B,commercial,infliximab,hopd_on_campus,777700,1,1,1" in download
    assert LogEntry.objects.filter(additional_data__did="exported missing prices", actor__username="ann").count() == 1
    leader = User.objects.create_user("lea")
    leader.groups.add(Group.objects.get(name="leader"))
    client.force_login(leader)
    page = client.get(reverse("demand:price-gaps")).content.decode()
    assert "Plan B" in page and "No contract rate" not in page and "no contract rate covers" in page
    assert "$7,777" not in page and "100.0%" not in page
    assert client.get(reverse("demand:price-gaps-csv")).status_code == 403


def test_without_a_run_the_pages_say_so(analyst, own_storage):
    for name in ("price-gaps", "indifference"):
        page = analyst.get(reverse(f"demand:{name}"))
        assert page.status_code == 200 and "No claims run yet" in page.content.decode()


def test_a_run_whose_files_are_gone_is_said_in_one_sentence(publish, analyst):
    run = publish({})
    (storage.run_folder(run.pk) / "infusions.parquet").unlink()
    for name in ("price-gaps", "indifference"):
        page = analyst.get(reverse(f"demand:{name}"))
        assert page.status_code == 200 and "Recompute, then ask the new run." in page.content.decode()


def test_the_indifference_rate_starts_from_the_prices_on_file(publish, analyst):
    run = publish({}, {"dose": 500.0, "person_no": 2}, {"dose": 400.0, "person_no": 3}, {"payer": "Medicare", "person_no": 4})
    assert payers_and_families(run) == [("Plan A", "infliximab")]
    inputs = indifference_inputs(run, "Plan A", "infliximab", "hopd_on_campus", "infusion_center", TODAY)
    assert (inputs.units, inputs.code) == (40, "J1745")
    asp = D("31.090") / D("1.06") * 4000
    assert round(inputs.here.price.drug, 4) == round(asp * D("2.2"), 4)
    assert (inputs.here.price.administration, inputs.away.price.administration) == (70_000, 16_000)
    page = analyst.get(reverse("demand:indifference")).content.decode()
    # r* = 118 % of ASP + 160 − 700 = 1,384.38 + 160 − 700
    assert "$844.38" in page and "Today's rate is $1,736.68 above it" in page
    assert "contract A, 2025-01-01" in page


def test_inputs_can_be_changed_and_belong_to_their_question(publish, analyst):
    publish({})
    asked = {"payer": "Plan A", "family": "infliximab", "here": "hopd_on_campus", "away": "infusion_center"}
    mine = asked | {"of": "|".join(asked.values()), "moved_share": "50", "delay_days": "6", "cost_per_delay_day": "40"}
    page = analyst.get(reverse("demand:indifference"), mine | {"infusions_per_patient": "6"}).content.decode()
    # K = 6 × 40 ÷ 6 = 40; r* = ½ × (1,384.39 + 160 + 40 − 700) + ½ × 2,581.06
    assert "$1,732.72" in page
    other = analyst.get(reverse("demand:indifference"), mine | {"away": "physician_office"}).content.decode()
    assert "The rate cannot be computed yet." in other  # no contract there: blank, and never zero
    same = analyst.get(reverse("demand:indifference"), asked | {"away": "hopd_on_campus"}).content.decode()
    assert "select a valid choice" in same.lower()


def test_the_form_asks_for_every_input_of_the_engine():
    assert set(COSTS) == set(PayerCosts.__dataclass_fields__)
    form = CostsForm(dict.fromkeys(COSTS, "1"))
    assert form.is_valid() and form.costs.moved_share == D("0.01") and form.costs.our_drug_today == 100
    wrong = CostsForm(dict.fromkeys(COSTS, "1") | {"moved_share": "120", "infusions_per_patient": "0"})
    assert set(wrong.errors) == {"moved_share", "infusions_per_patient"}
