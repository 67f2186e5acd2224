"""People count, months, seed -> a folder of files; grain: everything interfaces.md names, and the key in `truth/`.

People are made one after the other and written in chunks, so memory does not grow with their number. Same arguments, same
bytes: no clock, no machine, no hash order is asked. With more people, every file of rows keeps the rows it had and goes on
after them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import yaml

from demand.engine.rehearsal import days
from demand.engine.rehearsal.claims import (
    ELIGIBILITY_COLUMNS,
    PHARMACY_COLUMNS,
    Billing,
    PersonRows,
    bill_infusion,
    eligibility_rows,
)
from demand.engine.rehearsal.clinical import CLINICAL_COLUMNS, FACT_COLUMNS, clinical_facts, recorded_facts
from demand.engine.rehearsal.courses import live, make_setting
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.exposures import EXPOSURE_COLUMNS, exposure_rows
from demand.engine.rehearsal.lines import MEDICAL_COLUMNS
from demand.engine.rehearsal.logs import DENIAL_COLUMNS, IMPACT_COLUMNS, ORDER_COLUMNS, WHITE_BAG_COLUMNS, LogRows, add_logs
from demand.engine.rehearsal.noise import everyday_care, specialist_visits
from demand.engine.rehearsal.people import make_person
from demand.engine.rehearsal.plans import Course, Setting
from demand.engine.rehearsal.policies import document, planted_laws, planted_policies
from demand.engine.rehearsal.rates import rate_rows
from demand.engine.rehearsal.therapies import INVENTED_LABELER, Therapy, therapy_menu
from demand.engine.rehearsal.truth import DARK_COLUMNS, EPISODE_COLUMNS, INFUSION_COLUMNS, MONTH_COLUMNS, TruthRows
from demand.engine.rehearsal.world import OPEN_END, SYSTEM, Site, Window, World, build_world

VERSION = "1"
CHUNK = 250
SERVICE_THROUGH = dt.date(2026, 6, 30)
RUN_OUT_MONTHS = 3
DEFAULT_SEED = 20260630

SITE_COLUMNS = (
    "site_id", "name", "site_class", "ownership", "owner", "payer_affiliation", "hospital_affiliated", "market", "npis",
    "address", "city",
    "state", "zip_code", "latitude", "longitude", "opened_on", "closed_on", "chairs", "open_hours_per_week", "is_340b",
    "source", "checked_on", "rems",
)  # fmt: skip
STREAMS: dict[str, tuple[str, ...]] = {
    "medical_claim.csv": MEDICAL_COLUMNS,
    "pharmacy_claim.csv": PHARMACY_COLUMNS,
    "eligibility.csv": ELIGIBILITY_COLUMNS,
    "orders.csv": ORDER_COLUMNS,
    "denials.csv": DENIAL_COLUMNS,
    "white_bag_events.csv": WHITE_BAG_COLUMNS,
    "patient_impacts.csv": IMPACT_COLUMNS,
    "clinical_facts.csv": FACT_COLUMNS,
    "truth/infusions.csv": INFUSION_COLUMNS,
    "truth/episodes.csv": EPISODE_COLUMNS,
    "truth/darks.csv": DARK_COLUMNS,
    "truth/exposures.csv": EXPOSURE_COLUMNS,
    "truth/clinical.csv": CLINICAL_COLUMNS,
}

TRUTH_README = Path(__file__).resolve().parent / "truth_readme.md"  # the definitions of the key, copied next to it


@dataclass(frozen=True)
class RehearsalSummary:
    """What was written. counts: rows by file and planted totals."""

    folder: str
    people: int
    months: int
    seed: int
    version: str
    service_from: str
    service_through: str
    paid_through: str
    counts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict:
        return asdict(self)


def make_window(months: int, service_through: dt.date) -> Window:
    """The months that end with the month of `service_through`, paid until three months later."""
    last_month = service_through.replace(day=1)
    paid_until = days.add_months(last_month, RUN_OUT_MONTHS + 1)
    return Window(days.add_months(last_month, 1 - months), months, paid_until.toordinal() - 1)


def create_rehearsal(
    folder: Path,
    people: int = 3000,
    months: int = 36,
    seed: int = DEFAULT_SEED,
    service_through: dt.date = SERVICE_THROUGH,
    report: Callable[[int, int], None] | None = None,
) -> RehearsalSummary:
    """Writes the rehearsal system into `folder` (made if need be; files of the same names are replaced).

    report(done, people) is called after every chunk. Errors: ValueError for counts that make no sense; OSError where the folder
    cannot be written.
    """
    if people < 1:
        raise ValueError("--people must be at least 1.")
    if not 6 <= months <= 120:
        raise ValueError("--months must lie between 6 and 120.")
    folder = Path(folder)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    (folder / "policies").mkdir(exist_ok=True)
    window = make_window(months, service_through)
    world = build_world(seed, window)
    menu = therapy_menu()
    setting = make_setting(world, menu, planted_policies(window), planted_laws(window))
    counts = _write_world(folder, setting, menu)
    truth = TruthRows(world)
    counts |= _write_people(folder, setting, truth, people, report)
    counts["truth/leakage.csv"] = _table(folder / "truth" / "leakage.csv", MONTH_COLUMNS, truth.month_rows())
    maturity = [
        f"{feed},{month},{share:.6f},{str(share >= 0.9).lower()}\n" for (feed, month), share in truth.maturity.share.items()
    ]
    counts["truth/maturity.csv"] = _table(
        folder / "truth" / "maturity.csv", ("data_source", "month", "completion", "mature"), maturity
    )
    summary = RehearsalSummary(
        folder=folder.name,
        people=people,
        months=months,
        seed=seed,
        version=VERSION,
        service_from=days.text(window.start),
        service_through=days.text(window.end - 1),
        paid_through=days.text(window.paid_through),
        counts=counts | {f"planted_{name}": value for name, value in truth.counts.items()},
    )
    manifest = {name: value for name, value in summary.as_json().items() if name != "folder"} | {"system": SYSTEM}
    (folder / "truth" / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "truth" / "README.md").write_text(TRUTH_README.read_text(encoding="utf-8"), encoding="utf-8")
    return summary


def _table(path: Path, columns: Iterable[str], rows: list[str]) -> int:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(",".join(columns) + "\n")
        stream.writelines(rows)
    return len(rows)


def _write_people(
    folder: Path, setting: Setting, truth: TruthRows, people: int, report: Callable[[int, int], None] | None
) -> dict[str, int]:
    counts = dict.fromkeys(STREAMS, 0)
    site_policy = {policy.payer: policy.policy_id for policy in reversed(setting.policies) if policy.kind == "site_of_care"}
    with ExitStack() as stack:
        streams = {name: stack.enter_context((folder / name).open("w", encoding="utf-8", newline="")) for name in STREAMS}
        for name, columns in STREAMS.items():
            streams[name].write(",".join(columns) + "\n")
        for begin in range(1, people + 1, CHUNK):
            rows, logs = PersonRows(), LogRows()
            end = min(begin + CHUNK, people + 1)
            for number in range(begin, end):
                _person(setting, number, rows, logs, truth, site_policy)
            written = {
                "medical_claim.csv": rows.medical, "pharmacy_claim.csv": rows.pharmacy, "eligibility.csv": rows.eligibility,
                "orders.csv": logs.orders, "denials.csv": logs.denials, "white_bag_events.csv": logs.white_bag_events,
                "patient_impacts.csv": logs.patient_impacts, "clinical_facts.csv": logs.clinical_facts, "truth/infusions.csv": truth.infusions,
                "truth/episodes.csv": truth.episodes, "truth/darks.csv": truth.darks,
                "truth/exposures.csv": truth.exposures, "truth/clinical.csv": truth.clinical,
            }  # fmt: skip
            for name, found in written.items():
                streams[name].write("".join(found))
                counts[name] += len(found)
            truth.infusions, truth.episodes, truth.darks, truth.exposures, truth.clinical = [], [], [], [], []
            if report:
                report(end - 1, people)
    return counts


def _person(setting: Setting, number: int, rows: PersonRows, logs: LogRows, truth: TruthRows, site_policy: dict[str, str]) -> None:
    """One person's life and claims, from streams of their own: what happened, how it was billed, how well they are."""
    world = setting.world
    life = Draws(world.seed, f"person:{number}")
    person = make_person(world, number, life)
    live(setting, person, life)
    draw = Draws(world.seed, f"billing:{number}")
    billing = Billing(world, person, draw, rows)
    mine = []
    for course in person.courses:
        for infusion in course.infusions:
            mine.append((course, infusion, bill_infusion(billing, course, infusion)))
        _self_fills(billing, course)
        specialist_visits(billing, course)
    everyday_care(billing, world)
    truth.clinical.extend(clinical_facts(billing))
    rows.eligibility.extend(eligibility_rows(person))
    truth.add(mine)
    truth.exposures.extend(exposure_rows(setting, mine, truth.as_of))
    add_logs(logs, mine, draw, site_policy)
    logs.clinical_facts.extend(recorded_facts(person, world))


