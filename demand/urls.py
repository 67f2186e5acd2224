from django.urls import path

from demand.views import extracts, figures, lines, metrics, runs

app_name = "demand"
urlpatterns = [
    path("extracts/", extracts.index, name="extracts"),
    path("extracts/upload/", extracts.upload, name="upload"),
    path("extracts/<int:pk>/", extracts.detail, name="extract"),
    path("extracts/<int:pk>/rejects.csv", extracts.rejects, name="rejects"),
    path("extracts/<int:pk>/delete/", extracts.delete, name="delete-extract"),
    path("runs/", runs.index, name="runs"),
    path("runs/recompute/", extracts.recompute_now, name="recompute"),
    path("runs/state/", runs.state, name="state"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("runs/<int:pk>/infusions/<int:number>/", figures.infusion, name="infusion"),
    path("figures/<int:pk>/<slug:slug>/", figures.detail, name="figure"),
    path("figures/<int:pk>/<slug:slug>/infusions/", figures.infusions, name="figure-infusions"),
    path("figures/<int:pk>/<slug:slug>/infusions.csv", figures.infusions_csv, name="figure-infusions-csv"),
    path("lines/", lines.search, name="lines"),
    path("lines/<int:pk>/<int:extract>/<int:file_no>/<int:row_number>/", lines.detail, name="line"),
    path("definitions/", metrics.index, name="metrics"),
    path("definitions/<slug:slug>/", metrics.detail, name="metric"),
]
