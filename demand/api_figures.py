"""Where a figure comes from, over the API: the pages' own selectors behind the pages' own doors. Read-only.

A measure that is hidden from the reader is null. The infusions behind a figure are for people with the patient-level right, and
every look at them is audited.
"""

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from demand.access import access_dashboard, access_published_run, access_single_infusions, sees_small_counts
from demand.api import AT_PLACE, MONTHS, RUN, VALUES
from demand.audit import note
from demand.engine.disclosure import HIDDEN
from demand.figures import FIGURES, FigureKind, FigureQuestion
from demand.models import Run
from demand.selectors import behind
from demand.selectors.dashboard import dashboard
from demand.selectors.facts import ResultsMissing
from demand.selectors.provenance import Provenance, provenance, value_of

PLACE = [
    OpenApiParameter(name, str, description="Figures of one flow: its place, as the destinations of leakage/summary name it")
    for name in ("outcome", "site_class", "ownership", "owner", "payer_affiliation")
]
SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, enum=sorted(FIGURES), description="The figure")
PAGE = OpenApiParameter("page", OpenApiTypes.INT, description="From 1; 50 infusions a page")
ASKED = [SLUG, RUN, *VALUES, *AT_PLACE, *MONTHS, *PLACE]


class FigureKindSerializer(serializers.Serializer):
    slug = serializers.CharField()
    title = serializers.CharField()
    metric = serializers.CharField(help_text="The slug of its definition")
    formula = serializers.CharField()


class PartSerializer(serializers.Serializer):
    words = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text="Money in cents, shares between 0 and 1")


class DefinitionSerializer(serializers.Serializer):
    what = serializers.CharField()
    numerator = serializers.CharField()
    denominator = serializers.CharField()
    direction = serializers.CharField()
    next_step = serializers.CharField()
    limits = serializers.CharField()
    sql = serializers.ListField(child=serializers.CharField(), help_text="The stages that made it, in their order")


