"""A site's travel, money and quality as tables, each with the sentence that says what to see."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, count_of, dollars, percent
from demand.selectors.site_measures import FAR, Amount, Logged, Measures


def site_measures(found: Measures) -> tuple[Figure, ...]:
    return travel(found), money(found), quality(found)


def travel(found: Measures) -> Figure:
    of = found.travel
    if of.median is None:
        reading = of.why_not or "Nobody was infused here in the last 12 months of the data."
    else:
        reading = (
            f"Half of the people infused here live within {of.median:.1f} miles, nine in ten within {of.ninetieth:.1f}; "
            f"{percent(of.far_share)} ({count_of(of.far, of.placed)}) travel more than {FAR} miles."
        )
    rows = (
        ("People whose ZIP code can be placed", of.placed, None),
        ("Half of them live within, miles", None, of.median),
        ("Nine in ten live within, miles", None, of.ninetieth),
        (f"Live more than {FAR} miles away", of.far, None),
        ("Not known: no ZIP code, or no place for it or the site", of.unknown, None),
    )
    return Figure(
        "travel", "How far people travel here", reading,
        Table(
            f"People infused here from {found.since} to {found.until}, each once, whoever ordered it",
            (Column("what", "What"), Column("people", "People", "count"), Column("miles", "Miles", "miles")), rows,
        ),
        direction="Straight miles from the middle of the person’s ZIP code. Shorter is better.", metric="travel",
    )  # fmt: skip


def money(found: Measures) -> Figure:
    allowed, patient = found.allowed, found.patient
    if allowed.cents is None:
        reading = "No claim of an infusion here says what was allowed."
    else:
        reading = f"Payers allowed {dollars(allowed.cents)} for {count(allowed.known)} infusions here"
        reading += f", of which patients owed {dollars(patient.cents)}." if patient.cents is not None else "."
    rows = tuple(
        _amount(label, one) for label, one in (("Allowed", allowed), ("Paid by payers", found.paid), ("Owed by patients", patient))
    )
    return Figure(
        "money", "What claims pay here", reading,
        Table(
            "All infusions of this run given here, whoever ordered them",
            (
                Column("what", "Amount"), Column("cents", "Sum", "cents"), Column("each", "Per infusion", "cents"),
                Column("known", "Infusions that say it", "count"), Column("unknown", "Infusions that do not", "count"),
            ),
            rows,
        ),
        note="Margin is not shown: what the drugs cost to buy stands in no claim and is never inferred.", metric="site-money",
    )  # fmt: skip


def _amount(label: str, one: Amount) -> tuple:
    return label, one.cents, one.each, one.known, one.infusions - one.known


def quality(found: Measures) -> Figure:
    if found.wait_median is None:
        reading = "No infusion here followed an order on file, so waits are not known."
    else:
        reading = (
            f"Half of the {count(found.waited)} infusions here that followed an order came {found.wait_median} days after it or sooner, "
            f"nine in ten within {found.wait_ninetieth} days."
        )
    denied, bags, impacts = found.denials, found.white_bags, found.impacts
    rows = (
        ("Referral to first dose", found.waited, _waits(found)),
        ("Denials", denied.records, _denied(denied)),
        ("White-bag events noted by the clinic", bags.records, _bagged(bags)),
        ("Patient impacts reported", impacts.records, _harmed(impacts)),
    )
    return Figure(
        "quality", "Waits, denials, white bags and impacts", reading,
        Table(
            "What orders and logs say of this site",
            (Column("what", "What"), Column("records", "Records", "count"), Column("said", "What they say", "prose")),
            rows,
        ),
        direction="Fewer and shorter are better; no record means that nobody recorded one.",
        note=f"{count(found.recent - found.waited)} of {count(found.recent)} infusions of these 12 months followed no order on file: how long they waited is not known.",
        metric="site-quality",
    )  # fmt: skip


def _waits(found: Measures) -> str:
    if found.wait_median is None:
        return "not known"
    return f"median {found.wait_median} days, 90th percentile {found.wait_ninetieth} days ({found.since:%Y-%m-%d} to {found.until:%Y-%m-%d})"


def _denied(log: Logged) -> str:
    if not log.records:
        return "none on file"
    return f"{dollars(log.told['denied_cents'])} denied, {dollars(log.told['written_off_cents'])} written off ({_days(log)})"


def _bagged(log: Logged) -> str:
    if not log.records:
        return "none on file"
    hours = count((log.told["staff_minutes"] or 0) / 60)
    said = f"{count(log.told['delayed'])} delayed, {count(log.told['dose_changed'])} with a changed dose, {count(log.told['wasted'])} wasted"
    return f"{said}, {hours} hours of staff ({_days(log)})"


def _harmed(log: Logged) -> str:
    if not log.records:
        return "none on file"
    return f"{count(log.told['delayed'])} with a delay, {count(log.told['delay_days'])} days together ({_days(log)})"


def _days(log: Logged) -> str:
    return f"{log.since} to {log.until}" if log.since else "without dates"
