"""What every command that loads a register has in common: files in, an account of every row out, refusals in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from sites.actions.registers import Loaded, Stored
from sites.engine.text_file import RefusedTable

SHOWN = 20  # a longer list of rejected rows belongs into --json


class RegisterCommand(BaseCommand):
    """A subclass gives `load(path) -> Loaded`. Files are loaded together or, where one is refused, not at all."""

    load: Callable[[Path], Loaded]
    one_file = True
    requires_system_checks = []  # a register has nothing to do with pages and addresses

    def add_arguments(self, parser):
        parser.add_argument("files", metavar="F", nargs=1 if self.one_file else "+", type=Path, help="the file to load")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, files, json: bool, **options):
        self.answer(self.load_all(files, **options), json)

    def load_all(self, files: list[Path], **options) -> list[Loaded]:
        """Every file, in one transaction."""
        return as_one(lambda: [self.load(path) for path in files])

    def answer(self, results: list[Loaded], as_json: bool) -> None:
        """The account, as text or JSON. Where every row was rejected, the command has failed."""
        if as_json:
            self.stdout.write(json.dumps(totals(results), default=str))
        else:
            for result in results:
                self._in_words(result)
        for result in results:
            if result.rejected and result.stored == Stored():
                raise CommandError(
                    f"{result.file}: no row could be used, the first because of {result.rejected[0].sentence()}; "
                    "correct the rows and load the file again."
                )

    def _in_words(self, result: Loaded) -> None:
        stored = result.stored
        self.stdout.write(
            f"{result.file}: {stored.added:,} added, {stored.changed:,} changed, "
            f"{stored.unchanged:,} unchanged, {len(result.rejected):,} rejected"
        )
        for name, value in result.notes.items():
            if not isinstance(value, dict):
                self.stdout.write(f"  {name.replace('_', ' ')}: {value}")
        self._list("rejected", [problem.sentence() for problem in result.rejected])
        self._list("note", list(result.warnings))

    def _list(self, label: str, sentences: list[str]) -> None:
        for sentence in sentences[:SHOWN]:
            self.stdout.write(f"  {label}: {sentence}")
        if len(sentences) > SHOWN:
            self.stdout.write(f"  … and {len(sentences) - SHOWN:,} more; --json lists them all")


def totals(results: list[Loaded]) -> dict:
    """The counts over all files, every rejected row with its file, and the files one by one."""
    stored = sum((result.stored for result in results), Stored())
    return {
        "added": stored.added,
        "changed": stored.changed,
        "unchanged": stored.unchanged,
        "rejected": sum(len(result.rejected) for result in results),
        "files": [result.as_json() for result in results],
    }


def as_one(work: Callable[[], list[Loaded]]) -> list[Loaded]:
    """The work in one transaction; a refusal or an unready database becomes one sentence."""
    try:
        with transaction.atomic():
            return work()
    except RefusedTable as refusal:
        raise CommandError(str(refusal)) from None
    except DatabaseError as error:
        raise CommandError(
            f"The database refused ({str(error).splitlines()[0]}); nothing was loaded. "
            "Run `python manage.py migrate` if it is new, and try again."
        ) from None
