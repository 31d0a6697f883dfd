"""The weights that can be fetched by name: address, size, sha256 and licence, and where they lie on this computer."""

from dataclasses import dataclass
from pathlib import Path

from backend_api.base.process import REPOSITORY

MODELS_FOLDER = REPOSITORY / "data" / "models"
_YOLOX = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"


@dataclass(frozen=True, slots=True)
class Weights:
    """One ONNX file of a release.

    `size_bytes` is None where it is not known; `is_confirmed` says that several independent sources have its hash.
    """

    name: str
    url: str
    size_bytes: int | None
    sha256: str
    licence: str
    is_confirmed: bool

    @property
    def file_name(self) -> str:
        """Its name in the folder of models."""
        return f"{self.name}.onnx"


CATALOGUE: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            name="yolox_nano",
            url=f"{_YOLOX}/yolox_nano.onnx",
            size_bytes=3_659_407,
            sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
            licence="Apache-2.0",
            is_confirmed=True,
        ),
        Weights(
            name="yolox_tiny",
            url=f"{_YOLOX}/yolox_tiny.onnx",
            size_bytes=None,
            sha256="bdfb504443b3f39018a533d810a3d1badc0c0ba45681db1a3b0d423443143132",
            licence="Apache-2.0",
            is_confirmed=False,
        ),
    )
}
"""By name, the one to take first first."""


def fetch_command(name: str = next(iter(CATALOGUE))) -> str:
    """What to type to have the weights `name`."""
    return f"`python edge_service/fetch_model.py {name}`"


def fetched(folder: Path) -> Path | None:
    """The first of the catalogue's files that lies in `folder`; None when none does."""
    return next((path for weights in CATALOGUE.values() if (path := folder / weights.file_name).is_file()), None)
