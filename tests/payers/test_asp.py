"""CMS's price files, as CMS publishes them, into the database."""

import gzip
import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from payers.engine.asp import read_asp
from payers.models import AspLimit, Ndc
from sites.engine.text_file import RefusedTable

LIMITS = """Payment Allowance Limits for Medicare Part B Drugs,,,,
,,,,
"Effective July 1, 2026 through September 30, 2026",,,,
Note 1: limits are based on 1Q26 ASP data.,,,,
HCPCS Code,Short Description,HCPCS Code Dosage,Payment Limit,
J1745,Infliximab not biosimil 10mg,10 MG,31.479,
A9606,Radium ra223\xa0dichloride ther,1 microCurie,N/A,
J3380,Inj vedolizumab iv 1 mg,1 MG,21.5,
J3380,Inj vedolizumab iv 1 mg,1 MG,21.6,
"""
CROSSWALK = """July 2026 ASP NDC - HCPCS Crosswalk for Medicare Part B Drugs,,,,,,,,,,,
"     Effective July 1, 2026 through September 30, 2026",,,,,,,,,,,
_2026_CODE,Short Description,LABELER NAME,NDC2,Drug Name,HCPCS dosage,PKG SIZE,PKG QTY,BILLUNITS,BILLUNITSPKG,,
J1745,Infliximab,Janssen,57894-0030-01,Remicade,10 MG,1,1,10,10,,
J1745,Infliximab,New labeler,99999-030-02,Infliximab,10 MG,1,1,10,10,,
J0517,Benralizumab,AstraZeneca,00310-1830-30,Fasenra,1 MG,1,1,30,31,,
Q0138,Ferumoxytol,Sandoz,99999-7756-01,Ferumoxytol,1 MG,17,1,510,510,,
Q0139,Ferumoxytol,Sandoz,99999-7756-01,Ferumoxytol,1 MG,17,1,510,510,,
J1300,Eculizumab,Alexion,25682-0001-01,Soliris,10 MG,30,1,30,30,,
J1439,Ferric carboxymaltose,Someone,9999977560,Injectafer,1 MG,1,1,1,1,,
Q4111,Gammagraft,Promethean,GG100,GammaGraft,1 SQ CM,2.25,1,2.25,3,,
"""


@pytest.fixture
def asp_file(tmp_path):
    def write(text, name="asp.csv"):
        path = tmp_path / name
        data = text.encode("latin-1")
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def load(*paths):
    out = io.StringIO()
    call_command("load_asp", *map(str, paths), json=True, stdout=out)
    answer = json.loads(out.getvalue())
    return [answer[key] for key in ("added", "changed", "unchanged", "rejected")], answer


@pytest.mark.django_db
def test_limits_add_a_quarter_and_say_what_has_none(asp_file):
    path = asp_file(LIMITS)
    counted, answer = load(path)
    assert counted == [2, 0, 0, 2]
    assert [(bad["line"], bad["rule"]) for bad in answer["files"][0]["rejects"]] == [(7, "no_limit"), (9, "repeated")]
    assert answer["files"][0]["quarter_start"] == "2026-07-01"
    assert AspLimit.objects.get(hcpcs_code="J1745").payment_limit == Decimal("31.479")
    assert AspLimit.objects.get(hcpcs_code="J1745").source == "CMS ASP payment limits, July 2026"
    assert load(path)[0] == [0, 0, 2, 2]


@pytest.mark.django_db
def test_the_crosswalk_adds_packages_of_our_drugs_and_keeps_what_it_does_not_know(asp_file):
    call_command("load_reference", stdout=io.StringIO())
    before = Ndc.objects.count()
    path = asp_file(CROSSWALK, "crosswalk.csv.gz")
    counted, answer = load(path)
    assert counted == [2, 1, 1, 1]
    file = answer["files"][0]
    # J1300 had ended by then, skin substitutes are not ours: both are of other drugs.
    assert (file["of_other_drugs"], file["under_a_second_code"]) == (2, 1)
    assert file["rejects"][0]["rule"] == "ndc_ambiguous"
    assert Ndc.objects.count() == before + 2
    pen = Ndc.objects.get(ndc_code="00310183030")
    assert (pen.self_administered, pen.units_per_package) == (True, 31)
    new = Ndc.objects.get(ndc_code="99999003002")
    assert (new.molecule, new.family_id, new.self_administered) == ("infliximab", "infliximab", False)
    assert load(path)[0] == [0, 0, 4, 1]


@pytest.mark.django_db
def test_several_files_are_loaded_together_or_not_at_all(asp_file, tmp_path):
    good, bad = asp_file(LIMITS), tmp_path / "notes.csv"
    bad.write_text("code,price\nJ1745,3\n")
    with pytest.raises(CommandError, match=r"^notes\.csv is neither CMS's ASP payment limits"):
        load(good, bad)
    assert not AspLimit.objects.exists()


def test_a_file_without_its_title_lines_names_no_quarter(asp_file):
    path = asp_file(LIMITS[LIMITS.index("HCPCS Code,Short") :])
    with pytest.raises(RefusedTable, match="does not say from when it is effective"):
        read_asp(path)


@pytest.mark.django_db
def test_the_published_files_load_and_account_for_every_record(published):
    call_command("load_reference", stdout=io.StringIO())
    crosswalk = published("prices/asp_ndc_hcpcs_crosswalk_2025Q4_as_published.csv.gz")
    limits = [published(f"prices/asp_payment_limits_2025{quarter}_as_published.csv") for quarter in ("Q1", "Q4")]
    counted, answer = load(*limits, crosswalk)
    packages = answer["files"][2]
    assert [answer["files"][place]["quarter_start"] for place in range(3)] == ["2025-01-01", "2025-10-01", "2025-10-01"]
    for place, records in ((0, 877), (1, 1012)):
        file = answer["files"][place]
        assert sum(file[key] for key in ("added", "changed", "unchanged", "rejected")) == records
    known = sum(packages[key] for key in ("added", "changed", "unchanged", "rejected"))
    assert known + packages["of_other_drugs"] + packages["under_a_second_code"] == 8245
    assert AspLimit.objects.get(hcpcs_code="J1300", quarter_start="2025-01-01").payment_limit == Decimal("224.159")
    assert counted[1] == 0
