"""Everything is denied by default: every address of the product, asked by every role and by nobody."""

import re
from uuid import uuid4

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from demand.models import Extract, Feed, Run
from infusion_strategy.actions.roles import ROLES
from payers.engine.policies import checked_document
from payers.models import DrugFamily, Policy
from tests.infusion_strategy.published import publish

pytestmark = pytest.mark.django_db
EVERYBODY = frozenset(ROLES)
READS = frozenset({"council member", "analyst", "administrator"})
LOADS = frozenset({"analyst", "administrator"})
PATIENTS = frozenset({"analyst", "managed care", "clinical lead"})
DRAFTS = frozenset({"analyst", "clinical lead"})
KEEPS = frozenset({"managed care", "analyst", "administrator"})
EDITS = frozenset({"council member", "analyst"})
PRICES = frozenset({"managed care", "administrator"})
PREPARES = READS  # readiness, limits and watch lists; the council alone decides
# Who may have an address. A name that is not here fails the test below: a new page decides who may see it.
MAY = {
    "home": EVERYBODY, "questions": EVERYBODY, "brief-table": EVERYBODY, "rehearsal": EVERYBODY, "audit": {"administrator"},
    "demand:extracts": READS, "demand:extract": READS, "demand:upload": LOADS, "demand:delete-extract": LOADS,
    "demand:correct-extract": LOADS, "demand:accept-extract": LOADS, "demand:take-back": LOADS, "demand:put-back": LOADS,
    "demand:map-extract": {"analyst"}, "demand:mapping": {"analyst"}, "demand:mapping-effect": {"analyst"}, "demand:read-again": {"analyst"},
    "demand:mappings": READS, "demand:mapping-export": READS, "demand:mapping-import": LOADS, "demand:mapping-retire": LOADS,
    "demand:upload-begin": LOADS, "demand:upload-part": LOADS, "demand:upload-discard": LOADS,
    "demand:rejects": {"analyst"}, "demand:recompute": LOADS,
    "demand:quality": READS, "demand:extract-quality": READS,
    "demand:feeds": READS, "demand:feed": READS, "demand:connections": READS, "demand:create-feed": LOADS, "demand:feed-table": LOADS,
    "demand:edit-feed": LOADS, "demand:refresh-feed": LOADS, "demand:delete-feed": LOADS,
    "demand:runs": EVERYBODY, "demand:run": EVERYBODY, "demand:state": EVERYBODY,
    "demand:figure": EVERYBODY, "demand:figure-infusions": PATIENTS, "demand:figure-infusions-csv": PATIENTS,
    "demand:infusion": PATIENTS, "demand:lines": PATIENTS, "demand:line": PATIENTS,
    "demand:metrics": EVERYBODY, "demand:metric": EVERYBODY,
    "demand:logs": EVERYBODY, "demand:log": EVERYBODY, "demand:log-csv": EVERYBODY, "demand:log-load": {"analyst"}, "demand:log-put": {"analyst"},
    "demand:log-discard": {"analyst"}, "demand:log-take-back": {"analyst"}, "demand:log-rejects": {"analyst"}, "demand:log-check": {"analyst"},
    "demand:log-records": {"analyst"}, "demand:log-new": {"analyst"}, "demand:log-record": {"analyst"}, "demand:log-record-take-back": {"analyst"},
    "demand:therapies": EVERYBODY, "demand:therapy": EVERYBODY, "demand:contradictions": EVERYBODY, "demand:contradiction": EVERYBODY,
    "demand:settle": {"analyst"}, "demand:reopen": {"analyst"},
    "demand:response": EVERYBODY, "demand:response-policy": EVERYBODY, "demand:remove-step": LOADS,
    "demand:exposure": EVERYBODY, "demand:exposure-people": PATIENTS, "demand:exposure-people-csv": PATIENTS, "demand:exposure-crossings": KEEPS,
    "demand:clinical-line": EVERYBODY, "demand:line-versions": EVERYBODY, "demand:line-version": EVERYBODY, "demand:line-drugs": EVERYBODY,
    "demand:line-people": PATIENTS, "demand:line-people-csv": PATIENTS, "demand:save-line": DRAFTS, "demand:sign-line": {"clinical lead"},
    "demand:take-rule-back": DRAFTS, "demand:person-line": PATIENTS,
    "demand:outlook": EVERYBODY, "demand:payer-brief": EVERYBODY, "demand:state-likelihood": KEEPS, "demand:record-decision": KEEPS, "demand:undo-decision": KEEPS,
    "demand:leakage": EVERYBODY, "demand:leakage-table": EVERYBODY, "demand:moves": EVERYBODY, "demand:therapy-risk": EVERYBODY,
    "demand:leakage-time": EVERYBODY, "demand:leakage-page-table": EVERYBODY, "demand:leak-treatments": PATIENTS, "demand:leak-treatments-csv": PATIENTS,
    "demand:prescribers-leakage": PATIENTS, "demand:prescriber-leakage": PATIENTS,
    "demand:dark": EVERYBODY, "demand:dark-table": EVERYBODY, "demand:dark-treatments": PATIENTS, "demand:dark-treatments-csv": PATIENTS,
    "demand:dark-treatment": PATIENTS, "demand:dark-resolve": PATIENTS, "demand:dark-reopen": PATIENTS,
    "demand:white-bagging": EVERYBODY, "demand:white-bagging-csv": EVERYBODY, "demand:safety": EVERYBODY, "demand:safety-csv": EVERYBODY,
    "demand:gladly": EVERYBODY, "demand:gladly-csv": EVERYBODY,
    "demand:who-is-next": EVERYBODY, "demand:risk-model": EVERYBODY, "demand:who-is-next-csv": EVERYBODY, "demand:policy-effect": EVERYBODY,
    "demand:likely-movers": PATIENTS, "demand:likely-movers-csv": PATIENTS,
    "demand:market-map": EVERYBODY, "demand:market-fit": EVERYBODY, "demand:market-where": EVERYBODY,
    "choices:capacity": EVERYBODY, "choices:capacity-table": EVERYBODY, "choices:choices": EVERYBODY, "choices:cell": EVERYBODY,
    "choices:decision": EVERYBODY, "choices:record": {"council member"}, "choices:readiness": EVERYBODY, "choices:watch": EVERYBODY,
    "choices:start-checklist": PREPARES, "choices:mark-ready": PREPARES,
    "choices:new-entry": PREPARES, "choices:edit-entry": PREPARES, "choices:delete-entry": PREPARES,
    "sites:sites": EVERYBODY, "sites:prescribers": EVERYBODY, "sites:download-sites": EVERYBODY, "demand:site": EVERYBODY,
    "demand:unregistered-sites": EVERYBODY, "demand:competitors": EVERYBODY, "sites:create-site": LOADS, "sites:edit-site": LOADS,
    "sites:retire-site": LOADS, "sites:upload-sites": LOADS, "sites:population": LOADS, "sites:site-changes": LOADS, "sites:site-change": LOADS,
    "sites:store-site-change": LOADS, "sites:undo-site-change": LOADS, "sites:drop-site-change": LOADS, "payers:site-340b": LOADS,
    "payers:remove-340b": LOADS, "demand:duplicate-sites": LOADS, "demand:choose-merger": LOADS, "demand:merge-sites": LOADS,
    "payers:policies": EVERYBODY, "payers:policy": EVERYBODY, "payers:drugs": EVERYBODY, "payers:drug": EVERYBODY,
    "payers:policy-history": EVERYBODY, "payers:policy-yaml": EVERYBODY, "payers:library": EVERYBODY, "payers:library-policy": EVERYBODY,
    "payers:laws": EVERYBODY, "payers:payers": EVERYBODY, "payers:payer": EVERYBODY,
    "payers:create-policy": KEEPS, "payers:edit-policy": KEEPS, "payers:policy-in-words": KEEPS, "payers:policy-drugs": KEEPS,
    "payers:upload-policy": KEEPS, "payers:retire-policy": KEEPS, "payers:restore-policy": KEEPS, "payers:take-back-policy": KEEPS,
    "payers:put-law": KEEPS, "payers:create-payer": KEEPS, "payers:edit-payer": KEEPS,
    "payers:prices": EVERYBODY, "payers:asp": EVERYBODY, "payers:asp-of": EVERYBODY, "payers:benchmark": EVERYBODY, "payers:rates": EVERYBODY,
    "payers:new-rate": PRICES, "payers:edit-rate": PRICES, "payers:expire-rate": PRICES, "payers:upload-rates": PRICES,
    "payers:rate-change": PRICES, "payers:store-rate-change": PRICES, "payers:undo-rate-change": PRICES, "payers:drop-rate-change": PRICES,
    "payers:upload-asp": PRICES, "payers:upload-benchmark": PRICES,
    "demand:price-gaps": EVERYBODY, "demand:price-gaps-csv": PATIENTS, "demand:benchmark-csv": EVERYBODY, "demand:indifference": EVERYBODY,
    "roi:scenarios": EVERYBODY, "roi:scenario": EVERYBODY, "roi:state": EVERYBODY, "roi:version": EVERYBODY, "roi:compare": EVERYBODY,
    "roi:create": EDITS, "roi:edit": EDITS, "roi:restore": EDITS, "roi:compute": EDITS, "roi:archive": EDITS, "roi:unarchive": EDITS,
    "roi:delete": EDITS, "roi:uncertainty": EVERYBODY, "roi:sliders": EVERYBODY, "roi:stress": EVERYBODY, "roi:workbook": EVERYBODY,
    "roi:spreads": EDITS, "roi:keep": EDITS, "roi:options": EVERYBODY, "roi:keep-options": EDITS, "roi:side-by-side": EVERYBODY,
    "roi:scenario-file": EVERYBODY, "roi:import": EDITS, "roi:explain": EVERYBODY, "roi:freed": EVERYBODY, "roi:look-back": EVERYBODY,
    "roi:approve": {"council member"}, "roi:look-back-site": {"council member"}, "roi:formulary": EVERYBODY, "roi:apply-formulary": EDITS,
    "roi:volumes": EVERYBODY, "roi:volumes-csv": EVERYBODY, "roi:change-volume": EDITS, "roi:drivers": EVERYBODY, "roi:keep-drivers": EDITS,
    "roi:actual-costs": EDITS, "roi:costs-csv": EDITS,
    "roi:renew": EDITS, "roi:progress": EVERYBODY, "roi:home": EVERYBODY, "roi:home-brief": EVERYBODY, "roi:site-costs": EVERYBODY,
    "api-schema": EVERYBODY, "api-extract-list": READS, "api-extract-detail": READS, "api-run-list": EVERYBODY,
    "api-run-detail": EVERYBODY, "api-leakage-list": EVERYBODY, "api-leakage-summary": EVERYBODY,
    "api-figure-list": EVERYBODY, "api-figure-detail": EVERYBODY, "api-figure-infusions": PATIENTS,
    "api-scenario-list": EVERYBODY, "api-scenario-detail": EVERYBODY, "api-scenario-lines": EVERYBODY,
}  # fmt: skip
PUBLIC = {"login", "logout", "theme", "health", "favicon"}  # nothing of the system is in them
FEED = {"feed": "", "edit-feed": "edit/", "refresh-feed": "refresh/", "delete-feed": "delete/"}
POLICY_DOCUMENT = checked_document(
    {
        "id": "P-1",
        "payer": "Payer A",
        "kind": "step",
        "status": "announced",
        "source": {"title": "x"},
        "effective_from": "2026-01-01",
        "drugs": {"families": ["x"]},
    }
)
POLICY = {
    "policy": "", "edit-policy": "edit/", "policy-history": "history/", "policy-yaml": "policy.yaml", "retire-policy": "retire/",
    "restore-policy": "restore/", "take-back-policy": "take-back/",
}  # fmt: skip
LOG_RECORDS = {"records": "", "new": "new/", "record": "1/", "record-take-back": "1/take-back/"}
POSTS = {
    "choices:mark-ready", "choices:start-checklist", "demand:accept-extract", "demand:dark-reopen", "demand:dark-resolve", "demand:exposure-crossings", "demand:log-check",
    "demand:log-discard", "demand:log-put", "demand:log-record-take-back", "demand:log-take-back", "demand:mapping-effect",
    "demand:mapping-import", "demand:mapping-retire", "demand:put-back", "demand:read-again", "demand:recompute",
    "demand:record-decision", "demand:refresh-feed", "demand:remove-step", "demand:reopen", "demand:settle",
    "demand:save-line", "demand:sign-line", "demand:state-likelihood", "demand:take-back", "demand:take-rule-back", "demand:undo-decision", "demand:upload-begin", "demand:upload-discard",
    "payers:drop-rate-change", "payers:expire-rate", "payers:policy-in-words", "payers:put-law", "payers:remove-340b",
    "payers:restore-policy", "payers:retire-policy", "payers:store-rate-change", "payers:take-back-policy",
    "payers:undo-rate-change", "roi:apply-formulary", "roi:look-back-site", "roi:compute", "roi:keep", "roi:keep-options", "roi:change-volume", "roi:keep-drivers", "roi:restore", "roi:unarchive", "sites:drop-site-change",
    "sites:retire-site", "sites:store-site-change", "sites:undo-site-change",
}  # fmt: skip


