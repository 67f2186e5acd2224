"""One treatment and one policy document -> verdict, exposed-from date and the clauses that made them; grain: one person × policy.

The slow, obvious evaluator (definitions.md, section 6): it asks of single days what the clauses say, and the first day that is not
let off is the day from which the person is exposed. It proves the worked examples of policy files and is the oracle of the
evaluator over tables. Nothing changes between the days on which a dose, a coverage, a law, a birthday or a grace begins or ends, so
only those days are asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

UNKNOWN = "unknown"
ASSUMABLE = ("insured", "self_funded")  # what an unknown funding may turn out to be
DAY = dt.timedelta(days=1)
NO_END = dt.date.max
WHITE_BAGGED = ("white_bag", "clear_bag")
DRUG_FROM_PHARMACY = ("sp_required", "sp_preferred")
# What the evaluator over tables can find on claims or in the register; the others are not known from claims and exempt nobody.
SHOWN_BY_CLAIMS = frozenset({"FIRST_DOSE", "REACTION", "CARDIOPULM", "RENAL_FLUID", "PREGNANCY", "INVESTIGATIONAL"})


@dataclass(frozen=True)
class Dose:
    """A day on which the family was given. `codes`: the code given and the codes that it succeeded or that succeeded it.

    site_class as on a claim (`home`, never `home_infusion`); hospital_affiliated None where the register does not say.
    """

    on: dt.date
    codes: frozenset[str]
    molecule: str
    site_class: str
    hospital_affiliated: bool | None = False
    channel: str = "buy_and_bill"
    counted: bool = True  # against a grace of doses; a worked example may know of the treatment and of no dose


@dataclass(frozen=True)
class Coverage:
    """Who pays from a day on, until the next coverage. state and plan None and the words `unknown` mean that nobody said."""

    from_on: dt.date
    payer: str
    line_of_business: str = UNKNOWN
    funding: str = UNKNOWN
    state: str | None = None
    plan: str | None = None


@dataclass(frozen=True)
class Evidence:
    """A clinical exception that holds from ≤ day < until."""

    code: str
    from_on: dt.date = dt.date.min
    until_on: dt.date = NO_END


@dataclass(frozen=True)
class Law:
    """A state's shield of insured members from a kind of policy, from ≤ day < to."""

    state: str
    shields_from: str
    effective_from: dt.date
    effective_to: dt.date | None = None

    @property
    def clause(self) -> str:
        return f"law.{self.state}.{self.shields_from}"


@dataclass(frozen=True)
class Treatment:
    """One person's treatment with one family, looked at as one episode of it.

    doses: all of the person and family, in order, earlier episodes included. begins_on: the episode's first dose. ends_on: its last
    treated day (last dose + allowed gap), None while it goes on. start_known: whether the first dose of all is known to be a start
    (365 enrolled days without one before it). authorizations: payer and the first day not authorized.
    """

    family: str
    doses: tuple[Dose, ...]
    coverages: tuple[Coverage, ...]
    begins_on: dt.date
    ends_on: dt.date | None = None
    allowed_gap: int = 0
    single_dose: bool = False
    start_known: bool = True
    birth_date: dt.date | None = None
    authorizations: tuple[tuple[str, dt.date], ...] = ()
    exceptions: tuple[Evidence, ...] = ()
    nearest_permitted_miles: float | None = None
    began_on: dt.date | None = None  # the start (or restart) where it is told and need not be found in the doses

    def last_dose(self, day: dt.date) -> Dose:
        return [dose for dose in self.doses if dose.on <= day][-1]

    def coverage(self, day: dt.date) -> Coverage:
        return [one for one in self.coverages if one.from_on <= day][-1]

    def course(self, day: dt.date, restart_gap_days: int) -> list[Dose]:
        """The doses up to `day` since the treatment (re)started: no gap above the restart gap that the regimen does not allow."""
        doses = [dose for dose in self.doses if dose.on <= day]
        if self.began_on:
            return [dose for dose in doses if dose.on >= self.began_on]
        first = len(doses) - 1
        while first and (doses[first].on - doses[first - 1].on).days <= max(restart_gap_days, self.allowed_gap):
            first -= 1
        return doses[first:]


@dataclass(frozen=True)
class Verdict:
    """`verdict` on the day asked. exposed_from: the first day not let off, however long ago; kept by an exemption. grace_until: the
    day on which a grace or a wait for renewal ends, where one runs and the day is known."""

    verdict: str
    exposed_from: dt.date | None
    grace_until: dt.date | None
    clauses: tuple[str, ...]
    reasons: tuple[str, ...]


