"""Extracts, runs and leakage over the API: the values that the pages show, from the same selectors, behind the same doors.

Everything is read-only and denied unless a right says otherwise. A measure that is hidden from the reader is null.
"""

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet

from demand.access import access_dashboard, access_extracts, access_published_run, access_runs, sees_small_counts
from demand.audit import note
from demand.engine.disclosure import HIDDEN
from demand.filters import PLACES, WORDS, DashboardFilters
from demand.models import Extract, ExtractFile, Run
from demand.models.results import OUTCOMES
from demand.selectors.dashboard import Dashboard, Line, Rate, Slice, dashboard
from demand.selectors.facts import ResultsMissing
from demand.selectors.leakage import MEASURES, leakage_rows

RUN = OpenApiParameter("run", OpenApiTypes.INT, description="A published run's number; without it the newest")
VALUES = [OpenApiParameter(name, str) for name in WORDS]
AT_PLACE = [OpenApiParameter(name, str, description=f"{label}; needs the patient-level right") for name, label in PLACES.items()]
MONTHS = [
    OpenApiParameter("from", str, description="First month, YYYY-MM"),
    OpenApiParameter("to", str, description="Last month, YYYY-MM"),
]


class ExtractFileSerializer(serializers.ModelSerializer):
    class Meta:
        model = ExtractFile
        fields = ["kind", "size_bytes", "sha256"]  # a name may tell of a person; it stays on the extract's page


class ExtractSerializer(serializers.ModelSerializer):
    files = ExtractFileSerializer(many=True)
    counts = serializers.DictField(help_text="By kind: rows_read = accepted + rejected + duplicate + superseded; flags")

    class Meta:
        model = Extract
        fields = [
            *("id", "name", "perspective", "data_source", "paid_through", "status", "refusal"),
            *("counts", "created_at", "loaded_at", "files"),
        ]


class RunSerializer(serializers.ModelSerializer):
    # Named here, because the largest whole number differs by database and the schema must not.
    subject_id = serializers.IntegerField(allow_null=True, help_text="The extract loaded or the scenario computed")
    attempt = serializers.IntegerField(help_text="How many workers began it")
    stages = serializers.ListField(child=serializers.DictField(), help_text="Finished stages: stage, seconds")
    inputs = serializers.DictField()
    parameters = serializers.DictField()

    class Meta:
        model = Run
        fields = [
            *("id", "kind", "status", "subject_id", "stage", "progress", "stages", "reason", "attempt", "inputs", "parameters"),
            *("engine_version", "input_hash", "result_hash", "requested_at", "started_at", "heartbeat_at", "finished_at"),
        ]


class LeakageRowSerializer(serializers.Serializer):
    """A row of the `leakage` table; measures are null where they are hidden."""

    run = serializers.IntegerField()
    month = serializers.DateField()
    payer = serializers.CharField()
    line_of_business = serializers.CharField()
    family = serializers.CharField()
    site_class = serializers.CharField()
    market = serializers.CharField()

    def get_fields(self):
        measures = {
            f"{outcome}_{measure}": serializers.IntegerField(allow_null=True) for outcome in OUTCOMES for measure in MEASURES
        }
        return {**super().get_fields(), **measures, "mature": serializers.BooleanField()}


class RateSerializer(serializers.Serializer):
    numerator = serializers.IntegerField(allow_null=True)
    denominator = serializers.IntegerField(allow_null=True)
    value = serializers.FloatField(allow_null=True)


class CellSerializer(serializers.Serializer):
    """Infusions of one cell; every number is null where it is hidden."""

    infusions = serializers.IntegerField(allow_null=True)
    people = serializers.IntegerField(allow_null=True)
    allowed_cents = serializers.IntegerField(allow_null=True)
    hidden = serializers.BooleanField(help_text="A count of 1 to 10 people, or one that would give such a count away")


class BreakdownSerializer(serializers.Serializer):
    label = serializers.CharField()
    leakage_rate = RateSerializer()
    margin_leakage_rate = RateSerializer()
    unknown_share = RateSerializer()
    cells = serializers.DictField(
        child=CellSerializer(), help_text="named; base: kept + margin_leak + site_leak; inside: kept + margin_leak; kept, …"
    )
    mature = serializers.BooleanField(required=False, help_text="Months only: no trend rests on an immature one")
    completion = serializers.FloatField(required=False, allow_null=True, help_text="Months only: the share of claims that is in")


class DestinationSerializer(serializers.Serializer):
    outcome = serializers.CharField()
    site_class = serializers.CharField()
    ownership = serializers.CharField()
    owner = serializers.CharField()
    payer_affiliation = serializers.CharField()
    cell = CellSerializer()


