"""What tests of the upload need: a storage folder of their own, an analyst who is signed in."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction

from demand import tasks


@pytest.fixture
def own_storage(settings, tmp_path, monkeypatch):
    settings.STORAGE_DIR, settings.DATA_DIR = tmp_path / "storage", tmp_path
    monkeypatch.setattr(tasks, "send", lambda messages: None)  # the queue is another test's matter; loads are run in the test


@pytest.fixture
def analyst(client, db):
    user = User.objects.create_user("ann")
    user.groups.add(Group.objects.get(name="analyst"))
    client.force_login(user)
    return client


@pytest.fixture
def commits(monkeypatch):
    """A test is one transaction: what waits for its commit is done at once."""
    monkeypatch.setattr(transaction, "on_commit", lambda action: action())
