from django.urls import path

from demand.views import extracts, feeds, metrics, runs

app_name = "demand"
urlpatterns = [
    path("extracts/", extracts.index, name="extracts"),
    path("extracts/upload/", extracts.upload, name="upload"),
    path("extracts/<int:pk>/", extracts.detail, name="extract"),
    path("extracts/<int:pk>/rejects.csv", extracts.rejects, name="rejects"),
    path("extracts/<int:pk>/delete/", extracts.delete, name="delete-extract"),
    path("extracts/feeds/", feeds.index, name="feeds"),
    path("extracts/feeds/new/", feeds.create, name="create-feed"),
    path("extracts/feeds/connections/", feeds.connection_states, name="connections"),
    path("extracts/feeds/table/", feeds.table_fields, name="feed-table"),
    path("extracts/feeds/<int:pk>/", feeds.detail, name="feed"),
    path("extracts/feeds/<int:pk>/edit/", feeds.edit, name="edit-feed"),
    path("extracts/feeds/<int:pk>/refresh/", feeds.refresh, name="refresh-feed"),
    path("extracts/feeds/<int:pk>/delete/", feeds.delete, name="delete-feed"),
    path("runs/", runs.index, name="runs"),
    path("runs/recompute/", extracts.recompute_now, name="recompute"),
    path("runs/state/", runs.state, name="state"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("definitions/", metrics.index, name="metrics"),
    path("definitions/<slug:slug>/", metrics.detail, name="metric"),
]
