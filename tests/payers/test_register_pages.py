"""The register in the browser: who may keep it, a policy by hand, its words while one types, files, laws, payers."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile

from payers.models import Payer, Policy, StateLaw
from payers.selectors import reference_frames
from tests.payers.register_pages import FORM, some_drugs
from tests.payers.test_policies import EXAMPLE

pytestmark = pytest.mark.django_db


def sign_in(client, role):
    user = User.objects.create_user(role.split()[0])
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


@pytest.fixture
def manager(client):
    some_drugs()
    return sign_in(client, "managed care")


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_a_policy_by_hand_from_the_form_to_the_pipeline(manager):
    assert manager.get("/policies/new/").status_code == 200
    answer = manager.post("/policies/new/", FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/policies/EX-1/"), text(answer)
    page = text(manager.get("/policies/EX-1/"))
    assert "who start infliximab on or after 1 January 2026 may have two doses or 30 days" in page
    assert "infliximab (J1745); aged 40" in page and "<strong>exposed</strong>" in page
    assert set(reference_frames()["policies"]["drug"]) == {"infliximab"}
    listed = text(manager.get("/policies/"))
    assert "Notice of 3 March" in listed and "2026 Q1" in listed and "How fast steerage grows" in listed


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"likelihood": "1.2"}, "Write a number from 0 to 1"),
        ({"effective_from": "2026-02-30"}, "no day of the calendar"),
        ({"effective_to": "2025-01-01"}, "This must be after effective_from"),
        ({"codes": "J9998"}, "J9998 is not in the drug reference"),
        ({"codes": "infliximab"}, "“INFLIXIMAB” is no code"),
        ({"drugs": []}, "at least one code, molecule or family"),
        ({"status": ""}, "Choose the status."),
        ({"plans_in": "Gold\nSilver", "plans_out": "gold"}, "which plans_in names too"),
        ({"grace_combine": ""}, "must be first or last where both doses and days are given"),
        ({"status": "anticipated"}, "Say how likely it is"),
        ({"states": "Ohio"}, "must be a state"),
        ({"examples-0-verdict": ""}, "Say what the policy has to answer."),
        ({"examples-0-as_of": "2025-01-01"}, "lies before treatment_start"),
        ({"policy_id": "new"}, "address of another page"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(manager, change, sentence):
    answer = manager.post("/policies/new/", FORM | change)
    assert answer.status_code == 422 and sentence in text(answer) and "Nothing was saved." in text(answer)
    assert not Policy.objects.exists() and not Payer.objects.exists()


def test_changing_a_clause_shows_what_changes_and_makes_a_version(manager):
    manager.post("/policies/new/", FORM)
    form = text(manager.get("/policies/EX-1/edit/"))
    assert 'value="families:infliximab" checked' in form
    changed = FORM | {"grace_doses": "", "grace_combine": "", "grace_days": "45", "seen": "1", "note": "New notice"}
    words = text(manager.post("/policies/in-words/", changed | {"editing": "EX-1"}))
    assert "may have 45 days" in words and "two doses or 30 days, whichever ends first" in words and "Save" not in words
    assert Policy.objects.get().document["grace"]["doses"] == 2  # nothing is kept by showing it
    assert manager.post("/policies/EX-1/edit/", changed | {"note": ""}).status_code == 422
    assert manager.post("/policies/EX-1/edit/", changed).status_code == 302
    past = text(manager.get("/policies/EX-1/history/"))
    assert "Version 2" in past and "New notice" in past and "45 days" in past
    assert manager.post("/policies/EX-1/take-back/").status_code == 302
    assert Policy.objects.get().document["grace"]["doses"] == 2
    manager.post("/policies/EX-1/retire/")
    assert (
        "No policy on file" not in text(manager.get("/policies/?retired=1"))
        and "EX-1" not in text(manager.get("/policies/?q=EX-1")).split("<main")[1].split("</form>")[1]
    )


def test_the_form_works_without_a_script(manager):
    found = text(manager.post("/policies/new/", FORM | {"search_drugs": "1", "drug_search": "remicade", "save": "", "drugs": []}))
    assert 'value="families:infliximab"' in found and 'value="hcpcs:J1745"' in found and "Nothing was saved" not in found
    entered = {name: value for name, value in FORM.items() if name != "save"}
    assert "hcpcs:J3380" in text(
        manager.post("/policies/new/", entered | {"drug_search": "entyvio"})
    )  # the Enter key in the search field
    more = text(manager.post("/policies/new/", FORM | {"more_examples": "1", "title": ""}))
    assert "Example 2" in more and "Nothing was saved" not in more
    assert not Policy.objects.exists()


def test_what_was_checked_stays_through_the_next_search(manager):
    found = text(manager.get("/policies/drugs/", {"drug_search": "entyvio", "drugs": ["families:infliximab", "families:made up"]}))
    assert 'value="families:infliximab" checked' in found and 'value="hcpcs:J3380">' in found and "made up" not in found


def test_a_payer_that_nobody_knows_is_pointed_out(manager):
    Payer.objects.create(name="Plan A")
    assert "is not among the payers on file" in text(manager.post("/policies/in-words/", FORM))
    assert "is not among the payers on file" not in text(manager.post("/policies/in-words/", FORM | {"payer": "Plan A"}))


def test_a_public_policy_is_a_start_and_never_in_force_by_itself(manager):
    listed = text(manager.get("/policies/library/"))
    assert listed.count("check at the source before use") > 20
    page = text(manager.get("/policies/library/LIB-HCSC-SOC-2021/"))
    assert "Check at the source before use" in page and "The version is undated" in page
    form = text(manager.get("/policies/new/?from=LIB-HCSC-SOC-2021"))
    assert 'value="HCSC-SOC-2021"' in form and '<option value="" selected>Choose</option>' in form
    assert not Policy.objects.exists()
    assert manager.get("/policies/new/?from=LIB-NONE").status_code == 404


def test_a_file_is_shown_before_it_is_saved(manager):
    def send(body, **more):
        return manager.post("/policies/upload/", {"file": SimpleUploadedFile("a.yaml", body.encode()), **more})

    shown = send(EXAMPLE)
    assert shown.status_code == 200 and "a new policy" in text(shown) and not Policy.objects.exists()
    assert (
        manager.post("/policies/upload/", {"text": EXAMPLE, "name": "a.yaml", "confirm": "1"})["Location"]
        == "/policies/EX-SOC-2026/"
    )
    changed = text(send(EXAMPLE.replace("days: 30", "days: 45")))
    assert "a new version" in changed and "two doses or 45 days" in changed
    wrong = send(EXAMPLE.replace("likelihood: 1.0", "likelihood: 1.2"))
    assert wrong.status_code == 422 and "likelihood must be a number from 0 to 1" in text(wrong)
    assert "Choose a policy file" in text(manager.post("/policies/upload/", {}))
    file = manager.get("/policies/EX-SOC-2026/policy.yaml").content.decode()
    assert "says what is on file already" in text(send(file))


def test_a_law_of_the_reference_counts_once_it_is_on_file(manager):
    manager.post("/policies/new/", FORM | {"kind": "drug_source", "drug_source": "sp_required", "states": "AR"})
    page = text(manager.get("/payers/laws/"))
    assert "Verify before use" in page and "Act 1105 of 2021" in page and "/policies/EX-1/" in page
    manager.post("/payers/laws/put-on-file/", {"law": "GA-drug_source", "since": ""})
    assert not StateLaw.objects.exists()
    manager.post("/payers/laws/put-on-file/", {"law": "AR-drug_source", "since": "2021-07-28"})
    law = StateLaw.objects.get()
    assert (law.state, str(law.effective_from), law.verify) == ("AR", "2021-07-28", True)
    assert "verify before use" in text(manager.get("/payers/laws/"))


def test_a_payer_with_plans_and_names_in_claims(manager):
    rows = {
        "plans-TOTAL_FORMS": "2",
        "plans-INITIAL_FORMS": "0",
        "plans-0-name": "Gold",
        "plans-0-funding": "insured",
        "plans-0-state": "oh",
    }
    answer = manager.post(
        "/payers/new/", {"name": "Plan A", "parent": "Holding", "claim_names": "PLAN A OF OHIO\n", "save": "1", **rows}
    )
    payer = Payer.objects.get(name="Plan A")
    assert answer["Location"] == f"/payers/{payer.pk}/"
    page = text(manager.get(f"/payers/{payer.pk}/"))
    assert "Belongs to Holding" in page and "PLAN A OF OHIO" in page and "Gold" in page and "OH" in page
    assert "Plan A" in text(manager.get("/payers/"))
    wrong = manager.post(
        "/payers/new/", {"name": "Holding", "parent": "Plan A", "plans-TOTAL_FORMS": "0", "plans-INITIAL_FORMS": "0"}
    )
    assert wrong.status_code == 422 and "its own parent" in text(wrong)


def test_who_only_reads_sees_no_button_and_may_not_post(client):
    some_drugs()
    sign_in(client, "leader")
    assert "New policy" not in text(client.get("/policies/")) and client.get("/policies/library/").status_code == 200
    for path in ("/policies/new/", "/policies/upload/", "/payers/new/"):
        assert client.get(path).status_code == 403
    assert client.post("/policies/in-words/", FORM).status_code == 403


def test_the_list_asks_the_database_a_fixed_number_of_times(manager, django_assert_max_num_queries):
    for number in range(5):
        manager.post("/policies/new/", FORM | {"policy_id": f"EX-{number}", "payer": f"Plan {number}"})
    assert Policy.objects.count() == 5
    with django_assert_max_num_queries(16):
        manager.get("/policies/")
