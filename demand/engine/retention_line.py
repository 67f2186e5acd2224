"""A retention line: ordered criteria with thresholds, as a document and as a frozen object; grain: one criterion of a line.

The criteria are those of definitions.md, section 7. `shown_by` says what can answer one: claims, the register of sites, or only what
somebody recorded. A criterion that claims cannot show holds where it is recorded; that nobody recorded it is no answer, and counts as
`not enough data` where the line says so (`ask` "always"), else as nothing to hold somebody back (`ask` "recorded").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

CLAIMS, REGISTER, RECORDED = "claims", "register", "recorded"
RECORDED_ONLY, ALWAYS = "recorded", "always"


@dataclass(frozen=True)
class Threshold:
    """One number of a criterion. `optional`: None means no such limit."""

    name: str
    words: str
    default: int | None
    low: int
    high: int
    optional: bool = False

    @property
    def is_switch(self) -> bool:
        return (self.low, self.high) == (0, 1)

    def said(self, value: int | None) -> str:
        return "none" if value is None else ("no", "yes")[value] if self.is_switch else str(value)

    @property
    def slides(self) -> bool:
        """A range one moves by hand; days back are typed."""
        return not self.optional and 1 < self.high <= 500


@dataclass(frozen=True)
class Kind:
    """What a criterion is, whatever a line sets it to. `on`: in the line as shipped."""

    code: str
    label: str
    rule: str
    shown_by: str
    source: str
    thresholds: tuple[Threshold, ...] = ()
    on: bool = True


def _days(default: int, words: str = "Days back") -> Threshold:
    return Threshold("days", words, default, 1, 3650)


# In the order of the line as shipped. Sources: payers' published site-of-care policies and guidelines; the numbers marked "our choice"
# are assumptions for a clinical lead to confirm.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            Kind(
                "REACTION", "Reaction to an infusion", "a severe reaction or epinephrine on the day of an infusion", CLAIMS,
                "Anthem CG-MED-83, HCSC RX501.096, UnitedHealthcare-type wording; days back: our choice",
                (_days(1095), Threshold("emergency", "Count an emergency visit on the day", 0, 0, 1)),
            ),
            Kind(
                "REMS", "Certified sites only", "the drug's safety program certifies the infusion site, and no such site is on file there",
                REGISTER, "TOUCH (natalizumab), Lemtrada REMS (alemtuzumab); see the table of drugs",
            ),
            Kind(
                "AGE", "Age", "younger than the age from which people may move, or as old as the age from which they stay", CLAIMS,
                "Highmark I-151 (policy applies from 18); HCSC (pediatric safety)",
                (
                    Threshold("below", "Stay below age", 18, 0, 99),
                    Threshold("from", "Stay from age", None, 18, 110, optional=True),
                ),
            ),
            Kind(
                "CARDIOPULM", "Heart or lung disease", "heart failure, pulmonary heart disease or respiratory failure on a claim", CLAIMS,
                "Premera (2025-10-03), HCSC RX501.096; diagnoses and days back: our choice; wider groups: AHRQ Elixhauser v2026.1",
                (_days(365), Threshold("wide", "Count valve and chronic lung disease too", 0, 0, 1)),
            ),
            Kind(
                "RENAL_FLUID", "Kidneys or fluid", "kidney failure, stage 4 and beyond, or fluid overload on a claim", CLAIMS,
                "Premera, HCSC; labels of immune globulin (renal boxed warning); days back: our choice; wider groups: AHRQ Elixhauser v2026.1",
                (_days(365), Threshold("wide", "Count moderate kidney disease too", 0, 0, 1)),
            ),
            Kind(
                "FIRST_DOSE", "First doses", "one of the first doses since the treatment began, or began again, is still to come", CLAIMS,
                "HCSC 2018 (first 2 doses), Aetna (starting doses), French home guidance (more than one in hospital first)",
                (Threshold("doses", "First doses in the hospital", 2, 1, 20),),
            ),
            Kind(
                "CONCURRENT", "Oncology infusion besides", "an oncology infusion besides this drug, so that they are in the hospital anyway",
                CLAIMS, "Background, no payer text seen; days back: our choice", (_days(60),),
            ),
            Kind(
                "INVESTIGATIONAL", "Clinical trial", "a claim that names a clinical trial (Z00.6)", CLAIMS,
                "Aetna (gene and cell therapy network); days back: our choice", (_days(365),),
            ),
            Kind(
                "GEO", "No other site in reach", "the nearest site of that kind is farther away than so many miles (home has no distance)",
                REGISTER, "Anthem CG-MED-83 (geographically accessible); miles: our choice",
                (Threshold("miles", "Miles, more than", 30, 1, 500),),
            ),
            Kind(
                "ACCESS", "Venous access", "no reliable venous access, or trouble with a port", RECORDED,
                "UnitedHealthcare-type wording; claims do not show it",
            ),
            Kind(
                "COGNITIVE", "Cognition or caregiver", "impairment without a caregiver, or an unsafe home", RECORDED,
                "UnitedHealthcare-type wording; claims do not show it",
            ),
            Kind("SHORTAGE", "Drug shortage", "a documented shortage of the drug", RECORDED, "HCSC RX501.096; claims do not show it"),
            Kind(
                "PREGNANCY", "Pregnancy", "a claim that shows a pregnancy", CLAIMS,
                "Background: not absolute, a specialist's judgment; so it is off until a clinical lead turns it on", (_days(280),), on=False,
            ),
        )
    }
)  # fmt: skip


class WrongLine(ValueError):
    """One sentence that says which criterion cannot be used, and what to give."""


@dataclass(frozen=True)
class Criterion:
    code: str
    on: bool = True
    thresholds: Mapping[str, int | None] = field(default_factory=dict)
    ask: str = RECORDED_ONLY  # of what claims cannot show

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    @property
    def with_values(self) -> list[tuple[Threshold, int | None]]:
        return [(one, self.thresholds[one.name]) for one in self.kind.thresholds]

    def __getitem__(self, name: str) -> int | None:
        return self.thresholds[name]


@dataclass(frozen=True)
class Line:
    """Every criterion once, in order: the first that holds is the one that a person is counted under."""

    criteria: tuple[Criterion, ...]

    @property
    def on(self) -> tuple[Criterion, ...]:
        return tuple(one for one in self.criteria if one.on)

    def of(self, code: str) -> Criterion:
        return next(one for one in self.criteria if one.code == code)

    def as_json(self) -> dict:
        return {
            "criteria": [
                {"code": one.code, "on": one.on, "ask": one.ask, "thresholds": dict(one.thresholds)} for one in self.criteria
            ]
        }


def shipped_line() -> Line:
    """The draft that every installation starts from."""
    return Line(tuple(Criterion(kind.code, kind.on, {one.name: one.default for one in kind.thresholds}) for kind in KINDS.values()))


def parse_line(document: Mapping) -> Line:
    """A document -> the line. Criteria that it leaves out are off, at the end. WrongLine where a part cannot be used."""
    listed: Sequence[Mapping] = document.get("criteria") or ()
    found: dict[str, Criterion] = {}
    for said in listed:
        kind = KINDS.get(said.get("code", ""))
        if kind is None or kind.code in found:
            raise WrongLine("Each criterion of a line must be one of the known ones, and stand there once.")
        ask = said.get("ask", RECORDED_ONLY)
        if ask not in (RECORDED_ONLY, ALWAYS):
            raise WrongLine(f"{kind.label}: say whether it is asked always or only where recorded.")
        given = said.get("thresholds") or {}
        numbers = {one.name: _number(kind, one, given.get(one.name, one.default)) for one in kind.thresholds}
        if kind.code == "AGE" and numbers["from"] is not None and numbers["below"] >= numbers["from"]:
            raise WrongLine("Age: the age from which people stay must lie above the age below which they stay.")
        found[kind.code] = Criterion(kind.code, bool(said.get("on")), numbers, ask)
    missing = (Criterion(code, False, {one.name: one.default for one in kind.thresholds}) for code, kind in KINDS.items())
    return Line((*found.values(), *(one for one in missing if one.code not in found)))


def _number(kind: Kind, threshold: Threshold, value: object) -> int | None:
    if value in (None, "") and threshold.optional:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not threshold.low <= value <= threshold.high:
        raise WrongLine(f"{kind.label}, {threshold.words.lower()}: give a whole number from {threshold.low} to {threshold.high}.")
    return value


def differences(before: Line, after: Line) -> list[str]:
    """What an edit changes, one sentence a criterion."""
    found = []
    places = [[one.code for one in line.criteria] for line in (before, after)]
    for one in after.criteria:
        was = before.of(one.code)
        if was.on != one.on:
            found.append(f"{one.kind.label}: {'on' if one.on else 'off'}")
        elif one.on and (dict(was.thresholds) != dict(one.thresholds) or was.ask != one.ask):
            changed = [
                f"{each.words.lower()} {each.said(was[each.name])} → {each.said(one[each.name])}"
                for each in one.kind.thresholds
                if was[each.name] != one[each.name]
            ]
            if was.ask != one.ask:
                changed.append("asked of everybody" if one.ask == ALWAYS else "asked only where recorded")
            found.append(f"{one.kind.label}: {', '.join(changed)}")
    if places[0] != places[1]:
        found.append("another order")
    return found
