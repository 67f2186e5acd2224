"""Exposure, the months ahead and the payer brief as people with and without the patient-level right see them."""

import datetime as dt
import re

import duckdb
import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.utils import timezone

from demand import storage
from demand.engine.export_tables import EXPOSURE, INFUSIONS
from demand.models import Extract, Run
from payers.actions.register import retire
from payers.actions.versions import fields_of
from payers.engine.policies import checked_document
from payers.models import Payer, Policy, PolicyDecision, PolicyForecast
from tests.demand.facts_files import fact, write_facts
from tests.demand.line_values import treatment, write_values

pytestmark = pytest.mark.django_db
AS_OF = dt.date(2026, 7, 1)
TREATMENT = {
    "person_id": "p1", "family": "infliximab", "policy_id": "P", "verdict": "exposed", "exposed_from": dt.date(2026, 3, 1),
    "expected_from": dt.date(2026, 3, 1), "clauses": "effective_from", "reasons": "", "policy_payer": "Payer A", "kind": "site_of_care",
    "status": "in_force", "likelihood": 1.0, "judged_on": AS_OF, "episode_id": 1, "person_no": 1, "payer": "Payer A", "plan": "PPO",
    "line_of_business": "commercial", "market": "Metro", "site_id": "N1", "site_class": "hopd_on_campus", "channel": "buy_and_bill",
    "started_on": dt.date(2025, 1, 1), "active": True, "next_expected_on": dt.date(2026, 7, 20), "interval_days": 56,
    "allowed_per_infusion_cents": 100_000,
}  # fmt: skip
DATES = {"exposed_from", "grace_until", "expected_from", "moved_on", "judged_on", "started_on", "treated_until", "next_expected_on"}
NUMBERS = {"episode_id": "BIGINT", "person_no": "BIGINT", "interval_days": "INTEGER", "allowed_per_infusion_cents": "BIGINT"}
TYPES = NUMBERS | {"likelihood": "DOUBLE", "active": "BOOLEAN", "dose": "DOUBLE"} | dict.fromkeys((*DATES, "service_date"), "DATE")


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def treated(first: int, last: int, **fields) -> list[dict]:
    """One treatment each of the people first … last."""
    return [TREATMENT | {"person_id": f"p{one}", "person_no": one, "episode_id": one} | fields for one in range(first, last + 1)]


@pytest.fixture
def run(settings, tmp_path):
    """30 people exposed to P, 4 exempt from it; 16 others whom Q will reach in September if it comes."""
    settings.STORAGE_DIR = tmp_path
    now = timezone.now()
    run = Run.objects.create(
        kind="recompute", status="finished", requested_at=now, finished_at=dt.datetime(2026, 7, 1, tzinfo=dt.UTC), published_at=now,
        inputs={"extracts": []},
    )  # fmt: skip
    folder = storage.run_folder(run.pk)
    write_facts(folder, [fact(person_no=one) for one in range(1, 51)])
    september = dt.date(2026, 9, 1)
    rows = [
        *treated(1, 30),
        *treated(31, 34, verdict="exempt", clauses="clinical_exceptions.REACTION"),
        *treated(35, 50, verdict="not_applicable", clauses="drugs", exposed_from=None, expected_from=None),
        *treated(35, 50, policy_id="Q", status="anticipated", likelihood=0.4, exposed_from=september, expected_from=september, judged_on=september),
    ]  # fmt: skip
    write_values(folder, [treatment(one) for one in range(1, 51)])
    names = EXPOSURE.split()
    with duckdb.connect() as connection:
        declared = ", ".join(f"{name} {TYPES.get(name, 'VARCHAR')}" for name in names)
        connection.execute(f"CREATE TABLE exposure ({declared})")
        connection.executemany(
            f"INSERT INTO exposure VALUES ({', '.join('?' for _ in names)})", [[row.get(name) for name in names] for row in rows]
        )
        connection.execute(f"COPY exposure TO '{folder / 'exposure.parquet'}' (FORMAT parquet)")
        none = ", ".join(f"NULL::{TYPES.get(name, 'VARCHAR')} AS {name}" for name in INFUSIONS.split())
        connection.execute(f"COPY (SELECT {none} LIMIT 0) TO '{folder / 'infusions.parquet'}' (FORMAT parquet)")
        connection.execute(
            f"COPY (SELECT DISTINCT episode_id, person_no, family, DATE '{AS_OF}' AS as_of, NULL::DATE AS treated_until FROM exposure) "
            f"TO '{folder / 'treatments.parquet'}' (FORMAT parquet)"
        )
        connection.execute(
            f"COPY (SELECT DISTINCT episode_id, true AS is_last, payer FROM exposure) TO '{folder / 'treatment_spans.parquet'}' (FORMAT parquet)"
        )
    return run


