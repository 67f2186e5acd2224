"""The whole production stack as processes: PostgreSQL, Redis, gunicorn, worker and sweeper, started by compose's own commands."""

import json
import re
import sys
from pathlib import Path

import pytest
import requests
import yaml

from tests.services import ROOT, Processes, answers, free_port, wait_until

# Starting the stack takes most of it: once in CI, with the thorough tests; the default run has the demo's processes.
pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.thorough]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
BIN = Path(sys.executable).parent


def command(service: str) -> list[str]:
    """A service's command as in the container, with this environment's programs."""
    if service == "web":
        written = re.search(r"^CMD (\[.*\])", (ROOT / "Dockerfile").read_text().replace("\\\n", ""), re.M).group(1)
        words = json.loads(written)
    else:
        words = COMPOSE[service]["command"]
    here = {"python": sys.executable, "celery": str(BIN / "celery"), "gunicorn": str(BIN / "gunicorn")}
    return [here.get(word, word).replace("python manage.py", f"{sys.executable} manage.py") for word in words]


class Stack:
    def __init__(self, processes: Processes):
        self.processes = processes
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        processes.run(*command("migrate"))
        processes.manage("collectstatic", "--noinput", "--verbosity", "0")
        self.web = processes.start(*[word.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}") for word in command("web")])
        self.worker = processes.start(*command("worker"))
        self.sweeper = processes.start(*command("sweeper"))
        self.scheduler = processes.start(*command("scheduler"))
        wait_until(lambda: answers(self.port), 30, "gunicorn answers")
        wait_until(lambda: processes.manage("health", check=False).returncode == 0, 30, "the stack is healthy")

    def script(self, text: str, *arguments: str, **environment: str):
        ours = {**self.processes.environment, "DJANGO_SETTINGS_MODULE": "infusion_strategy.settings", **environment}
        return Processes(self.processes.folder, ours).run(sys.executable, "-c", text, *arguments)

    def sign_in(self, username: str, password: str) -> requests.Session:
        browser = requests.Session()
        self.post(browser, "/sign-in/", username=username, password=password)
        return browser

    def post(self, browser: requests.Session, path: str, files=None, **fields) -> requests.Response:
        """A form's answer, sent as a browser would: with the token of the page that shows the form."""
        page = browser.get(self.address + path, timeout=30)
        page.raise_for_status()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text).group(1)
        answer = browser.post(page.url, data={"csrfmiddlewaretoken": token, **fields}, files=files, timeout=60)
        answer.raise_for_status()
        return answer


@pytest.fixture(scope="module")
def stack(postgres, redis_url, tmp_path_factory, environment_for):
    folder = tmp_path_factory.mktemp("production")
    processes = Processes(
        folder,
        environment_for(
            DATA_DIR=str(folder / "data"),
            STATIC_ROOT=str(folder / "static"),
            DATABASE_URL=postgres.create("production"),
            CELERY_BROKER_URL=redis_url,
            ALLOWED_HOSTS="127.0.0.1",
            SECRET_KEY="production-in-a-test",
            PSEUDONYM_KEY="production-in-a-test",
        ),
    )
    try:
        yield Stack(processes)
    finally:
        processes.stop_all()


def test_the_containers_own_health_checks_hold(stack):
    for service in ("web", "worker", "sweeper", "scheduler"):
        words = [*COMPOSE[service]["healthcheck"]["test"][2:], *(["--port", str(stack.port)] if service == "web" else [])]
        stack.processes.run(sys.executable, *words)


def test_pages_come_with_hashed_static_files_and_strict_headers(stack):
    page = requests.get(f"{stack.address}/sign-in/", timeout=30)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert re.search(r"\.[0-9a-f]{12}\.", address), address
        found = requests.get(stack.address + address, timeout=30)
        assert found.status_code == 200
        assert "immutable" in found.headers["Cache-Control"]


