from django.urls import path

from roi.views import approvals, changing, files, formulary, home, options, reading, sliders, stress, uncertainty, workbook

app_name = "roi"
urlpatterns = [
    path("", reading.index, name="scenarios"),
    path("new/", changing.create, name="create"),
    path("compare/", reading.compare, name="compare"),
    path("side-by-side/", options.side_by_side, name="side-by-side"),
    path("<int:pk>/", reading.detail, name="scenario"),
    path("<int:pk>/state/", reading.state, name="state"),
    path("<int:pk>/versions/<int:number>/", reading.detail, name="version"),
    path("<int:pk>/uncertainty/", uncertainty.uncertainty, name="uncertainty"),
    path("<int:pk>/uncertainty/spreads/", uncertainty.spreads, name="spreads"),
    path("<int:pk>/sliders/", sliders.sliders, name="sliders"),
    path("<int:pk>/sliders/keep/", sliders.keep, name="keep"),
    path("<int:pk>/options/", options.every_option, name="options"),
    path("<int:pk>/options/keep/", options.keep, name="keep-options"),
    path("<int:pk>/stress/", stress.stress, name="stress"),
    path("<int:pk>/versions/<int:number>/workbook.xlsx", workbook.workbook, name="workbook"),
    path("<int:pk>/versions/<int:number>/scenario.json", files.scenario_file, name="scenario-file"),
    path("<int:pk>/versions/<int:number>/approve/", approvals.approve_version, name="approve"),
    path("<int:pk>/look-back/", approvals.look_back, name="look-back"),
    path("<int:pk>/look-back/site/", approvals.site, name="look-back-site"),
    path("<int:pk>/formulary/", formulary.formulary, name="formulary"),
    path("<int:pk>/formulary/apply/", formulary.apply, name="apply-formulary"),
    path("home/", home.home, name="home"),
    path("home/brief/", home.brief, name="home-brief"),
    path("import/", files.import_file, name="import"),
    path("<int:pk>/edit/", changing.edit, name="edit"),
    path("<int:pk>/versions/<int:number>/restore/", changing.restore, name="restore"),
    path("<int:pk>/compute/", changing.compute, name="compute"),
    path("<int:pk>/archive/", changing.archive, name="archive"),
    path("<int:pk>/unarchive/", changing.unarchive, name="unarchive"),
    path("<int:pk>/delete/", changing.delete, name="delete"),
]
