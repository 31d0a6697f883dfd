"""The command lines of the four processes, from what `make run` was told."""

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend_api.base.process import REPOSITORY
from deploy.launcher.supervisor import Program

SAMPLE = REPOSITORY / "sample.mp4"
SAMPLE_SEED = 42
MODEL_SEED = 123
VIDEO_VARIABLE = "GYM_VIDEO"


@dataclass(frozen=True, slots=True)
class Settings:
    """The video, and where all of it is kept and shown; without a `video` it is the sample, again and again.

    `video` is anything that the edge takes; `videos` are those of the cameras that `config` names itself, as it has
    them, None where it is of one camera. `keep_gb` gigabytes (10^9 bytes) of clips are kept. The `*_flags` come last on
    the command line of their process.
    """

    video: str | None
    config: Path | None
    model: Path | None
    camera_id: str | None
    store_id: str | None
    port: int
    ui_port: int
    data_dir: Path
    keep_gb: float
    backend_flags: tuple[str, ...] = ()
    worker_flags: tuple[str, ...] = ()
    ui_flags: tuple[str, ...] = ()
    edge_flags: tuple[str, ...] = ()
    videos: tuple[str, ...] | None = None

    @property
    def backend_url(self) -> str:
        """Where the other processes find the backend."""
        return f"http://127.0.0.1:{self.port}"


# The GNU C library otherwise gives each camera's thread a heap of its own, and keeps freed pictures for the next ones.
_HEAPS = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}


def make_programs(settings: Settings, now: datetime) -> tuple[Program, ...]:
    """The four, the backend first; `now` becomes the start time of a video that is played once."""
    database = ("--db", str(settings.data_dir / "app.db"), "--media-dir", str(settings.data_dir / "media"))
    # The time stands before each line already.
    env = {"GYM_LOG_TIME": "0", "PYTHONUNBUFFERED": "1"}
    kept = ("--port", str(settings.port), "--keep-gb", f"{settings.keep_gb:g}")
    ui = ("run", "ui/app.py", "--server.port", str(settings.ui_port), "--logger.hideWelcomeMessage", "true")
    return (
        Program("backend", _script("backend_api/main.py", *database, *kept, *settings.backend_flags), env),
        Program("worker", _script("mm_worker/worker.py", *database, *_model_flags(settings)), env),
        Program(
            "ui",
            (sys.executable, "-m", "streamlit", *ui, *settings.ui_flags),
            env | {"GYM_BACKEND_URL": settings.backend_url},
        ),
        Program(
            "edge",
            _script("edge_service/main.py", *_edge_flags(settings, now)),
            env | _HEAPS | _edge_env(settings),
            comes_to_an_end=_is_played_once(settings),
        ),
    )


def _script(path: str, *flags: str) -> tuple[str, ...]:
    return (sys.executable, path, *flags)


def _model_flags(settings: Settings) -> tuple[str, ...]:
    return ("--seed", str(MODEL_SEED), *settings.worker_flags)


def _edge_flags(settings: Settings, now: datetime) -> list[str]:
    video = settings.video or (str(SAMPLE) if settings.videos is None else None)
    flags = ["--video", video] if video is not None and not _is_address(settings) else []
    flags += ["--camera-id", settings.camera_id] if settings.camera_id else []
    flags += ["--store-id", settings.store_id] if settings.store_id else []
    flags += ["--backend-url", settings.backend_url]
    flags += ["--media-dir", str(settings.data_dir / "media"), "--outbox-dir", str(settings.data_dir / "outbox")]
    if settings.video is None and settings.videos is None:
        flags += ["--seed", str(SAMPLE_SEED), "--loop", "0"]
    elif _is_played_once(settings) and not _has_flag(settings, "--speed"):
        # Were the edge killed, the next one makes the same events with the same ids, and none comes twice. At another
        # speed the edge chooses the start, so that no event lies ahead of the clock; --start-time there does the same.
        flags += ["--start-time", now.isoformat(timespec="seconds").replace("+00:00", "Z")]
    if settings.config is not None:
        flags += ["--config", str(settings.config)]
    if settings.model is not None:
        flags += ["--detector", "onnx", "--model", str(settings.model)]
    return [*flags, *settings.edge_flags]


def _edge_env(settings: Settings) -> dict[str, str]:
    """An address may hold a password, and other users of this computer see a command line."""
    return {VIDEO_VARIABLE: settings.video} if settings.video and _is_address(settings) else {}


def _is_address(settings: Settings) -> bool:
    return "://" in (settings.video or "")


def _is_played_once(settings: Settings) -> bool:
    """Whether all videos are files that come to an end; a camera goes on for ever, and so does what is looped."""
    videos = settings.videos or ((settings.video,) if settings.video else ())
    return bool(videos) and all(map(_is_file, videos)) and not _has_flag(settings, "--loop")


def _is_file(video: str) -> bool:
    """Whether `video` is none of a camera; one with a variable in it may be."""
    return not (video.isdecimal() or "://" in video or "${" in video)


def _has_flag(settings: Settings, name: str) -> bool:
    return any(flag.split("=")[0] == name for flag in settings.edge_flags)
