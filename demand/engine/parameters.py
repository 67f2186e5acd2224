"""The settings of a run: every bracketed default of the definitions, in one frozen object.

A changed default is part of the run's recorded parameters (`as_json`), so that a figure can say what it rests on.
Days are whole days, months whole months, shares between 0 and 1, dose in the unit of the drug reference.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Parameters:
    # Lines to infusions
    administration_window_days: int = 3  # an administration line this close to a drug line belongs to it
    payable_window_days: int = 3  # a payable drug line of the administering provider this close: buy and bill
    payable_above_cents: int = 1  # payable means more than this
    claim_merge_days: int = 1  # professional and facility claims this close are one infusion
    fill_days_before: int = 30  # a fill may come this long before the administration …
    fill_days_after: int = 3  # … or this long after it
    log_doses: int = 2  # from so many doses of a therapy on, a clinic's log that notes fewer than …
    log_share: float = 0.25  # … this share of them says that no outside pharmacy supplied it (our assumption)
    fill_unadministered_days: int = 30  # a fill without an administration after this long is unadministered

    drug_code_pattern: str = r"^(J\d{4}|Q(01[3-8]|20[1-5]|407|408|51\d|9\d\d)\d|C9\d{3}|S0\d{3})$"  # drugs, also those not ours
    # Given before an infusion: they explain a push or an injection, never the infusion itself
    premedication_codes: tuple[str, ...] = (
        "J0131", "J0134", "J0136", "J1100", "J1200", "J1453", "J1626", "J1642", "J1644", "J1720", "J1885", "J2060", "J2175",
        "J2250", "J2405", "J2469", "J2550", "J2765", "J2780",
        "J2920", "J2930", "J7030", "J7040", "J7050", "J7060", "J7120", "S0028",
        "J0162", "J0163", "J0164", "J0165", "J0166", "J0167", "J0168", "J0169", "J0171",  # rescue from a reaction
    )  # fmt: skip
    infusion_clinic_taxonomies: tuple[str, ...] = ("261QI0500X",)
    pharmacy_taxonomy_prefix: str = "3336"
    home_infusion_taxonomies: tuple[str, ...] = ("3336H0001X",)  # a pharmacy that gives the infusion too
    dose_flag_below: float = 0.5  # of the lowest usual dose: flagged as far below the regimen, never corrected
    dose_flag_above: float = 2.0  # of the highest usual dose

    # Infusions to episodes
    gap_allowance: float = 0.5  # share of the interval that may pass on top of it
    gap_minimum_days: int = 60
    fixed_gap_days: int = 90  # the sensitivity reported beside it
    own_gaps_needed: int = 2  # maintenance gaps before a person's own median is trusted
    new_start_enrolled_days: int = 365
    restart_days: int = 180
    established_infusions: int = 2
    late_days: int = 7  # a dose is late from this many days over the person's own interval …
    late_share: float = 0.1  # … or this share of it, where that is more (our assumption: no standard says it)
    cycle_window_days: int = 42  # doses of a cyclic regimen this close together are one cycle

    # Leakage
    majority_months: int = 12
    benefit_shift_days: int = 120
    order_valid_days: int = 365  # an order names the prescriber of infusions this long after it
    access_order_days: int = 120
    access_wait_days: int = 14
    over_capacity_use: float = 1.0  # a site is over capacity above this share of its chair hours
    distance_miles: float = 10.0
    prescriber_left_days: int = 180
    clinical_days: int = 30
    reaction_diagnosis_pattern: str = r"(^|;)(T805|T8061|T8089|T886|T887|T782|T50Z15)"  # ICD-10-CM, without the point
    # Diagnoses that show a clinical exception of a site policy on claims: the exception's code, for how many days, ICD-10-CM pattern
    exception_diagnoses: tuple[str, ...] = (
        "CARDIOPULM 365 (^|;)(I50|I27|J96)",  # heart failure, pulmonary heart disease, respiratory failure
        "RENAL_FLUID 365 (^|;)(N17|N18[456]|N19|E877)",  # kidney failure, stage 4 and beyond; fluid overload
        "PREGNANCY 280 (^|;)(O|Z33|Z34)",
        "INVESTIGATIONAL 365 (^|;)Z006",
    )
    policy_effect_days: int = 90
    policy_effect_windows: int = 4  # of that length before the policy, to see what the groups did without it
    office_visit_codes: tuple[str, ...] = (
        "99202", "99203", "99204", "99205", "99211", "99212", "99213", "99214", "99215",
        "99242", "99243", "99244", "99245",
    )  # fmt: skip

    # Clinical events
    emergency_codes: tuple[str, ...] = ("99281", "99282", "99283", "99284", "99285")  # visits to an emergency room (CPT)
    # HCPCS level II, 2026-01: J0171 until 2025-06-30, since then by maker
    epinephrine_codes: tuple[str, ...] = (
        "J0162", "J0163", "J0164", "J0165", "J0166", "J0167", "J0168", "J0169", "J0171",
    )  # fmt: skip
    # A kind of event and the diagnoses that show it, ICD-10-CM without the point; our choice of codes
    clinical_event_diagnoses: tuple[str, ...] = (
        "line_infection ^(T8021|T827XXA)",  # of a central venous catheter; of a vascular device
        "sepsis ^(A40|A41|R652|R7881)",  # and bacteremia
    )

    # Time
    mature_completion: float = 0.90
    month_end_days: int = 3  # a month of payments is whole when they reach to this near its end
    band_z: float = 1.6449  # a 90 % band around a completed month

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):  # JSON knows no tuples
            if isinstance(getattr(self, item.name), list):
                object.__setattr__(self, item.name, tuple(getattr(self, item.name)))
        for name in ("gap_allowance", "mature_completion"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"Parameter {name} must lie between 0 and 1.")
        for item in dataclasses.fields(self):
            if item.name.endswith("_days") and getattr(self, item.name) < 0:
                raise ValueError(f"Parameter {item.name} must not be negative.")

    def as_json(self) -> dict:
        values = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, object] | None) -> Parameters:
        """Settings by name -> Parameters; a name that is none is refused."""
        known = {item.name for item in dataclasses.fields(cls)}
        unknown = sorted(set(values or {}) - known)
        if unknown:
            raise ValueError(f"These are no parameters of the pipeline: {', '.join(unknown)}.")
        return cls(**(values or {}))

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()
