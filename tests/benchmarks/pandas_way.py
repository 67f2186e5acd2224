"""The pipeline's stages in plain, competent pandas, from CSV files to leakage: the yardstick of `test_pipeline_ratio.py`.

Whole columns, no loops over rows, text columns only where text is needed. It does the same stages in a simpler form wherever the full
rules would only cost it more time (no bill type replacements, no policies, one round of matching, no reasons), so the comparison
favours it. Run as: python -m tests.benchmarks.pandas_way SYSTEM_FOLDER WORK_FOLDER; prints one JSON object.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

SHIPPED = Path(__file__).resolve().parents[2] / "payers" / "reference"
NOT_OUTPATIENT = ["11", "12", "18", "21"]
HOME = ["04", "12", "13", "14", "32", "33", "54", "55", "56"]
KEY = ["data_source", "claim_id", "claim_line_number"]
PERSON_DAY = ["person_id", "service_date"]


def read(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)


def dates(frame, *names):
    for name in names:
        frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d", errors="coerce")


def cents(column):
    return (pd.to_numeric(column, errors="coerce") * 100).round()


def pseudonyms(frame):
    made = {person: hashlib.sha256(b"key" + person.encode()).hexdigest()[:20] for person in frame["person_id"].unique()}
    frame["person_id"] = frame["person_id"].map(made)


def accepted_lines(system):
    """Rows in, accepted lines out: row rules, duplicates, reversals, versions, repeated claim totals."""
    lines = read(system / "medical_claim.csv").drop(columns=["member_id", "diagnosis_code_type"])
    lines = lines[(lines["person_id"] != "") & (lines["claim_id"] != "")].drop_duplicates()
    dates(lines, "claim_start_date", "claim_line_start_date", "claim_end_date", "paid_date", "authorization_end_date")
    for name in ("paid", "allowed", "charge", "coinsurance", "copayment", "deductible"):
        lines[f"{name}_cents"] = cents(lines.pop(f"{name}_amount"))
    lines["units"] = pd.to_numeric(lines.pop("service_unit_quantity"), errors="coerce")
    lines["service_date"] = lines["claim_line_start_date"].fillna(lines["claim_start_date"])
    lines = lines[lines["service_date"].notna()]
    pseudonyms(lines)
    event = ["data_source", "person_id", "hcpcs_code", "service_date", "billing_npi", "facility_npi", "rendering_npi"]
    amounts = ["units", "paid_cents", "allowed_cents", "charge_cents"]
    negative = (lines[amounts] < 0).any(axis=1)
    sized = lines.assign(**{name: lines[name].abs() for name in amounts})
    place = sized.groupby([*event, *amounts, negative.rename("negative")], dropna=False).cumcount()
    sized = sized.assign(negative=negative, place=place)
    pair = [*event, *amounts, "place"]
    reversed_rows = sized[negative][pair].merge(sized[~negative].reset_index()[[*pair, "index"]], on=pair)["index"]
    lines = lines[~negative & ~lines.index.isin(reversed_rows)]
    lines = lines.sort_values("paid_date", kind="stable").drop_duplicates(KEY, keep="last")
    claim = lines.groupby(["data_source", "claim_id"])
    repeated = (claim["paid_cents"].transform("nunique") == 1) & (claim["paid_cents"].transform("size") > 1)
    candidates = (lines["claim_type"] == "institutional") & (claim["paid_cents"].transform("size") > 1) & (lines["paid_cents"] > 0)
    share = repeated[candidates].groupby(lines["data_source"]).mean()
    split = candidates & repeated & lines["data_source"].isin(share[share >= 0.95].index)
    weight = lines["charge_cents"].where(lines["revenue_center_code"] != "0001", 0)
    total = weight.groupby([lines["data_source"], lines["claim_id"]]).transform("sum")
    lines.loc[split, "paid_cents"] = (lines["paid_cents"] * weight / total).round()[split]
    return lines.reset_index(drop=True)


def with_roles(lines, codes, services, spans):
    """Role, molecule, dose; payer's line of business from the span on the day."""
    lines["line_no"] = np.arange(len(lines))
    dated = lines[["line_no", "hcpcs_code", "service_date"]].merge(codes, on="hcpcs_code")
    dated = dated[(dated["service_date"] >= dated["effective_from"]) & (dated["service_date"] < dated["effective_to"])]
    lines = lines.merge(dated[["line_no", "molecule", "family", "unit_amount", "unit_of_measure"]], on="line_no", how="left")
    lines = lines.merge(services, on="hcpcs_code", how="left")
    lines["role"] = np.where(lines["molecule"].notna(), "drug", lines["role"].fillna("other"))
    waste = (lines[["hcpcs_modifier_1", "hcpcs_modifier_2", "hcpcs_modifier_3"]] == "JW").any(axis=1)
    lines["dose"] = (lines["units"] * lines["unit_amount"]).where(~waste)
    days = lines[PERSON_DAY].drop_duplicates().merge(spans, on="person_id")
    days = days[(days["service_date"] >= days["enrollment_start_date"]) & (days["service_date"] <= days["enrollment_end_date"])]
    days = days.sort_values("enrollment_start_date").drop_duplicates(PERSON_DAY, keep="last")
    return lines.merge(days[[*PERSON_DAY, "payer_type", "funding_type"]], on=PERSON_DAY, how="left")


