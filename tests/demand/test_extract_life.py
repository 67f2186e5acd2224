"""An extract's way: mapped, checked, accepted, corrected, taken back, put back, deleted with what was made of it."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from demand import storage, tasks
from demand.models import ColumnMapping, Extract, LeakageCell, Run
from payers.models import Payer
from tests.demand.workbooks import workbook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage", "commits")]

KNOWN = "claim_id,claim_line_number,person_id,claim_start_date,hcpcs_code,paid_amount\nC1,1,SECRETP1,2026-01-05,J1745,10.00\n"
THEIRS = 'ClaimNo,MemberNo,DOS,ProcCode,PaidAmt,PlanName,POS\nC1,SECRETP1,03/31/2026,J1745,"$1,200.50",aetna,O\nC2,SECRETP2,soon,J1745,3,Aetna,F\n'
CHOSEN = {
    "source-claim_id": "column:ClaimNo", "source-claim_line_number": "built:line_number", "source-person_id": "column:MemberNo",
    "source-claim_start_date": "column:DOS", "was-claim_start_date": "column:DOS", "date-claim_start_date": "MM/DD/YYYY",
    "source-hcpcs_code": "column:ProcCode", "source-paid_amount": "column:PaidAmt", "source-payer": "column:PlanName",
    "source-claim_type": "constant", "constant-claim_type": "professional", "name": "Their layout",
}  # fmt: skip


def send(client, content: str | bytes = KNOWN, name: str = "Payer A", address: str = "/extracts/upload/", **fields) -> Extract:
    """Upload as the form does and let the worker load it."""
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(fields.pop("filename", "claims.csv"), data)
    answer = client.post(address, {"name": name, "perspective": "payer", "medical": file, **fields})
    assert answer.status_code == 302, answer.content.decode()
    return work(Extract.objects.latest("pk"))


def work(extract: Extract) -> Extract:
    waiting = Run.objects.filter(kind="load", subject_id=extract.pk, status="queued")
    for run in waiting:
        tasks.do_load(run.pk)
    extract.refresh_from_db()
    return extract


def at(extract: Extract, where: str = "") -> str:
    return f"/extracts/{extract.pk}/{where}"


def page(client, address: str) -> str:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def uploads() -> list[str]:
    return sorted(path.name for path in storage.upload_path("x").parent.glob("*"))


def test_a_layout_nobody_knows_is_mapped_checked_and_accepted(analyst):
    extract = send(analyst, THEIRS)
    assert extract.status == "unmapped" and "ClaimNo" not in extract.refusal and len(uploads()) == 2
    file = extract.files.get()
    form = page(analyst, at(extract, "mapping/"))
    assert "SECRETP" not in form and "AAAAAAA9" in form  # a person's number shows its shape only
    assert "MM/DD/YYYY</option>" in form and 'value="11"' in form and "1 of 2 lines would be kept out" in form
    payers = {"written-payer": ["aetna", "Aetna"], "meaning-payer": ["Aetna", ""], "parent-payer": ["CVS Health", ""]}
    chosen = {**CHOSEN, **payers, "was-payer": "column:PlanName", "check": "1"}
    assert analyst.post(at(extract, f"mapping/{file.pk}/"), chosen).status_code == 302
    assert list(Payer.objects.values_list("name", "parent")) == [("Aetna", "CVS Health")]
    assert ColumnMapping.objects.get().spec["columns"]["payer"]["values"] == {"aetna": "Aetna"}
    extract = work(extract)
    assert extract.status == "checked" and extract.counts["medical"]["accepted"] == 1 and extract.counts["medical"]["rejected"] == 1
    checked = page(analyst, at(extract))
    assert "Checked, not loaded yet" in checked and "What it can answer" in checked and "BAD_DATE" in checked
    assert not Run.objects.filter(kind="recompute").exists() and len(uploads()) == 2
    analyst.post(at(extract, "accept/"))
    extract.refresh_from_db()
    assert extract.status == "loaded" and uploads() == [] and Run.objects.filter(kind="recompute").count() == 1
    assert extract.files.get().mapping == ColumnMapping.objects.get(name="Their layout", version=1)


def test_a_mapping_that_cannot_work_comes_back_with_a_sentence_and_what_was_chosen(analyst):
    extract = send(analyst, THEIRS)
    file = extract.files.get()
    answer = analyst.post(at(extract, f"mapping/{file.pk}/"), {**CHOSEN, "source-person_id": ""})
    assert answer.status_code == 422 and "Say where person_id comes from" in answer.content.decode()
    assert 'value="column:ClaimNo" selected' in answer.content.decode()
    nameless = analyst.post(at(extract, f"mapping/{file.pk}/"), {**CHOSEN, "name": " "})
    assert nameless.status_code == 422 and "Give the mapping a name" in nameless.content.decode()
    assert not ColumnMapping.objects.exists()


def test_a_changed_choice_shows_its_effect_and_saves_nothing(analyst):
    extract = send(analyst, THEIRS)
    address = at(extract, f"mapping/{extract.files.get().pk}/effect/")
    shown = analyst.post(
        address, {**CHOSEN, "date-claim_start_date": "DD/MM/YYYY"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in shown and "2 of 2 lines would be kept out" in shown and not ColumnMapping.objects.exists()


def test_mapping_takes_the_patient_level_right(client, analyst):
    extract = send(analyst, THEIRS)
    loader = User.objects.create_user("loader")
    loader.user_permissions.set(Permission.objects.filter(codename__in=["load_extract", "view_extracts"]))
    client.force_login(loader)
    assert client.get(at(extract, f"mapping/{extract.files.get().pk}/")).status_code == 403
    assert "ask an analyst" in page(client, at(extract))


def test_a_saved_mapping_reads_the_next_file_and_a_changed_header_stops(analyst):
    first = send(analyst, THEIRS)
    analyst.post(at(first, f"mapping/{first.files.get().pk}/"), {**CHOSEN, "load": "1"})
    assert work(first).status == "loaded"
    second = send(analyst, THEIRS.replace("C1", "C8"), name="Payer A, February")
    assert second.status == "loaded" and second.files.get().mapping.name == "Their layout"
    assert "Read through the mapping “Their layout”, version 1." in page(analyst, at(second))
    third = send(analyst, THEIRS.replace("PaidAmt", "PaidAmount2"), name="Payer A, March")
    assert third.status == "unmapped"
    form = page(analyst, at(third, "mapping/"))
    assert "“paidamt” is gone; “paidamount2” is new" in form and 'value="column:DOS" selected' in form


def test_the_mapping_of_a_checked_extract_can_be_changed(analyst):
    extract = send(analyst, KNOWN, check="1")
    assert extract.status == "checked"
    file = extract.files.get()
    analyst.post(at(extract, f"mapping/{file.pk}/read-again/"))
    assert work(extract).status == "unmapped"
    form = page(analyst, at(extract, "mapping/"))
    assert 'value="column:paid_amount" selected' in form
    chosen = {f"source-{name}": f"column:{name}" for name in KNOWN.split("\n")[0].split(",")[:5]}
    analyst.post(
        at(extract, f"mapping/{file.pk}/"),
        {**chosen, "source-payer": "constant", "constant-payer": "Aetna", "name": "With a payer"},
    )
    assert work(extract).status == "checked"
    assert "With a payer" in page(analyst, at(extract))


def test_another_encoding_is_looked_at_anew(analyst):
    extract = send(analyst, KNOWN.replace("J1745", "J1745é").encode("utf-16"))
    assert extract.status == "unmapped"
    file = extract.files.get()
    assert '<option value="utf-16" selected>' in page(analyst, at(extract, "mapping/"))
    analyst.post(at(extract, f"mapping/{file.pk}/read-again/"), {"encoding": "utf-16-le", "delimiter": ","})
    assert work(extract).status == "unmapped" and '<option value="utf-16-le" selected>' in page(analyst, at(extract, "mapping/"))
    assert analyst.post(at(extract, f"mapping/{file.pk}/read-again/"), {"encoding": "klingon"}).status_code == 404


def test_a_sheet_is_chosen(analyst, tmp_path):
    rows = [line.split(",") for line in KNOWN.strip().split("\n")]
    book = workbook(tmp_path / "two.xlsx", [["a", "b"], ["c", "d"]], rows)
    extract = send(analyst, book.read_bytes(), filename="two.xlsx")
    file = extract.files.get()
    assert extract.status == "unmapped" and "<option selected>Sheet1" in page(analyst, at(extract, "mapping/"))
    analyst.post(at(extract, f"mapping/{file.pk}/read-again/"), {"sheet": "Sheet2"})
    form = page(analyst, at(work(extract), "mapping/"))
    chosen = {f"source-{name}": f"column:{name}" for name in rows[0]}
    assert "<option selected>Sheet2" in form
    analyst.post(at(extract, f"mapping/{file.pk}/"), {**chosen, "name": "Second sheet", "load": "1"})
    assert work(extract).status == "loaded"


def test_undo_and_redo(analyst):
    extract = send(analyst)
    assert "Take back" in page(analyst, at(extract))
    analyst.post(at(extract, "take-back/"))
    extract.refresh_from_db()
    assert extract.status == "undone" and storage.extract_folder(extract.pk).exists()
    assert "was taken back" in page(analyst, at(extract))
    analyst.post(at(extract, "put-back/"))
    extract.refresh_from_db()
    assert extract.status == "loaded"
    twice = analyst.post(at(extract, "put-back/"), follow=True).content.decode()
    assert "only an extract that was taken back can be put back" in twice


def test_a_corrected_version_takes_the_place_of_the_first(analyst):
    first = send(analyst)
    form = page(analyst, at(first, "correct/"))
    assert "A corrected version of “Payer A”" in form
    second = send(analyst, KNOWN.replace("10.00", "12.00"), address=at(first, "correct/"))
    first.refresh_from_db()
    assert (second.name, second.version, second.status, first.status) == ("Payer A", 2, "loaded", "replaced")
    assert second.counts["medical"]["superseded"] == 0  # judged without the version that it corrects
    assert "2 (this one)" in page(analyst, at(second))
    analyst.post(at(first, "put-back/"))
    assert [extract.status for extract in Extract.objects.order_by("version")] == ["loaded", "replaced"]


def test_what_was_checked_is_read_again_where_another_extract_came_in_between(analyst):
    waiting = send(analyst, check="1")
    other = send(analyst, KNOWN.replace("C1,1", "C2,1"), name="Payer B")
    assert other.status == "loaded"
    analyst.post(at(waiting, "accept/"))
    waiting.refresh_from_db()
    assert waiting.status == "loaded"  # what came later than it does not change how it is judged
    later = send(analyst, KNOWN.replace("C1,1", "C3,1"), name="Payer C", check="1")
    analyst.post(at(other, "take-back/"))
    said = analyst.post(at(later, "accept/"), follow=True).content.decode()
    assert "read once more" in said and work(later).status == "loaded" and uploads() == []


def test_the_same_files_are_known_in_every_state(analyst):
    extract = send(analyst, check="1")
    file = SimpleUploadedFile("renamed.csv", KNOWN.encode())
    answer = analyst.post("/extracts/upload/", {"name": "Again", "perspective": "payer", "medical": file})
    assert answer.status_code == 422 and "open that extract and load it" in answer.content.decode()
    assert Extract.objects.count() == 1 and extract.status == "checked"


def test_an_upload_that_nobody_maps_is_deleted_in_time(analyst, settings):
    extract = send(analyst, THEIRS)
    Extract.objects.filter(pk=extract.pk).update(
        created_at=timezone.now() - dt.timedelta(hours=settings.UPLOAD_KEPT_HOURS, minutes=1)
    )
    tasks.sweep()
    extract.refresh_from_db()
    assert extract.status == "refused" and "Nobody mapped its columns" in extract.refusal and uploads() == []


def test_a_load_asked_for_again_is_not_given_up_for_an_old_failure(analyst):
    extract = send(analyst, THEIRS)
    analyst.post(at(extract, f"mapping/{extract.files.get().pk}/"), {**CHOSEN, "load": "1"})
    tasks.sweep()  # between the request and the worker
    assert work(extract).status == "loaded"


def test_deleting_an_extract_takes_what_was_made_of_it(analyst):
    kept, gone = send(analyst), send(analyst, KNOWN.replace("C1,1", "C2,1"), name="Payer B")
    entry = lambda extract: {"id": extract.pk, "name": str(extract), "files": []}  # noqa: E731
    made = [published([entry(gone)]), published([entry(kept)]), published([entry(kept), entry(gone)])]
    analyst.post(at(gone, "delete/"))
    statuses = [Run.objects.get(pk=run.pk).status for run in made]
    assert statuses == ["replaced", "finished", "finished"]  # the newest stays until there is a newer one
    assert not storage.run_folder(made[0].pk).exists() and not LeakageCell.objects.filter(run=made[0]).exists()
    analyst.post(at(kept, "delete/"))
    assert not any(storage.run_folder(run.pk).exists() for run in made)


def published(extracts: list[dict]) -> Run:
    run = Run.objects.create(kind="recompute", status="finished", requested_at=timezone.now(), inputs={"extracts": extracts})
    storage.run_folder(run.pk).mkdir(parents=True)
    zero = {field.name: 0 for field in LeakageCell._meta.fields if field.name.endswith(("_infusions", "_people", "_cents"))}
    LeakageCell.objects.create(run=run, month=dt.date(2026, 1, 1), mature=True, **zero)
    return run


def test_mappings_are_exported_brought_in_and_retired(analyst):
    extract = send(analyst, THEIRS)
    analyst.post(at(extract, f"mapping/{extract.files.get().pk}/"), CHOSEN)
    mapping = ColumnMapping.objects.get()
    exported = analyst.get(f"/mappings/{mapping.pk}/export/")
    assert "their-layout-1.json" in exported["Content-Disposition"]
    told = json.loads(exported.content)
    told["columns"]["payer"] = {"constant": "Aetna"}
    sent = SimpleUploadedFile("m.json", json.dumps(told).encode())
    said = analyst.post("/mappings/import/", {"file": sent}, follow=True).content.decode()
    assert "Their layout, version 2" in said
    assert [(m.version, m.retired) for m in ColumnMapping.objects.order_by("version")] == [(1, True), (2, False)]
    analyst.post(f"/mappings/{mapping.pk}/retire/", {"use": "1"})
    mapping.refresh_from_db()
    assert not mapping.retired
    for wrong in (b"{}", b"\xff\xfe", b"[1"):
        answer = analyst.post("/mappings/import/", {"file": SimpleUploadedFile("m.json", wrong)}, follow=True)
        assert answer.status_code == 200 and b"note bad" in answer.content
    assert b"Choose the exported mapping" in analyst.post("/mappings/import/", follow=True).content
    assert ColumnMapping.objects.count() == 2


def test_the_shell_takes_a_mapping_by_path_and_by_name(tmp_path, analyst):
    extract = send(analyst, THEIRS)
    analyst.post(at(extract, f"mapping/{extract.files.get().pk}/"), CHOSEN)
    exported = tmp_path / "theirs.json"
    exported.write_bytes(analyst.get(f"/mappings/{ColumnMapping.objects.get().pk}/export/").content)
    analyst.post(at(work(extract), "delete/"))
    ColumnMapping.objects.all().delete()
    claims = tmp_path / "theirs.csv"
    claims.write_text(THEIRS)
    with pytest.raises(CommandError, match="--mapping"):
        call_command("load_extract", medical=[str(claims)], name="Unknown", stdout=StringIO())
    assert Extract.objects.get().status == "refused" and uploads() == []
    for name, mapping in (("By path", str(exported)), ("By name", "Their layout")):
        claims.write_text(THEIRS.replace("C1", name))
        out = StringIO()
        call_command("load_extract", medical=[str(claims)], name=name, mapping=[mapping], json=True, stdout=out)
        assert json.loads(out.getvalue())["medical"]["accepted"] == 1
    with pytest.raises(CommandError, match="No mapping is called"):
        call_command("load_extract", medical=[str(claims)], name="Nothing", mapping=["nobody's"], stdout=StringIO())
    claims.write_text(THEIRS.replace("C1", "C77"))
    call_command("load_extract", medical=[str(claims)], name="By name", mapping=["Their layout"], replace=True, stdout=StringIO())
    assert Extract.objects.get(name="By name", status="loaded").version == 2


def test_who_may_not_load_may_not_map(client, analyst):
    extract = send(analyst, THEIRS)
    reader = User.objects.create_user("reader")
    reader.groups.add(Group.objects.get(name="council member"))
    client.force_login(reader)
    assert client.get(at(extract, f"mapping/{extract.files.get().pk}/")).status_code == 403
    assert "Map the columns" not in page(client, at(extract))
