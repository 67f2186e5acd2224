"""Rows that are only ever added: who wants to correct one records the next."""

from django.db import models


class HistoryStands(Exception):
    """What was recorded is never changed."""

    def __init__(self):
        super().__init__("What was recorded cannot be changed or deleted. Record a new entry: it takes the place of this one.")


class AddedRows(models.QuerySet):
    """Refuses whatever would change rows, or pass by save(), where they are checked."""

    def update(self, **values):
        raise HistoryStands

    def bulk_update(self, *args, **kwargs):
        raise HistoryStands

    def bulk_create(self, *args, **kwargs):
        raise HistoryStands

    def delete(self):
        raise HistoryStands


class AppendOnly(models.Model):
    objects = AddedRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        if self.pk is not None:
            raise HistoryStands
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise HistoryStands