def placed(lines, sites, taxonomies):
    """Service lines with site, class and ownership."""
    claim = [lines["data_source"], lines["claim_id"]]
    modifiers = lines[["hcpcs_modifier_1", "hcpcs_modifier_2", "hcpcs_modifier_3"]]
    off_campus = modifiers.isin(["PO", "PN"]).any(axis=1).groupby(claim).transform("any")
    emergency = lines["revenue_center_code"].str.startswith("045").groupby(claim).transform("any")
    bill, pos = lines["bill_type_code"].str[:2], lines["place_of_service_code"]
    outpatient = ~(bill.isin(NOT_OUTPATIENT) | pos.isin(["21", "23"]) | emergency)
    home_day = (lines["role"] == "home_service").groupby([lines["person_id"], lines["service_date"]]).transform("any")
    keep = (lines["role"] != "other") & outpatient
    found = lines[keep].copy()
    found["off_campus"], found["home_day"] = off_campus[keep], home_day[keep]
    pos, professional = pos[keep], found["claim_type"] == "professional"
    clinics = set(taxonomies.loc[taxonomies["taxonomy"] == "261QI0500X", "npi"])
    pharmacies = set(
        taxonomies.loc[taxonomies["taxonomy"].str.startswith("3336") & (taxonomies["taxonomy"] != "3336H0001X"), "npi"]
    )
    said = np.select(
        [
            found["home_day"], professional & pos.isin(HOME), ~professional & found["off_campus"], ~professional,
            pos == "19", pos == "22", pos == "49", (pos == "11") & found["billing_npi"].isin(clinics), pos == "11", pos == "24",
        ],
        [
            "home", "home", "hopd_off_campus", "hopd_on_campus", "hopd_off_campus", "hopd_on_campus", "infusion_center",
            "infusion_center", "physician_office", "surgery_center",
        ],
        "unknown",
    )  # fmt: skip
    found["said"] = said
    exact = sites.drop_duplicates(["npi", "site_class"]).set_index(["npi", "site_class"])["site_id"]
    single = sites.drop_duplicates("npi").set_index("npi")["site_id"]
    npi = found["facility_npi"].where(found["facility_npi"] != "", found["billing_npi"])
    both = pd.MultiIndex.from_arrays([npi, found["said"]])
    site_id = pd.Series(exact.reindex(both).to_numpy(), index=found.index).fillna(npi.map(single))
    facts = sites.drop_duplicates("site_id").set_index("site_id")
    found["site_class"] = site_id.map(facts["site_class"]).replace("home_infusion", "home").fillna(found["said"])
    found["ownership"] = site_id.map(facts["ownership"]).fillna("other")
    found["market"] = site_id.map(facts["market"])
    found["is_supply"] = (found["role"] == "drug") & (
        (found["site_class"] == "specialty_pharmacy") | (site_id.isna() & found["billing_npi"].isin(pharmacies))
    )
    found["site_id"] = site_id.fillna("npi:" + npi)
    found["payable"] = (found[["allowed_cents", "paid_cents"]].max(axis=1) > 1) & (found["role"] == "drug") & ~found["is_supply"]
    return found