def verdicts(treatment: Treatment, policy: dict, laws: Sequence[Law], on: dt.date) -> list[tuple[str | None, Verdict]]:
    """The verdict, or one for each funding that an unknown one may be, as (funding assumed or None, verdict)."""
    theirs = [one for one in treatment.coverages if one.payer.lower() == policy["payer"].lower()]
    if not any(one.funding == UNKNOWN for one in theirs):
        return [(None, judge(treatment, policy, laws, on))]
    return [
        (
            funding,
            judge(
                replace(
                    treatment,
                    coverages=tuple(
                        replace(one, funding=funding) if one.funding == UNKNOWN else one for one in treatment.coverages
                    ),
                ),
                policy,
                laws,
                on,
            ),
        )
        for funding in ASSUMABLE
    ]


def judge(treatment: Treatment, policy: dict, laws: Sequence[Law], on: dt.date) -> Verdict:
    """The verdict on a day, by a funding that is known."""
    found = _on(treatment, policy, laws, on)
    since = next(
        (
            day
            for day in _days_of_change(treatment, policy, laws)
            if _on(treatment, policy, laws, day)[0] == "exposed"
        ),
        None,
    )  # fmt: skip
    verdict, clauses = found
    grace_until = _waits_until(treatment, policy, on) if verdict == "in_grace" else None
    if verdict in ("exposed", "in_grace"):
        exempt = _exempt(treatment, policy, on)
        if exempt:
            verdict, clauses, grace_until = "exempt", exempt, None
        elif verdict == "exposed":
            clauses = (*clauses, *_made_the_date(treatment, policy, since))
    return Verdict(verdict, since, grace_until, clauses, _reasons(treatment, policy, on, verdict))


def _days_of_change(treatment: Treatment, policy: dict, laws: Sequence[Law]) -> list[dt.date]:
    """The days on which a verdict may change, in order, while the person is treated."""
    days = {_day(policy["effective_from"]), *(law.effective_to for law in laws if law.effective_to)}
    days |= {dose.on for dose in treatment.doses} | {dose.on + DAY for dose in treatment.doses}
    days |= {one.from_on for one in treatment.coverages} | {until for _, until in treatment.authorizations}
    if policy["grace"] and policy["grace"]["days"] is not None:
        days |= {dose.on + policy["grace"]["days"] * DAY for dose in treatment.doses}
    if treatment.birth_date and policy["age"] and policy["age"]["min"] is not None:
        days.add(birthday(treatment.birth_date, policy["age"]["min"]))
    return sorted(day for day in days if treatment.begins_on <= day <= (treatment.ends_on or NO_END))


def _on(treatment: Treatment, policy: dict, laws: Sequence[Law], day: dt.date) -> tuple[str, tuple[str, ...]]:
    """What the clauses say of one day, exceptions apart. What does not apply outranks a shield, a shield what is not known."""
    if treatment.ends_on and day > treatment.ends_on:
        return "not_applicable", ("treated",)
    dose, coverage = treatment.last_dose(day), treatment.coverage(day)
    unnamed = tuple(clause for clause, _ in _names(policy, coverage, dose, treatment.family))
    if unnamed:
        return "not_applicable", unnamed
    said = [
        *_in_force(policy, day),
        *_scope(policy["scope"], coverage),
        *_age(policy["age"], treatment.birth_date, day),
        *_place(policy, dose),
        *_start(policy, treatment, day),
    ]
    against = tuple(clause for clause, known in said if known)
    if against:
        return "not_applicable", against
    shields = tuple(law.clause for law in laws if _shields(law, policy, coverage, day))
    if shields:
        return "shielded", shields[:1]
    unknown = tuple(clause for clause, _ in said)
    if unknown:
        return UNKNOWN, unknown
    waiting = _waiting(policy, treatment, day)
    if waiting:
        return "in_grace", waiting
    return "exposed", _place_clause(policy, dose)


Said = Iterator[tuple[str, bool]]  # a clause that is not met (True), or of which nobody can tell (False)


def _names(policy: dict, coverage: Coverage, dose: Dose, family: str) -> Said:
    drugs = policy["drugs"]
    if coverage.payer.lower() != policy["payer"].lower():
        yield "payer", True
    elif not (dose.codes & set(drugs["hcpcs"]) or {dose.molecule, family} & {*drugs["molecules"], *drugs["families"]}):
        yield "drugs", True


