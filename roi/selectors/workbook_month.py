"""A month of the cash flow as formulas on the workbook's sheets, each as roi.engine.worlds has it; grain: one line item and month.

Defined names stand for the columns of “Groups” (one row a patient group), so that a formula reads like the definition it follows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from roi.engine import worlds
from roi.selectors.workbook_book import FIRST_ROW


@dataclass(frozen=True)
class Month:
    """A month's cells on the sheet “Volumes”, and the amounts of patients in it as parts of formulas."""

    month: int

    def at(self, column: str, before: int = 0) -> str:
        return f"Volumes!${column}${FIRST_ROW + 1 + self.month - before}"

    @property
    def number(self) -> str:
        return self.at("A")

    @property
    def volume(self) -> str:
        return self.at("B")

    @property
    def given(self) -> str:
        return self.at("H")

    @property
    def site_level(self) -> str:
        return f"{self.volume}*{self.at('D')}*{self.at('G')}"

    @property
    def price(self) -> str:
        return f"{self.at('C')}*(1-negotiated_cut*(negotiated_from<={self.number}))"

    def each(self, place: str, of_340b: bool = False) -> str:
        return f"{place}_340b*{self.price}" if of_340b else f"({place}_fixed+{place}_moving*{self.price})"

    @property
    def infusions(self) -> str:
        """By group, at the contract rates of the month: a group with later rates stands in several rows."""
        return f"infusions*(rates_from<={self.number})*(rates_until>{self.number})"

    @property
    def coming(self) -> str:
        """By group, the share of full volume that asks for the site."""
        return f"coming_share*(come_from<={self.number})"

    @property
    def still_here(self) -> str:
        return f"(1-new_to_us)*(leaves_in>{self.number})"

    @property
    def taken(self) -> str:
        return f"(1-new_to_us)*(leaves_in<={self.number})"

    def at_site(self, who: str, of_340b: bool = False) -> str:
        return f"ROUND({self.site_level}*SUMPRODUCT({self.infusions}*{self.coming}*{who}*{self.each('site', of_340b)}),2)"

    def at_hospital(self, of_340b: bool = False) -> str:
        """Those who are still there, less those of them who come to the site; less all of them as the baselines have it."""
        each, still_here = self.each("hospital", of_340b), self.still_here
        left = f"({self.volume}-{self.site_level}*{self.coming})"
        stays = f"ROUND(SUMPRODUCT({self.infusions}*{still_here}*{left}*{each}),2)"
        return f"{stays}-ROUND({self.volume}*SUMPRODUCT({self.infusions}*{still_here}*{each}),2)"

    def gone(self, why: str, of_340b: bool = False) -> str:
        return f"-ROUND({self.volume}*SUMPRODUCT({self.infusions}*{self.taken}*{why}*{self.each('hospital', of_340b)}),2)"

    def working_capital(self, baseline: str, is_last: bool) -> str:
        ours, theirs = "L", {worlds.DO_NOTHING: "M", worlds.TODAY: "N"}[baseline]
        flow = f"({self.at(ours, 1)}-{self.at(ours)})-({self.at(theirs, 1)}-{self.at(theirs)})"
        released = f'+IF(release="yes",{self.at(ours)}-{self.at(theirs)},0)' if is_last else ""
        return f"=ROUND({flow}{released},2)"


BY_RISK, BY_POLICY = "by_risk", "(1-by_risk)"
PATIENT_LINES: dict[str, Callable[[Month], str]] = {
    worlds.KEPT: lambda this: this.at_site(f"{this.taken}*{BY_POLICY}"),
    worlds.KEPT_RISK: lambda this: this.at_site(f"{this.taken}*{BY_RISK}"),
    worlds.HOSPITAL: lambda this: this.at_hospital(),
    worlds.MOVED: lambda this: this.at_site(this.still_here),
    worlds.HOSPITAL_340B: lambda this: this.at_hospital(of_340b=True),
    worlds.SITE_340B: lambda this: this.at_site("1", of_340b=True),
    worlds.NEW: lambda this: this.at_site("new_to_us"),
}
TAKEN_LINES: dict[str, Callable[[Month], str]] = {
    worlds.POLICY: lambda this: this.gone(BY_POLICY),
    worlds.POLICY_340B: lambda this: this.gone(BY_POLICY, of_340b=True),
    worlds.RISK: lambda this: this.gone(BY_RISK),
    worlds.RISK_340B: lambda this: this.gone(BY_RISK, of_340b=True),
}
