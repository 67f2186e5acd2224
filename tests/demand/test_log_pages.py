"""Logs in the browser: compared and reconciled before anything is stored, undone exactly, entered by form, small counts hidden."""

import gzip
import json
import re

import pytest
from auditlog.models import LogEntry
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile

from demand.actions.extracts import Refused
from demand.actions.logs import load_log, put_on_file, take_back, waiting
from demand.engine.disclosure import HIDDEN
from demand.engine.log_totals import amount_as_written
from demand.engine.pseudonym import pseudonym
from demand.models import Denial, LogChange, LogLoad, Order, PatientImpact, WhiteBagEvent
from demand.selectors.logs import log_rows, split_table
from payers.models import DrugCode, DrugFamily, Policy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
HEAD = "claim_id,payer,hcpcs_code,site_id,service_date,reason_code,denied_amount,written_off_amount,decided_on\n"
DENIALS = HEAD + (
    "PHISENT-C1,Payer A,J1745,N1,2026-01-02,CO-197,4200.10,0.00,2026-02-01\n"
    "PHISENT-C2,Payer A,J1745,N1,2026-01-03,CO-16,12.345,1.10,2026-02-01\n"
    "PHISENT-C3,Payer B,J1745,N1,2026-01-32,CO-16,100.00,100.00,2026-02-01\n"
    'PHISENT-C4,Payer B,J1745,N1,2026-01-05,CO-58,"$1,000.00",,\n'
    "PHISENT-C5,Payer B,J1745,N1,2026-01-06,CO-58,much,5.00,\n"
    "PHISENT-C6,Payer B,J1745,N1,2026-01-06,CO-58,7.77,5.05,\n"
)


def send(client, kind, text, name="log.csv"):
    return client.post(f"/logs/{kind}/check/", {"file": SimpleUploadedFile(name, text.encode())}, follow=True)


def put(client):
    load = LogLoad.objects.get(status="checked")
    return client.post(f"/logs/loads/{load.pk}/put-on-file/", follow=True)


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_file_is_shown_and_reconciled_before_anything_is_stored(analyst):
    page = send(analyst, "denials", DENIALS)
    said = words(page)
    assert not Denial.objects.exists()
    assert "6 rows read = 2 would be added + 0 would be changed + 0 unchanged + 4 rejected" in said
    assert "Denied $5,320.215 $4,207.87 $1,112.345 adds up 1 rejected cell could not be read as a number" in said
    assert "Written off $111.15 $5.05 $106.10 adds up" in said
    assert "4 service_date 2026-01-32 Is no day of the calendar (date)" in said
    rejects = analyst.get(f"/logs/loads/{LogLoad.objects.get().pk}/rejects.csv").content.decode()
    assert [line.split(",")[:2] for line in rejects.splitlines()[1:]] == [
        ["3", "denied_amount"], ["4", "service_date"], ["5", "denied_amount"], ["6", "denied_amount"],
    ]  # fmt: skip
    assert "PHISENT" not in rejects
    assert "On file: 2 added, 0 changed, 4 rejected." in words(put(analyst))
    assert Denial.objects.count() == 2
    load = LogLoad.objects.get()
    assert (load.status, load.added, load.rejected, load.created_by.username) == ("on_file", 2, 4, "ann")
    assert "adds up" in words(analyst.get(f"/logs/loads/{load.pk}/"))
    assert not list((settings.STORAGE_DIR / "logs").iterdir())


def test_the_same_file_twice_changes_nothing_and_leaves_nothing_to_undo(analyst):
    send(analyst, "denials", DENIALS)
    put(analyst)
    assert "Putting it on file would change nothing" in words(send(analyst, "denials", DENIALS))
    assert "there is nothing to undo" in words(put(analyst))
    assert (LogLoad.objects.count(), Denial.objects.count()) == (1, 2)


def test_a_file_of_a_few_rows_says_what_stays_on_file(analyst):
    send(analyst, "denials", DENIALS)
    put(analyst)
    header, first, *_ = DENIALS.splitlines()
    assert "not among this file" not in words(send(analyst, "denials", DENIALS))
    page = send(analyst, "denials", f"{header}\n{first}\n")
    assert "On file and not among this file's usable rows: 1 record." in words(page)