def _in_force(policy: dict, day: dt.date) -> Said:
    if day < _day(policy["effective_from"]):
        yield "effective_from", True
    if policy["effective_to"] and day >= _day(policy["effective_to"]):
        yield "effective_to", True


def _scope(scope: dict, coverage: Coverage) -> Said:
    line = coverage.line_of_business
    if scope["lines_of_business"] and line not in scope["lines_of_business"]:
        yield "scope.lines_of_business", line != UNKNOWN
    if scope["funding"] and coverage.funding not in scope["funding"]:
        yield "scope.funding", True
    if scope["states"] and coverage.state not in scope["states"]:
        yield "scope.states", coverage.state is not None
    plan = coverage.plan.lower() if coverage.plan else None
    if scope["plans_in"] and plan not in {name.lower() for name in scope["plans_in"]}:
        yield "scope.plans_in", plan is not None
    if scope["plans_out"] and (plan is None or plan in {name.lower() for name in scope["plans_out"]}):
        yield "scope.plans_out", plan is not None


def _age(age: dict | None, birth_date: dt.date | None, day: dt.date) -> Said:
    low, high = (age["min"], age["max"]) if age else (None, None)
    if low is not None and (birth_date is None or day < birthday(birth_date, low)):
        yield "age.min", birth_date is not None
    if high is not None and (birth_date is None or day >= birthday(birth_date, high + 1)):
        yield "age.max", birth_date is not None


def _place(policy: dict, dose: Dose) -> Said:
    """Whether the policy leaves the person alone where (and with which drug source) they are now."""
    source = policy["drug_source"] if policy["kind"] == "drug_source" else None
    if source == "any" or (source == "buy_and_bill_required" and dose.channel not in (*WHITE_BAGGED, UNKNOWN)):
        yield "drug_source", True
    elif source == "buy_and_bill_required" and dose.channel == UNKNOWN:
        yield "drug_source", False
    excluded, affiliation = policy["excluded_site_classes"], policy["excludes_hospital_affiliated"]
    if not (excluded or affiliation) or dose.site_class in excluded:
        return
    if affiliation and dose.site_class != "home" and dose.hospital_affiliated is not False:
        if dose.hospital_affiliated is None:
            yield "excludes_hospital_affiliated", False
    elif excluded and dose.site_class == UNKNOWN:
        yield "excluded_site_classes", False
    else:
        yield ("excluded_site_classes" if excluded else "excludes_hospital_affiliated"), True


def _place_clause(policy: dict, dose: Dose) -> tuple[str, ...]:
    if dose.site_class in policy["excluded_site_classes"]:
        return ("excluded_site_classes",)
    if policy["excludes_hospital_affiliated"]:
        return ("excludes_hospital_affiliated",)
    return ("drug_source",) if policy["kind"] == "drug_source" else ("drugs",)


def _start(policy: dict, treatment: Treatment, day: dt.date) -> Said:
    began, known = _began(policy, treatment, day)
    under_way = began < _day(policy["effective_from"])
    if policy["starts"] == "new_starts" and (under_way or not known):
        yield "starts", under_way
    if policy["starts"] == "at_renewal":
        if (not under_way and not known) or (under_way and _renewal(policy, treatment) is None):
            yield "starts", False


def _began(policy: dict, treatment: Treatment, day: dt.date) -> tuple[dt.date, bool]:
    """When the treatment of that day (re)started, and whether that is known to be a start."""
    began = treatment.course(day, policy["restart_gap_days"])[0].on
    return began, treatment.start_known or began != treatment.doses[0].on


def _renewal(policy: dict, treatment: Treatment) -> dt.date | None:
    """The end of the payer's authorization that runs when the policy begins."""
    begins = _day(policy["effective_from"])
    ends = [
        until for payer, until in treatment.authorizations if payer.lower() == policy["payer"].lower() and until >= begins
    ]  # fmt: skip
    return min(ends, default=None)


