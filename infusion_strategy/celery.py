"""The Celery application. A queue is only a hint: the Run row in the database says what is to be done and what became of it."""

import os

from celery import Celery

import infusion_strategy.broker  # noqa: F401  (makes embedded:// known)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion_strategy.settings")
app = Celery("infusion_strategy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
