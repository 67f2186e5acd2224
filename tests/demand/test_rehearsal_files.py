"""The files of the rehearsal system: the same for the same seed, in the layouts users load, and no real provider in them."""

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from demand.engine.rehearsal import create_rehearsal
from demand.engine.rehearsal.write import STREAMS, make_window
from payers.engine.policies import parse_policy
from tests.demand.rehearsal_system import MONTHS, PEOPLE, SEED, rows, system, table

ROOT = Path(__file__).resolve().parents[2]

# interfaces.md, "Files in": what each file must have, and what this one promises beyond it
NEEDED = {
    "medical_claim.csv": "claim_id claim_line_number person_id claim_start_date hcpcs_code claim_type payer plan "
    "place_of_service_code "
    "bill_type_code revenue_center_code service_unit_quantity hcpcs_modifier_1 rendering_npi billing_npi facility_npi paid_date "
    "paid_amount allowed_amount charge_amount data_source ordering_npi ndc_code authorization_id authorization_end_date",
    "pharmacy_claim.csv": "claim_id claim_line_number person_id dispensing_date ndc_code payer plan prescribing_provider_npi "
    "dispensing_provider_npi quantity days_supply paid_date paid_amount data_source",
    "eligibility.csv": "person_id enrollment_start_date gender birth_date death_date enrollment_end_date payer "
    "payer_type plan group_id "
    "state zip_code data_source funding_type",
    "sites.csv": "site_id name site_class ownership owner payer_affiliation hospital_affiliated market npis address "
    "city state zip_code "
    "latitude longitude opened_on closed_on chairs open_hours_per_week is_340b source checked_on rems",
    "prescribers.csv": "npi name specialty relation market starts_on ends_on",
    "rates.csv": "payer plan site_class site_id hcpcs_code basis rate effective_from effective_to source",
    "taxonomies.csv": "npi taxonomy",
    "laws.csv": "state shields_from effective_from",
    "denials.csv": "claim_id payer hcpcs_code site_id service_date reason_code denied_amount written_off_amount decided_on",
    "white_bag_events.csv": "site_id hcpcs_code payer administered_on pharmacy dose_changed delayed_days wasted staff_minutes",
    "patient_impacts.csv": "policy_id site_id reported_on kind delay_days severity",
    "clinical_facts.csv": "person_id criterion holds from_on until_on source",
    "orders.csv": "order_id person_id ordering_npi molecule ordered_on authorized_on scheduled_on first_infused_on location "
    "determination reject_reason preference",
}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_in_another_process(tmp_path):
    code = (
        "from pathlib import Path; from demand.engine.rehearsal import create_rehearsal; "
        f"create_rehearsal(Path({str(tmp_path / 'there')!r}), people=60, months=24, seed=3)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Pacific/Auckland"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment)
    create_rehearsal(tmp_path / "here", people=60, months=24, seed=3)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_another_seed_is_another_system(tmp_path):
    create_rehearsal(tmp_path / "one", people=20, seed=1)
    create_rehearsal(tmp_path / "two", people=20, seed=2)
    assert (tmp_path / "one" / "medical_claim.csv").read_bytes() != (tmp_path / "two" / "medical_claim.csv").read_bytes()


