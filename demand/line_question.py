"""What was asked of the clinical line: the line as drafted, what it is compared with, whom it is about; parsed from an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404

from demand.engine.drug_suitability import SITE_CLASSES
from demand.engine.retention_line import KINDS, Line, WrongLine, parse_line
from demand.models import RetentionLine
from demand.models.clinical_line import CLASSES_IN_WORDS
from demand.selectors.clinical_line import ANY, EVERYBODY, HOSPITAL, OURS, Scope, saved_line, standing_version
from sites.converters import whole_number

SHIPPED = "shipped"
TARGETS = {ANY: "Any site outside the hospital", **CLASSES_IN_WORDS}
WHOM = {
    OURS: "Treated in our hospital departments now",
    HOSPITAL: "Treated in any hospital department now",
    EVERYBODY: "Everybody on treatment",
}


@dataclass(frozen=True)
class LineQuestion:
    """`version` is where the draft started (None: as shipped), `base` what it is compared with."""

    line: Line
    version: RetentionLine | None
    base_version: RetentionLine | None
    scope: Scope
    problem: str = ""

    @property
    def base(self) -> Line:
        return saved_line(self.base_version)

    @property
    def is_draft(self) -> bool:
        return self.line != saved_line(self.version)

    @classmethod
    def from_query(cls, query) -> "LineQuestion":
        """A query string (QueryDict). Http404 where it names a version that is not there."""
        version = _version(query.get("version"))
        base_version = _version(query.get("base"))
        target, whom = query.get("target", ANY), query.get("whom", OURS)
        scope = Scope(target if target in (ANY, *SITE_CLASSES) else ANY, whom if whom in WHOM else OURS)
        line, problem = saved_line(version), ""
        if "asked" in query:
            try:
                line = parse_line({"criteria": _criteria(query)})
            except WrongLine as wrong:
                problem = str(wrong)
        return cls(line, version, base_version, scope, problem)

    def query(self) -> str:
        """The address of this question."""
        return urlencode(self.pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """The question as the fields of a form."""
        said: list[tuple[str, str]] = [
            ("asked", "1"), ("version", version_name(self.version)), ("base", version_name(self.base_version)),
            ("target", self.scope.target), ("whom", self.scope.whom),
        ]  # fmt: skip
        for place, one in enumerate(self.line.criteria, start=1):
            said += [(f"{one.code}-place", str(place))] + ([("on", one.code)] if one.on else [])
            said += [(f"{one.code}-{name}", "" if value is None else str(value)) for name, value in one.thresholds.items()]
            said.append((f"{one.code}-ask", one.ask))
        return said


def version_name(version: RetentionLine | None) -> str:
    return str(version.pk) if version else SHIPPED


def _version(said: str | None) -> RetentionLine | None:
    if said == SHIPPED:
        return None
    if not said:
        return standing_version()
    found = (
        RetentionLine.objects.select_related("made_by", "signed_by").filter(pk=said).first()
        if said.isdecimal() and len(said) < 10
        else None
    )
    if found is None:
        raise Http404
    return found


def _criteria(query) -> list[Mapping]:
    """Criteria in the order of their places; ties keep the order of definitions.md."""
    on = query.getlist("on")
    found = [
        {
            "code": code,
            "on": code in on,
            "ask": query.get(f"{code}-ask") or "recorded",
            "thresholds": {one.name: _whole(query.get(f"{code}-{one.name}"), one.default) for one in kind.thresholds},
        }
        for code, kind in KINDS.items()
    ]
    places = {code: query.get(f"{code}-place", "") for code in KINDS}
    return sorted(found, key=lambda one: len(KINDS) if (place := whole_number(places[one["code"]])) is None else place)


def _whole(text: str | None, default: int | None) -> int | str | None:
    if text is None:
        return default
    text = text.strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 8 else text
