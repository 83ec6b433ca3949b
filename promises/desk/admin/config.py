from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin, with our front page and our looks."""

    default_site = "promises.desk.admin.site.Desk"
