"""A child of the demo: `python -m infusion_strategy.demo.child web PORT` or `… worker`. It ends when its parent does."""

import os
import signal
import sys
import threading

GRACE_SECONDS = 6  # what a worker may take to end once its parent is gone


def follow_parent() -> None:
    """Standard input is a pipe from the parent: its end means that the parent is gone, even if it was killed."""

    def wait_for_the_end():
        while os.read(0, 1024):
            pass
        threading.Timer(GRACE_SECONDS, os._exit, [1]).start()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_the_end, name="follow-parent", daemon=True).start()


def serve_pages(port: int) -> None:
    from django.conf import settings
    from waitress import serve

    from infusion_strategy.wsgi import application

    # waitress takes 1 GB by itself and refuses more in its own words; a form with an upload's largest files comes through to ours.
    most = settings.UPLOAD_MAX_BYTES + 10_000_000
    serve(
        application, host="127.0.0.1", port=port, threads=8, ident=None, clear_untrusted_proxy_headers=True, max_request_body_size=most
    )  # fmt: skip


def work() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion_strategy.settings")
    django.setup()
    from infusion_strategy.celery import app

    if hasattr(os, "nice"):
        os.nice(10)  # pages come first
    # Threads: they run on every platform, and the work itself is DuckDB's and numpy's, which release Python's lock.
    app.worker_main(["worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING", "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    follow_parent()
    if sys.argv[1] == "web":
        serve_pages(int(sys.argv[2]))
    else:
        work()
