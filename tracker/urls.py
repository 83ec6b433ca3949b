"""Which room answers which address."""

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from promises.publishing.views import snapshot_schema
from tracker.metrics import metrics

admin.site.login = secure_admin_login(admin.site.login)

# allauth's own list would also open sign-up and e-mail pages, which nobody needs here.
accounts = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", include("allauth.mfa.urls")),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include(accounts)),
    path("suggest/", include("promises.desk.urls")),
    path("data/snapshot.schema.json", snapshot_schema, name="snapshot_schema"),
    path("", include("promises.public.urls")),
]
if settings.METRICS_TOKEN:
    urlpatterns.insert(0, path("metrics", metrics, name="metrics"))

handler400 = "promises.public.views.errors.bad_request"
handler404 = "promises.public.views.errors.not_found"
handler500 = "promises.public.views.errors.server_error"
