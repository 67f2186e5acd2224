"""What an installation is made from: the container files, the locks, the settings they name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.services import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ["web", "worker", "sweeper", "scheduler"]
BIN = Path(sys.executable).parent


def test_compose_follows_its_schema():
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_has_nothing_to_complain_of():
    done = subprocess.run([BIN / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_no_service_runs_as_root_or_with_rights_it_does_not_need(name):
    service = COMPOSE["services"][name]
    assert service["user"] not in ("root", "0")
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", [*OURS, "postgres", "redis"])
def test_every_lasting_service_has_a_health_check(name):
    assert COMPOSE["services"][name]["healthcheck"]["test"][0] == "CMD"


def test_secrets_come_from_the_environment_and_have_no_default():
    environment = COMPOSE["services"]["web"]["environment"]
    for name in ("SECRET_KEY", "PSEUDONYM_KEY", "DATABASE_URL", "ALLOWED_HOSTS"):
        assert re.search(r"\$\{\w+:\?", environment[name]), name
    assert all(COMPOSE["services"][name]["environment"] == environment for name in OURS)


def test_every_variable_of_compose_is_one_that_the_settings_read():
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "infusion_strategy/settings.py").read_text()))
    read |= {"DATABASE_URL"}
    assert set(COMPOSE["services"]["web"]["environment"]) <= read


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes_and_no_lock_names_a_registry(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    pins = re.findall(r"^([a-z0-9][\w.-]*)==\S+.*\\\n    --hash=sha256:", text, re.M)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.M)) > 20


def test_the_locks_hold_what_was_asked_for():
    for name in ("requirements", "requirements-dev"):
        asked = {re.match(r"[\w-]+", line).group() for line in (ROOT / f"{name}.in").read_text().splitlines() if line[:1].isalpha()}
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / f"{name}.txt").read_text(), re.M))
        assert asked <= locked
