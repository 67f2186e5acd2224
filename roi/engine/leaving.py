"""A payer's policies -> when patients who are at the hospital today have to leave it, and whether the new site helps.

Only site-of-care policies in force or announced count; anticipated ones wait for a forecast. Under `everyone` the date is the
day the policy takes effect (grace runs from a treatment's start, so those long in treatment have used it up); under
`at_renewal` it is half a year later (authorizations run for a year); `new_starts` moves nobody who is here. A date within or
before the months measured has done its work: who was still there then, stays. A fund unknown to the claim is not taken
to be bound. Where the run has exposures, each person's own date counts instead (sql/volumes.sql), and the policy says what it bars.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HALF_A_YEAR = dt.timedelta(days=183)
COUNTING = ("in_force", "announced")


@dataclass(frozen=True)
class Law:
    """A state's law that shields insured plans' members from a kind of policy. In force from ≤ date < to."""

    state: str
    shields_from: str
    effective_from: dt.date
    effective_to: dt.date | None


@dataclass(frozen=True)
class Fate:
    """What policies do to some patients: the day they leave (None: they stay), the policy, the classes of site it excludes, and
    whether it bars every site that is affiliated with a hospital. `by_quarter`: too few leave on a day, so that a quarter's leave
    together on its first."""

    leaves_on: dt.date | None = None
    policy_id: str = ""
    excluded: tuple[str, ...] = ()
    bars_affiliated: bool = False
    by_quarter: bool = False


def known_fate(strand, policies: Sequence[Mapping]) -> Fate:
    """Of patients in our hospitals, as the run's exposures have it."""
    policy = next((policy for policy in policies if policy["id"] == strand.policy_id), None)
    if strand.leaves_on is None or policy is None:
        return Fate()
    return Fate(
        strand.leaves_on, strand.policy_id, tuple(sorted(policy["excluded_site_classes"])), policy["excludes_hospital_affiliated"]
    )


def fate(strand, policies: Sequence[Mapping], laws: Sequence[Law], measured_until: dt.date) -> Fate:
    """The first policy by date that makes these patients leave. `policies` are policy documents, `measured_until` is the first
    day after the months measured. For patients who are elsewhere already it says whether they may come to the new site."""
    binding = [(day, policy) for policy in policies if (day := _leaves_on(policy, strand, laws)) is not None]
    if strand.place == "hospital":
        binding = [
            (day, policy)
            for day, policy in binding
            if day >= measured_until and strand.site_class in policy["excluded_site_classes"]
        ]
    if not binding:
        return Fate()
    first_day, first = min(binding, key=lambda each: (each[0], each[1]["id"]))
    return Fate(
        leaves_on=first_day if strand.place == "hospital" else None,
        policy_id=first["id"],
        excluded=tuple(sorted({site_class for _, policy in binding for site_class in policy["excluded_site_classes"]})),
        bars_affiliated=any(policy["excludes_hospital_affiliated"] for _, policy in binding),
    )


def _leaves_on(policy: Mapping, strand, laws: Sequence[Law]) -> dt.date | None:
    """The day on which a policy reaches patients who are in treatment; None where it does not speak to them."""
    scope = policy["scope"]
    if policy["kind"] != "site_of_care" or policy["status"] not in COUNTING or policy["payer"] != strand.payer:
        return None
    bound = (
        (not scope["lines_of_business"] or strand.line_of_business in scope["lines_of_business"])
        and (not scope["funding"] or strand.funding_type in scope["funding"])
        and (not scope["states"] or strand.state in scope["states"])
        and (not scope["plans_in"] or strand.plan in scope["plans_in"])
        and strand.plan not in scope["plans_out"]
        and _names(policy["drugs"], strand)
    )
    if not bound or policy["starts"] == "new_starts":
        return None
    day = dt.date.fromisoformat(policy["effective_from"]) + (HALF_A_YEAR if policy["starts"] == "at_renewal" else dt.timedelta())
    ends = policy["effective_to"]
    if ends and day >= dt.date.fromisoformat(ends):
        return None
    return None if _shielded(strand, laws, day) else day


def _names(drugs: Mapping, strand) -> bool:
    return (
        any(code in drugs["hcpcs"] for code in strand.codes)
        or strand.molecule in drugs["molecules"]
        or strand.family in drugs["families"]
    )


def _shielded(strand, laws: Sequence[Law], day: dt.date) -> bool:
    return strand.funding_type == "insured" and any(
        law.state == strand.state
        and law.shields_from == "site_of_care"
        and law.effective_from <= day
        and (law.effective_to is None or day < law.effective_to)
        for law in laws
    )
