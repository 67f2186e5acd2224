"""Every address of the product. Namespaces are the apps'."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from infusion_strategy import brief, questions, rehearsal, views

admin.site.site_header = admin.site.site_title = "Infusion Strategy administration"
admin.site.index_title = "Users and registers"

urlpatterns = [
    path("", brief.home, name="home"),
    path("questions/", questions.questions, name="questions"),
    path("brief/<slug:key>.csv", brief.table, name="brief-table"),
    path("rehearsal/", rehearsal.detected, name="rehearsal"),
    path("", include("demand.urls")),
    path("markets/", include("demand.choices_urls")),
    path("", include("sites.urls")),
    path("", include("payers.urls")),
    path("sign-in/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("theme/", views.theme, name="theme"),
    path("favicon.ico", views.favicon),
    path("health/", views.health, name="health"),
    path("audit/", views.audit, name="audit"),
    path("api/v1/", include("infusion_strategy.api")),
    path("admin/", admin.site.urls),
    path("scenarios/", include("roi.urls")),
]
handler400 = views.bad_request
handler403 = views.refused
handler404 = views.not_found
handler500 = views.failed
