"""Scenarios and their results over the API: the values that the pages show, from the same selectors."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from roi.access import access_scenario
from roi.engine.cash_flow import BASELINES, PARTS
from roi.selectors import scenarios


class MayViewScenarios(BasePermission):
    def has_permission(self, request, view) -> bool:
        return request.user.has_perm("roi.view_scenarios")


class ScenarioSourceSerializer(serializers.Serializer):
    mark = serializers.ChoiceField(["measured", "borrowed", "guessed"])
    source = serializers.CharField(source="text")
    as_of = serializers.CharField()


class ScenarioInputSerializer(serializers.Serializer):
    key = serializers.CharField()
    section = serializers.CharField()
    label = serializers.CharField()
    value = serializers.CharField()
    source = ScenarioSourceSerializer(allow_null=True, help_text="None for a choice that is no input")


class ScenarioValueSerializer(serializers.Serializer):
    """Scenario less one baseline, in cents."""

    npv_cents = serializers.IntegerField()
    irr = serializers.JSONField(help_text='Share a year, or "none", or "not unique"')
    payback_month = serializers.IntegerField(allow_null=True)
    discounted_payback_month = serializers.IntegerField(allow_null=True)
    peak_cash_cents = serializers.IntegerField()
    peak_cash_month = serializers.IntegerField()
    total_cents = serializers.IntegerField()
    parts_cents = serializers.DictField(child=serializers.IntegerField(), help_text=f"Not discounted: {', '.join(PARTS)}")
    parts_npv_cents = serializers.DictField(child=serializers.IntegerField())
    monthly_cents = serializers.ListField(child=serializers.IntegerField(), help_text="Months 0, 1, 2 …")


class ScenarioChairsSerializer(serializers.Serializer):
    month_full = serializers.IntegerField(allow_null=True)
    month_turned_away = serializers.IntegerField(allow_null=True)
    needed = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    infusions_wanted = serializers.ListField(child=serializers.FloatField())
    infusions_given = serializers.ListField(child=serializers.FloatField())


class ScenarioBaselinesSerializer(serializers.Serializer):
    do_nothing = ScenarioValueSerializer()
    today = ScenarioValueSerializer()


class ScenarioResultSerializer(serializers.Serializer):
    version = serializers.IntegerField(help_text="The version it is of; an earlier one where the newest is not computed yet")
    run = serializers.IntegerField()
    data_run = serializers.IntegerField(allow_null=True)
    computed_at = serializers.DateTimeField()
    result_hash = serializers.CharField()
    baselines = ScenarioBaselinesSerializer()
    chairs = ScenarioChairsSerializer()
    break_even = serializers.JSONField(
        required=False, help_text="By question: where that input alone would have to be for the value to be zero (null: nowhere)"
    )
    contributions = serializers.JSONField(
        required=False,
        help_text="Present value by payer, therapy and kind of patients; with what is shared it adds up to the value",
    )
    uncertainty = serializers.JSONField(
        required=False,
        help_text="The draws: percentiles and chances by baseline, inputs with their spread, share and worth, assumption debt",
    )


class ListedScenarioSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    version = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    state = serializers.CharField(help_text="queued, running, finished, failed or not computed")
    result_version = serializers.IntegerField(allow_null=True)
    npv_cents = serializers.DictField(
        child=serializers.IntegerField(), allow_null=True, help_text=f"By baseline: {', '.join(BASELINES)}"
    )


class ScenarioSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    version = serializers.IntegerField()
    note = serializers.CharField()
    saved_at = serializers.DateTimeField()
    state = serializers.CharField()
    covers = serializers.CharField(help_text="What the volumes and prices cover")
    marks = serializers.DictField(child=serializers.IntegerField(), help_text="How many inputs are measured, borrowed, guessed")
    inputs = ScenarioInputSerializer(many=True)
    result = ScenarioResultSerializer(allow_null=True)


class ScenarioLineSerializer(serializers.Serializer):
    baseline = serializers.ChoiceField(list(BASELINES))
    month = serializers.IntegerField()
    line_item = serializers.CharField()
    cents = serializers.IntegerField()


class ScenarioViewSet(ViewSet):
    """Scenarios, their newest versions and what these return."""

    permission_classes = [MayViewScenarios]
    lookup_value_regex = r"\d+"

    @extend_schema(
        responses=ListedScenarioSerializer(many=True),
        parameters=[OpenApiParameter("archived", bool, description="The archived ones instead")],
    )
    def list(self, request):
        listed = scenarios.listed(request.user, request.query_params.get("archived", "") in ("1", "true"))
        return Response(ListedScenarioSerializer([_listed(item) for item in listed], many=True).data)

    @extend_schema(responses=ScenarioSerializer, parameters=[OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)])
    def retrieve(self, request, pk=None):
        return Response(ScenarioSerializer(_scenario(scenarios.page(request.user, int(pk)))).data)

    @extend_schema(
        responses=ScenarioLineSerializer(many=True), parameters=[OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)]
    )
    @action(detail=True)
    def lines(self, request, pk=None):
        """Value by baseline, month and line item, of the result that the scenario's page shows."""
        access_scenario(request.user, int(pk))
        page = scenarios.page(request.user, int(pk))
        rows = [dict(zip(("baseline", "month", "line_item", "cents"), row, strict=True)) for row in page.lines]
        return Response(ScenarioLineSerializer(rows, many=True).data)


def _listed(item: scenarios.ListedScenario) -> dict:
    values = item.result.summary["baselines"] if item.result else None
    return {
        "id": item.scenario.pk,
        "name": item.scenario.name,
        "kind": item.scenario.kind,
        "version": item.version.number,
        "saved_at": item.version.created_at,
        "state": item.run.status if item.run else "not computed",
        "result_version": item.result.version.number if item.result else None,
        "npv_cents": {baseline: value["npv_cents"] for baseline, value in values.items()} if values else None,
    }


def _scenario(page: scenarios.ScenarioPage) -> dict:
    result = page.result
    return {
        "id": page.scenario.pk,
        "name": page.scenario.name,
        "kind": page.scenario.kind,
        "version": page.version.number,
        "note": page.version.note,
        "saved_at": page.version.created_at,
        "state": page.run.status if page.run else "not computed",
        "covers": page.covers,
        "marks": page.debt.counts,
        "inputs": [
            {"key": shown.key, "section": section.title, "label": shown.label, "value": shown.value, "source": shown.source}
            for section in page.sections
            for shown in section.inputs
        ],
        "result": result
        and {
            "version": result.version.number,
            "run": result.run_id,
            "data_run": result.data_run_id,
            "computed_at": result.created_at,
            "result_hash": result.run.result_hash,
            **result.summary,
        },
    }
