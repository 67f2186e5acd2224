from django.urls import path

from demand.views import extracts, metrics, runs, uploads

app_name = "demand"
urlpatterns = [
    path("extracts/", extracts.index, name="extracts"),
    path("extracts/upload/", extracts.upload, name="upload"),
    path("extracts/upload/files/", uploads.begin, name="upload-begin"),
    path("extracts/upload/files/<uuid:pk>/", uploads.part, name="upload-part"),
    path("extracts/upload/files/<uuid:pk>/discard/", uploads.discard, name="upload-discard"),
    path("extracts/<int:pk>/", extracts.detail, name="extract"),
    path("extracts/<int:pk>/rejects.csv", extracts.rejects, name="rejects"),
    path("extracts/<int:pk>/delete/", extracts.delete, name="delete-extract"),
    path("runs/", runs.index, name="runs"),
    path("runs/recompute/", extracts.recompute_now, name="recompute"),
    path("runs/state/", runs.state, name="state"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("definitions/", metrics.index, name="metrics"),
    path("definitions/<slug:slug>/", metrics.detail, name="metric"),
]
