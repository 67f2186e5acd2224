"""A center and the drivers of demand that are on -> what each brings to the value and to the site's infusions; grain: one driver.

A driver is one reason for which patients come or volumes change: each policy on file, moves without a policy, leakage that returns, and
so on. Effect = all that is on − the same with this driver off (for one that is off: what it would bring). Effects alone do not add up,
because drivers act together (growth of a volume that a policy moves; a site that is full): what none of them brings alone is told as
`together`, so that value without any driver + effects + together = value, to the cent.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from roi.engine.cash_flow import BASELINES
from roi.engine.chairs import chair_use
from roi.engine.draws import draw_values
from roi.engine.infusion_center import Answer, Center, inputs_of, read_value
from roi.engine.marks import GUESSED, Source
from roi.engine.spreads import leaves_by_risk

POLICY = "policy:"
SWITCHED_OFF = "Switched off in a meeting"
BY_ANSWER = ("recapture", "capture_staying", "short_staffed", "capture_elsewhere", "new_referrals", "new_drugs", "growth")


@dataclass(frozen=True)
class Worth:
    """Net present value by baseline in cents, infusions at the site over all months."""

    npv: dict[str, int]
    infusions: float

    def __sub__(self, other: "Worth") -> "Worth":
        return Worth({name: cents - other.npv[name] for name, cents in self.npv.items()}, self.infusions - other.infusions)

    def __add__(self, other: "Worth") -> "Worth":
        return Worth({name: cents + other.npv[name] for name, cents in self.npv.items()}, self.infusions + other.infusions)


@dataclass(frozen=True)
class Driver:
    """`key` is an answer's, or that of a policy."""

    key: str
    is_on: bool
    effect: Worth


@dataclass(frozen=True)
class Driven:
    """`whole` = `without` + effects of the drivers that are on + `together`."""

    whole: Worth
    without: Worth
    drivers: tuple[Driver, ...]
    together: Worth


def drivers_of(center: Center) -> tuple[str, ...]:
    """The drivers that a center has, on as it stands: what is answered by nothing drives nothing."""
    policies = sorted({cell.policy_id for cell in center.market.cells if cell.leaves_on})
    found = [f"{POLICY}{policy}" for policy in policies]
    if leaves_by_risk(center):
        found.append("move_risk")
    return (*found, *(key for key in BY_ANSWER if center.kind.asks(key) and read_value(key, center.answers[key].text)))


def without(center: Center, keys: Collection[str]) -> Center:
    """The center with these drivers off: nobody leaves by a policy that is off, and it bars nobody; answers are nothing, guessed."""
    withdrawn = {key.removeprefix(POLICY) for key in keys if key.startswith(POLICY)}
    answers = dict(center.answers)
    for key in keys:
        if not key.startswith(POLICY):
            source = answers[key].source and Source(GUESSED, SWITCHED_OFF)
            answers[key] = Answer("no" if key == "move_risk" else "0", source)
    cells = tuple(
        replace(cell, leaves_on=None, policy_id="", excluded=(), bars_centers=False, bars_affiliated=False)
        if cell.leaves_on and cell.policy_id in withdrawn
        else cell
        for cell in center.market.cells
    )
    spreads = {key: ends for key, ends in center.spreads.items() if key not in keys}
    return replace(center, answers=answers, market=replace(center.market, cells=cells), spreads=spreads)


def driven(center: Center, off: Collection[str]) -> Driven:
    """One screen, the whole calculation: as many worlds as there are drivers, and two more."""
    keys = drivers_of(center)
    on = [key for key in keys if key not in off]

    def worth(is_on: Callable[[str], bool]) -> Worth:
        return _worth(without(center, [key for key in keys if not is_on(key)]))

    whole, nothing = worth(lambda key: key in on), worth(lambda key: False)
    drivers = []
    for changed in keys:
        other = worth(lambda key, changed=changed: (key in on) != (key == changed))
        drivers.append(Driver(changed, changed in on, whole - other if changed in on else other - whole))
    together = whole - nothing
    for driver in drivers:
        if driver.is_on:
            together = together - driver.effect
    return Driven(whole, nothing, tuple(drivers), together)


def _worth(center: Center) -> Worth:
    made = draw_values(center, {}, 1)
    given = sum(chair_use(inputs_of(center)).given)
    return Worth({baseline: int(made.npv[baseline][0]) for baseline in BASELINES}, float(given))
