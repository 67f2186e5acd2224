"""What every test gets: no network, no skip where CI forbids it."""

import gc
import os
import subprocess

import pytest
from hypothesis import settings

from tests.libreoffice import LibreOffice
from tests.services import REQUIRED, Processes, answers, free_port, or_skip, program, start_postgres, wait_until

# The same examples every time, whatever the machine is busy with; `--hypothesis-profile=default` looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
DATABASE = {"db", "transactional_db", "live_server"}


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    """Sockets are blocked: browser and service tests may talk to this machine, and to nothing else. Whoever asks for the
    application's database is marked `database`: nothing else can come out differently on PostgreSQL."""
    for item in items:
        if item.get_closest_marker("browser") or item.get_closest_marker("services"):
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
        if item.get_closest_marker("django_db") or DATABASE & set(item.fixturenames):
            item.add_marker("database")


def pytest_collection_finish():
    """What is imported by now stays: the garbage collector need not look at it again and again, a tenth of the whole run."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session):
    """In CI a skipped test is a missing part: the run fails and names it."""
    gc.unfreeze()  # else nanobind takes what is frozen for leaks
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not REQUIRED or reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    for report in skipped:
        reporter.write_line(f"SKIPPED, and nothing may be skipped here: {report.nodeid}: {report.longrepr}", red=True)
    if skipped and session.exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """--dist loadfile as always, but that the browser's files go to one worker: they share one demo and one Chromium."""
    from xdist.scheduler import LoadFileScheduling

    class OneDemo(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "tests/browser" if file.startswith("tests/browser/") else file

    return OneDemo(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server; `postgres.create(name)` makes an empty database and returns its DATABASE_URL."""
    with or_skip():
        server = start_postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A running Redis server, nothing kept on disk."""
    with or_skip():
        binary = program("redis-server", "redis-server")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answers(port), 10, "redis-server answers")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory):
    """LibreOffice, to recalculate workbooks."""
    with or_skip():
        binary = program("soffice", "libreoffice-calc-nogui")
    return LibreOffice(binary, tmp_path_factory.mktemp("libreoffice"))


@pytest.fixture(scope="session")
def environment_for():
    """environment_for(DATA_DIR=…) -> this process's environment with those variables, and none of the tests' own settings."""
    ours = {"DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "PSEUDONYM_KEY", "DJANGO_SETTINGS_MODULE", "DATA_DIR"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return lambda **variables: {**inherited, "PYTHONUNBUFFERED": "1", **variables}


@pytest.fixture
def processes(tmp_path, environment_for):
    """Start `manage.py …`, workers and web servers in a DATA_DIR of the test's own, by environment variables alone."""
    logs = tmp_path / "logs"
    logs.mkdir()
    started = Processes(logs, environment_for(DATA_DIR=str(tmp_path / "data")))
    yield started
    started.stop_all()
