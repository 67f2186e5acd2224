from django.urls import path

from sites import views

app_name = "sites"
urlpatterns = [
    path("sites/", views.sites, name="sites"),
    path("prescribers/", views.prescribers, name="prescribers"),
]