class LeakageSummarySerializer(serializers.Serializer):
    run = serializers.IntegerField()
    as_of = serializers.DateField(allow_null=True)
    filters = serializers.DictField(child=serializers.CharField())
    problems = serializers.ListField(child=serializers.CharField(), help_text="Parts of the question that could not be used")
    withheld = serializers.CharField(help_text="Why whole figures are hidden; empty where none are")
    total = BreakdownSerializer()
    payers = BreakdownSerializer(many=True)
    therapies = BreakdownSerializer(many=True)
    months = BreakdownSerializer(many=True)
    destinations = DestinationSerializer(many=True)


class ExtractViewSet(ReadOnlyModelViewSet):
    """Extracts with the account of every row, as it was at loading."""

    queryset = Extract.objects.none()
    serializer_class = ExtractSerializer
    permission_classes = [IsAuthenticated]
    filterset_fields = ["status", "perspective"]
    lookup_value_regex = r"\d+"

    def get_queryset(self):
        return access_extracts(self.request.user).prefetch_related("files")


class RunViewSet(ReadOnlyModelViewSet):
    """Runs: what was computed when, from what, and what became of it."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    permission_classes = [IsAuthenticated]
    filterset_fields = ["kind", "status"]
    lookup_value_regex = r"\d+"

    def get_queryset(self):
        return access_runs(self.request.user)


class LeakageViewSet(GenericViewSet):
    """A run's leakage: the table row by row, and the strategy brief's figures."""

    queryset = Run.objects.none()
    serializer_class = LeakageRowSerializer
    permission_classes = [IsAuthenticated]
    filter_backends = ()

    @extend_schema(parameters=[RUN, *VALUES, *MONTHS])
    def list(self, request):
        """The rows of the `leakage` table, one page after another."""
        run, filters, _ = self._asked(request)
        if filters.places:
            raise ValidationError("The rows of this table do not name sites or owners; ask leakage/summary for one of them.")
        rows = leakage_rows(run, filters, sees_small_counts(request.user)) if run else []
        page = [{"run": run.pk, **row} for row in self.paginate_queryset(rows)]
        if run:
            note(request.user, run, "read the leakage table over the API", rows=len(page), filters=filters.query_string())
        return self.get_paginated_response(LeakageRowSerializer(page, many=True).data)

    @extend_schema(responses=LeakageSummarySerializer, parameters=[RUN, *VALUES, *AT_PLACE, *MONTHS])
    @action(detail=False, pagination_class=None)
    def summary(self, request):
        """The strategy brief's figures under the filters of its address."""
        run, filters, problems = self._asked(request)
        if run is None:
            raise NotFound("Nothing has been computed yet; load claims first.")
        try:
            board = dashboard(run, filters, sees_small_counts(request.user))
        except ResultsMissing as missing:
            raise NotFound(str(missing)) from None
        return Response(LeakageSummarySerializer(_summary(board, problems)).data)

    def _asked(self, request) -> tuple[Run | None, DashboardFilters, tuple[str, ...]]:
        access_dashboard(request.user)
        number = request.query_params.get("run")
        if number is not None and not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Http404
        return access_published_run(request.user, number and int(number)), *DashboardFilters.from_query(request.query_params)


def _shown(value):
    return None if value is HIDDEN else value


def _rate(rate: Rate) -> dict:
    return {"numerator": _shown(rate.numerator), "denominator": _shown(rate.denominator), "value": _shown(rate.value)}


def _cell(cell: Slice) -> dict:
    return {name: _shown(getattr(cell, name)) for name in MEASURES} | {"hidden": cell.hidden}


def _line(line: Line, label: str | None = None, **more) -> dict:
    return {
        "label": label or str(line.label),
        "leakage_rate": _rate(line.leakage_rate),
        "margin_leakage_rate": _rate(line.margin_rate),
        "unknown_share": _rate(line.unknown_share),
        "cells": {node: _cell(cell) for node, cell in sorted(line.slices.items())},
        **more,
    }


def _summary(board: Dashboard, problems: tuple[str, ...]) -> dict:
    places = ("outcome", "site_class", "ownership", "owner", "payer_affiliation")
    return {
        "run": board.coverage.run_id,
        "as_of": board.coverage.as_of,
        "filters": board.filters.as_query(),
        "problems": problems,
        "withheld": board.withheld,
        "total": _line(board.total),
        "payers": [_line(line) for line in board.payers],
        "therapies": [_line(line) for line in board.families],
        "months": [_line(one.line, f"{one.day:%Y-%m}", mature=one.mature, completion=one.completion) for one in board.months],
        "destinations": [
            {name: getattr(place, name) or "" for name in places} | {"cell": _cell(place.slice)} for place in board.places
        ],
    }