def test_more_people_only_add_to_the_end(tmp_path):
    create_rehearsal(tmp_path / "few", people=260, seed=5, months=12)  # more than one chunk
    create_rehearsal(tmp_path / "many", people=530, seed=5, months=12)
    for name in STREAMS:
        few, many = (tmp_path / "few" / name).read_bytes(), (tmp_path / "many" / name).read_bytes()
        assert many.startswith(few), name
        assert len(many) > len(few), name
    for name in ("sites.csv", "prescribers.csv", "policies/ULM-SOC-1.yaml"):
        assert (tmp_path / "few" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_files_have_the_columns_users_load():
    for name, columns in NEEDED.items():
        found = table(name)
        assert found, name
        assert set(columns.split()) <= set(found[0]), name


def test_every_row_has_as_many_cells_as_its_header():
    for name in STREAMS:
        with (system() / name).open(encoding="utf-8") as stream:
            header = next(stream).count(",")
            assert all(line.count(",") == header for line in stream), name


def luhn_holds(number: str) -> bool:
    """The standard's own way: double every second digit from the right of 80840 + the number, add the digits, divide by ten."""
    total = 0
    for place, digit in enumerate(reversed("80840" + number)):
        doubled = int(digit) * 2 if place % 2 else int(digit)
        total += sum(int(part) for part in str(doubled))
    return total % 10 == 0


def test_npis_are_valid_and_nobodys():
    found = {cell for row in table("medical_claim.csv") for name, cell in row.items() if name.endswith("_npi") and cell}
    found |= {cell for row in table("pharmacy_claim.csv") for name, cell in row.items() if name.endswith("_npi") and cell}
    found |= {row["npi"] for row in table("prescribers.csv")} | {row["npis"] for row in table("sites.csv")}
    assert len(found) > 150
    assert all(len(number) == 10 and number.startswith("2") and luhn_holds(number) for number in found)


def test_sites_show_every_class_ownership_and_trap():
    sites = table("sites.csv")
    assert {row["site_class"] for row in sites} == {
        "hopd_on_campus", "hopd_off_campus", "infusion_center", "infusion_suite", "physician_office", "home_infusion",
        "specialty_pharmacy",
        "surgery_center",
    }  # fmt: skip
    assert {row["ownership"] for row in sites} == {"owned", "partner", "other"}
    assert {row["market"] for row in sites} == {"metro", "suburban", "rural"}
    assert any(row["payer_affiliation"] for row in sites) and any(row["is_340b"] == "true" for row in sites)
    shared = defaultdict(set)
    for row in sites:
        shared[row["npis"]].add(row["site_class"])
    assert {"hopd_on_campus", "hopd_off_campus"} in shared.values()  # a department under its hospital's number
    known = {row["npis"] for row in sites}
    billed = {row["facility_npi"] or row["billing_npi"] for row in table("medical_claim.csv") if row["hcpcs_code"].startswith("J")}
    assert billed - known  # some who bill are in no register


def test_claims_look_as_their_forms_do():
    for row in table("medical_claim.csv"):
        if row["claim_type"] == "institutional":
            assert row["bill_type_code"] and not row["place_of_service_code"] and row["revenue_center_code"]
        else:
            assert row["place_of_service_code"] and not row["bill_type_code"] and not row["revenue_center_code"]
    lines = table("medical_claim.csv")
    modifiers = {row[f"hcpcs_modifier_{n}"] for row in lines for n in (1, 2, 3)}
    assert {"JW", "JZ", "PO", "PN", "SS", "TB"} <= modifiers
    assert {"11", "12", "19", "22", "49"} <= {row["place_of_service_code"] for row in lines}
    assert {"131", "137", "138", "111", "851"} <= {row["bill_type_code"] for row in lines}
    assert any(row["hcpcs_code"].startswith("S93") for row in lines) and any(row["hcpcs_code"] == "99601" for row in lines)
    assert any(row["revenue_center_code"] == "0001" for row in lines)
    share = sum(1 for row in lines if row["ordering_npi"]) / sum(1 for row in lines if row["ndc_code"])
    assert share > 0.8


def test_codes_are_given_only_while_they_are_valid():
    codes = defaultdict(list)
    for row in rows(ROOT / "payers" / "reference" / "drug_codes.csv"):
        codes[row["hcpcs_code"]].append((row["effective_from"], row["effective_to"] or "9999"))
    given = [row for row in table("medical_claim.csv") if row["hcpcs_code"] in codes and len(row["claim_start_date"]) == 10]
    assert given
    for row in given:
        day = row["claim_line_start_date"] or row["claim_start_date"]
        assert any(first <= day < end for first, end in codes[row["hcpcs_code"]]), (row["hcpcs_code"], day)


def test_repeated_totals_stand_in_one_feed_only():
    claims = defaultdict(list)
    for row in table("medical_claim.csv"):
        if row["claim_type"] == "institutional" and row["revenue_center_code"] != "0001":
            claims[row["data_source"], row["claim_id"], row["paid_date"]].append(row["paid_amount"])
    same = defaultdict(list)
    for (feed, _, _), paid in claims.items():
        if len(paid) > 1 and any(float(amount) > 0 for amount in paid):
            same[feed].append(len(set(paid)) == 1)
    assert all(same["state_medicaid"]) and len(same["state_medicaid"]) > 20
    for feed in ("commercial_exchange", "medicare_feed"):
        assert sum(same[feed]) / len(same[feed]) < 0.5


def test_window_and_last_paid_date_are_fixed():
    manifest = json.loads((system() / "truth" / "manifest.json").read_text())
    assert (manifest["people"], manifest["months"], manifest["seed"]) == (PEOPLE, MONTHS, SEED)
    assert (manifest["service_from"], manifest["service_through"]) == ("2023-07-01", "2026-06-30")
    assert manifest["paid_through"] == "2026-09-30"
    good = [row for row in table("medical_claim.csv") if "13-45" not in row["claim_start_date"]]
    assert max(row["paid_date"] for row in good) <= "2026-09-30"
    assert "2023-06-20" <= min(row["claim_start_date"] for row in good)
    assert max(row["claim_start_date"] for row in good) <= "2026-07-01"  # a professional claim may be a day off
    assert make_window(6, dt.date(2026, 6, 30)).first_month == dt.date(2026, 1, 1)


def test_policies_load_as_they_are():
    paths = sorted((system() / "policies").glob("*.yaml"))
    assert len(paths) >= 12
    seen = set()
    for path in paths:
        document = yaml.safe_load(path.read_text())
        assert path.stem == document["id"] and document["drugs"]["hcpcs"]
        assert document["kind"] != "site_of_care" or document["examples"]
        seen.add((document["kind"], document["status"], document["starts"]))
        parse_policy(path.read_text(), path.name)  # refuses what is not a policy
    assert {kind for kind, _, _ in seen} == {"site_of_care", "drug_source", "benefit", "step", "prior_authorization"}
    assert {status for _, status, _ in seen} == {"in_force", "announced", "anticipated"}
    assert {starts for _, _, starts in seen} == {"everyone", "new_starts", "at_renewal"}


@pytest.mark.parametrize(("argument", "value"), [("people", 0), ("months", 5), ("months", 121)])
def test_counts_that_make_no_sense_are_refused(tmp_path, argument, value):
    with pytest.raises(ValueError, match=f"--{argument} must"):
        create_rehearsal(tmp_path, **{argument: value})


def test_command_speaks_json_and_refuses_in_a_sentence(tmp_path, capsys):
    call_command("create_rehearsal", str(tmp_path / "made"), people=12, months=6, json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["people"] == 12 and printed["counts"]["medical_claim.csv"] > 0
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(CommandError, match="name a folder that you may write to"):
        call_command("create_rehearsal", str(blocked), people=2)
