"""Logs of the four functions: idempotent, exact, and no person anywhere but as a pseudonym."""

import io
import json
import logging

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from demand.engine.log_layouts import row_keys
from demand.engine.pseudonym import pseudonym
from demand.models import Denial, Order, PatientImpact, WhiteBagEvent

ORDERS = """order_id,person_id,ordering_npi,molecule,ordered_on,authorized_on,scheduled_on,first_infused_on,location,determination,\
reject_reason,preference
O1,PHISENT-1,1234567893,Infliximab,2026-01-01,2026-01-05,2026-01-20,2026-01-21,clinic,ACCEPTED,,Preferred
O2, PHISENT-1 ,1234567893,vedolizumab,2026-01-32,,,,Clinic,,,
O3,,1234567893,vedolizumab,2026-01-02,,,,Clinic,,,
O4,PHISENT-2,,vedolizumab,2026-01-02,2025-12-31,,,Moon base,,,
"""
DENIALS = """claim_id,payer,hcpcs_code,site_id,service_date,reason_code,denied_amount,written_off_amount,decided_on
PHISENT-C1,Payer A,J1745,N1,2026-01-02,CO-197,4200.10,0.00,2026-02-01
PHISENT-C1,Payer A,J1745,N1,2026-01-02,CO-197,4200.10,,2026-02-01
PHISENT-C2,Payer A,J1745,N1,2026-01-02,CO-16,12.345,,2026-02-01
"""
WHITE_BAGS = """site_id,hcpcs_code,payer,administered_on,pharmacy,dose_changed,delayed_days,wasted,staff_minutes
N1,J1745,Payer A,2026-03-01,CVS Specialty,false,0,false,25
N1,J1745,Payer A,2026-03-01,CVS Specialty,true,3,,40
N1,J1745,Payer A,2026-03-02,CVS Specialty,perhaps,,,
"""
IMPACTS = """policy_id,site_id,reported_on,kind,delay_days,severity
EX-SOC-2026,N1,2026-03-01,delay,12,moderate
EX-SOC-2026,N1,2026-03-01,delay,12,moderate
"""


@pytest.fixture
def log(tmp_path):
    def write(text, name="log.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def load(kind, path):
    out = io.StringIO()
    call_command("load_log", kind, str(path), json=True, stdout=out)
    answer = json.loads(out.getvalue())
    return [answer[key] for key in ("added", "changed", "unchanged", "rejected")], answer["files"][0]


@pytest.mark.django_db
def test_orders_carry_pseudonyms_and_nothing_says_who(log, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    counted, file = load("orders", log(ORDERS))
    assert counted == [2, 0, 0, 2]
    key = settings.PSEUDONYM_KEY.encode()
    assert dict(Order.objects.values_list("order_id", "person_id")) == {
        "O1": pseudonym("PHISENT-1", key),
        "O4": pseudonym("PHISENT-2", key),
    }
    call_command("load_log", "orders", str(log(ORDERS)))
    shown = json.dumps(file) + caplog.text + "".join(capsys.readouterr()) + json.dumps(list(Order.objects.values()), default=str)
    assert "PHISENT" not in shown
    assert [(bad["line"], bad["column"]) for bad in file["rejects"]] == [(3, "ordered_on"), (4, "person_id")]


@pytest.mark.django_db
def test_epic_s_words_are_recognised_and_others_kept_and_pointed_out(log):
    _, file = load("orders", log(ORDERS))
    first, fourth = Order.objects.get(order_id="O1"), Order.objects.get(order_id="O4")
    assert (first.molecule, first.location, first.determination) == ("infliximab", "Clinic", "Accepted")
    assert fourth.location == "Moon base"
    assert any("line 5, location “Moon base”" in warning for warning in file["warnings"])
    assert any("line 5, authorized_on" in warning and "before_order" in warning for warning in file["warnings"])


@pytest.mark.django_db
def test_an_order_that_moved_on_is_changed(log):
    load("orders", log(ORDERS))
    assert load("orders", log(ORDERS))[0] == [0, 0, 2, 2]
    assert load("orders", log(ORDERS.replace("2026-01-21", "2026-01-22")))[0] == [0, 1, 1, 2]


@pytest.mark.django_db
def test_an_orders_file_without_a_header_never_shows_its_first_person(log):
    with pytest.raises(CommandError) as refused:
        load("orders", log("O1,PHISENT-1,1234567893,infliximab,2026-01-01\n"))
    assert "PHISENT" not in str(refused.value)
    assert "log.csv has no column order_id" in str(refused.value)


@pytest.mark.django_db
def test_denied_dollars_become_cents_and_missing_ones_stay_unknown(log):
    counted, file = load("denials", log(DENIALS))
    assert counted == [2, 0, 0, 1]
    assert list(Denial.objects.order_by("pk").values_list("denied_cents", "written_off_cents")) == [(420_010, 0), (420_010, None)]
    assert file["rejects"][0]["rule"] == "amount"
    assert "PHISENT" not in json.dumps(file)
    assert load("denials", log(DENIALS))[0] == [0, 0, 2, 1]


@pytest.mark.django_db
def test_a_claims_file_is_no_log_of_denials(log):
    with pytest.raises(
        CommandError, match=r"has no column reason_code, denied_amount; it needs claim_id, reason_code, denied_amount"
    ):
        load("denials", log("claim_id,payer,hcpcs_code,service_date\nPHISENT-C1,Payer A,J1745,2026-01-02\n"))
    assert not Denial.objects.exists()


@pytest.mark.django_db
def test_two_alike_events_of_one_day_are_two_events(log):
    assert load("white_bag_events", log(WHITE_BAGS))[0] == [2, 0, 0, 1]
    assert load("white_bag_events", log(WHITE_BAGS))[0] == [0, 0, 2, 1]
    assert list(WhiteBagEvent.objects.order_by("pk").values_list("dose_changed", "wasted")) == [(False, False), (True, None)]


@pytest.mark.django_db
def test_impacts_load_and_an_unknown_policy_is_pointed_out(log):
    counted, file = load("patient_impacts", log(IMPACTS))
    assert counted == [2, 0, 0, 0]
    assert PatientImpact.objects.count() == 2
    assert "policy_id not on file: EX-SOC-2026" in file["warnings"]


@pytest.mark.django_db
def test_a_kind_that_is_none_is_refused(log):
    with pytest.raises(CommandError, match="“complaints” is no kind of log; write one of denials"):
        load("complaints", log(IMPACTS))


def test_keys_depend_on_what_names_a_row_and_on_its_place_among_its_like():
    row = {"policy_id": "P", "site_id": "", "reported_on": "2026-01-01", "kind": "delay", "delay_days": 3}
    first, second = row_keys("patient_impacts", [row, row | {"delay_days": 4}])
    assert first != second
    assert [first, second] == list(row_keys("patient_impacts", [row | {"delay_days": 9}, row]))