def grouped(lines, services):
    """Which lines make one infusion: drug groups, merged claims, administration lines, what is left."""
    drugs = services[(services["role"] == "drug") & ~services["is_supply"]]
    grain = ["person_id", "service_date", "molecule", "site_id"]
    facility = (
        (drugs["claim_type"] == "institutional").groupby([drugs[name] for name in grain]).any().rename("facility").reset_index()
    )
    facility["seed"] = np.arange(len(facility))
    near = facility[~facility["facility"]].merge(
        facility[facility["facility"]], on=["person_id", "molecule"], suffixes=("", "_home")
    )
    near["days"] = (near["service_date_home"] - near["service_date"]).dt.days.abs()
    near = near[near["days"] <= 1].sort_values("days").drop_duplicates("seed")
    facility["home"] = facility["seed"].map(near.set_index("seed")["seed_home"]).fillna(facility["seed"]).astype("int64")
    drugs = drugs.merge(facility[[*grain, "home"]], on=grain)
    others = services[(services["role"] != "drug")]
    columns = ["person_id", "service_date", "home", "site_id", "billing_npi", "facility_npi", "claim_id"]
    match = others.merge(drugs[columns].drop_duplicates(), on="person_id", suffixes=("", "_drug"))
    match["days"] = (match["service_date_drug"] - match["service_date"]).dt.days.abs()
    same = (match["site_id"] == match["site_id_drug"]) | (match["claim_id"] == match["claim_id_drug"])
    same |= (match["billing_npi"] == match["billing_npi_drug"]) & (match["billing_npi"] != "")
    sides = (match["days"] <= 1) & match["place_of_service_code"].isin(["19", "22"])
    match = match[(match["days"] <= 3) & (same | sides)].sort_values(["days", "service_date_drug"]).drop_duplicates("line_no")
    left = others[
        ~others["line_no"].isin(match["line_no"]) & (others["role"] == "administration") & (others["kind"] != "hydration")
    ]
    treated = lines[(lines["role"] == "other") & lines["hcpcs_code"].str.match(r"^J\d{4}$") & (lines["hcpcs_code"] != "J1200")]
    explained = left[[*PERSON_DAY, "billing_npi"]].merge(
        treated[[*PERSON_DAY, "billing_npi"]].drop_duplicates(), how="left", indicator=True
    )
    left = left[(explained["_merge"] == "left_only").to_numpy()]
    orphan = left[[*PERSON_DAY, "site_id"]].drop_duplicates()
    orphan["home"] = len(facility) + np.arange(len(orphan))
    left = left.merge(orphan, on=[*PERSON_DAY, "site_id"])
    members = pd.concat([drugs, others.merge(match[["line_no", "home"]], on="line_no"), left], ignore_index=True)
    seeds = pd.concat(
        [facility[facility["seed"] == facility["home"]].drop(columns=["seed", "facility"]), orphan], ignore_index=True
    )
    return members, seeds


def infusions_of(members, seeds, services, fills):
    """One row per infusion: dose, money, channel."""
    members = members.sort_values(["role", "claim_type"], ascending=[False, True], kind="stable")
    members["own_dose"] = members["dose"].where(members["role"] == "drug")
    found = seeds.merge(
        members.groupby("home").agg(
            site_class=("site_class", "first"), ownership=("ownership", "first"), payer=("payer", "first"),
            line_of_business=("payer_type", "first"), market=("market", "first"), data_source=("data_source", "first"),
            dose=("own_dose", "sum"), allowed_cents=("allowed_cents", "sum"), paid_cents=("paid_cents", "sum"),
            payable=("payable", "any"), ordering_npi=("ordering_npi", "max"), rendering_npi=("rendering_npi", "max"),
            codes=("hcpcs_code", lambda codes: ";".join(sorted(set(codes)))),
        ),
        left_on="home", right_index=True,
    )  # fmt: skip
    supply = services[services["is_supply"]][["person_id", "service_date", "molecule", "allowed_cents"]]
    supply = supply.rename(columns={"service_date": "supplied_on"})
    filled = fills[~fills["self"]][["person_id", "dispensing_date", "molecule"]].rename(columns={"dispensing_date": "supplied_on"})
    supply = pd.concat([supply, filled], ignore_index=True)
    supply["supply"] = np.arange(len(supply))
    need = found[~found["payable"]].merge(supply, on="person_id", suffixes=("", "_supplied"))
    days = (need["supplied_on"] - need["service_date"]).dt.days
    fits = days.between(-30, 3) & (need["molecule"].isna() | (need["molecule"] == need["molecule_supplied"]))
    need = need.assign(distance=days.abs())[fits].sort_values("distance").drop_duplicates("home").drop_duplicates("supply")
    bagged = need.set_index("home")["molecule_supplied"].astype(object)
    found["molecule"] = found["molecule"].astype(object).fillna(found["home"].map(bagged))
    home = found["site_class"].isin(["home", "infusion_suite"])
    found["channel"] = np.select(
        [found["payable"] & home, found["payable"], found["home"].isin(bagged.index)],
        ["home_per_diem", "buy_and_bill", "white_bag"],
        "unknown",
    )
    return found


