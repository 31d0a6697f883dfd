"""The configuration of nginx that the project ships, before a real backend and a real dashboard."""

import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from backend_api.base.process import REPOSITORY
from tests.backend_api.events import make_event
from tests.processes import Running, eventually, free_port, script
from tests.requirements import need_program
from tests.ui.dashboard import streamlit

pytestmark = pytest.mark.e2e

NAME = "gym.example"
KEY = "0123456789abcdef0123456789abcdef"
BEARER = {"Authorization": f"Bearer {KEY}"}
PASSWORD = ("operator", "only a test's")
CLIP = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 8192
TIMEOUT_S = 60
# So shortly does nginx wait for a head where that is tried; elsewhere as long as the project ships it.
SLOW_S = 2


@dataclass(frozen=True, slots=True)
class Proxy:
    """nginx with its two servers, and the certificate that they show."""

    api: int
    dashboard: int
    plain: int
    certificate: Path

    def url(self, path: str, *, port: int | None = None) -> str:
        return f"https://127.0.0.1:{port or self.api}{path}"

    def request(self, method: str, path: str, **more: object) -> requests.Response:
        """A call to the API by the name that the certificate has, with the key."""
        headers = {"Host": f"{NAME}:{self.api}", **BEARER, **more.pop("headers", {})}  # type: ignore[dict-item]
        url, verify = self.url(path), str(self.certificate)
        return requests.request(method, url, headers=headers, verify=verify, timeout=TIMEOUT_S, **more)  # type: ignore[arg-type]

    @contextmanager
    def connection(self, port: int) -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context(cafile=self.certificate)
        with (
            socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as client,
        ):
            yield client


def certify(folder: Path) -> Path:
    """A certificate of its own for NAME and this computer's address, in cert.pem; its key is in key.pem."""
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([need_program("openssl"), *command, *subject, *files], check=True, capture_output=True)
    return folder / "cert.pem"


def configuration(folder: Path, ports: dict[str, int], patience: str) -> str:
    """What the project ships, with the ports and the files of this test, and with its `patience`."""
    text = (REPOSITORY / "deploy" / "nginx" / "gym-mvp.conf").read_text(encoding="utf-8")
    for old, new in {
        "listen 8443 ssl": f"listen 127.0.0.1:{ports['api']} ssl",
        "listen 443 ssl": f"listen 127.0.0.1:{ports['dashboard']} ssl",
        "listen 80;": f"listen 127.0.0.1:{ports['plain']};",
        "http://127.0.0.1:8000": f"http://127.0.0.1:{ports['backend']}",
        "http://127.0.0.1:8501": f"http://127.0.0.1:{ports['ui']}",
        f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(folder / "cert.pem"),
        f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(folder / "key.pem"),
        "/etc/nginx/gym-mvp.htpasswd": str(folder / "htpasswd"),
        "client_header_timeout 15s": f"client_header_timeout {patience}",
    }.items():
        assert old in text
        text = text.replace(old, new)
    return text