@pytest.fixture
def policies(db):
    Payer.objects.create(name="Payer A")
    for policy_id, status, likelihood, begins in (("P", "in_force", 1.0, "2026-03-01"), ("Q", "anticipated", 0.4, "2026-09-01")):
        said = {
            "id": policy_id, "payer": "Payer A", "kind": "site_of_care", "status": status, "likelihood": likelihood,
            "source": {"title": policy_id}, "effective_from": begins, "drugs": {"hcpcs": ["J1745"]},
            "excluded_site_classes": ["hopd_on_campus"],
        }  # fmt: skip
        Policy.objects.create(**fields_of(checked_document(said)))


@pytest.fixture
def signed_in(client, run, policies):
    def sign_in(role: str):
        user = User.objects.create_user(role.replace(" ", "-"))
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return sign_in


def test_an_analyst_sees_everybody(signed_in):
    page = words(signed_in("analyst").get("/exposure/?policy=P"))
    assert "people on treatment named by it: 50" in page
    assert "Exposed 30" in page and "Exempt 4" in page and "Clinical exceptions: reaction to an infusion 4" in page


def test_a_leader_sees_no_small_count(signed_in):
    page = words(signed_in("leader").get("/exposure/?policy=P"))
    assert "Exempt hidden" in page and "reaction to an infusion hidden" in page
    assert not re.search(r"Exposed \d", page) or not re.search(
        r"or at a permitted site \d", page
    )  # else the rest would be the small count


def test_the_overview_has_a_row_a_policy(signed_in):
    page = words(signed_in("analyst").get("/exposure/"))
    assert "P Payer A; site of care In force 2026-03-01 30 0 4 0 0 0" in page
    assert "Q Payer A; site of care Anticipated, 40% 2026-09-01 16" in page


