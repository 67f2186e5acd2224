from django.urls import path

from payers import views

app_name = "payers"
urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/<str:policy_id>/", views.policy, name="policy"),
    path("drugs/", views.drugs, name="drugs"),
    path("drugs/<str:family>/", views.drug, name="drug"),
]
