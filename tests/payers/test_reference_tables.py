"""Our reference tables hold together: what was asked for is there, units have dates, nothing contradicts."""

import datetime as dt
from collections import Counter
from itertools import pairwise

import pytest

from payers.engine.reference_tables import drug_tables, overlapping_codes, shipped_tables
from sites.engine.rows import Row
from sites.engine.text_file import RefusedTable

# Each line is one therapy of the drug table that the product must know, with every code of it.
THERAPIES = """
J1745 Q5103 Q5104 Q5121 J1748 | J3380 | J3358 | J2327 | J2267 | J1628 | J2323 Q5134 | J2350 J2351 | J2329 | J0202
J1299 J1300 Q5151 Q5152 Q5139 | J1303 | J9332 J9334 | J1823 | J9312 Q5115 Q5119 Q5123 | J0129 | J3262 Q5133 Q5135 Q5156
J1569 J1561 J1459 J1568 J1556 J1557 J1572 J1576 J1554 J1559 J1575 J1555 J1558 J1551
J1602 | J0490 | J0491 | J2507 | J0717 | J3247 | J3241 | J2357 | J2182 | J0517 | J2786 | J2356 | J0897 Q5136 | J3111
J0174 | J0175 | J3032 | J1301 | J0222 J0225 | J0256 J0257 | J1786 | J3385 | J3060 | J0180 | J0221 | J0219 | J1931 | J1743 | J1458
J1322 | J2840 | J1439 | J1437 | Q0138 | J1756 | J1750 | J3489 | J0584 | J9271 | J9299 J9289 | J9022 J9024
"""


@pytest.fixture(scope="module")
def tables():
    return {name: [row.values for row in table.rows] for name, table in shipped_tables().items()}


def test_every_therapy_is_there_with_all_its_codes(tables):
    codes = {row["hcpcs_code"] for row in tables["drug_codes"]}
    assert set(THERAPIES.replace("|", " ").split()) <= codes
    assert len(codes) >= 130


def test_biosimilars_carry_their_suffix_and_share_the_family(tables):
    by_code = {row["hcpcs_code"]: row for row in tables["drug_codes"]}
    assert (by_code["Q5103"]["molecule"], by_code["Q5103"]["family"]) == ("infliximab-dyyb", "infliximab")
    for code, row in by_code.items():
        molecule, family = row["molecule"], row["family"]
        assert molecule == molecule.lower()
        suffixed = "-" in molecule.removeprefix(family)
        assert not suffixed or code == "J1748" or code.startswith("Q"), code
    igs = {row["family"] for row in tables["drug_codes"] if row["hcpcs_code"] in {"J1569", "J1459", "J1559", "J1599"}}
    assert igs == {"immune globulin"}


def unit(tables, code, day):
    rows = [
        row
        for row in tables["drug_codes"]
        if row["hcpcs_code"] == code and row["effective_from"] <= day and (row["effective_to"] is None or day < row["effective_to"])
    ]
    return [(row["unit_amount"], row["unit_of_measure"]) for row in rows]


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("J1300", dt.date(2025, 3, 31), [(10, "mg")]),
        ("J1300", dt.date(2025, 4, 1), []),
        ("J1299", dt.date(2025, 3, 31), []),
        ("J1299", dt.date(2025, 4, 1), [(2, "mg")]),
        ("J9310", dt.date(2018, 6, 1), [(100, "mg")]),
        ("J9312", dt.date(2019, 1, 1), [(10, "mg")]),
        ("J0222", dt.date(2026, 1, 1), [(0.1, "mg")]),
        ("J1786", dt.date(2026, 1, 1), [(10, "iu")]),
        ("Q0138", dt.date(2018, 5, 1), [(1, "mg")]),
    ],
)
def test_a_unit_is_that_of_the_day(tables, code, day, expected):
    assert unit(tables, code, day) == expected


def test_no_code_has_two_units_on_a_day(tables):
    assert overlapping_codes([Row(0, row) for row in tables["drug_codes"]], []) == []
    successive = sorted((row["hcpcs_code"], row["effective_from"]) for row in tables["drug_codes"])
    assert all(first != second for first, second in pairwise(successive))


def test_codes_and_packages_name_families_that_are_there(tables):
    families = {row["family"] for row in tables["drug_families"]}
    assert {row["family"] for row in tables["drug_codes"]} == families
    assert {row["family"] for row in tables["ndcs"]} <= families
    molecules = {row["hcpcs_code"]: row["molecule"] for row in tables["drug_codes"]}
    for package in tables["ndcs"]:
        assert not package["hcpcs_code"] or package["molecule"] == molecules[package["hcpcs_code"]]


def test_a_package_stands_once_and_self_injection_is_of_a_family_that_has_it(tables):
    assert max(Counter(row["ndc_code"] for row in tables["ndcs"]).values()) == 1
    has_form = {row["family"] for row in tables["drug_families"] if row["self_administered_family_form"]}
    self_administered = {row["family"] for row in tables["ndcs"] if row["self_administered"]}
    assert self_administered <= has_form
    assert {"infliximab", "vedolizumab", "ustekinumab", "immune globulin", "abatacept", "tocilizumab"} <= self_administered


