"""The main job on a fresh machine, in one process tree: database, reference, rehearsal system, web server and worker."""

import contextlib
import os
import signal
import sys
import threading
import time
import webbrowser
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from infusion_strategy.demo import children as tree
from infusion_strategy.demo import instance
from infusion_strategy.demo.sign_ins import create_sign_ins

# demand.tasks brings duckdb and pandas along, a second's work: it is imported where it is used, while the web server starts.

LOOK_SECONDS = 5
STOP_SECONDS = 6  # a worker in the middle of a run is ended then; the run is taken up at the next start


class Command(BaseCommand):
    help = "Run the whole product on this machine with a rehearsal health system; Ctrl-C ends it, starting again keeps everything."
    requires_system_checks = ()  # the first page should come soon; CI runs the checks

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
        parser.add_argument("--people", type=int, default=3000, help="size of the rehearsal system; 0: none")
        parser.add_argument("--months", type=int, default=36)

    def handle(self, *args, **options):
        stop = threading.Event()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: stop.set())
        folder = settings.DATA_DIR
        try:
            instance.check_modules()
            instance.check_folder(folder)
            lock = instance.hold(folder)
            instance.check_port(options["port"])
        except instance.CannotStart as sentence:
            raise CommandError(str(sentence)) from None
        web = self.child("web", [str(options["port"])])
        worker = self.child("worker", [])
        try:
            web.start()  # it needs as long to start as the database does
            self.prepare(options, stop)
            if not stop.is_set():
                worker.start()
                self.wait_for(web, options["port"], stop)
                self.announce(options)
                self.watch(web, worker, stop)
        except tree.KeepsDying as sentence:
            raise CommandError(str(sentence)) from None
        except (DatabaseError, OSError) as error:
            raise CommandError(
                f"The demo cannot go on in {folder} ({error}): make room or mend the folder, or start afresh in another one: "
                "DATA_DIR=/another/folder make demo"
            ) from None
        finally:
            self.stdout.write("\nEnding the web server and the worker …")
            tree.stop([web, worker], STOP_SECONDS)
            if worker.process is not None:
                from demand.actions import runs

                with contextlib.suppress(DatabaseError):  # its lease runs out then
                    runs.release_worker(runs.worker_name(worker.process.pid), crashed=False)
            lock.close()
        self.stdout.write(f"Ended. Everything is kept in {folder}; the same command goes on from there.")

    def child(self, name: str, arguments: list[str]) -> tree.Child:
        log = settings.DATA_DIR / "logs" / f"{name}.log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.replace(log.with_suffix(".old.log"))
        return tree.Child(name, arguments, log, Path(settings.BASE_DIR))

    def prepare(self, options, stop) -> None:
        """Database, reference tables, sign-ins, and the request for the rehearsal system, which the worker then answers."""
        from demand import tasks
        from infusion_strategy.actions.rehearsal import request_rehearsal

        self.stdout.write(f"Preparing the database in {settings.DATA_DIR} …")
        call_command("migrate", verbosity=0, interactive=False)
        if stop.is_set():
            return
        call_command("load_reference", keep_existing=True, stdout=open(os.devnull, "w"))
        self.sign_ins = create_sign_ins(settings.DATA_DIR / "keys")
        if options["people"]:
            run = request_rehearsal(people=options["people"], months=options["months"])
            if run.status == run.Status.QUEUED:
                tasks.enqueue(run)

    def wait_for(self, web, port: int, stop) -> None:
        while not stop.is_set() and not instance.answers(port):
            web.restart_if_dead()
            time.sleep(0.1)

    def announce(self, options) -> None:
        address = f"http://127.0.0.1:{options['port']}/"
        self.stdout.write(f"\nReady: {address}\n\nSign in as        user name       password")
        for sign_in in self.sign_ins:
            self.stdout.write(f"  {sign_in.role:<15} {sign_in.username:<15} {sign_in.password}")
        if options["people"]:
            self.stdout.write(
                "\nOn the first start the worker sets up the rehearsal health system; the home page shows how far it is."
            )
        self.stdout.write(f"\nLogs: {settings.DATA_DIR / 'logs'}. Ctrl-C ends everything.")
        self.stdout.flush()
        if not options["no_browser"] and has_display():
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

    def watch(self, web, worker, stop) -> None:
        """Until told to stop: children that died are started again, and what they were at is taken up."""
        from infusion_strategy.management.commands.sweep import sweep_quietly

        next_look = 0.0
        while not stop.wait(0.25):
            if web.restart_if_dead():
                self.stderr.write("The web server had ended and was started again.")
            if worker.restart_if_dead():
                self.stderr.write("The worker had ended and was started again; what it was at is taken up.")
                next_look = 0.0
            if time.monotonic() >= next_look:
                sweep_quietly()
                start_feeds()
                ask_for_example()
                next_look = time.monotonic() + LOOK_SECONDS


def start_feeds() -> None:
    """What Celery beat does in production."""
    from demand import tasks

    try:
        tasks.start_due_feeds()
    except DatabaseError:
        pass  # looked at again
    finally:
        close_old_connections()


def ask_for_example() -> None:
    from celery import current_app

    from infusion_strategy.actions.rehearsal import example_is_due

    try:
        if example_is_due():
            current_app.send_task("infusion_strategy.example", retry=False)
    except DatabaseError:
        pass  # asked again at the next look
    finally:
        close_old_connections()


def has_display() -> bool:
    """Without one, a text browser would take the terminal over."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
