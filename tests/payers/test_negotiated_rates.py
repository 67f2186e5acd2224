"""Hospitals' published rates: what can be compared, and where a rate stands among them."""

import datetime as dt
import io
from decimal import Decimal as D

import pytest
from django.core.management import call_command

from payers.engine.negotiated_rates import (
    by_hospital,
    line_of_business,
    month_or_refuse,
    published_month,
    read_negotiated_rates,
    standing,
)
from payers.models import DrugCode, DrugFamily, NegotiatedRate
from sites.engine.text_file import RefusedTable

FILE = "prices/hospital_negotiated_rates_2026-08.csv.gz"
HEADER = "hospital,hcpcs,description,setting,payer,plan,neg,methodology,algorithm,asp_2025q4,ratio\n"
ROWS = """north,J1745,Infliximab,outpatient,Aetna,Commercial,60,fee schedule,,31.09,
north,J1745,Study infliximab,outpatient,Aetna,Commercial,80,fee schedule,,31.09,
north,J1745,Infliximab,outpatient,Aetna,Commercial,62,fee schedule,,31.09,
south,J1745,Infliximab,both,Cigna,PPO_Inpatient,90,fee schedule,,31.09,
south,J1745,Infliximab,both,Cigna,Hmo/Ppo,70,percent of total billed charges,,31.09,
east,J1745,Infliximab,outpatient,Humana,Medicare Advantage,32,fee schedule,,31.09,
east,J1745,Infliximab,outpatient,Cigna,Commercial,900,per diem,,31.09,
east,J1745,Infliximab,outpatient,Cigna,Commercial,45,other,,31.09,
west,A9999,Something,outpatient,Cigna,Commercial,45,fee schedule,,,
west,J1745,Infliximab,outpatient,Cigna,Commercial,minus,fee schedule,,,
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rates_2026-08.csv"
    path.write_text(HEADER + ROWS)
    return path


def test_every_row_is_accounted_for(file):
    found = read_negotiated_rates(file, {"J1745"})
    assert [(each.hospital, each.line_of_business, each.amount, each.rows) for each in found.rates] == [
        ("east", "medicare_advantage", D(32), 1),
        ("north", "commercial", D(62), 3),
        ("south", "commercial", D(70), 1),
    ]
    assert sum(found.aside.values()) == 3 and found.other_codes == 1 and len(found.rejected) == 1
    assert found.rows_read == sum(each.rows for each in found.rates) + 3 + 1 + 1


def test_the_published_file(published):
    found = read_negotiated_rates(published(FILE), {"J1745", "96413"})
    assert found.rows_read == 27_948 and len(found.hospitals) == 17 and found.rejected == ()
    assert found.rows_read == sum(each.rows for each in found.rates) + sum(found.aside.values()) + found.other_codes
    commercial = by_hospital(
        (each.hospital, each.amount) for each in found.rates if (each.hcpcs_code, each.line_of_business) == ("J1745", "commercial")
    )
    among = standing(D("31.09"), commercial.values())
    # Medicare's own limit is at the foot of what hospitals are paid by commercial plans.
    assert among.hospitals >= 8 and among.percentile < 10 and D("31.09") < among.median < D(150)


@pytest.mark.parametrize(
    ("payer", "plan", "line"),
    [
        ("Aetna", "Medicare Advantage", "medicare_advantage"),
        ("AETNA MCR ADV", "AETNA MCR ADV", "medicare_advantage"),
        ("BCBS MCAID", "BCBS MCAID", "medicaid"),
        ("Blue Cross Medi-Cal [31100]", "", "medicaid"),
        ("Cigna", "Marketplace Exchange", "exchange"),
        ("AMBETTER EXCH - ALL PLANS", "", "exchange"),
        ("Optum", "VACCN", "other"),
        ("Bcbs", "Bluechoice Hmo", "commercial"),
        ("Aetna", "Ppo", "commercial"),
        ("Nevada Health", "Ppo", "commercial"),
    ],
)
def test_lines_of_business_by_the_words_of_the_file(payer, plan, line):
    assert line_of_business(payer, plan) == line


def test_standing_counts_hospitals_and_says_nothing_of_two():
    among = standing(D(60), [D(40), D(60), D(80), D(100)])
    assert (among.percentile, among.median, among.low, among.high) == (D("37.5"), D(70), D(40), D(100))
    assert standing(D(60), [D(40), D(60)]).percentile is None
    assert standing(None, [D(40), D(60), D(80)]).median == 60


def test_the_month_is_said_by_the_name_or_by_hand():
    assert published_month("hospital_negotiated_rates_2026-08.csv.gz") == dt.date(2026, 8, 1)
    assert month_or_refuse("rates.csv", "2026-09") == dt.date(2026, 9, 1)
    with pytest.raises(RefusedTable, match="does not say of which month it is; say it as year-month"):
        month_or_refuse("rates.csv")


@pytest.mark.django_db
def test_a_month_is_loaded_again_without_change_and_replaced_by_a_newer_copy(file):
    family = DrugFamily.objects.get_or_create(family="infliximab", defaults={"clinical_line": "x", "source": "x"})[0]
    DrugCode.objects.get_or_create(
        hcpcs_code="J1745",
        effective_from="2000-01-01",
        defaults={"molecule": "infliximab", "family": family, "unit_amount": 10, "unit_of_measure": "mg", "source": "x"},
    )
    answers = []
    for _ in range(2):
        out = io.StringIO()
        call_command("load_negotiated_rates", str(file), stdout=out)
        answers.append(out.getvalue())
    assert "3 added, 0 changed, 0 unchanged, 1 rejected" in answers[0]
    assert "0 added, 0 changed, 3 unchanged, 1 rejected" in answers[1]
    file.write_text(HEADER + ROWS.splitlines()[5])
    call_command("load_negotiated_rates", str(file), stdout=io.StringIO())
    assert list(NegotiatedRate.objects.values_list("hospital", flat=True)) == ["east"]
