"""A number is followed back to its infusions and lines, and a claim line forward to what it became; claims go through the real intake."""

import io
import re
import shutil
from urllib.parse import urlencode

import pytest
from auditlog.models import LogEntry
from django.core.cache import cache
from django.core.management import call_command

from demand import storage
from demand.figures import FIGURES, FigureQuestion
from demand.models import Extract, ExtractFile, Run
from demand.selectors import behind
from demand.selectors.claim_rows import Place, claim_of, find_row
from demand.selectors.dashboard import dashboard
from demand.selectors.facts import ask_tables
from demand.selectors.infusion import infusion
from demand.selectors.provenance import value_of
from payers.actions.reference import load_reference
from sites.models import Prescriber, Site, SiteNpi
from tests.demand.builders import institutional, medical, pharmacy, reversal, write_rows
from tests.infusion_strategy.published import sign_in

pytestmark = pytest.mark.django_db
HOSPITAL, OFFICE, DOCTOR = "1093817465", "1245319599", "1234567893"


def hospital(**changes) -> dict:
    return institutional(facility_npi=HOSPITAL, billing_npi="", ordering_npi=DOCTOR, **changes)


def give(**changes) -> dict:
    """The line of giving the drug, on the same claim."""
    return hospital(
        claim_line_number="2", hcpcs_code="96413", service_unit_quantity="1", allowed_amount="21.01", paid_amount="20.00"
    ) | {name: str(value) for name, value in changes.items()}


ON = {"claim_start_date": "2026-02-03", "claim_end_date": "2026-02-03", "claim_line_start_date": "2026-02-03"}
FIRST = [
    hospital(claim_id="KEPT"),
    give(claim_id="KEPT"),
    hospital(claim_id="KEPT"),  # sent twice
    hospital(claim_id="KEPT", claim_line_number="4", claim_line_start_date="someday"),
    hospital(claim_id="KEPT", claim_line_number="5", hcpcs_code="99213"),
    # two drugs on a day, given once: the line is shared
    hospital(claim_id="BOTH", person_id="P2", allowed_amount="300.00"),
    hospital(claim_id="BOTH", person_id="P2", claim_line_number="3", hcpcs_code="J3380", allowed_amount="100.00"),
    give(claim_id="BOTH", person_id="P2"),
    # its drug came from a pharmacy
    give(claim_id="BAG", person_id="P3", claim_line_number="1"),
    # gone
    medical(claim_id="LEFT", person_id="P4", ordering_npi=DOCTOR),
    medical(
        claim_id="LEFT", person_id="P4", ordering_npi=DOCTOR, claim_line_number="2", hcpcs_code="96413", allowed_amount="30.00"
    ),
    # taken back
    medical(claim_id="BACK", person_id="P5", **ON),
    reversal(medical(claim_id="BACK", person_id="P5", **ON), claim_line_number="2"),
]
SECOND = [hospital(claim_id="KEPT", paid_date="2026-03-20", allowed_amount="130.00")]  # a newer version of the first line
FILLS = [
    pharmacy(claim_id="FILL", person_id="P3"),
    pharmacy(claim_id="UNUSED", person_id="P6"),
    pharmacy(claim_id="OTHER", person_id="P6", ndc_code="00002143380"),
]


_computed: dict[str, object] = {}  # loaded and computed once; each test gets the rows and files of its own


@pytest.fixture
def run(own_storage, settings, tmp_path, tmp_path_factory):
    cache.clear()
    if not _computed:
        _computed["run"] = _compute(tmp_path)
        _computed["rows"] = [list(model.objects.all()) for model in (Extract, ExtractFile, Run)]
        _computed["storage"] = tmp_path_factory.mktemp("traced") / "storage"
        shutil.copytree(settings.STORAGE_DIR, _computed["storage"])
    else:
        shutil.copytree(_computed["storage"], settings.STORAGE_DIR)
        for model, rows in zip((Extract, ExtractFile, Run), _computed["rows"], strict=True):
            model.objects.bulk_create(rows)
    return Run.objects.get(pk=_computed["run"])


