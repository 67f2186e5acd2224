"""Is this installation able to work? For people, and for the health checks of containers."""

import json
import shutil
import urllib.error
import urllib.request

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from demand.actions.runs import this_worker
from demand.models import Feed
from infusion_strategy.models import Heartbeat


def database() -> str | None:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"the database cannot be reached ({type(error).__name__}): check DATABASE_URL and that its server runs"
    return "the database is not up to date: run `python manage.py migrate`" if missing else None


def queue() -> str | None:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:  # every broker has its own exceptions
        return f"the queue cannot be reached ({type(error).__name__}): check CELERY_BROKER_URL and that its server runs"
    return None


def storage() -> str | None:
    folder = settings.STORAGE_DIR
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < settings.UPLOAD_KEEP_FREE_BYTES:
        return f"only {free // 1_000_000} MB are left under {settings.STORAGE_DIR}: make room"
    return None


def worker() -> str | None:
    return None if Heartbeat.objects.alive("worker").exists() else "no worker is alive: start one"


def sweeper() -> str | None:
    return None if Heartbeat.objects.alive("sweeper").exists() else "no sweeper is alive: start one"


def scheduler() -> str | None:
    """Where feeds are to be refreshed by themselves: the demo's own process does it, elsewhere Celery beat."""
    needed = not settings.EMBEDDED and Feed.objects.exclude(schedule=Feed.Schedule.NEVER).exists()
    alive = Heartbeat.objects.alive("scheduler").exists()
    return "no scheduler is alive, so no feed is refreshed by itself: start Celery beat" if needed and not alive else None


def worker_here() -> str | None:
    """The worker of this container."""
    here = this_worker().rsplit(":", 1)[0]
    alive = Heartbeat.objects.filter(process__startswith=f"{here}:").alive("worker").exists()
    return None if alive else "this container's worker does not answer"


def scheduler_here() -> str | None:
    return None if Heartbeat.objects.alive("scheduler").exists() else "no scheduler is alive: start Celery beat"


def web(port: int) -> str | None:
    # As the proxy in front of it would ask: by the public name, over TLS.
    host = next((name for name in settings.ALLOWED_HOSTS if name != "*"), "localhost").lstrip(".")
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/health/", headers={"Host": host, "X-Forwarded-Proto": "https"})
    try:
        urllib.request.urlopen(asked, timeout=5).close()
    except (urllib.error.URLError, OSError) as error:
        return f"the web server on port {port} does not answer well ({error})"
    return None


class Command(BaseCommand):
    help = "Check database, queue, storage, worker and sweeper; exit 1 and say what is wrong where something is."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--only", choices=["web", "worker", "sweeper", "scheduler"], help="one container's own check")
        parser.add_argument("--port", type=int, default=8000, help="of the web server, for --only web")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        checks = {
            "web": {"web": lambda: web(options["port"])},
            "worker": {"worker": worker_here},
            "sweeper": {"sweeper": sweeper},
            "scheduler": {"scheduler": scheduler_here},
            None: {
                "database": database,
                "queue": queue,
                "storage": storage,
                "worker": worker,
                "sweeper": sweeper,
                "scheduler": scheduler,
            },
        }[options["only"]]
        found = {}
        for name, check in checks.items():
            try:
                found[name] = check()
            except DatabaseError as error:
                found[name] = f"cannot be told, the database does not answer ({type(error).__name__})"
        troubles = {name: trouble for name, trouble in found.items() if trouble}
        if options["json"]:
            self.stdout.write(json.dumps({"healthy": not troubles, "checks": {name: found[name] or "ok" for name in found}}))
        elif not troubles:
            self.stdout.write("All is well: " + ", ".join(found) + ".")
        if troubles:
            raise CommandError("; ".join(f"{name}: {trouble}" for name, trouble in troubles.items()))
