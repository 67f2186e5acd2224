from django.urls import path

from payers import views
from payers.views import prices, rates

app_name = "payers"
urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/<str:policy_id>/", views.policy, name="policy"),
    path("drugs/", views.drugs, name="drugs"),
    path("drugs/<str:family>/", views.drug, name="drug"),
    path("prices/", prices.prices, name="prices"),
    path("prices/asp/", prices.asp, name="asp"),
    path("prices/asp/upload/", rates.upload_asp, name="upload-asp"),
    path("prices/asp/<str:family>/", prices.asp, name="asp-of"),
    path("prices/benchmark/", prices.benchmark, name="benchmark"),
    path("prices/benchmark/upload/", rates.upload_benchmark, name="upload-benchmark"),
    path("prices/rates/", rates.register, name="rates"),
    path("prices/rates/new/", rates.edit, name="new-rate"),
    path("prices/rates/upload/", rates.upload, name="upload-rates"),
    path("prices/rates/<int:pk>/", rates.edit, name="edit-rate"),
    path("prices/rates/<int:pk>/end/", rates.expire, name="expire-rate"),
    path("prices/rates/changes/<int:pk>/", rates.change, name="rate-change"),
    path("prices/rates/changes/<int:pk>/store/", rates.store, name="store-rate-change"),
    path("prices/rates/changes/<int:pk>/undo/", rates.undo, name="undo-rate-change"),
    path("prices/rates/changes/<int:pk>/drop/", rates.drop, name="drop-rate-change"),
]
