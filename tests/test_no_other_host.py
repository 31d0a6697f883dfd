"""No process asks any host but this computer's own: watched with strace, from start to end, at everything they do."""

import ipaddress
import os
import re
import signal
from pathlib import Path

import psutil
import pytest
import requests
from playwright.sync_api import Browser

from backend_api.contract.events import EventPage
from backend_api.contract.verdicts import MmStatus
from tests.browser import open_page
from tests.edge_service import onnx_graphs
from tests.edge_service.onnx_graphs import Seen, save
from tests.processes import Running, eventually, free_port, script
from tests.requirements import need_strace

pytestmark = pytest.mark.e2e

# What sends something somewhere, and whereto, as strace writes it.
_SENDS = "trace=connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')


def traced(report: Path, command: list[str], home: Path) -> Running:
    """The command under strace; what it and its children ask for is written to `report`, what they keep to `home`."""
    strace = [
        need_strace(),
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-e",
        _SENDS,
        "-e",
        "signal=none",
        "-o",
        str(report),
    ]
    env = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "XDG_CONFIG_HOME": str(home / ".config")}
    return Running([*strace, *command], env=env)


def asked(report: Path) -> set[str]:
    """The IP addresses that were asked, name servers included."""
    return {four or six for four, six in _ADDRESS.findall(report.read_text(encoding="utf-8", errors="replace"))}


def others(addresses: set[str]) -> set[str]:
    return {address for address in addresses if not ipaddress.ip_address(address).is_loopback}


def has_verdicts(port: int) -> bool:
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/events?event_type=CLEANING_ATTEMPT", timeout=60)
    except requests.ConnectionError:
        return False
    page = EventPage.model_validate_json(answer.content)
    return any(event.mm and event.mm.status is MmStatus.DONE for event in page.items)


def test_the_four_processes_ask_this_computer_alone(tiny_sample: Path, tmp_path: Path, browser: Browser) -> None:
    port, ui_port, report, home = free_port(), free_port(), tmp_path / "strace.txt", tmp_path / "home"
    home.mkdir()
    four = [
        *script("deploy/launcher/main.py"),
        *(
            "--video",
            str(tiny_sample),
            "--data-dir",
            str(tmp_path / "data"),
            "--edge-flags=--speed 8 --loop 0 --start-time 2026-01-31T09:00Z",
        ),
        *("--port", str(port), "--ui-port", str(ui_port)),
    ]
    with traced(report, four, home) as process:
        eventually(lambda: has_verdicts(port), "a verdict", 300)
        for page_name in ("", "review", "cleaning", "usage", "setup"):
            with open_page(browser, f"http://127.0.0.1:{ui_port}/{page_name}") as page:
                page.get_by_role("heading").first.wait_for()
        [launcher] = psutil.Process(process.pid).children()
        launcher.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    addresses = asked(report)
    assert "127.0.0.1" in addresses  # so it is seen when somebody is asked
    assert others(addresses) == set()
    assert kept(home) == []


def test_nor_does_one_that_runs_a_network(tiny_sample: Path, tmp_path: Path) -> None:
    """ONNX Runtime's telemetry asks a name server and leaves a device's id behind, unless it is turned off."""
    report, home = tmp_path / "strace.txt", tmp_path / "home"
    home.mkdir()
    model = save(tmp_path / "a.onnx", onnx_graphs.yolov8([Seen((10, 20, 60, 90), 0.9)], 128, 128), size=(128, 128))
    edge = [
        *script("edge_service/main.py"),
        *("--video", str(tiny_sample), "--camera-id", "cam_01", "--store-id", "gym", "--speed", "max"),
        *("--detector", "onnx", "--model", str(model), "--backend-url", f"http://127.0.0.1:{free_port()}"),
        *("--media-dir", str(tmp_path / "media"), "--outbox-dir", str(tmp_path / "outbox")),
    ]
    with traced(report, edge, home) as process:
        assert process.wait(300) == 0
    assert "127.0.0.1" in asked(report)
    assert others(asked(report)) == set()
    assert kept(home) == []


def kept(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "line",
    [
        '1 connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0',
        '1 sendto(5, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("8.8.8.8")}, 16) = 1',
        "1 connect(5, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
        'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS',
    ],
)
def test_another_host_would_be_seen(line: str, tmp_path: Path) -> None:
    report = tmp_path / "strace.txt"
    report.write_text(line + "\n" + line.replace("8.8.8.8", "127.0.0.1") + os.linesep)
    assert len(others(asked(report))) == 1