def nginx(folder: Path, ports: dict[str, int], patience: str) -> list[str]:
    """The command that starts nginx in `folder`, in the foreground."""
    crypt = subprocess.run(
        [need_program("openssl"), "passwd", "-6", PASSWORD[1]], check=True, capture_output=True, text=True
    )
    (folder / "htpasswd").write_text(f"{PASSWORD[0]}:{crypt.stdout}")
    (folder / "gym-mvp.conf").write_text(configuration(folder, ports, patience))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    # As root it would become another user, who may not look into the test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder / 'pid'}; events {{}}\n"
        f"http {{ access_log off; {paths} include {folder / 'gym-mvp.conf'}; }}\n"
    )
    return [need_program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


@contextmanager
def proxied(folder: Path, backend: int, ui: int, patience: str = "15s") -> Iterator[Proxy]:
    """nginx in `folder` before the ports of a backend and a dashboard, for the length of a `with`."""
    need_program("nginx")
    certificate = certify(folder)
    ports = {name: free_port() for name in ("api", "dashboard", "plain")} | {"backend": backend, "ui": ui}
    with Running(nginx(folder, ports, patience)) as server:
        found = Proxy(ports["api"], ports["dashboard"], ports["plain"], certificate)
        eventually(lambda: _sends_on(found) is not None, f"nginx answers; it said {server.output}")
        yield found


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder, port, ui_port = tmp_path_factory.mktemp("proxied"), free_port(), free_port()
    data = ["--db", str(folder / "data" / "app.db"), "--port", str(port), "--allowed-host", NAME]
    url = f"http://127.0.0.1:{port}"
    with (
        Running([*script("backend_api/main.py"), *data], env={"GYM_API_KEY": KEY}) as backend,
        Running(
            [*streamlit(ui_port), "--server.allowedHosts", NAME], env={"GYM_API_KEY": KEY, "GYM_BACKEND_URL": url}
        ) as dashboard,
        proxied(folder, port, ui_port) as found,
    ):
        backend.wait_for("listening")
        dashboard.wait_for("URL: http://")
        yield found
        assert "Traceback" not in backend.output


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One that waits so shortly for a head that a test need not; nobody is behind it."""
    with proxied(tmp_path_factory.mktemp("hasty"), free_port(), free_port(), f"{SLOW_S}s") as found:
        yield found


def _sends_on(proxy: Proxy) -> requests.Response | None:
    url, headers = f"http://127.0.0.1:{proxy.plain}/x", {"Host": NAME}
    try:
        return requests.get(url, headers=headers, allow_redirects=False, timeout=TIMEOUT_S)
    except requests.ConnectionError:
        return None


def put_clip(proxy: Proxy, path: str) -> requests.Response:
    digest = base64.b64encode(hashlib.sha256(CLIP).digest()).decode()
    headers = {"Content-Type": "video/mp4", "Content-Digest": f"sha-256=:{digest}:"}
    return proxy.request("PUT", path, data=CLIP, headers=headers)


def test_events_and_pages_come_through(proxy: Proxy) -> None:
    event = make_event(at_s=1)
    headers = {"Content-Type": "application/json"}
    stored = proxy.request("POST", "/events", data=event.model_dump_json(), headers=headers)
    assert stored.status_code == 201
    assert proxy.request("GET", stored.headers["Location"]).json()["event_id"] == str(event.event_id)
    assert proxy.request("GET", "/events", headers={"Authorization": "Bearer another"}).status_code == 401


def test_clips_go_up_and_come_down_in_parts(proxy: Proxy) -> None:
    sha256 = hashlib.sha256(CLIP).hexdigest()
    clip = {"start_ts": "2026-01-31T09:00:00Z", "end_ts": "2026-01-31T09:00:01Z", "codec": "h264"}
    clip |= {"width": 64, "height": 48, "bytes": len(CLIP), "sha256": sha256}  # type: ignore[dict-item]
    event = json.loads(make_event(at_s=2).model_dump_json()) | {"clip": clip, "clip_error": None}
    path = f"/media/{event['event_id']}"
    assert put_clip(proxy, path).status_code == 201
    assert proxy.request("POST", "/events", json=event).status_code == 201
    assert proxy.request("GET", path).content == CLIP
    part = proxy.request("GET", path, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, CLIP[1000:2000])


def test_what_changes_arrives_at_once(proxy: Proxy) -> None:
    with proxy.request("GET", "/events/stream", stream=True) as stream:
        lines = stream.iter_lines(chunk_size=1)
        next(lines)
        event = make_event(at_s=3)
        headers = {"Content-Type": "application/json"}
        assert proxy.request("POST", "/events", data=event.model_dump_json(), headers=headers).status_code == 201
        # Kept back until a buffer is full, it would not come: nothing else is sent but a comment every 15 s.
        told = next(line for line in lines if line.startswith(b"data:") or b"still here" in line)
        assert str(event.event_id).encode() in told


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: gym.example\r\nX: "], ids=["nothing", "head"])
def test_a_slow_head_is_cut_off(hasty: Proxy, start: bytes) -> None:
    with hasty.connection(hasty.api) as client:
        client.settimeout(SLOW_S / 10)
        client.sendall(start)
        for _ in range(round(TIMEOUT_S / (SLOW_S / 10))):
            try:
                assert client.recv(1) == b""
            except TimeoutError:
                if start:
                    client.sendall(b"y")
                continue
            except (ConnectionError, ssl.SSLError):
                pass
            return
    pytest.fail("the connection is still open")


@pytest.mark.parametrize(
    ("method", "path", "length"),
    [("POST", "/events/batch", 10 * 1024**2), ("PUT", f"/media/{make_event().event_id}", 1024**3 + 1)],
)
def test_what_is_too_large_is_refused_before_it_is_sent(proxy: Proxy, method: str, path: str, length: int) -> None:
    with proxy.connection(proxy.api) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {length}\r\n\r\n".encode())
        assert client.recv(64).startswith(b"HTTP/1.1 413 ")


def test_the_dashboard_asks_for_a_password_and_opens_its_websocket(proxy: Proxy) -> None:
    url, verify = proxy.url("/", port=proxy.dashboard), str(proxy.certificate)
    headers = {"Host": f"{NAME}:{proxy.dashboard}"}
    assert requests.get(url, headers=headers, verify=verify, timeout=TIMEOUT_S).status_code == 401
    page = requests.get(url, headers=headers, auth=PASSWORD, verify=verify, timeout=TIMEOUT_S)
    assert (page.status_code, "<!DOCTYPE html>" in page.text) == (200, True)
    host = headers["Host"]
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        f"Origin: https://{host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Authorization: Basic {base64.b64encode(':'.join(PASSWORD).encode()).decode()}",
    ]
    with proxy.connection(proxy.dashboard) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert client.recv(64).startswith(b"HTTP/1.1 101 ")


def test_who_comes_without_tls_is_sent_on(proxy: Proxy) -> None:
    found = _sends_on(proxy)
    assert found is not None
    assert (found.status_code, found.headers["Location"]) == (308, f"https://{NAME}/x")
