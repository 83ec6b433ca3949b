"""The nginx of `deploy/`, run on this machine without certificates."""

import json
import re
import shutil
import urllib.error
import urllib.request

import pytest
from django.conf import settings

from tests import servers

pytestmark = pytest.mark.same_on_both


@pytest.fixture
def nginx(tmp_path):
    """Start nginx as documented, with nobody behind it; gives its address, and its folder with the logs."""
    port, nobody = servers.free_port(), servers.free_port()
    written = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text()
    written = re.sub(r"server \{\s*listen 80;.*?\n\}\n", "", written, flags=re.DOTALL)
    written = re.sub(r"^\s*ssl_certificate.*\n|^\s*listen \[::\].*\n", "", written, flags=re.MULTILINE)
    written = written.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    written = written.replace("127.0.0.1:8000", f"127.0.0.1:{nobody}")
    with servers.temporary_directory("tracker-nginx-") as folder:
        folder.chmod(0o777)
        (folder / "static").mkdir()
        (folder / "static" / "embed.js").write_text("// ours")
        written = re.sub(r"/var/(cache|log)/nginx", str(folder), written).replace("/var/lib/tracker", str(folder))
        places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        places += f" client_body_temp_path {folder}/body;"
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/start.log crit;\nevents {{}}\n"
            f"http {{ access_log off; {places}\n{written}\n}}\n"
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [program, "-c", folder / "nginx.conf", "-e", folder / "start.log"]
        with servers.running(command, log=folder / "said") as process:
            servers.wait_until(lambda: servers.answers(port), process, folder / "said")
            yield f"http://127.0.0.1:{port}", folder


def ask(address, **head):
    asked = urllib.request.Request(address, headers=head)  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_no_log_holds_who_asked_or_what_for(nginx):
    address, folder = nginx
    head = {"User-Agent": "Quokka", "Referer": "https://wombat.example/", "X-Forwarded-For": "203.0.113.77"}
    assert ask(f"{address}/promises.csv?q=numbat", **head)[0] == 502
    assert ask(f"{address}/accounts/password/reset/key/1-secret/", **head)[0] == 502
    lines = [json.loads(line) for line in (folder / "tracker.log").read_text().splitlines()]
    assert [line["path"] for line in lines] == ["/promises.csv", "/accounts/password/reset/key/"]
    assert {line["status"] for line in lines} == {502}
    for file in ("tracker.log", "tracker-error.log", "start.log"):
        written = (folder / file).read_text()
        for word in ("127.0.0.1", "203.0.113.77", "Quokka", "wombat", "numbat", "secret"):
            assert word not in written, file


def test_other_peoples_pages_may_use_our_static_files(nginx):
    status, headers = ask(f"{nginx[0]}/static/embed.js")
    assert status == 200
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
