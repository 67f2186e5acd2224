"""Refresh one feed from the shell and wait: the same run as the feed's page, then the same load."""

import json

from django.core.management.base import BaseCommand, CommandError

from demand import tasks
from demand.actions.feeds import perform_fetch, request_refresh
from demand.models import Extract, Feed, Run

KINDS = ("medical", "pharmacy", "eligibility")


class Command(BaseCommand):
    help = "Fetch what a feed names from its database, load it as an extract and wait until that is done."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="the feed's name, as its page shows it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        feed = Feed.objects.filter(name=options["name"]).first()
        if feed is None:
            known = ", ".join(f"“{name}”" for name in Feed.objects.values_list("name", flat=True)) or "there is none yet"
            raise CommandError(f"No feed is called “{options['name']}”. Feeds: {known}.")
        run = request_refresh(feed)
        if not tasks.work_on(run.pk, perform_fetch):
            raise CommandError(f"Run {run.pk} refreshes a feed already, in another process; look at it on the feed's page.")
        run.refresh_from_db()
        if run.status != Run.Status.FINISHED:
            raise CommandError(run.reason)
        answer = {"feed": feed.pk, "run": run.pk, "nothing_new": "same_as" in run.result, **run.result}
        if load := run.result.get("load"):
            answer |= {"loaded": self.load(load, run.result["extract"])}
        self.stdout.write(json.dumps(answer) if options["json"] else _in_words(feed, answer))

    def load(self, load_id: int, extract_id: int) -> dict:
        tasks.do_load(load_id)
        extract = Extract.objects.get(pk=extract_id)
        if extract.status != Extract.Status.LOADED:
            load = Run.objects.get(pk=load_id)
            raise CommandError(extract.refusal or load.reason or "Another load is at work; this one waits for the worker.")
        return extract.counts


def _in_words(feed: Feed, answer: dict) -> str:
    fetched = f"“{feed.name}”: {answer['people']:,} of {answer['people_in_tables']:,} people have infusion-relevant lines."
    lines = [fetched, *(f"{kind}: {rows:,} rows fetched" for kind, rows in answer["rows"].items())]
    if answer["nothing_new"]:
        return "\n".join([*lines, f"Nothing new: extract “{answer['same_as_name']}” holds exactly this."])
    lines.append(f"Extract {answer['extract']} “{answer['extract_name']}” is loaded.")
    for kind in KINDS:
        counts = answer["loaded"].get(kind)
        if counts and counts["files"]:
            lines.append(
                f"{kind}: {counts['rows_read']:,} rows read = {counts['accepted']:,} accepted + {counts['rejected']:,} rejected"
                f" + {counts['duplicate']:,} duplicate + {counts['superseded']:,} superseded"
            )
    return "\n".join(lines)
