"""Changes of the site register: a file is checked first and stored by a second decision, a form at once; every change is undone as
long as nobody has changed its sites since."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditlog.context import disable_auditlog
from django.db import transaction
from django.db.models import ProtectedError

from sites.actions.decisions import Refused, decided, to_store, to_undo
from sites.actions.registers import AT_ONCE, Loaded, Stored, note_load
from sites.engine.cells import chair_steps, npi_period
from sites.engine.duplicates import ADDRESS, NPI, Place, pairs
from sites.engine.registers import HOSPITALS, HOSPITALS_SAY, SITES, hospital_affiliated, hospital_as_site
from sites.engine.rows import Problem, Row, Table, open_records, typed_table
from sites.engine.site_entries import FILE_COLUMNS, STATE, Entry, as_text, differences, typed
from sites.engine.text_file import read_text
from sites.models import Site, SiteChairs, SiteChange, SiteChangeRow, SiteNpi

OWN_TABLES = ("npis", "chairs_by_month")  # columns of an entry that are rows of their own
FIELDS = tuple(name for name in FILE_COLUMNS if name not in OWN_TABLES)
SHOWN = 200  # sentences of a change that are kept
NOT_SAID = dict.fromkeys(STATE, "") | {"retired": "false"}


def entries(site_ids: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Entries by site id, as they are now; all of them without ids."""
    found = Site.objects.select_related("merged_into").prefetch_related("npis", "chairs_by_month")
    if site_ids is not None:
        found = found.filter(site_id__in=list(site_ids))
    return {site.site_id: entry_of(site) for site in found}


def entry_of(site: Site) -> dict[str, str]:
    values = {name: getattr(site, name) for name in FIELDS} | {
        "npis": tuple(npi.as_text for npi in site.npis.all()),
        "chairs_by_month": "; ".join(
            f"{step.from_month:%Y-%m}: {step.chairs} chairs, {step.hours.normalize():f} hours"
            for step in site.chairs_by_month.all()
        ),
        "retired": site.retired,
        "merged_into": site.merged_into.site_id if site.merged_into else "",
    }
    return as_text(values)


def read_sites(path: Path, name: str | None = None) -> Table:
    """sites.csv, or the public list of hospitals as sites. RefusedTable where the file is neither."""
    name = name or Path(path).name
    header, records = open_records(read_text(path, name), name)
    if not {"ccn", "facility_name"} <= set(header):
        return typed_table(name, header, records, SITES)
    hospitals = typed_table(name, header, records, HOSPITALS)
    rows = tuple(Row(row.line, hospital_as_site(row.values)) for row in hospitals.rows)
    absent = frozenset(FILE_COLUMNS) - HOSPITALS_SAY
    return Table(hospitals.name, rows, hospitals.rejected, hospitals.warnings, hospitals.unused, absent)


def check_table(table: Table, user) -> SiteChange:
    """What a file would change, kept as a change that is not stored yet."""
    on_file = entries()
    rows, rejected, unchanged = [], list(table.rejected), 0
    lines = {}
    for row in table.rows:
        site_id = row.values["site_id"]
        before = on_file.get(site_id)
        if before and before["retired"] == "true":
            rejected.append(Problem(row.line, "site_id", site_id, "retired", _retired(before)))
            continue
        after = _after(row.values, before, table.absent)
        lines[site_id] = row.line
        if before == after:
            unchanged += 1
        else:
            rows.append((site_id, before, after))
    warnings = [problem.sentence() for problem in table.warnings if problem.column not in table.absent]
    if table.unused:
        warnings.insert(0, f"columns that are not used: {', '.join(table.unused)}")
    planned = on_file | {site_id: after for site_id, _, after in rows}
    warnings += [f"line {lines[site_id]}: {sentence}" for site_id, sentence in pointed_out(planned, lines)]
    change = SiteChange.objects.create(
        title=f"Upload of {table.name}"[:200],
        unchanged=unchanged,
        rejected=[vars(problem) for problem in sorted(rejected, key=lambda problem: problem.line)],
        warnings=warnings,
        made_by=user,
    )
    _keep_rows(change, rows)
    return change


def _retired(entry: Entry) -> str:
    if entry["merged_into"]:
        return f"was merged into {entry['merged_into']}; use that id, or undo the merger first"
    return "was taken out of the register; put it back first"


def _after(values: Mapping[str, object], before: Entry | None, absent: frozenset[str]) -> dict[str, str]:
    """The entry as the row has it. A column that the file does not have says nothing: what is on file stays."""
    after = as_text({**values, "hospital_affiliated": hospital_affiliated(dict(values))}) | NOT_SAID
    if before is None:
        return after
    return after | {name: before[name] for name in (*absent, *STATE)}


def pointed_out(planned: Mapping[str, Entry], site_ids: Iterable[str]) -> list[tuple[str, str]]:
    """(site id, sentence) where one of these sites shares a provider number or an address with another that is open with it."""
    asked, found = set(site_ids), []
    for pair in pairs(places(planned), (NPI, ADDRESS)):
        one, other = (pair.first, pair.second) if pair.first in asked else (pair.second, pair.first)
        if one not in asked:
            continue
        if NPI in pair.reasons:
            found.append(
                (one, f"{', '.join(pair.shared)} is also the provider number of {other}: claims then decide by bill type and place")
            )
        if ADDRESS in pair.reasons:
            found.append((one, f"{other} stands at the same address: two entries for one place count it twice"))
    return found


