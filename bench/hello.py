"""A WSGI application that does nothing: the floor of the server."""

import os

BODY = b"x" * int(os.environ.get("HELLO_BYTES", "5000"))
HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(BODY)))]


def application(environ, start_response):
    start_response("200 OK", list(HEADERS))
    return [BODY]
