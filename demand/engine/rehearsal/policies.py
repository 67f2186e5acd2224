"""A window of months -> the payer policies of the rehearsal world; grain: one `PlantedPolicy` a file of policies/*.yaml.

The documents are what a user would load; the same objects steer the planted people (who has to leave a hospital, whose drug has
to come from a pharmacy), so what a policy did is known. Dates are half-open: from <= date < to.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from demand.engine.rehearsal.therapies import Therapy
from demand.engine.rehearsal.world import OPEN_END, Payer, Site, Window, table

_GI_AND_JOINTS = ("infliximab", "vedolizumab", "abatacept", "tocilizumab", "golimumab", "rituximab")
_NERVES = ("ocrelizumab", "natalizumab", "ublituximab", "eptinezumab", "efgartigimod alfa", "ravulizumab", "eculizumab")
_BREATH = ("omalizumab", "mepolizumab", "benralizumab", "tezepelumab")
FAMILY_GROUPS = {  # names for lists that several policies share
    "@gi_and_joints": _GI_AND_JOINTS,
    "@gi_joints_and_nerves": (*_GI_AND_JOINTS, *_NERVES),
    "@broad": (*_GI_AND_JOINTS, *_NERVES, "immune globulin", "belimumab", "anifrolumab", *_BREATH),
}


@dataclass(frozen=True)
class PlantedPolicy:
    """One policy as the planted people feel it. `families` are the drugs, by family; grace None means none of that kind."""

    policy_id: str
    payer: str
    kind: str
    status: str
    effective_from: int
    effective_to: int
    lines_of_business: tuple[str, ...]
    funding: tuple[str, ...]
    families: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    excludes_hospital_affiliated: bool = False
    starts: str = "everyone"
    grace_doses: int | None = None
    grace_days: int | None = None
    combine: str = "first"
    age_min: int | None = None
    drug_source: str | None = None
    likelihood: float = 1.0
    title: str = ""

    def binds(self, payer: Payer, family: str, age: int) -> bool:
        """Whether the policy, once in force, speaks to this person and drug; state shields come on top (`StateLaw`)."""
        return (
            self.status == "in_force"
            and payer.name == self.payer
            and payer.line_of_business in self.lines_of_business
            and payer.funding in self.funding
            and family in self.families
            and (self.age_min is None or age >= self.age_min)
        )

    def in_force_on(self, day: int) -> bool:
        return self.effective_from <= day < self.effective_to

    def excludes(self, site: Site) -> bool:
        return site.site_class in self.excluded or (self.excludes_hospital_affiliated and site.hospital_affiliated)

    def exposed_from(self, doses: list[int], single_dose: bool, renewal_on: int) -> int | None:
        """The first exposed day of a treatment (definitions.md 6), or None.

        doses: days of the treatment from its start, ascending. renewal_on: the end of the authorization that runs when the
        policy begins.
        """
        started = doses[0]
        if self.starts == "new_starts" and started < self.effective_from:
            return None
        day = max(started, self.effective_from)
        if self.starts == "at_renewal" and started < self.effective_from:
            day = max(day, renewal_on)
        ends = []
        if self.grace_days is not None and not single_dose:
            ends.append(started + self.grace_days)
        if self.grace_doses is not None and not single_dose:
            ends.append(doses[self.grace_doses - 1] + 1 if len(doses) >= self.grace_doses else OPEN_END)
        if ends:
            day = max(day, min(ends) if self.combine == "first" else max(ends))
        return day if day < self.effective_to and day < OPEN_END else None


@dataclass(frozen=True)
class StateLaw:
    """A law that shields members of insured plans in a state from a kind of policy, from its date on. Invented for the
    rehearsal."""

    state: str
    shields_from: str
    effective_from: int

    def shields(self, policy: PlantedPolicy, payer: Payer, state: str, day: int) -> bool:
        return (
            policy.kind == self.shields_from
            and payer.funding == "insured"
            and payer.line_of_business in ("commercial", "exchange")
            and state == self.state
            and day >= self.effective_from
        )


def planted_laws(window: Window) -> tuple[StateLaw, ...]:
    return (
        StateLaw("KY", "drug_source", window.start - 365),
        StateLaw("TN", "drug_source", window.month_start(round(window.months * 0.8))),
    )


def planted_policies(window: Window) -> tuple[PlantedPolicy, ...]:
    """A dozen policies that begin at fixed shares of the window, and two that begin after it (market_policies.csv)."""
    made = []
    for row in table("market_policies.csv"):
        begins = window.month_start(round(window.months * float(row["begins_at_share"]))) + int(row["days_later"])
        families = FAMILY_GROUPS.get(row["families"]) or _words(row["families"])
        made.append(
            PlantedPolicy(
                policy_id=row["policy_id"],
                payer=row["payer"],
                kind=row["kind"],
                status=row["status"],
                effective_from=begins,
                effective_to=OPEN_END,
                lines_of_business=_words(row["lines_of_business"]),
                funding=_words(row["funding"]),
                families=families,
                excluded=_words(row["excluded"]),
                excludes_hospital_affiliated=row["excludes_hospital_affiliated"] == "true",
                starts=row["starts"],
                grace_doses=_number(row["grace_doses"]),
                grace_days=_number(row["grace_days"]),
                combine=row["combine"],
                age_min=_number(row["age_min"]),
                drug_source=row["drug_source"] or None,
                likelihood=float(row["likelihood"]),
                title=row["title"],
            )
        )
    return tuple(made)


def _words(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


def _number(cell: str) -> int | None:
    return int(cell) if cell else None


def document(policy: PlantedPolicy, therapies: dict[str, Therapy]) -> dict:
    """The policy as a file of interfaces.md; families are spelled out as codes and molecules of the reference."""
    known = [therapies[family] for family in policy.families if family in therapies]
    codes = sorted({code.hcpcs for therapy in known for product in therapy.products for code in product.codes})
    grace = {"doses": policy.grace_doses, "days": policy.grace_days}
    grace = {name: value for name, value in grace.items() if value is not None}
    if grace:
        grace["combine"] = policy.combine
    clinical = policy.kind == "site_of_care"
    return {
        "id": policy.policy_id,
        "payer": policy.payer,
        "kind": policy.kind,
        "status": policy.status,
        "likelihood": policy.likelihood,
        "source": {
            "title": f"{policy.title} (rehearsal, invented)",
            "url": f"https://example.org/rehearsal/{policy.policy_id.lower()}",
            "retrieved": dt.date.fromordinal(policy.effective_from - 45),
        },
        "scope": {
            "lines_of_business": list(policy.lines_of_business),
            "funding": list(policy.funding),
            "states": [],
            "plans_in": [],
            "plans_out": [],
        },
        "effective_from": dt.date.fromordinal(policy.effective_from),
        "effective_to": None if policy.effective_to == OPEN_END else dt.date.fromordinal(policy.effective_to),
        "drugs": {"hcpcs": codes, "molecules": sorted({product.molecule for therapy in known for product in therapy.products})},
        "excluded_site_classes": list(policy.excluded),
        "excludes_hospital_affiliated": policy.excludes_hospital_affiliated,
        "starts": policy.starts,
        **({"grace": grace} if grace else {}),
        "single_dose_has_grace": False,
        "restart_gap_days": 180,
        "age": {"min": policy.age_min, "max": None},
        "clinical_exceptions": ["REACTION", "CARDIOPULM", "RENAL_FLUID"] if clinical else [],
        "access_exception": {"miles": 30} if clinical else None,
        "drug_source": policy.drug_source,
        "examples": _examples(policy, codes) if clinical and codes else [],
    }


def _examples(policy: PlantedPolicy, codes: list[str]) -> list[dict]:
    """Worked examples by definitions.md 6: before the date, within grace, after it, and in a site that is permitted."""
    begins = policy.effective_from
    start = begins + 10  # a new start, so that every start rule is met
    doses = [start, start + 14, start + 42, start + 98]
    exposed = policy.exposed_from(doses, single_dose=False, renewal_on=start)
    base = {"person_age": 40, "drug": "J1745" if "J1745" in codes else codes[0], "site_class": "hopd_on_campus"}

    def example(as_of: int, verdict: str, **changes: object) -> dict:
        before = sum(1 for dose in doses if dose < as_of)
        facts = {"treatment_start": dt.date.fromordinal(start), "doses_before": before, "as_of": dt.date.fromordinal(as_of)}
        return {**base, **facts, **changes, "verdict": verdict}

    made = [example(exposed + 5, "exposed")]
    if exposed > start:
        made.append(example(start, "in_grace"))
    made.append(example(exposed + 5, "not_applicable", site_class="infusion_center", hospital_affiliated=False))
    if policy.age_min is not None:
        made.append(example(exposed + 5, "not_applicable", person_age=policy.age_min - 1))
    return made