def attributed(found, roster):
    named = found["ordering_npi"].where(found["ordering_npi"] != "", found["rendering_npi"])
    known = found.assign(npi=named)[["home", "npi", "service_date"]].merge(roster, on="npi")
    known = known[(known["service_date"] >= known["starts_on"]) & (known["service_date"] < known["ends_on"])]
    found["attributed"] = found["home"].isin(known["home"])
    kept = found["channel"].isin(["buy_and_bill", "home_per_diem"])
    found["outcome"] = np.select(
        [
            ~found["attributed"], found["ownership"] == "other", found["ownership"] == "partner", kept, found["channel"] == "white_bag",
        ],
        ["", "site_leak", "partner", "kept", "margin_leak"],
        "unknown",
    )  # fmt: skip
    return found


def episodes_of(found, families, spans, fills, known_until):
    """One row per episode: interval, gaps, first and last site, outcome."""
    doses = found[found["family"].notna()].sort_values(["person_id", "family", "service_date"])
    by_course = doses.groupby(["person_id", "family"], sort=False)
    doses["gap"] = by_course["service_date"].diff().dt.days
    doses["number"] = by_course.cumcount()
    doses = doses.merge(families, on="family", how="left")
    own = doses[(doses["number"] > doses["induction_doses"]) & ~doses["cyclic"] & (doses["gap"] > 0)]
    own = own.groupby(["person_id", "family"])["gap"].agg(["median", "size"]).query("size >= 2")["median"]
    interval = pd.Series(own.reindex(pd.MultiIndex.from_frame(doses[["person_id", "family"]])).to_numpy(), index=doses.index)
    doses["interval"] = interval.fillna(doses["interval_days"])
    doses["allowed_gap"] = np.maximum(60, np.floor(doses["interval"] * 1.5))
    doses["episode"] = (doses["gap"].isna() | (doses["gap"] > doses["allowed_gap"])).cumsum()
    made = doses.groupby("episode").agg(
        person_id=("person_id", "first"), family=("family", "first"), started_on=("service_date", "first"),
        last_infused_on=("service_date", "last"), infusions=("home", "size"), first_ownership=("ownership", "first"),
        last_ownership=("ownership", "last"), attributed=("attributed", "any"), allowed_gap=("allowed_gap", "first"),
        course_doses=("course_doses", "first"),
    )  # fmt: skip
    made["due_on"] = made["last_infused_on"] + pd.to_timedelta(made["allowed_gap"], unit="D")
    until = spans.groupby("person_id")["enrollment_end_date"].max()
    enrolled_until = made["person_id"].map(until)
    shifts = made.reset_index().merge(fills[fills["self"]][["person_id", "family", "dispensing_date"]], on=["person_id", "family"])
    after = (shifts["dispensing_date"] - shifts["last_infused_on"]).dt.days
    shifted = made.index.isin(shifts.loc[after.between(1, 120), "episode"])
    owned_first, owned_last = made["first_ownership"] == "owned", made["last_ownership"] == "owned"
    made["outcome"] = np.select(
        [
            owned_first & ~owned_last, ~owned_first & owned_last, ~owned_first, shifted,
            (made["infusions"] >= made["course_doses"]) | (enrolled_until < made["due_on"]), made["due_on"] < known_until,
        ],
        ["moved_out", "moved_in", "never_captured", "benefit_shift", "ended", "dark"],
        "kept",
    )  # fmt: skip
    return made


