from django.urls import path, register_converter
from django.urls.converters import IntConverter

from demand.views import extracts, feeds, figures, lines, mappings, metrics, places, quality, runs, uploads


class BigIntConverter(IntConverter):
    """A number that databases have room for; a longer one names nothing."""

    regex = "[0-9]{1,18}"


register_converter(BigIntConverter, "bigint")
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
    path("extracts/<int:pk>/correct/", extracts.upload, name="correct-extract"),
    path("extracts/<int:pk>/accept/", extracts.accept, name="accept-extract"),
    path("extracts/<int:pk>/take-back/", extracts.take_back, name="take-back"),
    path("extracts/<int:pk>/put-back/", extracts.put_back, name="put-back"),
    path("extracts/<int:pk>/mapping/", mappings.start, name="map-extract"),
    path("extracts/<int:pk>/mapping/<int:file_pk>/", mappings.edit, name="mapping"),
    path("extracts/<int:pk>/mapping/<int:file_pk>/effect/", mappings.show_effect, name="mapping-effect"),
    path("extracts/<int:pk>/mapping/<int:file_pk>/read-again/", mappings.read_again, name="read-again"),
    path("mappings/", mappings.index, name="mappings"),
    path("mappings/import/", mappings.bring_in, name="mapping-import"),
    path("mappings/<int:mapping_pk>/export/", mappings.export, name="mapping-export"),
    path("mappings/<int:mapping_pk>/retire/", mappings.retire, name="mapping-retire"),
    path("extracts/<int:pk>/quality/", quality.extract, name="extract-quality"),
    path("quality/", quality.index, name="quality"),
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
    path("runs/<int:pk>/infusions/<bigint:number>/", figures.infusion, name="infusion"),
    path("figures/<int:pk>/<slug:slug>/", figures.detail, name="figure"),
    path("figures/<int:pk>/<slug:slug>/infusions/", figures.infusions, name="figure-infusions"),
    path("figures/<int:pk>/<slug:slug>/infusions.csv", figures.infusions_csv, name="figure-infusions-csv"),
    path("lines/", lines.search, name="lines"),
    path("lines/<bigint:pk>/<bigint:extract>/<bigint:file_no>/<bigint:row_number>/", lines.detail, name="line"),
    path("markets/map/", places.market_map, name="market-map"),
    path("markets/fit/", places.fit, name="market-fit"),
    path("markets/where/", places.where, name="market-where"),
    path("definitions/", metrics.index, name="metrics"),
    path("definitions/<slug:slug>/", metrics.detail, name="metric"),
]