def _grace_ends(policy: dict, treatment: Treatment, day: dt.date) -> list[tuple[str, dt.date]]:
    """When each part of the grace is used up; a dose not given yet uses nothing up."""
    grace = policy["grace"]
    if not grace or (treatment.single_dose and not policy["single_dose_has_grace"]):
        return []
    began, _ = _began(policy, treatment, day)
    ends = []
    if grace["doses"] is not None:
        given = [dose.on for dose in treatment.course(day, policy["restart_gap_days"]) if dose.counted]
        covered = NO_END if len(given) < grace["doses"] else given[grace["doses"] - 1] + DAY if grace["doses"] else began
        ends.append(("grace.doses", covered))
    if grace["days"] is not None:
        ends.append(("grace.days", began + grace["days"] * DAY))
    return ends


def _grace_end(policy: dict, treatment: Treatment, day: dt.date) -> tuple[str, dt.date] | None:
    ends = _grace_ends(policy, treatment, day)
    if not ends:
        return None
    choose = max if policy["grace"]["combine"] == "last" else min
    return choose(ends, key=lambda end: end[1])


def _waits(policy: dict, treatment: Treatment, day: dt.date) -> list[tuple[str, dt.date]]:
    """What the person may wait for: the end of the grace, the renewal of the authorization."""
    grace = _grace_end(policy, treatment, day)
    waits = [grace] if grace else []
    began, _ = _began(policy, treatment, day)
    if policy["starts"] == "at_renewal" and began < _day(policy["effective_from"]):
        renewal = _renewal(policy, treatment)
        if renewal:
            waits.append(("starts", renewal))
    return waits


def _waiting(policy: dict, treatment: Treatment, day: dt.date) -> tuple[str, ...]:
    return tuple(clause for clause, until in _waits(policy, treatment, day) if day < until)


def _waits_until(treatment: Treatment, policy: dict, day: dt.date) -> dt.date | None:
    until = max(until for _, until in _waits(policy, treatment, day))
    return None if until == NO_END else until


def _shields(law: Law, policy: dict, coverage: Coverage, day: dt.date) -> bool:
    return (
        law.shields_from == policy["kind"]
        and law.state == coverage.state
        and coverage.funding == "insured"
        and law.effective_from <= day < (law.effective_to or NO_END)
    )


def _exempt(treatment: Treatment, policy: dict, day: dt.date) -> tuple[str, ...]:
    held = {one.code for one in treatment.exceptions if one.from_on <= day < one.until_on}
    clauses = [f"clinical_exceptions.{code}" for code in policy["clinical_exceptions"] if code in held]
    miles, nearest = policy["access_exception"], treatment.nearest_permitted_miles
    if miles and nearest is not None and nearest > miles["miles"]:
        clauses.append("access_exception.miles")
    return tuple(clauses)


def _made_the_date(treatment: Treatment, policy: dict, since: dt.date) -> tuple[str, ...]:
    """The clause whose date the exposed-from date is; none where the treatment, or a change of it, began under the policy."""
    for clause, until in _waits(policy, treatment, since):
        if until == since:
            return (clause,)
    age, born = policy["age"], treatment.birth_date
    if age and age["min"] is not None and birthday(born, age["min"]) == since:
        return ("age.min",)
    return ("effective_from",) if since == _day(policy["effective_from"]) else ()


def _reasons(treatment: Treatment, policy: dict, day: dt.date, verdict: str) -> tuple[str, ...]:
    """What a reader should know besides the clauses: what the verdict had to leave open."""
    if verdict not in ("exposed", "in_grace", UNKNOWN):
        return ()
    reasons = []
    if not _began(policy, treatment, day)[1] and (policy["grace"] or policy["starts"] != "everyone"):
        reasons.append("start of treatment not known from claims: the first dose seen counts")
    if verdict == UNKNOWN:
        return tuple(reasons)
    unseen = [code for code in policy["clinical_exceptions"] if code not in SHOWN_BY_CLAIMS]
    if unseen:
        reasons.append(f"not known from claims: {', '.join(unseen)}")
    if policy["access_exception"] and treatment.nearest_permitted_miles is None:
        reasons.append("distance to a permitted site not known")
    return tuple(reasons)


def birthday(born: dt.date, years: int) -> dt.date:
    """The day on which a person is so many years old; who was born on 29 February, on the 28th in other years."""
    if born.year + years > dt.MAXYEAR:
        return NO_END
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return dt.date(born.year + years, 2, 28)


def permitted(policy: dict, site_class: str, hospital_affiliated: bool | None) -> bool:
    """Whether a registered site is one to which the policy sends people; not where it is known to be a hospital's."""
    away: Collection[str] = policy["excluded_site_classes"]
    return site_class not in away and not (policy["excludes_hospital_affiliated"] and hospital_affiliated)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
