"""The parts of an extract's quality page: what to see, what it harms, what to do next, a mark, a table, a chart where it says more."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, dollars, percent
from demand.charts.quality_lag import lag
from demand.charts.quality_part import Part
from demand.engine.disclosure import HIDDEN
from demand.engine.dose_reason import REASONS
from demand.engine.quality import UNCLASSIFIED
from demand.engine.quality_marks import LIMITS, LOOK, worst
from demand.selectors.accounts import FLAGS, KINDS
from demand.selectors.quality import ColumnQuality, Quality, Shown, Unknown

MARK_ORDER = ("warn", "look", "pass", None)
CODE_SETS = {
    "hcpcs": ("Drug codes (HCPCS J, Q, C)", "The drug reference does not know them: no infusion is found by them."),
    "ndc": ("NDCs on medical claims", "They name no drug of the reference."),
    "pharmacy_ndc": ("NDCs on pharmacy claims", "Most are ordinary pharmacy drugs; look at the costly ones."),
    "place": ("Places of service", "CMS's code set does not have them: the site class stays unknown."),
    "bill_type": ("Types of bill", "The code set does not have them: the site class stays unknown."),
}
WHAT = {
    "unknown": "not in the reference",
    "unclassified": "a code for drugs without one of their own",
    "misshapen": "not shaped like a code",
}


def parts(found: Quality) -> tuple[Part, ...]:
    return (
        completeness(found),
        warnings(found),
        doses(found),
        codes(found),
        payers(found),
        lag(found),
        coverage(found),
        totals(found),
    )


# Completeness

FILLED = (
    Column("column", "Column"), Column("kind", "File"), Column("share", "Filled", "percent"),
    Column("before", "Last extract", "percent"), Column("change", "Change"), Column("mark", "Mark"),
)  # fmt: skip


def completeness(found: Quality) -> Part:
    flagged = [column for column in found.columns if column.mark in ("look", "warn")]
    fallen = [
        column for column in found.columns if column.change is not None and LIMITS["fall"].mark(-column.change) in ("look", "warn")
    ]
    if not flagged:
        see = f"All {len(found.columns)} columns are filled as they should be."
    else:
        see = f"{len(flagged)} of {len(found.columns)} columns ask for a look; the emptiest is {_emptiest(flagged)}."
    if found.before:
        see += f" Against the source's last extract {len(fallen) or 'none'} fell by {100 * LIMITS['fall'].look:.0f} points or more."
    ordered = sorted(found.columns, key=lambda column: MARK_ORDER.index(column.mark))
    figures = [
        _figure(
            "every-column", "All columns", Table("Every column that is read", FILLED, tuple(map(_filled, ordered))), folded=True
        )
    ]
    if flagged:
        table = Table("Columns that ask for a look", FILLED, tuple(_filled(column) for column in ordered if column in flagged))
        figures.insert(0, _figure("thin-columns", "Columns that ask for a look", table))
    return Part(
        key="completeness",
        title="Completeness",
        mark=worst(column.mark for column in found.columns),
        see=see,
        harms="A question whose column is empty is not answered, and one whose column is thin is answered for the rows that have it.",
        next_step="Ask the sender for the columns marked here; the readiness above says which one helps most.",
        figures=tuple(figures),
        limit="filled",
        metric="completeness",
        note="Filled means: holds a value that can be read, of all rows of the kind. Columns that concern some rows only (a death date, a "
        "modifier, a bill type) are judged by their fall alone.",
    )


def _emptiest(columns: list[ColumnQuality]) -> str:
    least = min(columns, key=lambda column: -1 if column.share is None else column.share)
    return f"{least.label} of {KINDS[least.kind].lower()} ({'not in the files' if least.share is None else percent(least.share)})"


def _filled(column: ColumnQuality) -> tuple:
    change = column.change
    words = (
        "–"
        if change is None
        else "none"
        if abs(change) < 0.0005
        else f"{'up' if change > 0 else 'down'} {abs(100 * change):.1f} points"
    )
    if column.share is None and column.before is not None:
        words = "no longer sent"
    return (column.label, KINDS[column.kind], column.share, column.before, words, column.mark or "–")


# Warnings


def warnings(found: Quality) -> Part:
    rows = sorted(
        ((kind, one) for kind, one in found.warnings), key=lambda row: -1 if row[1].hidden else -row[1].value.money - row[1].value.rows
    )  # fmt: skip
    heaviest = max((_warning_share(found, kind, one) for kind, one in rows), default=0.0)
    names = ("Warning", "File", "Rows", "Share of rows", "Allowed", "Share of allowed", "Paid", "Share of paid", "What it means")
    kinds = ("text", "text", "count", "percent", "cents", "percent", "cents", "percent", "prose")
    columns = tuple(Column(name, name, kind) for name, kind in zip(names, kinds, strict=True))
    table = Table("Warnings on accepted rows, most money first", columns, tuple(_warning(found, kind, one) for kind, one in rows))
    if not rows:
        see = "No accepted row carries a warning of its own."
    else:
        kind, first = rows[0]
        kinds_seen = "1 kind of warning" if len(rows) == 1 else f"{len(rows)} kinds of warning"
        see = f"{kinds_seen}; the one with the most money, {first.value.what}, is on {_rows(first)} of {KINDS[kind].lower()}."
    return Part(
        "warnings", "Warnings", LIMITS["warnings"].mark(heaviest),
        see,
        "Rows with a warning count, but part of what they say is not used (a date, a dose, a provider).",
        "Send the heaviest one to whoever made the file, with the sentence that says what it means.",
        (_figure("warnings", "Warnings", table),) if rows else (),
        limit="warnings",
        note=_split_note(found),
    )  # fmt: skip


def _rows(one: Shown) -> str:
    return f"{count(one.value.rows)} row{'' if one.value.rows == 1 else 's'}"


def _warning_share(found: Quality, kind: str, one: Shown) -> float:
    total = found.totals[kind]
    shares = [one.value.rows / total.rows if total.rows else 0.0]
    if not one.hidden and total.money:
        shares.append(one.value.money / total.money)
    return max(shares)


def _warning(found: Quality, kind: str, one: Shown) -> tuple:
    value, total = one.value, found.totals[kind]
    money = []
    for amount, whole in ((value.allowed_cents, total.allowed_cents), (value.paid_cents, total.paid_cents)):
        money += [HIDDEN, HIDDEN] if one.hidden else [amount, None if amount is None or not whole else amount / whole]
    return (value.what, KINDS[kind], value.rows, value.rows / total.rows if total.rows else None, *money, FLAGS.get(value.what, ""))


def _split_note(found: Quality) -> str:
    if any(fact["split"] for fact in found.repeated_totals):
        return "Paid amounts here are as the files say them, before repeated claim totals were split: allowed is the surer measure."
    return ""


# Doses

OUTLYING = (
    Column("family", "Drug"), Column("codes", "Codes"), Column("direction", "Dose"), Column("usual", "Usual dose"),
    Column("found", "Found"), Column("infusions", "Infusions", "count"), Column("people", "People", "count"),
    Column("allowed", "Allowed", "cents"), Column("reason", "Likely reason", "prose"),
)  # fmt: skip


def doses(found: Quality) -> Part:
    told = found.outliers
    fixed = {
        "key": "doses", "title": "Doses far from usual", "limit": "outliers", "metric": "unit-outliers",
        "harms": "A dose that is wrong by a factor makes its drug look wasted, fragile or cheap; the money counts all the same.",
        "next_step": "Take the first row to whoever bills it: the likely reason names the slip to look for.",
    }  # fmt: skip
    if told is None:
        return Part(mark=None, see="No run has read this extract yet: doses are known once it has.", **fixed)
    if told.hidden:
        return Part(mark=None, see="The infusions with a known dose are of 1 to 10 people, so nothing is told of them.", **fixed)
    if not told.of_infusions:
        return Part(mark=None, see="No infusion with a known dose was found in this extract.", **fixed)
    known = told.infusions is not None
    see = (
        f"{count(told.infusions) if known else 'A hidden number'} of {count(told.of_infusions)} infusions with a known dose "
        f"{'lies' if told.infusions == 1 else 'lie'} far from the drug's usual range"
        + (f", with {percent(told.share)} of their allowed amounts ({dollars(told.allowed_cents)})." if known else ".")
    )
    rows = tuple(_outlier(group) for group in told.groups)
    table = Table("By drug, code and likely reason, most money first", OUTLYING, rows)
    note = f"Far means below {told.below:g} × the lowest or above {told.above:g} × the highest usual dose of the drug reference; nothing is corrected."
    return Part(
        mark=LIMITS["outliers"].mark(told.share),
        see=see,
        figures=(_figure("doses", "Doses", table),) if rows else (),
        note=note,
        **fixed,
    )


def _outlier(group) -> tuple:
    span = "hidden" if group.lowest is HIDDEN else _span(group.lowest, group.highest, group.unit)
    return (
        group.family, group.codes, f"far {group.direction}", _span(group.usual_low, group.usual_high, group.unit), span,
        group.infusions, group.people, group.allowed_cents, REASONS[group.reason],
    )  # fmt: skip


def _span(low: float, high: float, unit: str) -> str:
    return f"{_amount(low)} {unit}" if low == high else f"{_amount(low)} to {_amount(high)} {unit}"


def _amount(dose: float) -> str:
    return f"{dose:,.0f}" if dose == round(dose) or abs(dose) >= 1000 else f"{dose:,.2f}"


# Codes

CODES = (
    Column("value", "Code"), Column("what", "What it is"), Column("rows", "Rows", "count"), Column("people", "People", "count"),
    Column("allowed", "Allowed", "cents"), Column("paid", "Paid", "cents"),
)  # fmt: skip


def codes(found: Quality) -> Part:
    there = [unknown for unknown in found.unknown if unknown.values]
    judged = {unknown.key: unknown.share for unknown in there if unknown.key != "pharmacy_ndc"}
    drugs = next((unknown for unknown in there if unknown.key == "hcpcs"), None)
    if not there:
        see = "Every code is known: drugs, NDCs, places of service and types of bill."
    elif drugs is None:
        see = "Every drug code is known; " + ", ".join(CODES_WORDS[unknown.key] for unknown in there) + " are not all."
    elif drugs.money is None:
        see = "Some drug codes are not in the drug reference; how much money they carry is hidden."
    else:
        first = next((one for one in drugs.values if not one.hidden and one.value.value), None)
        see = (
            f"{dollars(drugs.money)} ({percent(drugs.share)} of medical money) stand on drug codes that the drug reference does not place"
            + (f"; the largest is {first.value.value}." if first else ".")
        )
    return Part(
        "codes", "Codes that nobody knows", worst(LIMITS["unknown_codes"].mark(share) for share in judged.values()) or "pass",
        see,
        "An infusion whose drug code is unknown is not found, so its leakage is not counted; a place nobody knows leaves the site unknown.",
        "Add the costly ones to the drug reference (load_drugs at the shell) and recompute; unclassified codes need the NDC beside them.",
        tuple(_code_figure(unknown) for unknown in there),
        limit="unknown_codes", metric="unknown-codes",
        note=f"{', '.join(UNCLASSIFIED)} stand for drugs without a code of their own. Values not shaped like a code are never shown. "
        + _split_note(found),
    )  # fmt: skip


CODES_WORDS = {
    "hcpcs": "drug codes", "ndc": "NDCs on medical claims", "pharmacy_ndc": "NDCs on pharmacy claims", "place": "places of service",
    "bill_type": "types of bill",
}  # fmt: skip


def _code_figure(unknown: Unknown) -> Figure:
    title, meaning = CODE_SETS[unknown.key]
    rows = tuple(_code(one) for one in unknown.values)
    return _figure(
        f"codes-{unknown.key}", title, Table(f"{title}, most money first. {meaning}", CODES, rows), folded=unknown.key != "hcpcs"
    )


def _code(one: Shown) -> tuple:
    value = one.value
    name = value.value or (f"{value.values} more codes" if value.values > 1 else "(not shown)")
    numbers = (HIDDEN,) * 4 if one.hidden else (value.rows, value.people, value.allowed_cents, value.paid_cents)
    return (name, WHAT.get(value.what, value.what), *numbers)


# Payers

NAMES = (
    Column("name", "Payer as written"), Column("others", "Also written"), Column("parent", "Parent company"), Column("rows", "Rows", "count"),
    Column("allowed", "Allowed", "cents"), Column("paid", "Paid", "cents"), Column("known", "On file"), Column("mark", "Mark"),
)  # fmt: skip


def payers(found: Quality) -> Part:
    groups = found.payers
    alike = [group for group in groups if group.alike]
    unknown = [group for group in groups if not group.known]
    money = sum(group.allowed_cents or group.paid_cents for group in groups)
    share = sum(group.allowed_cents or group.paid_cents for group in unknown) / money if money else None
    fixed = {
        "key": "payers", "title": "Payer names", "limit": "payers", "metric": "payer-names",
        "harms": "Policies and rates are found by the payer's name: another spelling is another payer, and its patients seem free of policies.",
        "next_step": "Map the spellings to one name when the file is loaded, or name the policy's payer as the claims do.",
    }  # fmt: skip
    if not groups:
        return Part(mark=None, see="No row names a payer.", **fixed)
    see = f"{'1 payer' if len(groups) == 1 else f'{len(groups)} payers'}; {len(alike) or 'none'} written in more than one way; " + (
        f"{len(unknown)} named by no policy or rate on file, with {percent(share)} of the money."
        if unknown
        else "policies or rates name all."
    )
    rows = tuple(
        (
            group.name, "; ".join(f"“{value.value}”" for value in group.spellings[1:]) or "–", group.parent or "–", group.rows, group.allowed_cents,
            group.paid_cents, "yes" if group.known else "no policy or rate", _payer_mark(group),
        )
        for group in groups
    )  # fmt: skip
    mark = worst([LIMITS["payers"].mark(share), LOOK if alike else "pass"])
    return Part(
        mark=mark,
        see=see,
        figures=(_figure("payers", "Payers", Table("All files together, most money first", NAMES, rows)),),
        **fixed,
    )


def _payer_mark(group) -> str:
    return "look" if group.alike or not group.known else "pass"


# Coverage on the day

ENROLLED = (
    Column("source", "Data source"), Column("people", "People with claims", "count"), Column("without", "Without coverage on a day", "count"),
    Column("share", "Share of people", "percent"), Column("lines", "Lines of such days", "count"),
    Column("allowed", "Their allowed amounts", "cents"), Column("money", "Share of allowed", "percent"),
)  # fmt: skip


def coverage(found: Quality) -> Part:
    fixed = {
        "key": "coverage", "title": "People without coverage on the day", "limit": "unenrolled", "metric": "unenrolled",
        "harms": "Where coverage is unknown, so are line of business and funding, and nobody can tell a patient who stopped from one who left.",
        "next_step": "Ask for eligibility over the same months as the claims, with the same person ids.",
    }  # fmt: skip
    if found.run is None:
        return Part(mark=None, see="No run has read this extract yet: coverage is compared once it has.", **fixed)
    if not found.enrolled:
        return Part(mark=None, see="No eligibility is loaded, so nobody's coverage is known on any day.", **fixed)
    rows, marks, worst_share = [], [], 0.0
    for one in found.enrolled:
        small = not found.see_small and one.small
        marks.append(LIMITS["unenrolled"].mark(one.share))
        worst_share = max(worst_share, one.share or 0.0)
        money = (
            one.allowed_without_cents / one.allowed_cents if one.allowed_cents and one.allowed_without_cents is not None else None
        )
        told = (one.people, one.people_without, one.share, one.lines_without, one.allowed_without_cents, money)
        rows.append((one.data_source, *((HIDDEN,) * len(told) if small else told)))
    hidden = any(HIDDEN in row for row in rows)
    people = sum(one.people for one in found.enrolled)
    without = sum(one.people_without for one in found.enrolled)
    see = (
        "A hidden number of people has claims on days on which no coverage is on file."
        if hidden
        else f"{count(without)} of {count(people)} people ({percent(without / people if people else None)}) have claims on a day on which no "
        "coverage is on file."
    )
    table = Table("Accepted medical lines of this extract, eligibility of all extracts of the run", ENROLLED, tuple(rows))
    return Part(mark=worst(marks), see=see, figures=(_figure("coverage", "Coverage", table),), **fixed)


# Repeated totals

TOTALS = (
    Column("source", "Data source"), Column("claims", "Multi-line claims that paid", "count"), Column("repeated", "One amount on every line", "count"),
    Column("share", "Share", "percent"), Column("lines", "Their lines", "count"), Column("done", "What was done"),
)  # fmt: skip


def totals(found: Quality) -> Part:
    facts = found.repeated_totals
    split = [fact for fact in facts if fact["split"]]
    rows = tuple(
        (
            fact["data_source"], fact["claims"], fact["repeated"], fact["repeated"] / fact["claims"] if fact["claims"] else None,
            fact["lines"], "split over the lines" if fact["split"] else "left as written",
        )
        for fact in facts
    )  # fmt: skip
    if not facts:
        see = "No institutional claim has several lines with a paid amount."
    elif split:
        see = f"{count(sum(fact['repeated'] for fact in split))} claims repeated their total on each line; each was split so that the cents add up."
    else:
        see = "Paid amounts stand on single lines; no claim's total is repeated as a rule."
    return Part(
        "totals", "Repeated claim totals", LOOK if split else "pass",
        see,
        "Taken as they stand, repeated totals would count a claim's money once for each of its lines.",
        "Nothing, where the split is right: it follows the lines' charges. Ask the sender for amounts by line if they exist.",
        (_figure("totals", "Totals", Table("Institutional claims by data source", TOTALS, rows)),) if rows else (),
        note="Totals are split where at least 95 % of a source's multi-line institutional claims repeat them; by charge, else equally, by "
        "largest remainder.",
    )  # fmt: skip


def _figure(key: str, title: str, table: Table, **more) -> Figure:
    return Figure(key, title, "", table, **more)
