from django.urls import path

from sites.views import lists, population, register

app_name = "sites"
urlpatterns = [
    path("sites/", lists.sites, name="sites"),
    path("sites/sites.csv", register.download, name="download-sites"),
    path("sites/new/", register.create, name="create-site"),
    path("sites/population/", population.population, name="population"),
    path("sites/upload/", register.upload, name="upload-sites"),
    path("sites/changes/", register.changes, name="site-changes"),
    path("sites/changes/<bigint:pk>/", register.change, name="site-change"),
    path("sites/changes/<bigint:pk>/store/", register.store, name="store-site-change"),
    path("sites/changes/<bigint:pk>/undo/", register.undo, name="undo-site-change"),
    path("sites/changes/<bigint:pk>/drop/", register.drop, name="drop-site-change"),
    path("sites/<bigint:pk>/edit/", register.edit, name="edit-site"),
    path("sites/<bigint:pk>/take-out/", register.retire, name="retire-site"),
    path("prescribers/", lists.prescribers, name="prescribers"),
]
