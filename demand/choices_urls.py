"""Addresses of what is chosen where, how full sites are, how ready we are, and what is watched."""

from django.urls import path

from demand.views import capacity, choices, readiness

app_name = "choices"
urlpatterns = [
    path("capacity/", capacity.index, name="capacity"),
    path("capacity/<slug:key>.csv", capacity.table, name="capacity-table"),
    path("choices/", choices.index, name="choices"),
    path("choices/cell/", choices.cell, name="cell"),
    path("choices/record/", choices.record, name="record"),
    path("choices/<bigint:pk>/", choices.decision, name="decision"),
    path("readiness/", readiness.index, name="readiness"),
    path("readiness/start/", readiness.start, name="start-checklist"),
    path("readiness/ready/", readiness.ready, name="mark-ready"),
    path("watch/", readiness.watch, name="watch"),
    path("lists/<slug:room>/new/", readiness.create, name="new-entry"),
    path("lists/<slug:room>/<bigint:pk>/", readiness.edit, name="edit-entry"),
    path("lists/<slug:room>/<bigint:pk>/delete/", readiness.delete, name="delete-entry"),
]
