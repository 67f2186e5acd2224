"""`roi_calc FILE`: the cash-flow engine alone, on inputs from a JSON file. No database, no data."""

import argparse
import json
import textwrap
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from roi.engine.calc_file import read_case
from roi.engine.calc_keys import KEYS
from roi.engine.cash_flow import cash_flow
from roi.engine.inputs import InputError
from roi.engine.marks import mark_counts
from roi.words import BASELINE_NAMES, PART_NAMES, dollars, irr_text, payback_text

EXAMPLE = Path(__file__).parents[2] / "engine" / "roi_calc_example.json"
LARGEST_FILE = 5_000_000


def _help() -> str:
    lines = [
        "Outlays fall at month 0, operating flows at the ends of months 1 … horizon; each line item is rounded half up to the",
        "cent; NPV divides by (1 + rate)^(month / 12). Value is scenario less baseline, for both baselines: do_nothing (the",
        "patients leave in their leave_month) and today (they never leave). Keys of the file:",
        "",
    ]
    for key, meaning in KEYS.items():
        wrapped = textwrap.wrap(meaning, 92)
        lines += [f"  {key:<28}{wrapped[0]}", *(" " * 30 + more for more in wrapped[1:])]
    lines += ["", "Example (roi/engine/roi_calc_example.json):", "", EXAMPLE.read_text()]
    return "\n".join(lines)


class Command(BaseCommand):
    help = "The cash-flow engine alone, on inputs from a JSON file."
    requires_system_checks = []

    def create_parser(self, *args, **kwargs):
        return super().create_parser(*args, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_help(), **kwargs)

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="the JSON file")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        name = Path(options["file"]).name
        try:
            case = read_case(_text(Path(options["file"])))
            result = cash_flow(case.inputs)
        except InputError as error:
            raise CommandError(f"{name}: {error}") from None
        if options["json"]:
            sources = {key: source.as_json() for key, source in case.sources.items()}
            answer = {"name": case.name, **result.as_json(), "sources": sources, "marks": mark_counts(case.sources.values())}
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(as_text(case.name or name, result))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise CommandError(f"{path.name} is larger than 5 MB, which no file of inputs is; check that it is the right file.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(f"{path.name} is not UTF-8 text; save it as a JSON file.") from None
    except OSError as error:
        raise CommandError(f"{path.name} cannot be read: {error.strerror}. Check the path.") from None


def as_text(title: str, result) -> str:
    """A CashFlow for people: both baselines side by side, in dollars."""
    values = list(result.values.values())
    names = [BASELINE_NAMES[baseline] for baseline in result.values]

    def row(label, cells):
        return f"{label:<48}" + "".join(f"{cell:>24}" for cell in cells)

    lines = [title, row("Value against", names)]
    for part, label in PART_NAMES.items():
        lines.append(row(f"  {label}", [dollars(value.parts[part]) for value in values]))
    lines += [
        row("Value, not discounted", [dollars(value.total_cents) for value in values]),
        row("Net present value", [dollars(value.npv_cents) for value in values]),
        row("Internal rate of return a year", [irr_text(value.irr.as_json()) for value in values]),
        row("Payback", [payback_text(value.payback_month) for value in values]),
        row("Payback, discounted", [payback_text(value.discounted_payback_month) for value in values]),
        row("Peak cash", [dollars(value.peak_cash_cents) for value in values]),
    ]
    full = result.chairs.month_full
    if full is not None:
        lines.append(f"The site is full from month {full} on.")
    return "\n".join(lines)
