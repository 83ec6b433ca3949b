"""Every public address."""

urlpatterns = []
