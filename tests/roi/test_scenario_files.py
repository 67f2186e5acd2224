"""A scenario as one file: out, in, and the same to the cent; what is refused, in one sentence."""

import json
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django.asserts import assertContains, assertRedirects

from demand.models import Run
from roi.engine.scenario_file import checksum, read_scenario_file
from roi.models import Scenario, ScenarioResult
from roi.tasks import scenario as work

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(make, published, as_editor):
    """The text that a scenario's page exports; its claims run has a hash, as every finished one has."""
    Run.objects.filter(pk=published.pk).update(result_hash="claims-of-may")
    scenario = make("Exported", chairs="6")
    return as_editor.get(reverse("roi:scenario-file", args=[scenario.pk, 1])).content.decode()


def send(client, text, **fields):
    upload = SimpleUploadedFile("scenario.json", text.encode())
    return client.post(reverse("roi:import"), {"file": upload, "name": "Imported", **fields})


def test_an_imported_file_returns_every_result_to_the_cent(file, as_editor):
    answer = send(as_editor, file)
    imported = Scenario.objects.get(name="Imported")
    assertRedirects(answer, reverse("roi:scenario", args=[imported.pk]), fetch_redirect_response=False)
    work(Run.objects.get(subject_id=imported.versions.get().pk, kind=Run.Kind.SCENARIO).pk)
    first, second = ScenarioResult.objects.order_by("pk")
    assert second.summary == first.summary
    assert second.run.result_hash == first.run.result_hash == read_scenario_file(file).result_hash
    assertContains(as_editor.get(reverse("roi:scenario", args=[imported.pk])), "are the file&#x27;s, to the cent")


def test_the_commands_carry_a_scenario_over_to_other_data(file, published, tmp_path):
    """Where the claims run is not here, the file's own inputs compute the same; unasked, it is refused."""
    path = tmp_path / "scenario.json"
    call_command("export_scenario", "Exported", output=str(path))
    assert path.read_text() == file
    Run.objects.filter(pk=published.pk).update(result_hash="claims-of-june")
    with pytest.raises(CommandError, match="not on this server"):
        call_command("import_scenario", str(path), name="Moved")
    out = StringIO()
    call_command("import_scenario", str(path), name="Moved", from_inputs=True, json=True, stdout=out)
    answer = json.loads(out.getvalue())
    assert (answer["same_values"], answer["same_result"], answer["data_run"]) == (True, True, None)
    assert "computed from the file's inputs" in Scenario.objects.get(name="Moved").versions.get().note


def test_a_scenario_without_its_claims_run_has_its_page(file, published, as_editor):
    Run.objects.filter(pk=published.pk).update(result_hash="claims-of-june")
    send(as_editor, file, from_inputs="on")
    imported = Scenario.objects.get(name="Imported")
    assertContains(as_editor.get(reverse("roi:scenario", args=[imported.pk])), "claims of another server")


def changed(text, **parts):
    values = json.loads(text) | parts
    return json.dumps(values)


def test_what_cannot_be_imported_is_refused_in_one_sentence(file, as_editor):
    inputs = json.loads(file)["inputs"]
    tampered = {**inputs, "answers": {**inputs["answers"], "chairs": {**inputs["answers"]["chairs"], "value": "9"}}}
    nonsense = {**tampered, "answers": {**inputs["answers"], "chairs": {**inputs["answers"]["chairs"], "value": "many"}}}
    cases = {
        "no exported scenario": '{"a": 1}',
        "not complete JSON": file[:200],
        "not whole": json.dumps({key: value for key, value in json.loads(file).items() if key != "seed"}),
        "changed after the file was written": changed(file, inputs=tampered),
        "give a number": changed(file, inputs=nonsense, inputs_sha256=checksum(nonsense)),
        "cannot read": changed(file, inputs={}, inputs_sha256=checksum({})),
        "draws of the file": changed(file, draws=10**9),
    }
    for words, text in cases.items():
        answer = send(as_editor, text)
        assert answer.status_code == 422
        assertContains(answer, words, status_code=422)
    assertContains(as_editor.post(reverse("roi:import"), {"name": "x"}), "Choose the file", status_code=422)
    assert not Scenario.objects.filter(name="Imported").exists()


def test_a_part_of_the_wrong_shape_is_refused_before_anything_is_written(file, as_editor):
    inputs = json.loads(file)["inputs"]
    answers, market = inputs["answers"], inputs["market"]

    def other(**parts):
        changed_inputs = {**inputs, **parts}
        return changed(file, inputs=changed_inputs, inputs_sha256=checksum(changed_inputs))

    cases = [
        "[" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        other(answers=[]), other(answers={**answers, "chairs": 4}), other(answers={**answers, "chairs": {"value": 4}}),
        other(answers={key: answer for key, answer in answers.items() if key != "chairs"}),
        other(option="casino"), other(option=[]), other(market=3), other(market={**market, "cells": 1}), other(market={**market, "left_out": "NaN"}),
        other(market={**market, "cells": [{**market["cells"][0], "limit": "1e999999"}]}), other(spreads=[]), other(spreads={"chairs": {"low": "1"}}),
        other(market={**market, "cells": [{**market["cells"][0], "place": "moon"}]}),
        changed(file, name=3), changed(file, name="x" * 121), changed(file, name=" "), changed(file, name="a\0b"), changed(file, note="x" * 301),
        changed(file, name="\ud800"), changed(file, npv_cents={"today": "many"}), changed(file, npv_cents=1), changed(file, seed=True), changed(file, data_hash=1),
    ]  # fmt: skip
    before = Scenario.objects.count()
    for text in cases:
        answer = send(as_editor, text, name="", from_inputs="on")
        assert (answer.status_code, Scenario.objects.count()) == (422, before), text[:200]
        assertContains(answer, "Nothing was saved", status_code=422)
    assert send(as_editor, file, name="x" * 121).status_code == 422


def test_only_editors_import(client, reader, file):
    client.force_login(reader)
    assert client.get(reverse("roi:import")).status_code == 403
    assert send(client, file).status_code == 403