def completion_of(lines):
    """Chain ladder by feed."""
    paid = lines[lines["paid_date"].notna()]
    month = paid["service_date"].dt.to_period("M")
    age = (paid["paid_date"].dt.to_period("M") - month).map(lambda step: step.n).clip(lower=0)
    counts = paid.groupby([paid["data_source"], month, age]).size().unstack(fill_value=0).cumsum(axis=1)
    factors = counts.groupby(level=0).sum().pct_change(axis=1, fill_method=None)
    return 1 / (1 + factors).iloc[:, ::-1].cumprod(axis=1)


def leakage_of(found):
    named = found[found["attributed"]].assign(month=found["service_date"].dt.to_period("M"))
    cell = ["month", "payer", "line_of_business", "family", "site_class", "market"]
    cells = named.groupby([*cell, "outcome"], dropna=False).agg(
        infusions=("home", "size"), people=("person_id", "nunique"), allowed_cents=("allowed_cents", "sum")
    )
    return cells.unstack("outcome", fill_value=0)


def write(work, **frames):
    """What a run leaves: every table on disk, so that people can read it. pandas writes Parquet only with a further package."""
    work.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_csv(work / f"{name}.csv", index=False)


def main(system, work):
    codes, families = read(SHIPPED / "drug_codes.csv"), read(SHIPPED / "drug_families.csv")
    codes["effective_from"] = pd.to_datetime(codes["effective_from"].replace("", "1900-01-01"))
    codes["effective_to"] = pd.to_datetime(codes["effective_to"].replace("", "2200-01-01"))
    codes["unit_amount"] = pd.to_numeric(codes["unit_amount"])
    families = families[["family", "interval_days", "induction_doses", "cyclic", "course_doses"]]
    for name in ("interval_days", "induction_doses", "course_doses"):
        families[name] = pd.to_numeric(families[name])
    families["cyclic"] = families["cyclic"] == "true"
    services = read(SHIPPED / "service_codes.csv")[["hcpcs_code", "role", "kind"]]
    ndcs = pd.concat([read(SHIPPED / "ndcs.csv"), read(system / "drugs.csv")])[
        ["ndc_code", "molecule", "family", "self_administered"]
    ]
    sites = read(system / "sites.csv").rename(columns={"npis": "npi"})
    roster = read(system / "prescribers.csv")[["npi", "starts_on", "ends_on"]]
    roster["starts_on"] = pd.to_datetime(roster["starts_on"].replace("", "1900-01-01"))
    roster["ends_on"] = pd.to_datetime(roster["ends_on"].replace("", "2200-01-01"))
    spans = read(system / "eligibility.csv")
    dates(spans, "enrollment_start_date", "enrollment_end_date")
    pseudonyms(spans)
    fills = read(system / "pharmacy_claim.csv")
    dates(fills, "dispensing_date", "paid_date")
    pseudonyms(fills)
    fills = fills.merge(ndcs, on="ndc_code")
    fills["self"] = fills["self_administered"] == "true"

    lines = with_roles(accepted_lines(system), codes, services, spans)
    service_lines = placed(lines, sites, read(system / "taxonomies.csv"))
    members, seeds = grouped(lines, service_lines)
    found = infusions_of(members, seeds, service_lines, fills)
    found["family"] = found["molecule"].map(codes.drop_duplicates("molecule").set_index("molecule")["family"])
    found = attributed(found, roster)
    completion = completion_of(lines)
    episodes = episodes_of(found, families, spans, fills, lines["service_date"].max())
    cells = leakage_of(found)
    lines = lines.merge(members[["line_no", "home"]].drop_duplicates("line_no"), on="line_no", how="left")
    write(
        work, lines=lines.sort_values(["person_id", "service_date"]), infusions=found, episodes=episodes, fills=fills, eligibility=spans,
        leakage=cells.reset_index(), completion=completion.reset_index(),
    )  # fmt: skip
    return {
        "lines": len(lines),
        "infusions": len(found),
        "episodes": len(episodes),
        "cells": len(cells),
        "feeds": len(completion),
        "outcomes": found["outcome"].value_counts().to_dict(),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