def _compute(folder) -> int:
    load_reference()
    site = Site.objects.create(
        site_id="H", name="Hospital", site_class="hopd_on_campus", ownership="owned", owner="Ours", market="metro"
    )
    SiteNpi.objects.create(site=site, npi=HOSPITAL)
    Prescriber.objects.create(npi=DOCTOR, name="Ada", specialty="gastroenterology", relation="employed", market="metro")
    files = {"one": ("--medical", FIRST), "two": ("--medical", SECOND), "fills": ("--pharmacy", FILLS)}
    for name, (kind, rows) in files.items():
        call_command("load_extract", kind, str(write_rows(folder / f"{name}.csv", rows)), "--name", name, stdout=io.StringIO())
    call_command("recompute", stdout=io.StringIO())
    return Run.objects.published().get().pk


def claim(run, claim_id, line_number=None):
    return claim_of(run, find_row(run, claim_id, line_number))


def by_line(run, claim_id):
    return {row.claim_line_number: row for row in claim(run, claim_id).rows}


# ---- forward: from a line to what it became


def test_every_row_of_a_claim_is_found_in_every_extract_with_its_fate(run):
    found = claim(run, "KEPT")
    assert (len(found.rows), found.extracts) == (6, 2)
    assert dict(found.counts) == {"accepted": 3, "rejected": 1, "duplicate": 1, "superseded": 1}
    fates = {(row.extract_name, row.place.row_number): (row.outcome, row.rule) for row in found.rows}
    assert fates == {
        ("one", 2): ("superseded", "OLDER_VERSION"),
        ("one", 3): ("accepted", ""),
        ("one", 4): ("duplicate", "DUPLICATE_ROW"),
        ("one", 5): ("rejected", "BAD_DATE claim_line_start_date"),
        ("one", 6): ("accepted", ""),
        ("two", 2): ("accepted", ""),
    }


def test_a_row_that_gave_way_names_the_row_to_which(run):
    rows = {(row.extract_name, row.place.row_number): row for row in claim(run, "KEPT").rows}
    assert rows["one", 2].other == rows["two", 2].place
    assert rows["one", 4].other == rows["one", 2].place
    taken, back = claim(run, "BACK").rows
    assert (taken.outcome, taken.rule, taken.other, back.other) == ("superseded", "REVERSED", back.place, taken.place)


def test_an_accepted_line_names_its_infusion_and_what_became_of_that(run):
    rows = {(row.extract_name, row.place.row_number): row for row in claim(run, "KEPT").rows}
    (kept,) = rows["two", 2].infusions
    assert (kept.outcome, kept.allowed_cents, kept.molecule, kept.episode_outcome) == ("kept", 13_000, "infliximab", "kept")
    assert rows["one", 3].infusions[0].infusion_id == kept.infusion_id and rows["one", 3].role == "administration"
    assert rows["one", 6].infusions == () and rows["one", 6].reason_place is None
    assert {one.outcome for row in claim(run, "LEFT").rows for one in row.infusions} == {"site_leak"}


def test_a_shared_line_names_both_infusions_and_its_money_is_split_to_the_cent(run):
    shared = by_line(run, "BOTH")[2]
    assert [(one.molecule, one.allowed_cents, one.shared) for one in shared.infusions] == [
        ("infliximab", 1_576, True),
        ("vedolizumab", 525, True),
    ]


def test_a_pharmacys_row_says_which_infusion_it_explains_or_that_it_explains_none(run):
    (fill,) = claim(run, "FILL").rows
    assert fill.fill == "supplied" and fill.infusions[0].outcome == "margin_leak"
    assert [claim(run, name).rows[0].fill for name in ("UNUSED", "OTHER")] == ["waiting", "no drug of ours"]


def test_a_line_number_leads_to_its_row_and_what_is_not_there_is_not_found(run):
    assert find_row(run, "KEPT", 2).row_number == 3
    assert find_row(run, "KEPT", 77) is None and find_row(run, "nothing", None) is None
    assert claim_of(run, Place(99, 0, 2)) is None
    assert find_row(run, "' OR 1=1 --", None) is None  # a value, never SQL


def test_an_extract_that_the_run_did_not_read_is_said(run, tmp_path):
    call_command(
        "load_extract", "--medical", str(write_rows(tmp_path / "three.csv", [hospital(claim_id="LATE")])), "--name", "three",
        stdout=io.StringIO(),
    )  # fmt: skip
    (late,) = claim(run, "LATE").rows
    assert (late.outcome, late.why) == ("", "This run did not read the extract.")