def places(planned: Mapping[str, Entry]) -> list[Place]:
    """The entries on file as what tells one place from another."""
    return [
        Place(
            site_id, entry["name"], tuple(npi_period(text) for text in entry["npis"].split(";") if text), entry["address"], entry["city"], entry["state"],
            entry["zip_code"], entry["market"], *(_day(entry[name]) for name in ("opened_on", "closed_on")),
        )
        for site_id, entry in planned.items()
        if entry["retired"] != "true"
    ]  # fmt: skip


def _day(text: str):
    return dt.date.fromisoformat(text) if text else None


def save_entries(user, title: str, after: Mapping[str, Entry]) -> SiteChange:
    """Entries of a form or a merger, stored at once. Refused where nothing would change."""
    before = entries(after)
    rows = [(site_id, before.get(site_id), dict(entry)) for site_id, entry in after.items() if before.get(site_id) != dict(entry)]
    if not rows:
        raise Refused("Nothing was changed.")
    with transaction.atomic():
        change = SiteChange.objects.create(title=title[:200], made_by=user)
        _keep_rows(change, rows)
        store_change(change)
    return change


def _keep_rows(change: SiteChange, rows: Iterable[tuple[str, Entry | None, Entry]]) -> None:
    SiteChangeRow.objects.bulk_create(
        (SiteChangeRow(change=change, site_id=site_id, before=before, after=after) for site_id, before, after in rows),
        batch_size=AT_ONCE,
    )


@transaction.atomic
def store_change(change: SiteChange) -> Stored:
    """The checked change into the register. Refused where one of its sites has been changed since the check."""
    rows = list(to_store(change).rows.all())
    _write([(row.site_id, row.before, row.after) for row in rows])
    decided(change, SiteChange.State.STORED)
    added = sum(row.before is None for row in rows)
    stored = Stored(added, len(rows) - added, change.unchanged)
    touched = {name for row in rows if row.before for name, _, _ in differences(row.before, row.after)}
    note_load(Site, stored, [row.site_id for row in rows if row.before], sorted(touched), change=change.pk, did=change.title)
    return stored


@transaction.atomic
def undo_change(change: SiteChange) -> None:
    """Every site as it was before the change. Refused where one of them has been changed again."""
    rows = list(to_undo(change).rows.all())
    _write([(row.site_id, row.after, row.before) for row in rows])
    decided(change, SiteChange.State.UNDONE)
    note_load(Site, Stored(changed=len(rows)), [row.site_id for row in rows], [], change=change.pk, did=f"undid: {change.title}")


def _write(rows: list[tuple[str, Entry | None, Entry | None]]) -> None:
    """Sites from what they must be now to what they shall be; None: not in the register. All or none."""
    current = entries(site_id for site_id, _, _ in rows)
    for site_id, expected, _ in rows:
        if current.get(site_id) != expected:
            raise Refused(
                f"The entry of {site_id} has been changed by someone since; nothing was changed now. "
                "Check the file again, or change that site by hand."
            )
    gone = [site_id for site_id, _, wanted in rows if wanted is None]
    try:
        with disable_auditlog():  # the change is one line of the audit, not one a site
            Site.objects.filter(site_id__in=gone).delete()
    except ProtectedError:
        raise Refused("Another entry has been merged into a site of this change since; undo that merger first.") from None
    wanted = {site_id: entry for site_id, _, entry in rows if entry is not None}
    sites = Site.objects.in_bulk(wanted, field_name="site_id")
    keys = dict(Site.objects.filter(site_id__in={entry["merged_into"] for entry in wanted.values()}).values_list("site_id", "pk"))
    added, changed = [], []
    for site_id, entry in wanted.items():
        site = sites.get(site_id) or Site(site_id=site_id)
        for name, value in typed(entry).items():
            if name in FIELDS:
                setattr(site, name, value)
        site.retired, site.merged_into_id = entry["retired"] == "true", keys.get(entry["merged_into"])
        (changed if site.pk else added).append(site)
    Site.objects.bulk_create(added, batch_size=AT_ONCE)
    Site.objects.bulk_update(changed, [*FIELDS[1:], "retired", "merged_into"], batch_size=100)
    _write_own_tables([(site, current.get(site.site_id), wanted[site.site_id]) for site in (*added, *changed)])


def _write_own_tables(rows: list[tuple[Site, Entry | None, Entry]]) -> None:
    """Provider numbers and chairs by month of the sites in which they differ."""
    for name, model in (("npis", SiteNpi), ("chairs_by_month", SiteChairs)):
        other = [(site, after) for site, before, after in rows if (before or {}).get(name, "") != after[name]]
        model.objects.filter(site__in=[site.pk for site, _ in other]).delete()
        model.objects.bulk_create((row for site, after in other for row in _own_rows(name, site, after[name])), batch_size=AT_ONCE)


def _own_rows(name: str, site: Site, text: str):
    if name == "npis":
        periods = [npi_period(part) for part in text.split(";") if part]
        return [SiteNpi(site=site, npi=npi, starts_on=start, ends_on=end) for npi, start, end in periods]
    return [SiteChairs(site=site, from_month=month, chairs=chairs, hours=hours) for month, chairs, hours in chair_steps(text)]


def loaded_by(change: SiteChange, stored: Stored, file: str) -> Loaded:
    """A stored file's account, as the commands that load registers give it."""
    return Loaded(file, stored, tuple(Problem(**problem) for problem in change.rejected), tuple(change.warnings))
