"""Small published runs for page tests: facts.parquet as the pipeline writes it, from plain rows or from a seeded market."""

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

COLUMNS = {
    "month": "DATE",
    "service_date": "DATE",
    "person_no": "BIGINT",
    "payer": "VARCHAR",
    "line_of_business": "VARCHAR",
    "market": "VARCHAR",
    "family": "VARCHAR",
    "clinical_line": "VARCHAR",
    "site_id": "VARCHAR",
    "site_class": "VARCHAR",
    "ownership": "VARCHAR",
    "owner": "VARCHAR",
    "payer_affiliation": "VARCHAR",
    "channel": "VARCHAR",
    "channel_confidence": "VARCHAR",
    "outcome": "VARCHAR",
    "attributed": "BOOLEAN",
    "attribution_rule": "VARCHAR",
    "mechanism": "VARCHAR",
    "reason": "VARCHAR",
    "allowed_cents": "BIGINT",
    "mature": "BOOLEAN",
    "data_source": "VARCHAR",
}
USUAL = {
    "month": dt.date(2025, 1, 1),
    "person_no": 1,
    "payer": "Payer A",
    "line_of_business": "commercial",
    "market": "Metro",
    "family": "infliximab",
    "clinical_line": "gastroenterology",
    "site_id": "H",
    "site_class": "hopd_on_campus",
    "ownership": "owned",
    "owner": "Our System",
    "payer_affiliation": "",
    "channel": "buy_and_bill",
    "channel_confidence": "confirmed",
    "outcome": "kept",
    "attributed": True,
    "attribution_rule": "ordering_npi",
    "mechanism": None,
    "reason": None,
    "allowed_cents": 100_000,
    "mature": True,
}
ELSEWHERE = {
    "site_id": "F",
    "site_class": "infusion_center",
    "ownership": "other",
    "owner": "Free Standing Inc",
    "outcome": "site_leak",
    "mechanism": "moved_out",
    "reason": "site_policy",
}
WHITE_BAG = {"channel": "white_bag", "outcome": "margin_leak", "mechanism": "white_bagged", "reason": "drug_source_policy"}


def fact(**fields) -> dict:
    """One infusion: kept, named prescriber, January 2025; a test names only what it is about."""
    return {**USUAL, **fields}


