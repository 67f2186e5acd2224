"""The logs of the four functions as CSV -> their layouts and what tells two records apart; grain: one record of a log.

A log is loaded as a whole: records that are alike in everything that names them are told apart by their order in the file, so
that the same file twice changes nothing. People appear in orders and clinical facts only, and only as pseudonyms.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from demand.engine.retention_line import KINDS
from payers.engine.reference_tables import lower_name
from sites.engine import cells
from sites.engine.rows import Column, Finding, Layout

ORDER_DATES = ("ordered_on", "authorized_on", "scheduled_on", "first_infused_on")
# Epic's RXMA_SITE_OF_CARE. Systems add words of their own, so that another word is pointed out, not refused.
ORDER_WORDS = {
    "location": (
        "Take Home Prescription",
        "Home Infusion",
        "Clinic",
        "Ambulatory Infusion Suite",
        "Inpatient",
        "External Location",
    ),
    "determination": ("In Progress", "Accepted", "Rejected"),
    "reject_reason": (
        "Insurance",
        "Patient cost",
        "Patient inability",
        "Patient preference",
        "Clinically inappropriate",
        "Resources unavailable",
        "Limited distribution restriction",
        "Required third party",
    ),
    "preference": ("Unknown", "Preferred", "Indifferent"),
}


def _order_warnings(values: dict) -> Iterator[Finding]:
    for column, words in ORDER_WORDS.items():
        if values[column] and values[column] not in words:
            yield Finding(column, "word", f"is none of Epic's words ({', '.join(words)}); it is kept as written")
    for column in ORDER_DATES[1:]:
        if values[column] is not None and values[column] < values["ordered_on"]:
            yield Finding(column, "before_order", f"lies before ordered_on ({values['ordered_on']})")
    if values["ordering_npi"] and not cells.npi_check_digit_fits(values["ordering_npi"]):
        yield Finding("ordering_npi", "npi_check_digit", "fails its check digit; it is used as given")


def _in_epics_letters(words: tuple[str, ...]) -> cells.Parser:
    def parse(cell: str) -> str:
        return next((word for word in words if word.lower() == cell.lower()), cells.text(80 if len(words) > 3 else 40)(cell))

    return parse


ORDERS = Layout(
    columns=(
        Column("order_id", cells.text(80), needed=True),
        Column("person_id", cells.text(200), needed=True, private=True),
        Column("ordering_npi", cells.npi, blank=""),
        Column("molecule", lower_name, needed=True),
        Column("ordered_on", cells.day, needed=True),
        Column("authorized_on", cells.day),
        Column("scheduled_on", cells.day),
        Column("first_infused_on", cells.day),
        *(Column(name, _in_epics_letters(words), blank="") for name, words in ORDER_WORDS.items()),
    ),
    key=("order_id",),
    warn=_order_warnings,
)
WHITE_BAG_EVENTS = Layout(
    columns=(
        Column("site_id", cells.text(80), needed=True),
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("payer", cells.text(200), blank=""),
        Column("administered_on", cells.day, needed=True),
        Column("pharmacy", cells.text(200), blank=""),
        Column("dose_changed", cells.flag),
        Column("delayed_days", cells.whole(0, 3650)),
        Column("wasted", cells.flag),
        Column("staff_minutes", cells.whole(0, 10_000)),
    )
)
DENIALS = Layout(
    columns=(
        Column("claim_id", cells.text(200), needed=True, private=True),
        Column("payer", cells.text(200), blank=""),
        Column("hcpcs_code", cells.hcpcs, blank=""),
        Column("site_id", cells.text(80), blank=""),
        Column("service_date", cells.day),
        Column("reason_code", cells.text(20), blank="", expected=True),
        Column("denied_amount", cells.cents, expected=True),
        Column("written_off_amount", cells.cents),
        Column("decided_on", cells.day),
    )
)
PATIENT_IMPACTS = Layout(
    columns=(
        Column("policy_id", cells.text(80), blank=""),  # blank: no policy did it
        Column("site_id", cells.text(80), blank=""),
        Column("reported_on", cells.day, needed=True),
        Column("kind", cells.text(40), needed=True),
        Column("delay_days", cells.whole(0, 3650)),
        Column("severity", cells.text(20), blank=""),
    )
)


def _criterion(cell: str) -> str:
    return cells.choice(*(code.lower() for code in KINDS))(cell).upper()


def _fact_problems(values: dict) -> Iterator[Finding]:
    if values["until_on"] is not None and values["until_on"] <= values["from_on"]:
        yield Finding("until_on", "before_from", "must lie after from_on: it is the first day that no longer counts")


CLINICAL_FACTS = Layout(
    columns=(
        Column("person_id", cells.text(200), needed=True, private=True),
        Column("criterion", _criterion, needed=True),
        Column("holds", cells.flag, blank=True),
        Column("from_on", cells.day, needed=True),
        Column("until_on", cells.day),
        Column("source", cells.text(200), needed=True),
    ),
    check=_fact_problems,
)
LAYOUTS = {
    "denials": DENIALS,
    "white_bag_events": WHITE_BAG_EVENTS,
    "patient_impacts": PATIENT_IMPACTS,
    "orders": ORDERS,
    "clinical_facts": CLINICAL_FACTS,
}
# What names a record; the rest of it may be corrected by a later file.
NAMED_BY = {
    "denials": ("claim_id", "payer", "hcpcs_code", "site_id", "service_date", "reason_code"),
    "white_bag_events": ("site_id", "hcpcs_code", "payer", "administered_on", "pharmacy"),
    "patient_impacts": ("policy_id", "site_id", "reported_on", "kind"),
    "clinical_facts": ("person_id", "criterion", "from_on"),
}
OF_PEOPLE = frozenset({"orders", "clinical_facts"})  # these name people, so no form asks for one


def row_keys(kind: str, rows: Iterable[dict]) -> Iterator[str]:
    """One key a row: SHA-256 of what names it and how many like it came before. Rows in the order of the file."""
    before: Counter[str] = Counter()
    for values in rows:
        name = "\x1f".join(str(values[column]) for column in NAMED_BY[kind])
        before[name] += 1
        yield row_key(kind, values, before[name])


def row_key(kind: str, values: dict, number: int) -> str:
    """The key of the `number`th record (from 1) of those that are named alike."""
    name = "\x1f".join(str(values[column]) for column in NAMED_BY[kind])
    return hashlib.sha256(f"{kind}\x1f{name}\x1f{number}".encode()).hexdigest()