def test_lines_of_a_deleted_extract_are_still_found_as_far_as_the_run_holds_them(run, analyst):
    place = find_row(run, "KEPT", 2)
    analyst.post(f"/extracts/{Extract.objects.get(name='one').pk}/delete/")
    shutil.rmtree(storage.extract_folder(place.extract_id), ignore_errors=True)  # the test's transaction never commits
    found = claim_of(run, place)
    assert [row.deleted for row in found.rows if row.extract_name == "one"] == [True, True]
    assert (
        "deleted since" in analyst.get(f"/lines/{run.pk}/{place.extract_id}/{place.file_no}/{place.row_number}/").content.decode()
    )


def test_the_claims_id_is_in_no_address_no_title_no_audit_entry(run, analyst):
    answer = analyst.post("/lines/", {"claim_id": " KEPT ", "line_number": "", "run": run.pk})
    place = find_row(run, "KEPT", None)
    assert answer["Location"] == f"/lines/{run.pk}/{place.extract_id}/{place.file_no}/{place.row_number}/"
    page = analyst.get(answer["Location"])
    html = page.content.decode()
    assert html.count('aria-label="Row ') == 6 and "KEPT" not in html
    assert not any("KEPT" in str(entry.additional_data) for entry in LogEntry.objects.all())
    assert [entry.additional_data["did"] for entry in LogEntry.objects.order_by("-pk")[:2]] == [
        "followed a claim line",
        "looked for a claim line",
    ]


def test_a_claim_that_is_not_there_is_one_sentence(run, analyst):
    html = analyst.post("/lines/", {"claim_id": "C-0", "line_number": "3", "run": run.pk}).content.decode()
    assert "No loaded extract has a claim of that id with that line number" in html
    assert analyst.post("/lines/", {"claim_id": "", "run": run.pk}).status_code == 422


# ---- back: from a figure to its infusions and lines


@pytest.mark.parametrize("filters", [{}, {"payer": "Acme Health"}, {"from": "2026-01", "to": "2026-01"}, {"family": "vedolizumab"}])
def test_the_infusions_behind_every_figure_are_the_figure_to_the_cent(run, filters):
    for slug in FIGURES:
        place = (
            {"outcome": "kept", "site_class": "hopd_on_campus", "ownership": "owned", "owner": "Ours"}
            if slug.startswith("flow")
            else {}
        )
        question, problems = FigureQuestion.from_query(slug, filters | place)
        value = value_of(dashboard(run, question.filters, see_small=True), question)
        totals = behind.totals(run, question)
        rows = behind.infusion_rows(run, question, 1)
        assert not problems and totals.agrees(question, value), slug
        assert (len(rows), sum(row.allowed_cents or 0 for row in rows)) == (totals.infusions, totals.allowed_cents), slug


def test_a_list_that_misses_an_infusion_does_not_agree(run):
    question, _ = FigureQuestion.from_query("leakage-rate", {})
    value = value_of(dashboard(run, question.filters, see_small=True), question)
    other, _ = FigureQuestion.from_query("leakage-rate", {"family": "vedolizumab"})
    assert not behind.totals(run, other).agrees(question, value)


def test_the_lines_of_an_infusion_add_up_to_it_and_a_bag_shows_its_fill(run):
    found = [infusion(run, number) for (number,) in ask_tables(run, "SELECT infusion_id FROM {infusions} ORDER BY 1")]
    assert len(found) == 5 and all(one.adds_up for one in found)
    bagged = [one for one in found if one.supplies]
    assert [(one.row.channel, one.supplies[0].kind, one.supplies[0].confidence) for one in bagged] == [
        ("white_bag", "fill", "probable")
    ]
    assert sum(line.shared for one in found for line in one.lines) == 2
    assert all(one.episode.family == one.row.family for one in found if one.episode)


def test_the_page_of_a_figure_says_all_that_it_rests_on(run, client):
    html = sign_in(client, "leader").get(f"/figures/{run.pk}/allowed-left/?payer=Acme+Health").content.decode()
    for said in (
        "Allowed amount that left",
        "Payer: Acme Health",
        f"Run {run.pk}</a>",
        run.engine_version,
        run.inputs["reference"][:16],
        "leakage.sql",
    ):
        assert said in html
    for extract in Extract.objects.all():
        assert extract.name in html and all(file.sha256 in html and file.display_name not in html for file in extract.files.all())
    assert "hidden" in html and "people with the patient-level right" in html and "infusions/" not in html