def test_a_stranger_sees_nothing(stack):
    answer = requests.get(f"{stack.address}/", timeout=30, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


AN_ANALYST_AND_REGISTERS = """
import sys
import django
django.setup()
from django.contrib.auth.models import Group, User
from django.core.management import call_command
analyst = User.objects.create_user("ada", password="a-long-enough-secret")
analyst.groups.add(Group.objects.get(name="analyst"))
folder = sys.argv[1]
call_command("create_rehearsal", folder, people=300, months=18)
for register in ("drugs", "sites", "prescribers"):
    call_command(f"load_{register}", f"{folder}/{register}.csv")
"""


def shown(browser: requests.Session, address: str, words: str) -> str:
    """The page's text once it says `words`; fails with what it says instead when the work went wrong."""

    def look():
        answer = browser.get(address, timeout=30)
        answer.raise_for_status()
        text = answer.text
        wrong = re.search(r'<(?:div|section) class="note bad".*?</(?:div|section)>', text, re.S)
        assert not wrong, wrong.group()
        return words in text and text

    return wait_until(look, 90, f"{address} says “{words}”", every=0.2)


def test_from_upload_to_dashboard(stack, tmp_path):
    """Registers by command; claims by the upload form; load and recomputation by the worker; the brief in the browser."""
    manage = stack.processes.manage
    files = tmp_path / "files"
    stack.script(AN_ANALYST_AND_REGISTERS, str(files))
    ada = stack.sign_in("ada", "a-long-enough-secret")
    assert "No figures yet" in ada.get(stack.address, timeout=30).text
    claims = [("medical", "medical_claim.csv"), ("pharmacy", "pharmacy_claim.csv"), ("eligibility", "eligibility.csv")]
    answer = stack.post(
        ada,
        "/extracts/upload/",
        files=[(kind, (name, (files / name).read_bytes(), "text/csv")) for kind, name in claims],
        name="Payer A, to June 2026",
        perspective="payer",
    )
    assert re.search(r"/extracts/\d+/(\?sent)?$", answer.url)
    page = shown(ada, answer.url, "rows read")
    for _, name in claims:
        rows = len((files / name).read_bytes().splitlines()) - 1
        assert f"<strong>{rows:,}</strong><span>rows read</span>" in page
    assert "every row accounted for" in page

    brief = shown(ada, stack.address, "Leakage rate")
    assert "Payer A, to June 2026" in brief
    export = json.loads(manage("export", "leakage", "--format", "json").stdout)
    assert len(export["rows"]) > 100
    assert not list((Path(stack.processes.environment["DATA_DIR"]) / "storage" / "uploads").iterdir())


ASK_WHILE_THE_QUEUE_IS_DOWN = """
import time
from datetime import timedelta
import django
django.setup()
from django.utils import timezone
from demand import tasks
from demand.models import Run
from infusion_strategy.actions.rehearsal import request_rehearsal
run = request_rehearsal(people=40, months=6)
began = time.monotonic()
tasks.enqueue(run)
print(run.pk, Run.objects.get(pk=run.pk).status, time.monotonic() - began)
Run.objects.update(requested_at=timezone.now() - timedelta(minutes=1))
"""
STATUS = """
import sys
import django
django.setup()
from demand.models import Run
run = Run.objects.get(pk=int(sys.argv[1]))
print(run.status, run.reason)
"""


def test_a_queue_that_is_down_holds_up_no_request_and_loses_nothing(stack):
    """The run stays queued; with the queue back, the sweeper hands it to the worker."""
    asked = stack.script(ASK_WHILE_THE_QUEUE_IS_DOWN, CELERY_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0")
    number, status, seconds = asked.stdout.split()
    assert status == "queued"
    assert "stays queued" in asked.stderr
    assert float(seconds) < 2
    ended = wait_until(
        lambda: (said := stack.script(STATUS, number).stdout.strip()).startswith(("finished", "failed")) and said,
        60,
        "the sweeper handed the run to the worker",
        every=1,
    )
    assert ended == "finished"
