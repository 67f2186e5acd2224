"""Payer, site and code -> what the contract allows; grain: cents for one line, and the rows of rates.csv that say the same.

Levels are the planning ranges of published relativities (hospital about twice the average sales price, offices and centers a
little above it); administration follows Medicare's two fee schedules, times a payer's factor.
"""

from __future__ import annotations

import datetime as dt

from demand.engine.rehearsal.therapies import Code
from demand.engine.rehearsal.world import Payer, Site
from payers.engine.medicare_rules import shipped_rules

# Medicare's amounts in cents: (physician fee schedule, hospital outpatient), planning-grade
ADMINISTRATION = {
    "96360": (3008, 19800), "96365": (5790, 21000), "96366": (1941, 4200), "96372": (1391, 6500), "96374": (3396, 19800),
    "96375": (1423, 4200), "96401": (6631, 6500), "96413": (11936, 33700), "96415": (2555, 6500),
}  # fmt: skip
PER_DIEM_CENTS = 16_500
VISIT_CENTS = {"99601": 11_500, "99602": 5_200}
_FACTOR = {  # (professional, hospital) multiple of Medicare's administration amount
    "commercial": (1.30, 2.10), "exchange": (1.10, 1.40), "medicaid": (0.80, 0.85), "medicare": (1.0, 1.0),
    "medicare_advantage": (1.0, 1.02),
}  # fmt: skip
_PATIENT = {"commercial": 0.10, "exchange": 0.20, "medicaid": 0.0, "medicare": 0.20, "medicare_advantage": 0.15}


def drug_percent(payer: Payer, site: Site) -> int:
    """Percent of the average sales price that this payer allows there."""
    if site.form in ("home", "suite", "pharmacy"):
        return payer.home_percent
    return payer.hospital_percent if site.is_hospital else payer.office_percent


def drug_cents(payer: Payer, site: Site, code: Code, units: float) -> int:
    """Medicare allows its payment limit, at home a percentage of the average sales price as every other payer does."""
    if payer.line_of_business == "medicare" and site.form not in ("home", "suite", "pharmacy"):
        return max(1, int(code.limit_cents * units + 0.5))
    return max(1, int(code.price_cents * units * drug_percent(payer, site) / 100 + 0.5))


def administration_cents(payer: Payer, site: Site, code: str, units: int, day: int) -> int:
    """Medicare pays off-campus departments a share of the hospital amount: under PN, and since 2026 under PO too."""
    professional, hospital = ADMINISTRATION[code]
    factors = _FACTOR[payer.line_of_business]
    if not site.is_hospital:
        return int(professional * factors[0] * units + 0.5)
    amount = hospital * factors[1] * units
    if payer.line_of_business == "medicare" and site.off_campus_modifier:
        share = shipped_rules().department_share(site.off_campus_modifier, dt.date.fromordinal(day))
        amount *= float(share.percent) / 100
    return int(amount + 0.5)


def patient_share(payer: Payer) -> float:
    return _PATIENT[payer.line_of_business]


def rate_rows(payers: tuple[Payer, ...], first_day: str) -> list[tuple]:
    """Rows of rates.csv: payer, plan, site_class, site_id, hcpcs_code, basis, rate, effective_from, effective_to, source."""
    source = "rehearsal contract, invented"
    rows: list[tuple] = []
    for payer in payers:
        levels = {
            "hopd_on_campus": payer.hospital_percent, "hopd_off_campus": payer.hospital_percent, "infusion_center":
            payer.office_percent,
            "physician_office": payer.office_percent, "surgery_center": payer.office_percent, "home_infusion": payer.home_percent,
            "infusion_suite": payer.home_percent,
        }  # fmt: skip
        for site_class, percent in levels.items():
            rows.append((payer.name, payer.plan, site_class, "", "", "percent_of_asp", percent, first_day, "", source))
            if site_class in ("home_infusion", "infusion_suite"):
                rows.append(
                    (
                        payer.name,
                        payer.plan,
                        site_class,
                        "",
                        "S9379",
                        "per_diem",
                        f"{PER_DIEM_CENTS / 100:.2f}",
                        first_day,
                        "",
                        source,
                    )
                )
                for code, cents in VISIT_CENTS.items():
                    rows.append(
                        (payer.name, payer.plan, site_class, "", code, "per_visit", f"{cents / 100:.2f}", first_day, "", source)
                    )
                continue
            hospital = site_class.startswith("hopd")
            for code, amounts in ADMINISTRATION.items():
                amount = amounts[hospital] * _FACTOR[payer.line_of_business][hospital] / 100
                rows.append((payer.name, payer.plan, site_class, "", code, "per_unit", f"{amount:.2f}", first_day, "", source))
    return rows