def test_a_second_click_stores_nothing_and_loses_nothing(analyst):
    send(analyst, "denials", DENIALS)
    load = LogLoad.objects.get()
    read = waiting(load)
    put_on_file(load, read, None)
    with pytest.raises(Refused, match="put on file or discarded a moment ago"):
        put_on_file(LogLoad.objects.get(), read, None)
    assert LogLoad.objects.get().added == Denial.objects.count() == 2
    assert analyst.post(f"/logs/loads/{load.pk}/put-on-file/").status_code == 404


def test_undo_gives_back_what_was_changed_and_removes_what_was_added(analyst, tmp_path):
    path = tmp_path / "denials.csv"
    path.write_text(DENIALS)
    load_log("denials", path)
    before = list(Denial.objects.order_by("pk").values())
    path.write_text(DENIALS.replace("7.77", "8.88") + "C9,Payer A,J1745,N1,2026-01-09,CO-16,1.00,,\n")
    load_log("denials", path)
    first, second = LogLoad.objects.order_by("pk")
    assert (second.added, second.changed, second.unchanged) == (1, 1, 1)
    refused = words(analyst.post(f"/logs/loads/{first.pk}/take-back/", follow=True))
    assert "Only the newest load of a log can be taken back" in refused and Denial.objects.count() == 3
    analyst.post(f"/logs/loads/{second.pk}/take-back/")
    assert list(Denial.objects.order_by("pk").values()) == before
    analyst.post(f"/logs/loads/{first.pk}/take-back/")
    assert not Denial.objects.exists()
    assert list(LogLoad.objects.values_list("status", flat=True)) == ["taken_back"] * 2


def test_people_in_orders_are_pseudonyms_from_the_door_on(analyst, caplog):
    text = (
        "order_id,person_id,ordering_npi,molecule,ordered_on,authorized_on,scheduled_on,first_infused_on,location,determination,"
        "reject_reason,preference\nO1,PHISENT-1,,infliximab,2026-01-01,,2026-01-09,2026-01-09,Clinic,Accepted,,\n"
        "O2,,,infliximab,2026-01-01,,,,Clinic,,,\n"
    )
    page = send(analyst, "orders", text)
    stored = b"".join(path.read_bytes() for path in (settings.STORAGE_DIR / "logs").iterdir())
    assert "PHISENT" not in page.content.decode() + gzip.decompress(stored).decode() + caplog.text
    put(analyst)
    assert Order.objects.get().person_id == pseudonym("PHISENT-1", settings.PSEUDONYM_KEY.encode())
    assert "PHISENT" not in json.dumps(list(LogEntry.objects.values("additional_data", "changes")), default=str)
    assert "PHISENT" not in analyst.get("/logs/orders/records/").content.decode()


def test_a_file_that_is_no_such_log_is_refused_in_one_sentence(analyst):
    said = words(send(analyst, "denials", "a,b\n1,2\n", "Jane Doe.csv"))
    assert "The file has no column claim_id, reason_code, denied_amount; it needs claim_id" in said and "Jane Doe" not in said
    assert "is a PDF; ask for the data as CSV" in words(send(analyst, "denials", "%PDF-1.4"))
    assert "Choose a CSV file first" in words(analyst.post("/logs/denials/check/", follow=True))
    assert analyst.get("/logs/complaints/").status_code == 404
    assert not LogLoad.objects.exists()


def test_a_discarded_file_leaves_nothing_and_a_new_one_takes_the_place_of_one_undecided(analyst):
    send(analyst, "denials", DENIALS)
    send(analyst, "denials", DENIALS)
    load = LogLoad.objects.get()
    assert "nothing of it is kept" in words(analyst.post(f"/logs/loads/{load.pk}/discard/", follow=True))
    assert not LogLoad.objects.exists() and not list((settings.STORAGE_DIR / "logs").iterdir())


def test_a_checked_file_is_its_senders_alone(analyst, client):
    send(analyst, "denials", DENIALS)
    other = User.objects.create_user("bob")
    other.groups.add(Group.objects.get(name="analyst"))
    client.force_login(other)
    assert client.get(f"/logs/loads/{LogLoad.objects.get().pk}/").status_code == 404


