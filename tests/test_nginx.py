"""The nginx of `deploy/`, run on this machine with a certificate of its own."""

import json
import urllib.error
import urllib.request

import pytest

from tests import machines, servers
from tests.watching import until

pytestmark = pytest.mark.same_on_both
UNVERIFIED = machines.UNVERIFIED


@pytest.fixture
def nginx():
    """Start nginx as documented, with nobody behind it; gives its address, and its folder with the logs."""
    port, plain, nobody = (servers.free_port() for _ in range(3))
    files = [machines.DEPLOY / "nginx" / "one-machine.conf", machines.DEPLOY / "nginx" / "tracker.conf"]
    with servers.temporary_directory("tracker-static-") as static:
        static.chmod(0o755)
        (static / "static").mkdir()
        (static / "static" / "embed.js").write_text("// ours")
        replaced = {
            "listen 443": f"listen 127.0.0.1:{port}",
            "listen 80": f"listen 127.0.0.1:{plain}",
            "127.0.0.1:8000": f"127.0.0.1:{nobody}",
            "root /var/lib/tracker": f"root {static}",
        }
        with machines.nginx(files, replaced) as (folder, process):
            servers.wait_until(lambda: servers.answers(port), process, folder / "error.log")
            yield f"https://127.0.0.1:{port}", folder


def ask(address, **head):
    asked = urllib.request.Request(address, headers=head)  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=30, context=UNVERIFIED) as answer:  # noqa: S310
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_no_log_holds_who_asked_or_what_for(nginx):
    address, folder = nginx
    head = {"User-Agent": "Quokka", "Referer": "https://wombat.example/", "X-Forwarded-For": "203.0.113.77"}
    assert ask(f"{address}/promises.csv?q=numbat", **head)[0] == 502
    assert ask(f"{address}/accounts/password/reset/key/1-secret/", **head)[0] == 502
    written = folder / "tracker.log"
    until(lambda: written.read_text().count("\n") == 2)
    lines = [json.loads(line) for line in written.read_text().splitlines()]
    assert [line["path"] for line in lines] == ["/promises.csv", "/accounts/password/reset/key/"]
    assert {line["status"] for line in lines} == {502}
    for file in ("tracker.log", "tracker-error.log", "error.log"):
        written = (folder / file).read_text()
        for word in ("127.0.0.1", "203.0.113.77", "Quokka", "wombat", "numbat", "secret"):
            assert word not in written, file


def test_other_peoples_pages_may_use_our_static_files(nginx):
    status, headers = ask(f"{nginx[0]}/static/embed.js")
    assert status == 200
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
