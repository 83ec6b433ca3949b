"""Every public address."""

from django.urls import path, register_converter
from django.views.decorators.csrf import csrf_exempt

from promises.public.views import (
    cards,
    changes,
    citations,
    context,
    crawling,
    data,
    embeds,
    feeds,
    health,
    help,
    pages,
    promise,
    promises,
    shelves,
)


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


class ChartFormat(DataFormat):
    """The formats in which a chart answers: its numbers, and itself as a picture."""

    regex = "csv|json|svg|png"


class CitationFormat(DataFormat):
    """The files that programs read citations from."""

    regex = r"bib|ris|csl\.json|txt"


class FeedFormat(DataFormat):
    """What is there to follow: two feeds and a calendar of what is due."""

    regex = r"atom|feed\.json|ics"


class NewsFormat(DataFormat):
    """The feeds alone."""

    regex = r"atom|feed\.json"


class JsonFormat(DataFormat):
    """The one format in which an update or a version answers beside its page."""

    regex = "json"


register_converter(CitationFormat, "citation")
register_converter(FeedFormat, "feed")
register_converter(NewsFormat, "news")
register_converter(DataFormat, "data")
register_converter(FigureFormat, "figures")
register_converter(ChartFormat, "chart")
register_converter(JsonFormat, "json")

urlpatterns = [
    # The tracker
    path("", promises.promise_list, name="promise_list"),
    path("promises.<data:format>", promises.promise_list, name="promise_list_data"),
    path("chart/", promises.chart_detail, name="chart_detail"),
    path("chart.<chart:format>", promises.chart_detail, name="chart_data"),
    # One promise: its page, updates, versions
    path("promises/<slug:slug>/", promise.promise_detail, name="promise_detail"),
    path("promises/<slug:slug>.<figures:format>", promise.promise_detail, name="promise_detail_data"),
    path("promises/<slug:slug>/updates/<int:number>/", promise.update_detail, name="update_detail"),
    path("promises/<slug:slug>/updates/<int:number>.<json:format>", promise.update_detail, name="update_detail_data"),
    path("promises/<slug:slug>/versions/", promise.version_list, name="version_list"),
    path("promises/<slug:slug>/versions/<int:number>/", promise.version_detail, name="version_detail"),
    path(
        "promises/<slug:slug>/versions/<int:number>.<json:format>", promise.version_detail, name="version_detail_data"
    ),
    path("promises/<slug:slug>/versions/<int:number>/proof.<json:format>", promise.version_proof, name="version_proof"),
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
    path("changes/", changes.change_list, name="change_list"),
    path("changes.<figures:format>", changes.change_list, name="change_list_data"),
    path("changes/<int:number>/", changes.edition_detail, name="edition_detail"),
    # The frame: context, method, about
    path("method/", pages.method, name="method"),
    path("about/", pages.about, name="about"),
    path("context/", context.figure_list, name="figure_list"),
    path("context/<slug:slug>.<chart:format>", context.figure_detail, name="figure_detail"),
    path("glossary/", help.glossary, name="glossary"),
    path("accessibility/", help.accessibility, name="accessibility"),
    path("privacy/", help.privacy, name="privacy"),
    # Citations
    path("cite/", citations.list_cite, name="list_cite"),
    path("cite.<citation:format>", citations.list_cite, name="list_cite_file"),
    path("promises/<slug:slug>/cite/", citations.promise_cite, name="promise_cite"),
    path("promises/<slug:slug>/cite.<citation:format>", citations.promise_cite, name="promise_cite_file"),
    path("promises/<slug:slug>/updates/<int:number>/cite/", citations.update_cite, name="update_cite"),
    path(
        "promises/<slug:slug>/updates/<int:number>/cite.<citation:format>",
        citations.update_cite,
        name="update_cite_file",
    ),
    # To follow
    path("promises.<feed:format>", promises.promise_list, name="promise_list_feed"),
    path("themes/<slug:slug>.<feed:format>", shelves.theme_detail, name="theme_feed"),
    path("places/<slug:slug>.<feed:format>", shelves.place_detail, name="place_feed"),
    path("promises/<slug:slug>.<news:format>", feeds.promise_feed, name="promise_feed"),
    path("changes.<news:format>", feeds.change_feed, name="change_feed"),
    # To share
    path("card.png", promises.promise_list, {"format": "png"}, name="promise_list_card"),
    path("themes/<slug:slug>/card.png", shelves.theme_detail, {"format": "png"}, name="theme_card"),
    path("places/<slug:slug>/card.png", shelves.place_detail, {"format": "png"}, name="place_card"),
    path("promises/<slug:slug>/card.png", cards.promise_card, {"format": "png"}, name="promise_card"),
    path(
        "promises/<slug:slug>/updates/<int:number>/card.png", cards.update_card, {"format": "png"}, name="update_card"
    ),
    # For other people's pages
    path("embed/promises/<slug:slug>/", embeds.promise_embed, {"format": "embed"}, name="promise_embed"),
    path(
        "embed/promises/<slug:slug>/updates/<int:number>/",
        embeds.update_embed,
        {"format": "embed"},
        name="update_embed",
    ),
    path("embed/tally/", embeds.list_embed, {"kind": "tally"}, name="tally_embed"),
    path("embed/chart/", embeds.list_embed, {"kind": "chart"}, name="chart_embed"),
    path("oembed", embeds.oembed_detail, name="oembed"),
    # The data as a whole
    path("data/", data.data, name="data"),
    path("data/api/", data.api, name="api"),
    path("data/openapi.json", data.api_description, name="api_description"),
    path("data/releases/", data.release_list, name="release_list"),
    path("data/releases/<int:number>/", data.release_detail, name="release_detail"),
    path("data/releases/<int:number>/<str:name>", data.release_file, name="release_file"),
    # For machines: sitemaps and the like
    path("sitemap.xml", crawling.sitemap, name="sitemap"),
    path("sitemap-pages.xml", crawling.page_map, name="page_map"),
    path("sitemap-promises-<int:number>.xml", crawling.promise_map, name="promise_map"),
    path("robots.txt", crawling.robots, name="robots"),
    path(".well-known/security.txt", crawling.security, name="security"),
    path("health/", health.ready, name="health"),
    path("health/live/", health.live, name="live"),
    path("health/ready/", health.ready, name="ready"),
]

for pattern in urlpatterns:  # none of them takes anything: a form from elsewhere is told 405, not about our cookies
    pattern.callback = csrf_exempt(pattern.callback)
