"""The API's addresses, under /api/v1/. Its released schema lies beside its test and is compared there."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import SimpleRouter

from demand.api import ExtractViewSet, LeakageViewSet, RunViewSet
from demand.api_figures import FigureViewSet
from roi.api import ScenarioViewSet

router = SimpleRouter()
router.register("extracts", ExtractViewSet, basename="api-extract")
router.register("figures", FigureViewSet, basename="api-figure")
router.register("leakage", LeakageViewSet, basename="api-leakage")
router.register("runs", RunViewSet, basename="api-run")
router.register("scenarios", ScenarioViewSet, basename="api-scenario")

schema = SpectacularAPIView.as_view(permission_classes=[IsAuthenticated])
urlpatterns = [path("schema/", schema, name="api-schema"), *router.urls]
