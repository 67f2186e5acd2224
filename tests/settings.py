"""Settings of the tests: everything in a temporary folder, the queue in memory, quick password hashes.

TEST_DATABASE=postgres starts a PostgreSQL server for the whole suite instead of SQLite.
"""

import atexit
import os
import shutil
import tempfile

# pytest-xdist's workers inherit the environment: each gets a folder of its own inside the first process's.
_folder = tempfile.mkdtemp(prefix="infusion-tests-", dir=os.environ.get("TESTS_FOLDER"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ.setdefault("TESTS_FOLDER", _folder)
os.environ["DATA_DIR"] = _folder
os.environ["CELERY_BROKER_URL"] = "memory://"
os.environ.setdefault("SECRET_KEY", "only-for-the-tests")
os.environ.setdefault("PSEUDONYM_KEY", "only-for-the-tests")

if os.environ.get("TEST_DATABASE") == "postgres":
    if "TESTS_POSTGRES_URL" not in os.environ:
        from tests.services import start_postgres

        _server = start_postgres()
        atexit.register(_server.stop)
        os.environ["TESTS_POSTGRES_URL"] = _server.url("infusion_strategy")
    os.environ["DATABASE_URL"] = os.environ["TESTS_POSTGRES_URL"]
else:
    os.environ.pop("DATABASE_URL", None)

from infusion_strategy.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if STATIC_ROOT:  # noqa: F405
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 (nothing is collected here, and a missing folder is a warning)
