from django.urls import path

from demand.views import extracts, metrics, quality, runs

app_name = "demand"
urlpatterns = [
    path("extracts/", extracts.index, name="extracts"),
    path("extracts/upload/", extracts.upload, name="upload"),
    path("extracts/<int:pk>/", extracts.detail, name="extract"),
    path("extracts/<int:pk>/rejects.csv", extracts.rejects, name="rejects"),
    path("extracts/<int:pk>/delete/", extracts.delete, name="delete-extract"),
    path("extracts/<int:pk>/quality/", quality.extract, name="extract-quality"),
    path("quality/", quality.index, name="quality"),
    path("runs/", runs.index, name="runs"),
    path("runs/recompute/", extracts.recompute_now, name="recompute"),
    path("runs/state/", runs.state, name="state"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("definitions/", metrics.index, name="metrics"),
    path("definitions/<slug:slug>/", metrics.detail, name="metric"),
]
