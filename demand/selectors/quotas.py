"""What a user may still send, and the sentence where it is too much. The page shows it, the browser and the server check it.

A rule is data: how much, and the sentence with its gaps. Both sides fill the same gaps, so both say the same.
"""

import datetime as dt
import shutil
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass

from django.db.models import F, Sum
from django.utils import timezone

from demand import storage
from demand.limits import UploadLimits, upload_limits
from demand.models import Extract, ExtractFile, Upload
from demand.templatetags.figures import size

# States in which an extract's uploads still lie on the server.
WAITING = (Extract.Status.QUEUED, Extract.Status.LOADING, Extract.Status.UNMAPPED, Extract.Status.CHECKED)
RULES = ("file", "upload", "day_files", "day_bytes", "waiting", "disk")
COMPRESS = "compress with gzip or as Parquet, send it in parts, or use the load_extract command on the server."


@dataclass(frozen=True)
class Rule:
    """`of` is what is measured: each file's bytes, all files' bytes, or the number of files."""

    name: str
    of: str  # "file", "total" or "count"
    at_most: int
    sentence: str  # gaps: {name} of the file, {measured}


@dataclass(frozen=True)
class Quota:
    """A user's limits and what of them is taken, in bytes and files."""

    limits: UploadLimits
    day_bytes: int
    day_files: int
    waiting_bytes: int
    day_begins: str
    rules: tuple[Rule, ...]

    @property
    def for_browser(self) -> dict:
        return {"chunk_bytes": self.limits.chunk_bytes, "rules": [asdict(rule) for rule in self.rules]}

    @property
    def is_overdrawn(self) -> bool:
        """True where what was promised is more than now allowed: an administrator lowered a limit meanwhile."""
        return self.day_bytes > self.limits.daily_bytes or self.waiting_bytes > self.limits.waiting_bytes

    def refusal_of(self, files: Sequence[tuple[str, int]], only: Container[str] = RULES) -> str:
        """The sentence of the first rule that files of these names and sizes break; empty where they may come."""
        measures = {
            "file": max(files, key=lambda file: file[1], default=("", 0)),
            "total": ("", sum(found for _, found in files)),
            "count": ("", len(files)),
        }
        for rule in self.rules:
            name, measured = measures[rule.of]
            if rule.name in only and measured > rule.at_most:
                shown = f"{measured:,}" if rule.of == "count" else size(measured)
                return rule.sentence.replace("{measured}", shown).replace("{name}", name)
        return ""


def quota(user) -> Quota:
    limits = upload_limits()
    now = timezone.localtime()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = Upload.objects.filter(user=user, started_at__gte=midnight).counted()
    waiting = _bytes(Upload.objects.filter(user=user).lying(), "size_bytes") + _bytes(
        ExtractFile.objects.filter(extract__created_by=user, extract__status__in=WAITING),
        "size_bytes",
    )
    rules = _rules(limits, day, waiting, _free(limits), _again(midnight, now))
    return Quota(limits, day["bytes"], day["files"], waiting, f"{midnight:%H:%M %Z}", rules)


def _bytes(queryset, *columns) -> int:
    return queryset.aggregate(sum=Sum(*columns))["sum"] or 0


def _free(limits: UploadLimits) -> int:
    """What the disk takes, less what files on their way still need."""
    free = shutil.disk_usage(storage.folder("uploads", "x").parent).free
    coming = _bytes(Upload.objects.filter(status=Upload.Status.RECEIVING), F("size_bytes") - F("received_bytes"))
    return max(0, free - limits.keep_free_bytes - coming)


def _again(midnight: dt.datetime, now: dt.datetime) -> str:
    """When a new day's account begins: 'at 00:00 UTC, in 5 h 12 min'."""
    minutes = int((midnight + dt.timedelta(days=1) - now).total_seconds() // 60) + 1
    return f"at {midnight:%H:%M %Z}, in {minutes // 60} h {minutes % 60} min"


def _rules(limits: UploadLimits, day: dict, waiting: int, free: int, again: str) -> tuple[Rule, ...]:
    day_left = max(0, limits.daily_bytes - day["bytes"])
    files_left = max(0, limits.daily_files - day["files"])
    waiting_left = max(0, limits.waiting_bytes - waiting)
    return (
        Rule(
            "file",
            "file",
            limits.file_bytes,
            f"“{{name}}” has {{measured}}, and one file may have at most {size(limits.file_bytes)}: {COMPRESS}",
        ),
        Rule(
            "upload",
            "total",
            limits.upload_bytes,
            f"One upload takes at most {size(limits.upload_bytes)}, all its files together, and these have {{measured}}: {COMPRESS}",
        ),
        Rule(
            "day_files",
            "count",
            files_left,
            f"You sent {day['files']:,} of your {limits.daily_files:,} files of today, and these are {{measured}} more: send "
            f"{'fewer' if files_left else 'them'} when the next day’s count begins {again}, or ask your administrator.",
        ),
        Rule(
            "day_bytes",
            "total",
            day_left,
            f"You sent {size(day['bytes'])} of your {size(limits.daily_bytes)} of today, and these files have {{measured}}: send them "
            f"when the next day’s count begins {again}, compress them, or ask your administrator.",
        ),
        Rule(
            "waiting",
            "total",
            waiting_left,
            f"{size(waiting)} of your {size(limits.waiting_bytes)} wait on the server for their load, and these files have {{measured}}: "
            "wait until earlier uploads are loaded, or discard files that you no longer need on the page Load an extract.",
        ),
        Rule(
            "disk",
            "total",
            free,
            f"The server has {size(free)} left for uploads and these files have {{measured}}: tell your administrator, or send less.",
        ),
    )
