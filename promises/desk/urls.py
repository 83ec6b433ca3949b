"""The addresses of the desk that are open to everybody."""

from django.urls import path

from promises.desk import views

urlpatterns = [
    path("", views.suggest, name="suggest"),
    path("<str:reference>/", views.suggestion_detail, name="suggestion_detail"),
]