def _self_fills(billing: Billing, course: Course) -> None:
    """Self-injected doses on the pharmacy benefit."""
    pharmacy = billing.world.site_by_id["SP-PINFOLD"].npi
    for day in course.self_fills:
        payer = course.person.payer_on(day)
        billing.pharmacy_row(payer, day, course.therapy.self_ndc, 1, 28, 310_000, course.prescriber.npi, pharmacy)


def _write_world(folder: Path, setting: Setting, menu: tuple[Therapy, ...]) -> dict[str, int]:
    world = setting.world
    first_day = days.text(world.window.start)
    counts = {
        "sites.csv": _table(folder / "sites.csv", SITE_COLUMNS, _site_rows(world)),
        "prescribers.csv": _table(
            folder / "prescribers.csv",
            ("npi", "name", "specialty", "relation", "market", "starts_on", "ends_on"),
            _prescriber_rows(world),
        ),
        "taxonomies.csv": _table(
            folder / "taxonomies.csv",
            ("npi", "taxonomy"),
            [f"{site.npi},{site.taxonomy}\n" for site in world.sites if site.taxonomy],
        ),
        "rates.csv": _table(
            folder / "rates.csv",
            ("payer", "plan", "site_class", "site_id", "hcpcs_code", "basis", "rate", "effective_from", "effective_to", "source"),
            [_row(row) for row in rate_rows(world.payers, first_day)],
        ),
        "laws.csv": _table(
            folder / "laws.csv",
            ("state", "shields_from", "effective_from", "effective_to", "note", "source"),
            [
                _row((law.state, law.shields_from, days.text(law.effective_from), "", "Invented for the rehearsal", "rehearsal"))
                for law in setting.laws
            ],
        ),
        "zip_centroids.csv": _table(
            folder / "zip_centroids.csv",
            ("zip_code", "latitude", "longitude"),
            [f"{place.zip_code},{place.latitude:.4f},{place.longitude:.4f}\n" for place in world.zips],
        ),
        "drugs.csv": _table(
            folder / "drugs.csv",
            ("ndc_code", "hcpcs_code", "molecule", "family", "self_administered", "units_per_package", "source"),
            _drug_rows(menu),
        ),
    }
    therapies = {therapy.family: therapy for therapy in menu}
    for policy in setting.policies:
        text = yaml.safe_dump(document(policy, therapies), sort_keys=False, allow_unicode=True, width=120)
        (folder / "policies" / f"{policy.policy_id}.yaml").write_text(text, encoding="utf-8")
    counts["policies"] = len(setting.policies)
    return counts