def test_an_impact_is_entered_corrected_taken_back_and_the_taking_back_undone(analyst):
    Policy.objects.create(policy_id="P-1", payer="Payer A", kind="site_of_care", status="in_force", document={})
    cells = {
        "policy_id": "P-1",
        "reported_on": "2026-03-01",
        "kind": "delay",
        "delay_days": "12",
        "severity": "moderate",
        "site_id": "",
    }
    assert "The patient impact is on file" in words(analyst.post("/logs/patient_impacts/records/new/", cells, follow=True))
    analyst.post("/logs/patient_impacts/records/new/", cells)
    first, second = PatientImpact.objects.order_by("pk")
    assert first.row_key != second.row_key
    analyst.post(f"/logs/patient_impacts/records/{second.pk}/", {**cells, "delay_days": "20", "kind": "harm"})
    second.refresh_from_db()
    assert (second.delay_days, second.kind) == (20, "harm")
    assert "Nothing was changed" in words(analyst.post(f"/logs/patient_impacts/records/{first.pk}/", cells, follow=True))
    analyst.post(f"/logs/patient_impacts/records/{second.pk}/take-back/")
    assert list(PatientImpact.objects.all()) == [first]
    for load in LogLoad.objects.all():  # newest first
        take_back(load, None)
    assert not PatientImpact.objects.exists() and LogChange.objects.count() == 2


def test_a_form_refuses_what_a_file_would_refuse(analyst):
    page = analyst.post(
        "/logs/white_bag_events/records/new/", {"site_id": "N1", "hcpcs_code": "J17", "administered_on": "2026-03-01"}
    )
    assert page.status_code == 422 and "Must be a code of five characters, such as J1745." in words(page)
    page = analyst.post("/logs/denials/records/new/", {"claim_id": "C1", "reason_code": "CO-16", "denied_amount": "1,000"})
    assert "Must be an amount in dollars such as 1234.50" in words(page)
    assert analyst.get("/logs/orders/records/new/").status_code == 404
    assert not WhiteBagEvent.objects.exists() and not LogLoad.objects.exists()


@pytest.fixture
def infliximab(db):
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


def denials(payer, number, start=0):
    return [
        Denial(row_key=f"{payer}{one}", claim_id=f"C{payer}{one}", payer=payer, hcpcs_code="J1745", site_id="N1", reason_code="CO-16",
               denied_cents=10_000, written_off_cents=100)
        for one in range(start, start + number)
    ]  # fmt: skip


def test_write_offs_by_payer_add_up_to_the_log(infliximab):
    Denial.objects.bulk_create([*denials("Payer A", 3), *denials("Payer B", 20)])
    table = split_table(log_rows("denials", None, True), "payer")
    assert table.rows == (("Payer B", 20, 200_000, 2_000, 0), ("Payer A", 3, 30_000, 300, 0))
    assert table.total == ("All", 23, 230_000, 2_300, 0)
    reasons = split_table(log_rows("denials", None, True), "reason")
    assert reasons.rows[0][0] == "CO-16: information is missing or wrong on the claim"


def test_small_counts_are_hidden_and_cannot_be_had_by_subtraction(infliximab):
    Denial.objects.bulk_create([*denials("Payer A", 3), *denials("Payer B", 20), *denials("Payer C", 30)])
    table = split_table(log_rows("denials", None, False), "payer")
    assert [(row[0], row[1]) for row in table.rows] == [("Payer C", 30), ("Payer A", HIDDEN), ("Payer B", HIDDEN)]
    assert table.total[:2] == ("All", 53)
    assert "nothing_written_off" not in [column.key for column in table.columns]


def test_readers_without_the_right_see_no_records_and_cannot_load(client, infliximab):
    Denial.objects.bulk_create(denials("Payer A", 3))
    leader = User.objects.create_user("lee")
    leader.groups.add(Group.objects.get(name="leader"))
    client.force_login(leader)
    page = client.get("/logs/denials/")
    assert "hidden" in words(page) and "Load a file" not in words(page) and "$300" not in words(page)
    assert "hidden" in client.get("/logs/denials/split.csv?by=payer").content.decode()
    assert client.get("/logs/denials/records/").status_code == 403
    assert "$300" not in words(client.get("/logs/"))


def test_amounts_are_read_as_people_write_them():
    read = [amount_as_written(text) for text in ("$1,234.50", "(12.00)", "-3", "much", "1e5", "")]
    assert [None if amount is None else str(amount) for amount in read] == ["1234.50", "-12.00", "-3", None, None, None]