class SourceFileSerializer(serializers.Serializer):
    kind = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class SourceExtractSerializer(serializers.Serializer):
    """Of an extract deleted since, the run knows its name and the checksums of its files."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    deleted = serializers.BooleanField()
    perspective = serializers.CharField()
    loaded_at = serializers.DateTimeField(allow_null=True)
    rows_read = serializers.IntegerField(allow_null=True)
    accepted = serializers.IntegerField(allow_null=True)
    files = SourceFileSerializer(many=True)
    checksums = serializers.ListField(child=serializers.CharField())


class ProvenanceSerializer(serializers.Serializer):
    figure = FigureKindSerializer()
    filters = serializers.DictField(child=serializers.CharField())
    problems = serializers.ListField(child=serializers.CharField(), help_text="Parts of the question that could not be used")
    value = serializers.FloatField(
        allow_null=True, help_text="Money in cents, shares between 0 and 1; null where hidden or unknown"
    )
    hidden = serializers.BooleanField(help_text="A count of 1 to 10 people, or one that would give such a count away")
    withheld = serializers.CharField(help_text="Why whole figures are hidden; empty where none are")
    parts = PartSerializer(many=True)
    definition = DefinitionSerializer()
    run = serializers.IntegerField()
    computed_at = serializers.DateTimeField()
    seconds = serializers.FloatField(allow_null=True)
    engine_version = serializers.CharField()
    reference = serializers.CharField(help_text="Hash of the reference tables as they were")
    parameters = serializers.DictField()
    changed_parameters = serializers.ListField(child=serializers.CharField(), help_text="Settings that differ from their defaults")
    extracts = SourceExtractSerializer(many=True)


class InfusionSerializer(serializers.Serializer):
    infusion_id = serializers.IntegerField()
    person_id = serializers.CharField(help_text="A keyed pseudonym")
    service_date = serializers.DateField()
    molecule = serializers.CharField()
    family = serializers.CharField()
    hcpcs_codes = serializers.CharField()
    dose = serializers.FloatField(allow_null=True)
    dose_unit = serializers.CharField(allow_null=True)
    site_id = serializers.CharField()
    site_class = serializers.CharField()
    payer = serializers.CharField()
    plan = serializers.CharField()
    line_of_business = serializers.CharField()
    market = serializers.CharField()
    channel = serializers.CharField()
    channel_confidence = serializers.CharField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)
    allowed_cents = serializers.IntegerField(allow_null=True)
    paid_cents = serializers.IntegerField(allow_null=True)
    patient_cents = serializers.IntegerField(allow_null=True)
    attribution_rule = serializers.CharField(allow_null=True)
    ordering_npi = serializers.CharField(allow_null=True)
    named_npi = serializers.CharField(allow_null=True)
    numerator = serializers.BooleanField(help_text="It is in the numerator of a share; true where the figure is none")


class InfusionsSerializer(serializers.Serializer):
    run = serializers.IntegerField()
    count = serializers.IntegerField()
    people = serializers.IntegerField()
    allowed_cents = serializers.IntegerField()
    numerator = serializers.IntegerField()
    agrees = serializers.BooleanField(help_text="Count and money of the list are those of the figure")
    page = serializers.IntegerField()
    results = InfusionSerializer(many=True)


class FigureViewSet(GenericViewSet):
    """Figures of the strategy brief, each with all that it rests on."""

    queryset = Run.objects.none()
    serializer_class = FigureKindSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = None
    filter_backends = ()
    lookup_field = "slug"
    lookup_value_regex = r"[a-z-]+"

    def list(self, request):
        """The figures that can be asked about."""
        access_dashboard(request.user)
        return Response(FigureKindSerializer(FIGURES.values(), many=True).data)

    @extend_schema(responses=ProvenanceSerializer, parameters=ASKED)
    def retrieve(self, request, slug: str):
        """Where a figure comes from."""
        run = _run(request, access_published_run)
        question, problems = _question(request, slug)
        found = provenance(run, question, sees_small_counts(request.user))
        if found.missing:
            raise NotFound(found.missing)
        return Response(ProvenanceSerializer(_provenance(found, problems)).data)

    @extend_schema(responses=InfusionsSerializer, parameters=[*ASKED, PAGE])
    @action(detail=True)
    def infusions(self, request, slug: str):
        """The infusions that a figure counts, newest first."""
        run = _run(request, access_single_infusions)
        question, _ = _question(request, slug)
        page = _number(request.query_params.get("page", "1"))
        try:
            value = value_of(dashboard(run, question.filters, see_small=True), question)
            totals = behind.totals(run, question)
            rows = behind.infusion_rows(run, question, page)
        except ResultsMissing as missing:
            raise NotFound(str(missing)) from None
        note(
            request.user, run, "read infusions behind a figure over the API",
            figure=slug, rows=len(rows), page=page, filters=question.query_string(),
        )  # fmt: skip
        answer = {
            "run": run.pk,
            "count": totals.infusions,
            "people": totals.people,
            "allowed_cents": totals.allowed_cents,
            "numerator": totals.numerator,
            "agrees": totals.agrees(question, value),
            "page": page,
            "results": rows,
        }
        return Response(InfusionsSerializer(answer).data)


def _run(request, door) -> Run:
    number = request.query_params.get("run")
    run = door(request.user, number and _number(number))
    if run is None:
        raise NotFound("Nothing has been computed yet; load claims first.")
    return run


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise Http404
    return int(text)


def _question(request, slug: str) -> tuple[FigureQuestion, tuple[str, ...]]:
    question, problems = FigureQuestion.from_query(slug, request.query_params)
    if question is None:
        raise Http404
    return question, problems


def _provenance(found: Provenance, problems: tuple[str, ...]) -> dict:
    figure: FigureKind = found.question.figure
    run, value = found.run, found.value
    return {
        "figure": figure,
        "filters": found.question.as_query(),
        "problems": problems,
        "value": None if value.hidden else value.value,
        "hidden": value.hidden,
        "withheld": found.withheld,
        "parts": [{"words": part.words, "value": None if part.value is HIDDEN else part.value} for part in value.parts],
        "definition": {
            name: getattr(found.metric, name) for name in ("what", "numerator", "denominator", "direction", "next_step", "limits")
        }
        | {"sql": [name for name, _ in found.metric.sql_texts()]},
        "run": run.pk,
        "computed_at": run.finished_at or run.requested_at,
        "seconds": found.about.total_seconds,
        "engine_version": run.engine_version,
        "reference": run.inputs.get("reference", ""),
        "parameters": run.parameters,
        "changed_parameters": [name for name, _, _ in found.about.changed],
        "extracts": found.extracts,
    }
