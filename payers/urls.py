from django.urls import path

from payers.views import drugs, library, payers, policies, policy_form, prices, rates

app_name = "payers"
# Words below policies/ that are no policy's id are kept free by payers.actions.register.TAKEN.
urlpatterns = [
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policy_form.create, name="create-policy"),
    path("policies/in-words/", policy_form.show_in_words, name="policy-in-words"),
    path("policies/drugs/", policy_form.drug_search, name="policy-drugs"),
    path("policies/upload/", policy_form.upload, name="upload-policy"),
    path("policies/library/", library.library, name="library"),
    path("policies/library/<str:policy_id>/", library.library_policy, name="library-policy"),
    path("policies/<str:policy_id>/", policies.policy, name="policy"),
    path("policies/<str:policy_id>/edit/", policy_form.edit, name="edit-policy"),
    path("policies/<str:policy_id>/history/", policies.policy_history, name="policy-history"),
    path("policies/<str:policy_id>/policy.yaml", policies.policy_yaml, name="policy-yaml"),
    path("policies/<str:policy_id>/retire/", policy_form.retire, name="retire-policy"),
    path("policies/<str:policy_id>/restore/", policy_form.restore, name="restore-policy"),
    path("policies/<str:policy_id>/take-back/", policy_form.take_back, name="take-back-policy"),
    path("payers/", payers.payers, name="payers"),
    path("payers/new/", payers.create_payer, name="create-payer"),
    path("payers/laws/", library.laws, name="laws"),
    path("payers/laws/put-on-file/", library.put_law, name="put-law"),
    path("payers/<int:pk>/", payers.payer, name="payer"),
    path("payers/<int:pk>/edit/", payers.edit_payer, name="edit-payer"),
    path("drugs/", drugs.drugs, name="drugs"),
    path("drugs/<str:family>/", drugs.drug, name="drug"),
    path("prices/", prices.prices, name="prices"),
    path("prices/asp/", prices.asp, name="asp"),
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
