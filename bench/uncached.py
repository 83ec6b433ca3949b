"""Our application without its page cache: what making a page costs."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
