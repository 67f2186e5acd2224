"""A window of months -> the payer policies of the rehearsal world; grain: one `PlantedPolicy` a file of policies/*.yaml.

The documents are what a user would load; the same objects steer the planted people (who has to leave a hospital, whose drug
has to come from a pharmacy), so what a policy did is known. Dates are half-open: from <= date < to.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from demand.engine.rehearsal.therapies import Therapy
from demand.engine.rehearsal.world import OPEN_END, Payer, Site, Window

HOSPITALS = ("hopd_on_campus", "hopd_off_campus")
GI_AND_JOINTS = ("infliximab", "vedolizumab", "abatacept", "tocilizumab", "golimumab", "rituximab")
NERVES = ("ocrelizumab", "natalizumab", "ublituximab", "eptinezumab", "efgartigimod alfa", "ravulizumab", "eculizumab")
BROAD = (
    *GI_AND_JOINTS,
    *NERVES,
    "immune globulin",
    "belimumab",
    "anifrolumab",
    "omalizumab",
    "mepolizumab",
    "benralizumab",
    "tezepelumab",
)


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
    """A dozen policies whose dates lie at fixed shares of the window, and two that lie beyond it."""

    def month(share: float) -> int:
        return window.month_start(round(window.months * share))

    either = ("insured", "self_funded")
    return (
        PlantedPolicy(
            "UNI-SOC-1",
            "Unison Health",
            "site_of_care",
            "in_force",
            month(0.36),
            OPEN_END,
            ("commercial",),
            either,
            BROAD,
            HOSPITALS,
            grace_doses=2,
            grace_days=45,
            combine="first",
            title="Unison Health: infusions outside the hospital, with two doses or 45 days of grace, whichever is first",
        ),
        PlantedPolicy(
            "ANC-SOC-1",
            "Anchor Blue",
            "site_of_care",
            "in_force",
            month(0.58),
            OPEN_END,
            ("commercial",),
            ("insured",),
            GI_AND_JOINTS,
            HOSPITALS,
            excludes_hospital_affiliated=True,
            grace_days=30,
            age_min=18,
            title="Anchor Blue: adults in sites not affiliated with a hospital",
        ),
        PlantedPolicy(
            "MER-SOC-1",
            "Meridian Mutual",
            "site_of_care",
            "in_force",
            month(0.17),
            OPEN_END,
            ("commercial",),
            either,
            (*GI_AND_JOINTS, *NERVES),
            HOSPITALS,
            title="Meridian Mutual: everyone from the effective date",
        ),
        PlantedPolicy(
            "CRE-SOC-1",
            "Crestline Health Plan",
            "site_of_care",
            "in_force",
            month(0.67),
            OPEN_END,
            ("commercial",),
            ("self_funded",),
            BROAD,
            HOSPITALS,
            starts="at_renewal",
            grace_doses=1,
            title="Crestline: at the next authorization",
        ),
        PlantedPolicy(
            "OAK-SOC-1",
            "Oakline Marketplace",
            "site_of_care",
            "in_force",
            month(0.5),
            OPEN_END,
            ("exchange",),
            ("insured",),
            BROAD,
            HOSPITALS,
            starts="new_starts",
            grace_days=45,
            title="Oakline: new starts only",
        ),
        PlantedPolicy(
            "UNI-SRC-1",
            "Unison Health",
            "drug_source",
            "in_force",
            month(0.25),
            OPEN_END,
            ("commercial",),
            either,
            ("infliximab", "vedolizumab", "ocrelizumab", "natalizumab", "immune globulin", "omalizumab", "risankizumab"),
            HOSPITALS,
            drug_source="sp_required",
            title="Unison: hospitals obtain listed drugs from Northgate, billed under the medical benefit",
        ),
        PlantedPolicy(
            "CRE-SRC-1",
            "Crestline Health Plan",
            "drug_source",
            "in_force",
            month(0.42),
            OPEN_END,
            ("commercial",),
            ("self_funded",),
            ("infliximab", "vedolizumab", "tocilizumab", "abatacept", "golimumab", "omalizumab", "mepolizumab", "benralizumab"),
            HOSPITALS,
            drug_source="sp_required",
            title="Crestline: drugs dispensed and billed by Pinnacle on the pharmacy benefit",
        ),
        PlantedPolicy(
            "ANC-SRC-1",
            "Anchor Blue",
            "drug_source",
            "in_force",
            month(0.5),
            OPEN_END,
            ("commercial",),
            ("self_funded",),
            ("infliximab", "ocrelizumab", "immune globulin", "denosumab"),
            HOSPITALS,
            drug_source="sp_preferred",
            title="Anchor Blue: specialty pharmacy preferred for employer groups",
        ),
        PlantedPolicy(
            "MCD-SRC-1",
            "Commonwealth Medicaid",
            "drug_source",
            "in_force",
            month(0.0),
            OPEN_END,
            ("medicaid",),
            ("government",),
            BROAD,
            (),
            drug_source="buy_and_bill_required",
            title="Commonwealth Medicaid: providers buy and bill",
        ),
        PlantedPolicy(
            "MER-BEN-1",
            "Meridian Mutual",
            "benefit",
            "in_force",
            month(0.6),
            OPEN_END,
            ("commercial",),
            either,
            ("omalizumab", "mepolizumab", "benralizumab", "tezepelumab", "abatacept", "tocilizumab", "vedolizumab"),
            title="Meridian Mutual: self-injected forms on the pharmacy benefit first",
        ),
        PlantedPolicy(
            "SIL-STEP-1",
            "Silverbirch Advantage",
            "step",
            "in_force",
            month(0.33),
            OPEN_END,
            ("medicare_advantage",),
            ("government",),
            ("infliximab", "rituximab"),
            starts="new_starts",
            title="Silverbirch: biosimilar first",
        ),
        PlantedPolicy(
            "CRE-PA-1",
            "Crestline Health Plan",
            "prior_authorization",
            "in_force",
            month(0.1),
            OPEN_END,
            ("commercial",),
            ("self_funded",),
            BROAD,
            title="Crestline: authorization every twelve months",
        ),
        PlantedPolicy(
            "ANC-SOC-2",
            "Anchor Blue",
            "site_of_care",
            "announced",
            month(1.0) + 92,
            OPEN_END,
            ("commercial",),
            either,
            BROAD,
            HOSPITALS,
            excludes_hospital_affiliated=True,
            grace_days=30,
            age_min=18,
            likelihood=0.9,
            title="Anchor Blue: the site policy extended to employer groups",
        ),
        PlantedPolicy(
            "OAK-SRC-1",
            "Oakline Marketplace",
            "drug_source",
            "anticipated",
            month(1.0) + 184,
            OPEN_END,
            ("exchange",),
            ("insured",),
            BROAD,
            HOSPITALS,
            drug_source="sp_required",
            likelihood=0.4,
            title="Oakline: specialty pharmacy expected to be required",
        ),
    )


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
        "grace": grace,
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
        made.append(example(start + 1, "in_grace"))
    if policy.age_min is not None:
        made.append(example(exposed + 5, "not_applicable", person_age=policy.age_min - 1))
    return made
