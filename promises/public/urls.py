"""Every public address."""

from django.urls import path, register_converter

from promises.public.views import promises, shelves


class DataFormat:
    """The formats in which every list answers beside its page."""

    regex = "csv|xlsx|json"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return value


class FigureFormat(DataFormat):
    """The formats in which a table of numbers answers beside its page."""

    regex = "csv|json"


register_converter(DataFormat, "data")
register_converter(FigureFormat, "figures")

urlpatterns = [
    # The tracker
    path("", promises.promise_list, name="promise_list"),
    path("promises.<data:format>", promises.promise_list, name="promise_list_data"),
    path("chart/", promises.chart_detail, name="chart_detail"),
    path("chart.<figures:format>", promises.chart_detail, name="chart_data"),
    # One promise: its page, updates, versions, citation

    # Shelves: themes and places
    path("themes/", shelves.theme_list, name="theme_list"),
    path("themes.<figures:format>", shelves.theme_list, name="theme_list_data"),
    path("themes/<slug:slug>/", shelves.theme_detail, name="theme_detail"),
    path("themes/<slug:slug>.<data:format>", shelves.theme_detail, name="theme_detail_data"),
    path("places/", shelves.place_list, name="place_list"),
    path("places.<figures:format>", shelves.place_list, name="place_list_data"),
    path("places/<slug:slug>/", shelves.place_detail, name="place_detail"),
    path("places/<slug:slug>.<data:format>", shelves.place_detail, name="place_detail_data"),
    # What was published when: changes, releases, data

    # The frame: context, method, about

    # For machines: feeds, sitemaps, embeds
]
