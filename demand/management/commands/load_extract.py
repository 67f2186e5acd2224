"""Load one extract from the shell and wait: the same action as the upload page."""

import json
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from demand import tasks
from demand.actions import mappings
from demand.actions.extracts import Refused, bring_in, create_extract, discard_uploads, refuse
from demand.models import ColumnMapping, Extract

KINDS = ("medical", "pharmacy", "eligibility")


class Command(BaseCommand):
    help = "Load one extract (medical, pharmacy, eligibility files), account for every row and wait until that is done."

    def add_arguments(self, parser):
        for kind in KINDS:
            parser.add_argument(
                f"--{kind}", nargs="+", default=[], metavar="F", help=f"{kind} files: CSV, CSV.gz, ZIP, Parquet, XLSX"
            )
        parser.add_argument("--name", required=True, help="what people will call this extract")
        parser.add_argument("--perspective", choices=["payer", "provider"], default="payer")
        parser.add_argument("--data-source", default="", help="fills blank data_source values, never replaces one")
        parser.add_argument("--paid-through", type=date.fromisoformat, default=None, metavar="YYYY-MM-DD")
        parser.add_argument(
            "--mapping", nargs="+", default=[], metavar="M", help="saved mappings by name, or exported ones by path"
        )
        parser.add_argument("--replace", action="store_true", help="load it as the next version of the extract of that name")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        files = []
        try:
            for kind in KINDS:
                files += [bring_in(kind, Path(name)) for name in options[kind]]
            extract, run = create_extract(
                name=options["name"],
                corrects=_corrected(options["name"]) if options["replace"] else None,
                mappings={mapping.kind: mapping for mapping in map(_mapping, options["mapping"])},
                files=files,
                perspective=options["perspective"],
                data_source=options["data_source"],
                paid_through=options["paid_through"],
            )
        except (Refused, OSError, UnicodeDecodeError) as error:
            discard_uploads(file.stored_name for file in files)
            raise CommandError(_sentence(error)) from None
        tasks.do_load(run.pk)
        extract = Extract.objects.get(pk=extract.pk)
        if extract.status == Extract.Status.UNMAPPED:  # nobody waits at a page for it: the file lies where it was
            refuse(
                extract, f"{extract.refusal} Upload the file in the browser to map its columns, or name a mapping with --mapping."
            )
            extract.refresh_from_db()
        if extract.status != Extract.Status.LOADED:
            run.refresh_from_db()
            raise CommandError(extract.refusal or run.reason or "Another load is at work; this one waits for the worker.")
        answer = {"id": extract.pk, **extract.counts}
        self.stdout.write(json.dumps(answer) if options["json"] else _in_words(extract, answer))


def _mapping(word: str) -> ColumnMapping:
    path = Path(word)
    return mappings.bring_in(path.read_text(encoding="utf-8")) if path.is_file() else mappings.named(word)


def _corrected(name: str) -> Extract | None:
    return Extract.objects.filter(name=name).exclude(status=Extract.Status.REFUSED).order_by("-version").first()


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {(error.strerror or 'cannot be read').lower()}. Check the path and try again."
    if isinstance(error, UnicodeDecodeError):
        return "The mapping's file is not in UTF-8: export the mapping again."
    return str(error)


def _in_words(extract: Extract, answer: dict) -> str:
    lines = [f"Extract {extract.pk} “{extract}” is loaded ({answer['seconds']} s)."]
    for kind in KINDS:
        counts = answer.get(kind)
        if not counts:
            continue
        lines.append(
            f"{kind}: {counts['rows_read']:,} rows read = {counts['accepted']:,} accepted + {counts['rejected']:,} rejected"
            f" + {counts['duplicate']:,} duplicate + {counts['superseded']:,} superseded"
        )
        lines += [f"  {rule}: {count:,}" for rule, count in sorted(counts.get("flags", {}).items())]
    return "\n".join(lines)