def test_the_analyst_sees_number_list_infusion_and_line(run, analyst):
    html = analyst.get(f"/figures/{run.pk}/allowed-left/").content.decode()
    assert "$150.00" in html and f"/figures/{run.pk}/allowed-left/infusions/" in html
    listed = analyst.get(f"/figures/{run.pk}/allowed-left/infusions/").content.decode()
    assert "The list and the figure are the same" in listed
    number = re.search(rf"/runs/{run.pk}/infusions/(\d+)/", listed)[1]
    page = analyst.get(f"/runs/{run.pk}/infusions/{number}/").content.decode()
    assert "to the cent" in page and "one.csv, line 11" in page
    line = re.search(rf'"(/lines/{run.pk}/[\d/]+)"', page)[1]
    assert "Left the system" in analyst.get(line).content.decode()
    did = [entry.additional_data["did"] for entry in LogEntry.objects.order_by("pk") if "did" in (entry.additional_data or {})]
    assert did[-3:] == ["looked at infusions behind a figure", "looked at an infusion", "followed a claim line"]


def test_the_download_has_every_infusion_and_is_audited(run, analyst):
    answer = analyst.get(f"/figures/{run.pk}/leakage-rate/infusions.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    question, _ = FigureQuestion.from_query("leakage-rate", {})
    assert len(lines) == 1 + behind.totals(run, question).infusions == 6 and lines[0].startswith("run,figure,filters,infusion_id")
    assert LogEntry.objects.latest("pk").additional_data["rows"] == 5


def test_the_api_gives_the_same_provenance_and_infusions(run, analyst):
    given = analyst.get("/api/v1/figures/leakage-rate/", {"payer": "Acme Health"}).json()
    assert (given["value"], [part["value"] for part in given["parts"]], given["run"]) == (0.2, [1, 5], run.pk)
    assert {file["sha256"] for extract in given["extracts"] for file in extract["files"]} == set(
        ExtractFile.objects.values_list("sha256", flat=True)
    )
    listed = analyst.get("/api/v1/figures/leakage-rate/infusions/", {"payer": "Acme Health"}).json()
    assert (listed["count"], listed["numerator"], listed["agrees"], len(listed["results"])) == (5, 1, True, 5)
    assert LogEntry.objects.latest("pk").additional_data["did"] == "read infusions behind a figure over the API"


def test_every_number_of_the_brief_leads_to_itself(run, analyst):
    """Each link's page shows the number that was clicked."""
    html = analyst.get("/").content.decode()
    links = re.findall(r'<a class="origin" href="([^"]+)">([^<]+)</a>', html)
    assert len(links) > 30 and len(re.findall(r"Where does this come from\?", html)) == 7
    wrong = []
    for address, written in links:
        page = analyst.get(address.replace("&amp;", "&"))
        shown = re.search(r'class="origin-value">(.*?)</strong>', page.content.decode(), re.S)[1]
        if shown.removesuffix(".00") != written and not written.startswith("$"):
            wrong.append((address, written, shown))
        elif written.startswith("$") and round(float(shown[1:].replace(",", ""))) != int(written[1:].replace(",", "")):
            wrong.append((address, written, shown))
    assert not wrong


def test_a_run_whose_tables_are_gone_is_said_and_its_definition_stays(run, analyst):
    for path in storage.run_folder(run.pk).glob("*.parquet"):
        path.unlink()
    cache.clear()
    html = analyst.get(f"/figures/{run.pk}/leakage-rate/").content.decode()
    assert "cannot be read; recompute" in html or "its files are gone" in html
    assert "What it means" in html and "SHA-256" in html
    answer = analyst.get(f"/figures/{run.pk}/leakage-rate/infusions/")
    assert answer.status_code == 404 and "ecompute" in answer.content.decode()
    assert analyst.get(f"/runs/{run.pk}/infusions/100001/").status_code == 404


@pytest.mark.parametrize("address", ["nothing/", "flow-people/", "flow-people/?outcome=x"])
def test_a_figure_that_is_none_is_not_found(run, analyst, address):
    assert analyst.get(f"/figures/{run.pk}/{address}").status_code == 404


def test_addresses_survive_names_of_any_kind(run):
    query = {"outcome": "kept", "owner": "A & B; “C” + 100 %", "site_class": "hopd_on_campus", "payer": "Ä/Ö?&x=1"}
    question, _ = FigureQuestion.from_query("flow-people", query)
    assert question.place.owner == query["owner"] and question.filters.payer == query["payer"]
    assert set(urlencode(query).split("&")) == set(question.query_string().split("&"))