def _row(values: Iterable[object]) -> str:
    """A CSV row; texts with a comma are quoted."""
    texts = [str(value) for value in values]
    return ",".join(f'"{text}"' if "," in text else text for text in texts) + "\n"


def _site_rows(world: World) -> list[str]:
    rows, draw = [], Draws(world.seed, "rems")
    for number, site in enumerate((site for site in world.sites if site.registered), start=1):
        rows.append(
            _row(
                (
                    site.site_id, site.name, site.site_class, site.ownership, site.owner, site.payer_affiliation,
                    str(site.hospital_affiliated).lower(), site.market, site.npi, f"{100 + number} Rehearsal Way", site.city,
                    site.state, site.zip_code, f"{site.latitude:.4f}", f"{site.longitude:.4f}", days.text(site.opened), "",
                    site.chairs or "", site.hours or "", str(site.is_340b).lower(), "rehearsal; invented",
                    days.text(world.window.start), _programs(draw, site),
                )
            )
        )  # fmt: skip
    return rows


def _programs(draw: Draws, site: Site) -> str:
    """Drug safety programs that certified the site, as a register says it: “none” where it was looked up, blank where nobody did.

    Planning-grade: a hospital holds those its drugs ask for; of the other sites half hold TOUCH (natalizumab), a tenth nobody asked.
    """
    if site.is_hospital:
        return "TOUCH;Lemtrada"
    if site.site_class not in ("infusion_center", "infusion_suite", "physician_office"):
        return ""
    return draw.weighted(("TOUCH", "none", ""), (5, 4, 1))


def _prescriber_rows(world: World) -> list[str]:
    return [
        _row(
            (p.npi, p.name, p.specialty, p.relation, p.market, days.text(p.starts), "" if p.ends == OPEN_END else days.text(p.ends))
        )
        for p in world.prescribers
        if p.relation
    ]


def _drug_rows(menu: tuple[Therapy, ...]) -> list[str]:
    """Packages that the reference does not list, so that `load_drugs` can teach them."""
    rows = []
    source = "rehearsal; labeler 99050 is invented"
    for therapy in menu:
        for product in therapy.products:
            if product.ndc.startswith(INVENTED_LABELER):
                rows.append(_row((product.ndc, product.codes[-1].hcpcs, product.molecule, therapy.family, "false", "", source)))
        if therapy.self_form and therapy.self_ndc.startswith(INVENTED_LABELER):
            rows.append(_row((therapy.self_ndc, "", therapy.self_molecule, therapy.family, "true", "", source)))
    return rows