def addresses(resolver=None, prefix="", space=""):
    """(name, route) of every address but the admin site's, which Django guards itself."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            if one.namespace != "admin":
                yield from addresses(one, prefix + str(one.pattern), f"{one.namespace}:" if one.namespace else space)
        elif isinstance(one, URLPattern):
            yield f"{space}{one.name or str(one.pattern).split('.')[0]}", prefix + str(one.pattern)


def test_every_address_says_who_may_have_it():
    assert {name for name, _ in addresses()} == {*MAY, *PUBLIC}


@pytest.fixture
def paths(settings, tmp_path):
    """An address of each name, of things that exist."""
    settings.STORAGE_DIR = tmp_path
    run = publish(people=60)
    extract = Extract.objects.create(name="Payer A", status="loaded", counts={"medical": {"files": 1}})
    Policy.objects.create(policy_id="P-1", payer="Payer A", kind="site_of_care", status="in_force", document=POLICY_DOCUMENT)
    DrugFamily.objects.create(family="invented", clinical_line="none", source="test")
    feed = Feed.objects.create(name="Warehouse", connection="none", scheduled_since="2026-01-01T00:00Z")
    scenario = 1  # of scenarios there is none: who may see them is told that (404), the others are not (403)
    known = {
        "brief-table": "/brief/payer.csv", "demand:extract": f"/extracts/{extract.pk}/", "demand:rejects": f"/extracts/{extract.pk}/rejects.csv",
        "demand:extract-quality": f"/extracts/{extract.pk}/quality/", "demand:delete-extract": f"/extracts/{extract.pk}/delete/", "demand:run": f"/runs/{run.pk}/", "demand:metric": "/definitions/leakage-rate/",
        "demand:figure": f"/figures/{run.pk}/leakage-rate/", "demand:figure-infusions": f"/figures/{run.pk}/leakage-rate/infusions/",
        "demand:figure-infusions-csv": f"/figures/{run.pk}/leakage-rate/infusions.csv", "demand:infusion": f"/runs/{run.pk}/infusions/100001/",
        "demand:line": f"/lines/{run.pk}/{extract.pk}/0/2/",
        **{f"demand:{name}": f"/extracts/feeds/{feed.pk}/{path}" for name, path in FEED.items()},
        **{f"payers:{name}": f"/policies/P-1/{path}" for name, path in POLICY.items()}, "payers:library-policy": "/policies/library/LIB-CIGNA-SOC-2021/", "payers:drug": "/drugs/invented/", "payers:asp-of": "/prices/asp/invented/", "roi:version": f"/scenarios/{scenario}/versions/1/",
        "demand:log": "/logs/denials/", "demand:log-csv": "/logs/denials/split.csv?by=payer", "demand:log-check": "/logs/denials/check/",
        **{f"demand:log-{name}": f"/logs/denials/records/{path}" for name, path in LOG_RECORDS.items()},
        "demand:therapy": "/therapies/payer-a/invented/", "demand:contradiction": "/contradictions/none/",
        "demand:settle": "/contradictions/none/settle/", "demand:reopen": "/contradictions/none/reopen/",
        "demand:response-policy": "/response/P-1/", "demand:remove-step": "/response/P-1/notice/remove/",
        "demand:leakage-table": "/leakage/table/how.csv", "demand:leakage-page-table": "/leakage/therapies/risk.csv", "demand:dark-table": "/dark/table/outcomes.csv",
        "demand:prescriber-leakage": "/leakage/prescribers/1000000004/",
        "demand:state-likelihood": "/outlook/P-1/likelihood/", "demand:record-decision": "/outlook/P-1/decision/",
        "demand:undo-decision": "/outlook/P-1/decision/undo/", "demand:who-is-next-csv": "/who-is-next/by-payer.csv",
        "roi:restore": f"/scenarios/{scenario}/versions/1/restore/",
        "demand:white-bagging-csv": "/white-bagging/white-bag-site.csv", "demand:safety-csv": "/safety/late-doses.csv", "demand:gladly-csv": "/gladly/segments.csv",
        "choices:capacity-table": "/markets/capacity/sites.csv", **{
            f"choices:{name}-entry": f"/markets/lists/watch/{path}" for name, path in (("new", "new/"), ("edit", "1/"), ("delete", "1/delete/"))
        },
        **{f"roi:{name}": f"/scenarios/{scenario}/{name}/" for name in ("uncertainty", "sliders", "stress", "volumes", "drivers")},
        "roi:volumes-csv": f"/scenarios/{scenario}/volumes.csv", "roi:change-volume": f"/scenarios/{scenario}/volumes/change/", "roi:keep-drivers": f"/scenarios/{scenario}/drivers/keep/",
        "api-extract-list": "/api/v1/extracts/", "api-extract-detail": f"/api/v1/extracts/{extract.pk}/", "api-run-list": "/api/v1/runs/",
        "api-run-detail": f"/api/v1/runs/{run.pk}/", "api-leakage-list": "/api/v1/leakage/", "api-leakage-summary": "/api/v1/leakage/summary/",
        "api-figure-list": "/api/v1/figures/", "api-figure-detail": "/api/v1/figures/leakage-rate/",
        "api-figure-infusions": "/api/v1/figures/leakage-rate/infusions/",
        "api-scenario-list": "/api/v1/scenarios/", "api-scenario-detail": f"/api/v1/scenarios/{scenario}/",
        "api-scenario-lines": f"/api/v1/scenarios/{scenario}/lines/",
    }  # fmt: skip
    for name, route in addresses():
        known.setdefault(name, "/" + re.sub("<(big)?int:[a-z_]+>", str(scenario), route).replace("<uuid:pk>", str(uuid4())))
    return known


def ask(client, name, path):
    return client.post(path) if name in POSTS else client.get(path)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_its_pages_and_no_other(client, paths, role):
    user = User.objects.create_user("somebody")
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    wrong = []
    for name, may in MAY.items():
        status = 200 if name in POSTS and role in may else ask(client, name, paths[name]).status_code
        if (status == 403) != (role not in may) or status >= 500:
            wrong.append((name, paths[name], status))
    assert not wrong


def test_nobody_gets_nothing(client, paths):
    for name in MAY:
        answer = ask(client, name, paths[name])
        if name.startswith("api-"):
            assert answer.status_code == 403, name
        else:
            assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/"), name


def test_signed_in_without_a_role_one_gets_nothing(client, paths):
    client.force_login(User.objects.create_user("new"))
    assert {name: ask(client, name, paths[name]).status_code for name in MAY} == dict.fromkeys(MAY, 403) | {"api-schema": 200}


def test_loads_and_scenarios_stay_out_of_the_runs_of_those_who_may_not_see_them(client, db):
    for kind in (Run.Kind.LOAD, Run.Kind.RECOMPUTE, Run.Kind.SCENARIO):
        Run.objects.create(kind=kind, requested_at="2026-01-01T00:00Z")
    leader = User.objects.create_user("lee")
    leader.groups.add(Group.objects.get(name="leader"))
    client.force_login(leader)
    load = Run.objects.get(kind=Run.Kind.LOAD)
    assert client.get(f"/runs/{load.pk}/").status_code == 404
    assert f"Run {load.pk}<" not in client.get("/runs/").content.decode()


def test_the_admin_site_is_for_administrators(client):
    for role, status in (("analyst", 302), ("administrator", 200)):
        user = User.objects.create_user(role, is_staff=role == "administrator")
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        assert client.get("/admin/").status_code == status
    page = client.get("/admin/").content.decode()
    assert "Sites" in page and "Extract" not in page and "LeakageCell" not in page


def test_giving_a_role_is_audited_and_a_password_is_not(client):
    user = User.objects.create_user("new", password="first-password")
    user.groups.add(Group.objects.get(name="analyst"))
    user.set_password("second-password")
    user.save()
    entries = LogEntry.objects.filter(object_repr="new")
    assert any("groups" in (entry.changes or {}) for entry in entries)
    assert not any("password" in str(entry.changes) for entry in entries)


def test_answers_to_head_have_no_body(client):
    """Asked of the server's own door: the test client would drop it. On a kept connection the next answer would begin with it."""
    told = {}
    for method in ("GET", "HEAD"):
        begun = []
        body = WSGIHandler()(
            RequestFactory().generic(method, "/sign-in/").environ, lambda *answer, begun=begun: begun.extend(answer)
        )
        told[method] = int(dict(begun[1])["Content-Length"]), len(b"".join(body))
    (length, size), (said, nothing) = told["GET"], told["HEAD"]
    assert length == size > 1_000 and nothing == 0 and abs(said - length) < 100  # tokens differ
