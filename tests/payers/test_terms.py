"""Contract rates and state laws: dated, exact, each row accounted for."""

import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from payers.models import Rate, StateLaw

RATES = """payer,plan,site_class,site_id,hcpcs_code,basis,rate,effective_from,effective_to,source
Payer A,,hopd_on_campus,,J1745,percent_of_asp,215.5,2026-01-01,2027-01-01,contract
Payer A,PPO,,N9,,per_visit,120,2026-01-01,,contract
Payer A,,,,,percent_of_asp,1.06,2026-01-01,,contract
Payer A,,,,J1745,per_gram,3,2026-01-01,,contract
Payer A,,,,J1745,per_unit,-3,2026-01-01,,contract
Payer A,,hopd_on_campus,,J1745,percent_of_asp,230,2026-01-01,,contract
Payer A,,,,J1745,per_unit,3,2026-01-01,2025-01-01,contract
"""
LAWS = """state,shields_from,effective_from,effective_to,note,source
la,drug_source,2021-08-01,,No refusal to pay,Act 2021
LA,drug_source,2021-08-01,,again,Act 2021
TN,white_bagging,2022-07-01,,,SB 2458
TX,drug_source,2023-09-01,,,
"""


def load(command, path):
    out = io.StringIO()
    call_command(command, str(path), json=True, stdout=out)
    answer = json.loads(out.getvalue())
    return [answer[key] for key in ("added", "changed", "unchanged", "rejected")], answer["files"][0]


@pytest.mark.django_db
def test_rates_are_exact_and_odd_ones_pointed_out(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text(RATES)
    counted, file = load("load_rates", path)
    assert counted == [3, 0, 0, 4]
    assert [(bad["line"], bad["column"], bad["rule"]) for bad in file["rejects"]] == [
        (5, "basis", "choice"),
        (6, "rate", "number"),
        (7, "payer, plan, site_class, site_id, hcpcs_code, basis, effective_from", "repeated"),
        (8, "effective_to", "period"),
    ]
    assert any("line 4" in warning and "multiply it by 100" in warning for warning in file["warnings"])
    assert any("line 3, site_id “N9”" in warning for warning in file["warnings"])
    assert Rate.objects.get(site_class="hopd_on_campus").rate == Decimal("215.5")
    assert load("load_rates", path)[0] == [0, 0, 3, 4]
    path.write_text(RATES.replace("215.5", "220"))
    assert load("load_rates", path)[0] == [0, 1, 2, 4]


@pytest.mark.django_db
def test_laws_need_a_source_and_a_kind_of_policy(tmp_path):
    path = tmp_path / "laws.csv"
    path.write_text(LAWS)
    counted, file = load("load_laws", path)
    assert counted == [1, 0, 0, 3]
    assert [(bad["line"], bad["rule"]) for bad in file["rejects"]] == [(3, "repeated"), (4, "choice"), (5, "blank")]
    assert StateLaw.objects.get().state == "LA"
    assert load("load_laws", path)[0] == [0, 0, 1, 3]


@pytest.mark.django_db
def test_a_file_without_its_columns_is_refused(tmp_path):
    path = tmp_path / "laws.csv"
    path.write_text("state,law\nLA,Act\n")
    with pytest.raises(CommandError, match=r"^laws\.csv has no column shields_from, effective_from, source; it needs state"):
        load("load_laws", path)
