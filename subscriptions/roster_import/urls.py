"""URLs for importing and exporting users."""

from django.urls import path

from subscriptions.roster_import import views

urlpatterns = [
    path("o/<slug:slug>/users.csv", views.users_csv, name="users_csv"),
    path("o/<slug:slug>/users/import/", views.import_users, name="import_users"),
    path("o/<slug:slug>/users/import/roster.csv", views.roster_template, name="roster_template"),
    path(
        "o/<slug:slug>/users/import/<uuid:roster>/", views.imported_roster, name="imported_roster"
    ),
    path("o/<slug:slug>/users/import/<uuid:roster>/add/", views.add_roster, name="add_roster"),
    path(
        "o/<slug:slug>/users/import/<uuid:roster>/discard/",
        views.discard_roster,
        name="discard_roster",
    ),
]
