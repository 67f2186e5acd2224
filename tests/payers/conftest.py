"""Published files lie beside the repository; where they do not, the tests that compare with them are skipped by name."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def published():
    def path(name: str) -> Path:
        found = SHARED / name
        if not found.exists():
            pytest.skip(f"../shared/data/{name} is not there")
        return found

    return path
