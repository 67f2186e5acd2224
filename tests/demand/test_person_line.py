"""From an infusion, an exposed treatment and a list of the line to one person's verdicts, and back; only with the patient-level right."""

import re

import pytest
from auditlog.models import LogEntry
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from demand import storage
from demand.models import RetentionLine
from demand.selectors.facts import ask_tables
from demand.selectors.line_people import verdict_rows
from tests.demand.rehearsed_run import publish_rehearsal
from tests.infusion_strategy.published import sign_in

pytestmark = pytest.mark.django_db


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def run(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    return publish_rehearsal()


def exposed(run) -> tuple[str, int]:
    """A person whose exposed treatment's drug is under way, and its episode."""
    [found] = ask_tables(
        run,
        "SELECT person_id, min(episode_id) FROM {exposure} AS said JOIN {retention_values} AS treated USING (person_id, family, episode_id)"
        " WHERE active GROUP BY person_id HAVING count(DISTINCT family) > 1 ORDER BY person_id LIMIT 1",
    )
    return found


def test_the_way_from_exposure_and_infusion_to_the_verdicts_and_back(client, run):
    person, episode = exposed(run)
    address = reverse("demand:person-line", args=[run.pk, episode])
    sign_in(client, "analyst")
    listed = client.get(reverse("demand:exposure-people"), {"page": 1}).content.decode()
    assert re.search(r'/line/runs/\d+/treatments/\d+/">(Must stay in|May move|Not enough|Drug not)', listed)
    assert f"/line/runs/{run.pk}/treatments/" in client.get(reverse("demand:line-people")).content.decode()
    answer = client.get(address)
    page, said = answer.content.decode(), words(answer)
    assert "By the line as shipped" in said and person not in page and f"{person[:9]}…" in page
    back = re.findall(rf"/runs/{run.pk}/infusions/(\d+)/", page)
    assert len(back) > 1 and "/exposure/people/?policy=" in page  # one infusion a drug
    of_infusions = [client.get(reverse("demand:infusion", args=[run.pk, number])).content.decode() for number in back]
    assert any(address in one for one in of_infusions) and all(person in one for one in of_infusions)
    assert LogEntry.objects.filter(additional_data__did="looked at a person's verdicts").exists()


def test_it_says_what_the_export_says_by_the_signed_line(client, run):
    person, episode = exposed(run)
    clinician = get_user_model().objects.create_user("lead")
    version = RetentionLine.objects.create(
        title="From 80", document={"criteria": [{"code": "AGE", "on": True, "thresholds": {"below": 80}}]},
        signed_by=clinician, signed_at=timezone.now(),
    )  # fmt: skip
    RetentionLine.objects.create(title="Everybody may move", document={"criteria": []})  # newer, and a draft
    sign_in(client, "clinical lead")
    answer = client.get(reverse("demand:person-line", args=[run.pk, episode]))
    found = answer.context["found"]
    shown = {
        (drug.family, name, verdict, "; ".join(map(str, reasons)))
        for drug in found.drugs
        for name, verdict, reasons in drug.by_class
    }
    told = {(row[1], row[2], row[4], row[5]) for row in verdict_rows(run, version) if row[0] == person}
    assert shown == told and len(shown) == 4 * len(found.drugs) and f"By {version} , signed by lead" in words(answer)
    age = ask_tables(run, "SELECT any_value(age) FROM {retention_values} WHERE person_id = $person", person=person)[0][0]
    assert (f"Age: {age} years" in words(answer)) == (age < 80)


def test_an_ended_treatment_is_said_and_others_are_refused_or_not_found(client, run):
    [(ended,)] = ask_tables(
        run, "SELECT min(episode_id) FROM {episodes} AS episode ANTI JOIN {retention_values} AS treated USING (person_id, family)"
    )  # fmt: skip
    sign_in(client, "leader")
    assert client.get(reverse("demand:person-line", args=[run.pk, ended])).status_code == 403
    sign_in(client, "analyst")
    assert "is not under way" in words(client.get(reverse("demand:person-line", args=[run.pk, ended])))
    assert client.get(reverse("demand:person-line", args=[run.pk, 10**12])).status_code == 404
    (storage.run_folder(run.pk) / "retention_values.parquet").unlink()
    run.published_at = timezone.now()
    run.save()
    missing = client.get(reverse("demand:person-line", args=[run.pk, ended]))
    assert missing.status_code == 404 and "Recompute, then ask the new run" in words(missing)
