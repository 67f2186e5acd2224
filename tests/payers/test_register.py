"""Keeping policies: versions, refusals in one sentence, nothing half saved."""

import io
import json

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from payers.actions import register
from payers.actions.payers import PlanTerms, save_payer
from payers.engine.library import SHIPPED
from payers.engine.policies import parse_policy
from payers.engine.policy_file import policy_file
from payers.models import Payer, Policy, PolicyVersion
from payers.selectors import reference_frames
from payers.selectors.library import library_documents
from payers.selectors.register import claim_names, history
from sites.engine.text_file import RefusedTable
from tests.payers.register_pages import some_drugs
from tests.payers.test_policies import EXAMPLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def document():
    some_drugs()
    return parse_policy(EXAMPLE, "policy.yaml")


@pytest.fixture
def manager():
    return User.objects.create_user("mia")


def refused(action, *arguments, **options) -> str:
    before = list(Policy.objects.values_list("policy_id", "document")), PolicyVersion.objects.count(), Payer.objects.count()
    with pytest.raises(RefusedTable) as refusal:
        action(*arguments, **options)
    assert (
        list(Policy.objects.values_list("policy_id", "document")),
        PolicyVersion.objects.count(),
        Payer.objects.count(),
    ) == before
    sentence = str(refusal.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def test_every_saving_is_a_version_and_the_policy_says_the_newest(document, manager):
    first = register.save_policy(document, manager, seen=0)
    later = document | {"grace": {"doses": None, "days": 45, "combine": None}}
    second = register.save_policy(later, manager, "Notice of 3 March", seen=1)
    assert (first.number, second.number, second.note, second.saved_by) == (1, 2, "Notice of 3 March", manager)
    policy = Policy.objects.get(policy_id="EX-SOC-2026")
    assert policy.document["grace"]["days"] == 45
    step = history(policy)[0]
    assert [tuple(change) for change in step.changes] == [("grace", "two doses or 30 days, whichever ends first", "45 days")]
    assert Payer.objects.filter(name="Example Health Plan").exists()
    assert LogEntry.objects.filter(object_repr="EX-SOC-2026", changes__has_key="document").exists()


def test_what_cannot_be_saved_is_refused_in_a_sentence(document, manager):
    register.save_policy(document, manager)
    save = register.save_policy
    assert "There is a policy EX-SOC-2026 already" in refused(save, document, manager, seen=0)
    assert "Nothing was changed" in refused(save, document, manager, "why")
    changed = document | {"restart_gap_days": 90}
    assert "why the policy changes" in refused(save, changed, manager, " ")
    assert "saved version 1" in refused(save, changed, manager, "why", seen=3)
    assert "address of another page" in refused(save, changed | {"id": "Library"}, manager)
    assert "likelihood must be a number from 0 to 1" in refused(save, changed | {"likelihood": 1.2}, manager, "why")
    assert "no day of the calendar" in refused(save, changed | {"effective_from": "2026-02-30"}, manager, "why")
    strange = changed | {"drugs": document["drugs"] | {"hcpcs": ["J1745", "J9998"]}}
    assert "names J9998, not in the drug reference" in refused(save, strange, manager, "why")
    circle = document["scope"] | {"plans_in": ["Gold", "Silver"], "plans_out": ["gold"]}
    assert "names the plan “gold”, which plans_in names too" in refused(save, changed | {"scope": circle}, manager, "why")


def test_two_policies_that_say_the_same_on_the_same_days_overlap(document, manager):
    register.save_policy(document, manager)
    other = document | {"id": "OTHER", "drugs": {"hcpcs": [], "molecules": [], "families": ["vedolizumab"]}, "examples": []}
    sentence = refused(register.save_policy, other, manager)
    assert "overlaps with policy EX-SOC-2026" in sentence and "for J3380 from 1 January 2026 on" in sentence
    for apart in (
        {"effective_from": "2025-01-01", "effective_to": "2026-01-01"},
        {"scope": document["scope"] | {"states": ["OH"]}},
        {"kind": "prior_authorization"},
        {"payer": "Another Plan"},
        {"status": "anticipated", "likelihood": 0.5},
        {"drugs": {"hcpcs": ["J3380"], "molecules": [], "families": []}, "scope": document["scope"] | {"plans_in": ["Gold"]}},
    ):
        register.save_policy(other | {"id": f"OTHER-{sorted(apart)[0]}"} | apart, manager)


def test_files_that_overlap_with_each_other_are_refused_together(document, tmp_path):
    paths = [tmp_path / name for name in ("a.yaml", "b.yaml")]
    for number, path in enumerate(paths):
        path.write_text(policy_file(document | {"id": f"P{number}"}))
    with pytest.raises(CommandError) as refusal:
        call_command("load_policies", *map(str, paths))
    assert str(refusal.value).startswith("b.yaml: it overlaps with policy P0") and not Policy.objects.exists()


def test_an_unknown_code_in_a_file_is_refused(document, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(EXAMPLE.replace("Q5103]", "J9998]"))
    with pytest.raises(CommandError, match=r"a\.yaml: drugs\.hcpcs names J9998, not in the drug reference; correct it"):
        call_command("load_policies", str(path))
    assert not Policy.objects.exists()


def test_a_file_loaded_again_with_a_change_is_the_next_version(document, tmp_path):
    path = tmp_path / "a.yaml"
    for text in (EXAMPLE, EXAMPLE, EXAMPLE.replace("days: 30", "days: 45")):
        path.write_text(text)
        call_command("load_policies", str(path))
    assert list(PolicyVersion.objects.order_by("number").values_list("number", "note")) == [
        (1, "Loaded from a.yaml"),
        (2, "Loaded from a.yaml"),
    ]


def test_a_retired_policy_binds_nobody_until_it_is_restored(document, manager):
    policy = register.save_policy(document, manager).policy
    register.retire(policy)
    assert reference_frames()["policies"].empty
    assert "is retired" in refused(register.save_policy, document | {"restart_gap_days": 90}, manager, "why")
    register.save_policy(document | {"id": "OTHER"}, manager)  # what is retired overlaps with nothing
    assert "overlaps with policy OTHER" in refused(register.restore, policy)
    register.retire(Policy.objects.get(policy_id="OTHER"))
    register.restore(policy)
    assert len(reference_frames()["policies"]) == 3


def test_the_last_version_can_be_taken_back_and_stays_in_the_history(document, manager):
    policy = register.save_policy(document, manager).policy
    assert "one version only" in refused(register.take_back, policy)
    register.save_policy(document | {"restart_gap_days": 90}, manager, "why")
    policy.refresh_from_db()
    register.take_back(policy)
    policy.refresh_from_db()
    assert policy.document == document
    third = register.save_policy(document | {"restart_gap_days": 60}, manager, "again", seen=1)
    assert third.number == 3
    assert [(change.before, change.after) for change in history(policy)[0].changes] == [("180", "60")]


def test_a_payer_is_not_its_own_parent_through_others():
    save_payer(Payer(name="A", parent="B"), [], [])
    save_payer(Payer(name="B", parent="C"), [], [])
    with pytest.raises(RefusedTable, match=r"C would be its own parent through A, B;"):
        save_payer(Payer(name="C", parent="A"), [], [])
    assert not Payer.objects.filter(name="C").exists()


def test_a_name_in_claims_belongs_to_one_payer():
    save_payer(Payer(name="A"), ["AAA Health", "A of Ohio"], [PlanTerms("Gold", "commercial", "insured", "OH", "77")])
    with pytest.raises(RefusedTable, match="“AAA Health” is that of A"):
        save_payer(Payer(name="B"), ["AAA Health"], [])
    with pytest.raises(RefusedTable, match="“gold” stands twice"):
        save_payer(Payer(name="B"), [], [PlanTerms("Gold"), PlanTerms("gold")])
    assert claim_names() == {"A": "A", "AAA Health": "A", "A of Ohio": "A"}


def test_the_library_loads_whole_and_says_what_to_check():
    call_command("load_reference", stdout=io.StringIO())
    files = sorted(str(path) for path in SHIPPED.glob("*.yaml"))
    call_command("load_policies", *files)
    assert Policy.objects.count() == len(files) >= 20
    for document in library_documents().values():
        assert document["check_at_source"] and document["missing"] and len(document["examples"]) >= 2, document["id"]
        assert document["source"]["url"].startswith("http") and document["source"]["retrieved"]
        assert parse_policy(policy_file(document), "file.yaml") == json.loads(json.dumps(document))
