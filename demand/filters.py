"""What was asked of a dashboard: one frozen object, parsed from an address and written back into one."""

import datetime as dt
import re
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
LONGEST = 200  # no register holds a longer name; more is an address somebody made up
WORDS = {"market": "Market", "payer": "Payer", "line_of_business": "Line of business", "family": "Therapy"}
# Where one site or one owner is looked at. Kept apart from WORDS: only people with the patient-level right may ask (hidden.py).
PLACES = {"site": "Site", "site_owner": "Owner of the site"}
NOT_REGISTERED = "unregistered"  # as a site: every site that the register does not know


@dataclass(frozen=True)
class DashboardFilters:
    """`since` and `through` are the first days of the first and the last month asked for; None leaves that side open."""

    market: str | None = None
    payer: str | None = None
    line_of_business: str | None = None
    family: str | None = None
    site: str | None = None
    site_owner: str | None = None
    since: dt.date | None = None
    through: dt.date | None = None

    @classmethod
    def from_query(cls, query) -> tuple["DashboardFilters", tuple[str, ...]]:
        """A query string's mapping -> the filters and a sentence for each part that could not be used."""
        problems = []
        chosen = {name: (query.get(name) or "").strip() or None for name in (*WORDS, *PLACES)}
        for name, value in chosen.items():
            if value and len(value) > LONGEST:
                problems.append(f"{(WORDS | PLACES)[name]} was left out: the name is longer than any in the data.")
                chosen[name] = None
        months = {}
        for part in ("from", "to"):
            text = (query.get(part) or "").strip()
            months[part] = parse_month(text)
            if text and months[part] is None:
                problems.append(f"The month in “{part}” was left out: write it as YYYY-MM, for example 2026-03.")
        since, through = months["from"], months["to"]
        if since and through and through < since:
            since, through = through, since
            problems.append("The months were swapped: “from” came after “to”.")
        return cls(**chosen, since=since, through=through), tuple(problems)

    @property
    def chosen(self) -> dict[str, str]:
        """The filters other than months that are set, by name."""
        return {name: getattr(self, name) for name in WORDS if getattr(self, name)}

    @property
    def places(self) -> dict[str, str]:
        """The site and the owner that are looked at, by name."""
        return {name: getattr(self, name) for name in PLACES if getattr(self, name)}

    @property
    def until(self) -> dt.date | None:
        """The first day that no longer counts."""
        return next_month(self.through) if self.through else None

    @property
    def any(self) -> bool:
        return self != DashboardFilters()

    def as_query(self) -> dict[str, str]:
        """The filters as the parts of an address."""
        parts = self.chosen | self.places
        if self.since:
            parts["from"] = f"{self.since:%Y-%m}"
        if self.through:
            parts["to"] = f"{self.through:%Y-%m}"
        return parts

    def query_string(self) -> str:
        return urlencode(self.as_query())

    def words(self, names: dict[str, dict[str, str]] | None = None) -> str:
        """A stated summary: “Payer: Alder Health; Jan 2025 to Mar 2026”."""
        names = names or {}
        parts = [
            f"{(WORDS | PLACES)[name]}: {names.get(name, {}).get(value, value)}"
            for name, value in (self.chosen | self.places).items()
        ]
        if self.since and self.through:
            parts.append(f"{self.since:%b %Y} to {self.through:%b %Y}")
        elif self.since:
            parts.append(f"from {self.since:%b %Y}")
        elif self.through:
            parts.append(f"to {self.through:%b %Y}")
        return "; ".join(parts) or "none: everything in the data"

    def key(self) -> str:
        """For cache keys: the same question, the same text."""
        return "|".join(str(getattr(self, field.name) or "") for field in fields(self))

    def without(self, *names: str) -> "DashboardFilters":
        return replace(self, **dict.fromkeys(names))


def parse_month(text: str) -> dt.date | None:
    """'2026-03' -> 2026-03-01; anything else is None."""
    found = MONTH.fullmatch(text)
    return dt.date(int(found[1]), int(found[2]), 1) if found and found[1] != "0000" else None


def next_month(day: dt.date) -> dt.date:
    return dt.date(day.year + day.month // 12, day.month % 12 + 1, 1) if (day.year, day.month) != (9999, 12) else dt.date.max
