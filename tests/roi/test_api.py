"""The scenario API gives what the pages show, to those who may see it."""

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from roi.api import ScenarioViewSet
from roi.models import ScenarioResult

pytestmark = pytest.mark.django_db


def ask(user, name, query=None, **kwargs):
    request = APIRequestFactory().get("/", query or {})
    force_authenticate(request, user)
    return ScenarioViewSet.as_view({"get": name})(request, **kwargs)


def test_the_list(make, reader):
    scenario = make("Center one")
    (item,) = ask(reader, "list").data
    summary = ScenarioResult.objects.get().summary
    assert (item["id"], item["name"], item["state"]) == (scenario.pk, "Center one", "finished")
    assert item["npv_cents"] == {baseline: value["npv_cents"] for baseline, value in summary["baselines"].items()}
    assert ask(reader, "list", {"archived": "true"}).data == []


def test_one_scenario_with_its_inputs_and_result(make, change, reader):
    scenario = make()
    change(scenario, computed=False, chairs="9")
    data = ask(reader, "retrieve", pk=str(scenario.pk)).data
    assert (data["version"], data["state"], data["result"]["version"]) == (2, "queued", 1)
    assert (
        data["result"]["baselines"]["today"]["npv_cents"] == ScenarioResult.objects.get().summary["baselines"]["today"]["npv_cents"]
    )
    chairs = next(given for given in data["inputs"] if given["key"] == "chairs")
    assert chairs == {
        "key": "chairs",
        "section": "Chairs",
        "label": "Chairs",
        "value": "9 chairs",
        "source": {"mark": "guessed", "source": "Planning assumption; nobody measured it", "as_of": ""},
    }
    assert sum(data["marks"].values()) == sum(1 for given in data["inputs"] if given["source"])


def test_the_lines_add_up_to_the_result(make, reader):
    scenario = make()
    lines = ask(reader, "lines", pk=str(scenario.pk)).data
    for baseline, value in ScenarioResult.objects.get().summary["baselines"].items():
        assert sum(line["cents"] for line in lines if line["baseline"] == baseline) == value["total_cents"]


def test_rights_and_what_is_not_there(make, reader, stranger):
    scenario = make()
    for name, kwargs in (("list", {}), ("retrieve", {"pk": str(scenario.pk)}), ("lines", {"pk": str(scenario.pk)})):
        assert ask(stranger, name, **kwargs).status_code == 403
    assert ask(reader, "retrieve", pk="999999").status_code == 404
