"""A policy document with its worked examples -> the sentences of those that its clauses do not bear out; grain: one example.

What an example leaves out is taken as meeting the policy's scope; a hospital's department is affiliated with one, other sites are not;
under a policy that asks for buy and bill the drug came white-bagged. An example says how many doses were given before the day it asks
of, not when: the date it may claim lies between what the earliest and the latest days would give.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from payers.engine.policy_words import CLAUSES, VERDICTS
from payers.engine.verdict import ASSUMABLE, DAY, Coverage, Dose, Evidence, Law, Treatment, Verdict, birthday, judge
from sites.engine.registers import HOSPITAL_DEPARTMENTS

GAP_ALLOWANCE, GAP_MINIMUM_DAYS = 0.5, 60  # definitions.md, section 3: the gap that a regimen allows


@dataclass(frozen=True)
class Drug:
    """What the drug reference says of a code or a name. codes: the code and those that it succeeded or that succeeded it."""

    molecule: str
    family: str
    codes: frozenset[str] = frozenset()
    allowed_gap: int = 0
    single_dose: bool = False


def same_drug_codes(rows: Iterable[tuple[str, str, object, object]]) -> dict[str, frozenset[str]]:
    """(code, molecule, effective_from, effective_to) of every code -> the codes under which that same drug was billed over time.

    A code follows another where it begins for the molecule on the day on which the other ends (J1300, then J1299). Codes of one
    molecule that are valid side by side are different products.
    """
    listed = list(rows)
    begins: dict[tuple[str, object], list[str]] = {}
    for code, molecule, starts, _ in listed:
        begins.setdefault((molecule, starts), []).append(code)
    same = {code: {code} for code, *_ in listed}
    for code, molecule, _, ends in listed:
        for follower in begins.get((molecule, ends), []) if ends else []:
            joined = same[code] | same[follower]
            for member in joined:
                same[member] = joined
    return {code: frozenset(codes) for code, codes in same.items()}


def allowed_gap(interval_days: int | None) -> int:
    return 0 if interval_days is None else max(GAP_MINIMUM_DAYS, int(interval_days * (1 + GAP_ALLOWANCE)))


def unproved(document: dict, drugs: Mapping[str, Drug], laws: Sequence[Law] = ()) -> list[str]:
    """One sentence for each example that fails; none where the clauses give what all of them say."""
    sentences = []
    for place, example in enumerate(document["examples"], start=1):
        found = [
            (funding, [judge(one, document, laws, _day(example["as_of"])) for one in _readings(document, example, drugs, funding)])
            for funding in _fundings(document, example)
        ]
        if not all(_agrees(example, readings) for _, readings in found):
            sentences.append(_sentence(place, example, found))
    return sentences


def _fundings(document: dict, example: dict) -> list[str]:
    said = example["funding"]
    return list(ASSUMABLE) if said == "unknown" else [said or next(iter(document["scope"]["funding"]), "insured")]


def _readings(document: dict, example: dict, drugs: Mapping[str, Drug], funding: str) -> list[Treatment]:
    """The example's facts with the doses and the birthday as early and as late as they may have been."""
    name = example["drug"]
    drug = drugs.get(name.upper()) or drugs.get(name.lower()) or Drug(name.lower(), name.lower(), frozenset({name.upper()}))
    start, on = _day(example["treatment_start"]), _day(example["as_of"])
    last = _day(example["last_dose"]) if example["last_dose"] else None
    restarted = last is not None and (on - last).days > max(document["restart_gap_days"], drug.allowed_gap)
    age = example["person_age"]
    births = [None, None] if age is None else [birthday(on, -age - 1) + DAY, birthday(on, -age)]
    return [
        Treatment(
            family=drug.family,
            doses=tuple(
                _dose(document, example, drug, day, counted)
                for day, counted in ([(on, False)] if restarted else _dose_days(example, start, on, last, late))
            ),
            coverages=(_coverage(document, example, on if restarted else start, funding),),
            begins_on=on if restarted else start,
            began_on=on if restarted else start,
            allowed_gap=drug.allowed_gap,
            single_dose=drug.single_dose,
            birth_date=birth,
            authorizations=((document["payer"], _day(example["authorization_end"])),) if example["authorization_end"] else (),
            exceptions=tuple(Evidence(code) for code in example["exceptions"]),
            nearest_permitted_miles=example["nearest_permitted_miles"],
        )
        for late, birth in zip((False, True), births, strict=True)
    ]


def _dose_days(example: dict, start: dt.date, on: dt.date, last: dt.date | None, late: bool) -> list[tuple[dt.date, bool]]:
    """The days of the doses given before the day asked of. Without any, the treatment is known and no dose is counted."""
    count = max(example["doses_before"], len({start, last} - {None}) if last else 0)
    if count == 0:
        return [(start, False)]
    end = last or (on - DAY)
    between = [start + step * DAY for step in range(1, count)]
    if late:
        between = [end - step * DAY for step in range(count - 1)][::-1]
    elif last:
        between = [*between[:-1], last][: count - 1]
    return [(day, True) for day in (start, *(min(max(day, start), max(end, start)) for day in between))]


def _dose(document: dict, example: dict, drug: Drug, day: dt.date, counted: bool) -> Dose:
    affiliated = example["hospital_affiliated"]
    return Dose(
        on=day,
        codes=drug.codes,
        molecule=drug.molecule,
        site_class=example["site_class"],
        hospital_affiliated=example["site_class"] in HOSPITAL_DEPARTMENTS if affiliated is None else affiliated,
        channel="white_bag" if document["drug_source"] == "buy_and_bill_required" else "buy_and_bill",
        counted=counted,
    )


def _coverage(document: dict, example: dict, start: dt.date, funding: str) -> Coverage:
    scope = document["scope"]

    def said(key: str, among: str, otherwise: str | None) -> str | None:
        return example[key] or next(iter(scope[among]), otherwise)

    return Coverage(
        from_on=start,
        payer=document["payer"],
        line_of_business=said("line_of_business", "lines_of_business", "unknown"),
        funding=funding,
        state=said("state", "states", None),
        plan=said("plan", "plans_in", "a plan that is not named"),
    )


def _agrees(example: dict, readings: Sequence[Verdict]) -> bool:
    if any(found.verdict != example["verdict"] for found in readings):
        return False
    claimed = example["exposed_from"]
    if claimed is None:
        return True
    dates = [found.exposed_from or dt.date.max for found in readings]
    return min(dates) <= _day(claimed) <= max(dates)


def _sentence(place: int, example: dict, found: Sequence[tuple[str, Sequence[Verdict]]]) -> str:
    said = f"“{VERDICTS[example['verdict']]}”" + (f" from {example['exposed_from']}" if example["exposed_from"] else "")
    gives = " or, self-funded, ".join(_told(readings[0], example) for _, readings in found)
    return f"worked example {place} says {said} on {example['as_of']}, and the clauses give {gives}; correct the example or the clause."


def _told(verdict: Verdict, example: dict) -> str:
    since = verdict.exposed_from
    dated = since and (example["exposed_from"] or verdict.verdict in ("exposed", "exempt"))
    date = f" from {since}" if dated else ""
    clauses = ", ".join(f"“{CLAUSES.get(clause, clause)}”" for clause in verdict.clauses)
    return f"“{VERDICTS[verdict.verdict]}”{date} ({clauses or 'no clause speaks against it'})"


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
