"""check_numbers as a person at the shell meets it."""

import json

import pytest
from django.core.management import CommandError, call_command

from demand import storage, tasks
from demand.models import Run
from payers.actions.reference import load_reference
from sites.models import Prescriber
from tests.demand.builders import institutional, medical, write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(settings, tmp_path, monkeypatch, capsys):
    settings.STORAGE_DIR = tmp_path / "storage"
    settings.DATA_DIR = tmp_path / "data"
    monkeypatch.setattr(tasks, "send", lambda messages: None)
    load_reference()
    rows = [institutional(claim_id="H", service_unit_quantity="50"), medical(claim_id="O", person_id="P2", hcpcs_code="J3380")]
    call_command("load_extract", "--medical", str(write_rows(tmp_path / "m.csv", rows)), "--name", "one", "--json")
    call_command("recompute", "--json")
    capsys.readouterr()
    return Run.objects.published().get()


def test_both_ways_agree(run, capsys):
    call_command("check_numbers", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["run"], answer["agrees"]) == (run.pk, True)
    assert {check["name"]: check["published"] for check in answer["checks"]}["infusions"] == 2


def test_a_figure_that_differs_is_named_and_the_command_fails(run, capsys):
    path = storage.run_folder(run.pk) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["headline"]["people"] = 3
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(CommandError, match=r"1 figures of run .* differ between the two ways: people"):
        call_command("check_numbers")
    assert "DIFF people: 3 published, 2 the slow way" in capsys.readouterr().out


def test_without_a_run_or_with_another_reference_it_says_what_to_do(run):
    with pytest.raises(CommandError, match="No published run has the number 999"):
        call_command("check_numbers", "--run", "999")
    Prescriber.objects.create(npi="1234567893", name="New", specialty="neurology", relation="employed", market="metro")
    with pytest.raises(CommandError, match=r"changed since run .* recompute"):
        call_command("check_numbers")