def test_people_are_listed_for_those_with_the_right_and_looking_is_noted(signed_in):
    client = signed_in("analyst")
    page = words(client.get("/exposure/people/?policy=P&verdict=exempt"))
    assert "1 to 4 of 4" in page and page.count("May move") == 4 and "Clinical exceptions: reaction to an infusion" in page
    rows = client.get("/exposure/people.csv?policy=P&verdict=exempt").content.decode().splitlines()
    assert len(rows) == 5 and rows[0].startswith("person_id,family,policy_id,verdict")
    noted = [entry.additional_data for entry in LogEntry.objects.order_by("pk") if entry.additional_data]
    assert [(one["did"], one["rows"]) for one in noted if "rows" in one] == [
        ("looked at people exposed to policies", 4), ("downloaded people exposed to policies", 4),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/exposure/people/", "/exposure/people.csv"])
def test_people_are_not_listed_for_others(signed_in, path):
    assert signed_in("leader").get(path).status_code == 403


def test_a_form_that_is_not_whole_says_what_is_missing(signed_in):
    page = words(signed_in("managed care").post("/exposure/crossings/", {"payer": "Payer A"}))
    assert "Told as soon as the clauses are whole" in page


def test_a_run_without_exposures_says_recompute(signed_in, run):
    (storage.run_folder(run.pk) / "exposure.parquet").unlink()
    client = signed_in("leader")
    for path in ("/exposure/", "/outlook/"):
        assert "ecompute" in words(client.get(path))


def test_a_likelihood_that_is_moved_changes_what_is_at_risk(signed_in):
    client = signed_in("managed care")
    q = Policy.objects.get(policy_id="Q").pk
    pages = [words(client.get(f"/outlook/?likelihood-{q}={percent}", headers={"HX-Request": "true"})) for percent in (0, 100)]
    # P: 30 people × 7 infusions due in twelve months × $1,000; Q: 16 × 6 that are due after it begins.
    assert "$210.0K of allowed amounts are expected to be at risk" in pages[0]
    assert "$306.0K of allowed amounts are expected to be at risk" in pages[1]
    assert "must be a whole number from 0 to 100" in words(client.get(f"/outlook/?likelihood-{q}=1.2"))
    assert not PolicyForecast.objects.exists()


def test_a_likelihood_is_said_and_scored_once_it_is_decided(signed_in):
    client = signed_in("managed care")
    page = words(client.post("/outlook/Q/likelihood/", {"likelihood": "80", "note": "heard it at the meeting"}, follow=True))
    assert "managed-care takes Q for 80 % likely" in page
    assert "0 1" in page  # nothing decided, one open
    PolicyForecast.objects.update(said_at=timezone.now() - dt.timedelta(days=9))
    today = timezone.localdate().isoformat()
    page = words(client.post("/outlook/Q/decision/", {"came": "yes", "known_on": today}, follow=True))
    assert "Q came" in page and "0.040 1 0" in page
    client.post("/outlook/Q/decision/undo/")
    assert not PolicyDecision.objects.exists()


@pytest.mark.parametrize(
    ("path", "said", "sentence"),
    [
        ("Q/likelihood/", {"likelihood": "120"}, "How likely, in %: Ensure this value is less than or equal to 100."),
        ("P/likelihood/", {"likelihood": "50"}, "P is in force, so there is nothing to foresee."),
        ("Q/decision/", {"came": "yes", "known_on": "2999-01-01"}, "The day lies ahead; record what happened once it is known."),
    ],
)
def test_what_cannot_be_said_is_refused_in_one_sentence(signed_in, path, said, sentence):
    page = words(signed_in("managed care").post(f"/outlook/{path}", said, follow=True))
    assert sentence in page
    assert not PolicyForecast.objects.exists() and not PolicyDecision.objects.exists()


def test_who_only_reads_says_no_likelihood(signed_in):
    assert signed_in("leader").post("/outlook/Q/likelihood/", {"likelihood": "50"}).status_code == 403


def test_the_brief_names_what_nobody_supplied(signed_in):
    page = words(signed_in("analyst").get(f"/payers/{Payer.objects.get().pk}/brief/"))
    assert "People exposed now 30 Exposure" in page and "People exempt 4 Exposure" in page and "Policies in force 1" in page
    assert "Not in this brief:" in page and "Written off" in page and "White-bag events" in page


def test_the_brief_hides_small_counts(signed_in):
    page = words(signed_in("leader").get(f"/payers/{Payer.objects.get().pk}/brief/"))
    assert "People exposed now 30" in page and "People exempt hidden" in page


def test_a_policy_saved_since_the_run_is_said_and_computed_anew(signed_in, run, monkeypatch, django_capture_on_commit_callbacks):
    client = signed_in("managed care")
    monkeypatch.setattr("demand.tasks.send", lambda messages: None)
    Extract.objects.create(name="claims", status=Extract.Status.LOADED)
    with django_capture_on_commit_callbacks(execute=True):
        retire(Policy.objects.get(policy_id="P"))
    asked = Run.objects.exclude(pk=run.pk).get()
    assert (asked.kind, asked.status) == ("recompute", "queued")
    assert "a recomputation is under way" in words(client.get("/exposure/?policy=P"))
    asked.delete()
    assert "An analyst can recompute" in words(client.get("/exposure/?policy=P"))