def test_regimens_are_possible(tables):
    for row in tables["drug_families"]:
        name = row["family"]
        assert row["interval_days"] >= 1, name
        assert row["chair_minutes"] >= row["infusion_minutes"] + row["observation_minutes"], name
        assert row["usual_dose_low"] <= row["usual_dose_high"], name
        assert row["finite_course"] == (row["course_doses"] is not None), name
        assert row["cyclic"] == (row["cycle_doses"] is not None), name
        assert row["specialties"] and row["source"] and row["confidence"], name
        # A year holds as many maintenance doses as the interval allows, where the regimen is steady.
        if not (row["finite_course"] or row["cyclic"] or row["planned_self_injection"]):
            assert row["maintenance_doses_per_year"] == pytest.approx(365 / row["interval_days"], rel=0.45), name


def test_known_regimens(tables):
    by_family = {row["family"]: row for row in tables["drug_families"]}
    assert by_family["infliximab"]["interval_days"] == 56
    assert by_family["infliximab"]["induction_doses"] == 3
    assert by_family["rituximab"]["cyclic"] and by_family["ocrelizumab"]["cyclic"]
    planned = {name for name, row in by_family.items() if row["planned_self_injection"]}
    assert {"ustekinumab", "risankizumab"} <= planned
    finite = {name for name, row in by_family.items() if row["finite_course"]}
    assert {"teprotumumab", "ferric carboxymaltose", "iron sucrose", "ferumoxytol"} <= finite
    assert "certified" in by_family["natalizumab"]["rems"] and "certified" in by_family["alemtuzumab"]["rems"]


def test_a_dose_far_from_any_regimen_lies_outside_the_usual_range(tables):
    by_family = {row["family"]: row for row in tables["drug_families"]}
    assert by_family["tocilizumab"]["usual_dose_low"] > 2
    assert by_family["denosumab"]["usual_dose_low"] > 6
    for family, dose in {"ferumoxytol": 510, "iron sucrose": 200, "ferric carboxymaltose": 750}.items():
        assert by_family[family]["usual_dose_low"] <= dose <= by_family[family]["usual_dose_high"]


def test_service_codes_cover_their_ranges_one_by_one(tables):
    role = {row["hcpcs_code"]: row["role"] for row in tables["service_codes"]}
    cpt = [96360, 96361, *range(96365, 96378), 96379, 96401, 96402, 96405, 96406, 96409, 96411, 96413, 96415, 96416, 96417]
    cpt += [96420, 96422, 96423, 96425, 96521, 96522, 96523]
    assert {str(code): role.get(str(code)) for code in cpt} == {str(code): "administration" for code in cpt}
    home = [
        "99601",
        "99602",
        "G0068",
        "G0069",
        "G0070",
        "G0088",
        "G0089",
        "G0090",
        "S9338",
        "S9359",
        "S9379",
        "S9497",
        "S9504",
        "Q2052",
    ]
    assert {code: role.get(code) for code in home} == dict.fromkeys(home, "home_service")
    kind = {row["hcpcs_code"]: row["kind"] for row in tables["service_codes"]}
    assert {code for code, value in kind.items() if value == "hydration"} == {"96360", "96361"}
    assert (kind["96413"], kind["96415"], kind["96365"], kind["96366"]) == (
        "chemo_initial",
        "chemo_additional",
        "infusion_initial",
        "infusion_additional",
    )
    assert not {row["hcpcs_code"] for row in tables["drug_codes"]} & set(role)


def test_claim_codes_have_what_the_published_set_lacks(tables):
    labels = {(row["code_set"], row["code"]): row["label"] for row in tables["claim_codes"]}
    for code in ("11", "12", "19", "22", "24", "27", "49", "66"):
        assert labels["place_of_service", code]
    assert labels["bill_type_frequency", "7"] == "Replaces an earlier claim"
    assert labels["bill_type_frequency", "8"] == "Voids an earlier claim"
    assert {"13", "85", "11", "12", "18", "21"} <= {code for code_set, code in labels if code_set == "bill_type_facility"}
    assert {"0001", "0260", "0335", "0636", "0450"} <= {code for code_set, code in labels if code_set == "revenue_center"}


def test_every_row_has_a_source(tables):
    for name, rows in tables.items():
        assert all(row["source"] and row["source"] != "not stated" for row in rows), name


def test_a_broken_shipped_table_is_said_to_be_ours(tmp_path):
    import shutil

    from payers.engine.reference_tables import SHIPPED

    for path in SHIPPED.glob("*.csv"):
        shutil.copy(path, tmp_path)
    broken = (tmp_path / "drug_codes.csv").read_text().replace("J1745,2000-01-01", "J1745,2000-13-01")
    (tmp_path / "drug_codes.csv").write_text(broken)
    with pytest.raises(RefusedTable, match=r"drug_codes\.csv, line \d+, effective_from “2000-13-01”.*the shipped table is broken"):
        shipped_tables(tmp_path)


def test_a_drug_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text("drug,price\nInfliximab,3\n")
    with pytest.raises(RefusedTable, match=r"^drugs\.csv is no table of the drug reference"):
        drug_tables(path)
    path.write_text("table,ndc_code\nrates,3\n")
    with pytest.raises(RefusedTable, match="line 2: the column table says “rates”"):
        drug_tables(path)