def write_facts(folder: Path, rows) -> Path:
    """Rows (dicts or a frame with COLUMNS) -> folder/facts.parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(object)
    frame["service_date"] = frame["service_date"].fillna(frame["month"])
    frame["data_source"] = frame["data_source"].fillna("a")
    frame = frame.where(lambda table: table.notna(), None)
    with duckdb.connect() as connection:
        connection.register("given", frame)
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in COLUMNS.items())
        connection.execute(f"COPY (SELECT {casts} FROM given) TO '{folder / 'facts.parquet'}' (FORMAT parquet)")
    return folder / "facts.parquet"


def market(people: int = 600, months: int = 24, seed: int = 7) -> pd.DataFrame:
    """A seeded market: every payer, therapy, site class, outcome and attribution rule occurs, in uneven shares."""
    draw = np.random.default_rng(seed)
    payers = [("Alder Health", "commercial"), ("Birch Mutual", "commercial"), ("Birch Mutual", "exchange"),
              ("Cedar Advantage", "medicare_advantage"), ("Medicare", "medicare"), ("State Medicaid", "medicaid"),
              ("Dogwood Plan", "commercial")]  # fmt: skip
    families = [("infliximab", "gastroenterology", 56, 450_000), ("vedolizumab", "gastroenterology", 56, 790_000),
                ("ocrelizumab", "neurology", 182, 1_900_000), ("natalizumab", "neurology", 28, 800_000),
                ("immune globulin", "immunology", 28, 520_000), ("iron sucrose", "hematology", 14, 40_000),
                ("ferric carboxymaltose", "hematology", 90, 110_000), ("denosumab", "endocrinology", 182, 180_000),
                ("tocilizumab", "rheumatology", 28, 260_000), ("rituximab", "rheumatology", 182, 900_000),
                ("eculizumab", "hematology", 14, 2_500_000), ("teprotumumab", "ophthalmology", 21, 3_000_000)]  # fmt: skip
    weight = np.array([16, 9, 8, 5, 9, 12, 10, 14, 6, 6, 0.8, 0.5])
    places = [("hopd_on_campus", "owned", "Our System", ""), ("hopd_off_campus", "owned", "Our System", ""),
              ("infusion_center", "partner", "Partner Infusion", ""), ("infusion_center", "other", "Summit Infusion", "Alder Health"),
              ("physician_office", "other", "Valley GI Group", ""), ("home", "other", "HomeRx", "Birch Mutual"),
              ("hopd_on_campus", "other", "County Hospital", ""), ("infusion_suite", "other", "HomeRx", "Birch Mutual"),
              ("unknown", "other", "", "")]  # fmt: skip
    place_weight = np.array([34, 12, 5, 11, 9, 8, 4, 3, 3])
    first = dt.date(2024, 1, 1)
    rows = []
    for person in range(people):
        payer, lob = payers[draw.choice(len(payers), p=np.array([26, 18, 5, 17, 20, 12, 2]) / 100)]
        family, line, interval, price = families[draw.choice(len(families), p=weight / weight.sum())]
        where = str(draw.choice(["Metro", "Suburban", "Rural", "unknown"], p=[0.52, 0.3, 0.16, 0.02]))
        place = draw.choice(len(places), p=place_weight / place_weight.sum())
        rule = str(draw.choice(["ordering_npi", "rendering_npi", "majority", ""], p=[0.68, 0.2, 0.04, 0.08]))
        day = int(draw.integers(0, months * 20))
        moves_on = day + int(draw.integers(100, 3000))
        while day < months * 30 and draw.random() > 0.03:
            if day > moves_on and place < 2 and payer in ("Alder Health", "Birch Mutual"):
                place = int(draw.choice([3, 5]))
            site_class, ownership, owner, affiliation = places[place]
            bagged = ownership == "owned" and draw.random() < (0.22 if payer == "Birch Mutual" else 0.05)
            outcome = {"partner": "partner", "other": "site_leak"}.get(ownership, "margin_leak" if bagged else "kept")
            if site_class == "unknown" or draw.random() < 0.015:
                outcome = "unknown"
            moved = day > moves_on and person % 3 > 0
            how = {
                "site_leak": ("moved_out", "site_policy") if moved else ("never_captured", "unexplained"),
                "margin_leak": ("white_bagged", "drug_source_policy" if payer == "Birch Mutual" else "unexplained"),
            }.get(outcome if rule else "", (None, None))
            number = day // 30
            rows.append(
                fact(
                    month=dt.date(first.year + number // 12, number % 12 + 1, 1), person_no=person, payer=payer,
                    line_of_business=lob, market=where, family=family, clinical_line=line, site_class=site_class,
                    site_id="unknown" if site_class == "unknown" else f"npi:{2_000_000_000 + person % 9}" if owner.startswith("Valley")
                    else f"{owner[:3]}-{site_class}-{person % 7 // 4}",
                    ownership=ownership, owner=owner, payer_affiliation=affiliation,
                    channel="white_bag" if bagged else "buy_and_bill",
                    channel_confidence="probable" if bagged and draw.random() < 0.3 else "confirmed",
                    outcome=outcome if rule else None, attributed=bool(rule), attribution_rule=rule or None, mechanism=how[0], reason=how[1],
                    allowed_cents=None if draw.random() < 0.01 else int(price * draw.uniform(0.8, 1.5)),
                    mature=number < months - 3,
                )
            )  # fmt: skip
            day += max(1, int(interval * draw.uniform(0.85, 1.2)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
