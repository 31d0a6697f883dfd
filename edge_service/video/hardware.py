"""Decoding by hardware where it is wanted and works, else by the processor: what it really is, and why."""

import logging
from typing import Literal, cast, get_args

import av
from av.codec.context import CodecContext, ThreadType
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.video.codeccontext import VideoCodecContext

from edge_service.video.packets import MAX_SIDE_PX, StreamFormat

HwaccelName = Literal[
    "none",
    "auto",
    "cuda",
    "vaapi",
    "qsv",
    "videotoolbox",
    "d3d11va",
    "d3d12va",
    "dxva2",
    "vdpau",
    "vulkan",
    "drm",
    "amf",
]
"""What decodes: none is the processor, auto the first of the others that works here."""
PROCESSOR = "cpu"
_DEVICES = tuple(name for name in get_args(HwaccelName) if name not in ("none", "auto"))
# Whether there is hardware at all is asked for what most cameras send.
_USUAL_CODEC = "h264"

log = logging.getLogger(__name__)


class HardwareDecoding:
    """Opens decoders on the `wanted` hardware, for the pictures of one camera that detection looks at.

    Where it is not there, or cannot decode what comes, the processor does, and the log says why.
    """

    def __init__(self, wanted: HwaccelName) -> None:
        self.runs_on: str = PROCESSOR
        """What decodes at present: a device's name, or `cpu`."""
        self.why_not: str | None = None
        """Why that is not what was wanted."""
        self._device: str | None = None
        if wanted == "none":
            return
        names = [name for name in _DEVICES if name in hwdevices_available()] if wanted == "auto" else [wanted]
        reasons = {name: _problem(name) for name in names}
        self._device = next((name for name, reason in reasons.items() if reason is None), None)
        if self._device is not None:
            log.info("pictures are decoded by %s where it can", self._device)
        elif wanted == "auto":
            log.info("pictures are decoded by the processor (CPU): no other hardware works here (%s)", _joined(reasons))
        else:
            self._miss(wanted, str(reasons[wanted]))

    @property
    def is_there(self) -> bool:
        """Whether there is hardware that decodes."""
        return self._device is not None

    def open(self, stream_format: StreamFormat) -> VideoCodecContext | None:
        """A decoder for one run of packets; None where it is the processor's work."""
        if self._device is None:
            return None
        try:
            decoder = _create(stream_format.codec, self._device)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._miss(self._device, _reason(error))
            return None
        if not decoder.is_hwaccel:
            self._miss(self._device, f"it decodes no {stream_format.codec} here")
            return None
        decoder.extradata = stream_format.parameters or None
        decoder.width, decoder.height = stream_format.width, stream_format.height
        decoder.thread_type, decoder.thread_count = ThreadType.NONE, 1
        decoder.options = {"max_pixels": str(MAX_SIDE_PX**2)}
        self.runs_on, self.why_not = self._device, None
        return decoder

    def note_picture(self, decoder: VideoCodecContext) -> None:
        """A picture came out of `decoder`, which `open` has given: FFmpeg may have taken the processor by itself."""
        if self._device is not None and self.runs_on == self._device and decoder.pix_fmt in _SOFTWARE:
            self._miss(
                self._device, "it cannot decode this kind of picture, and FFmpeg took the processor in its place"
            )

    def _miss(self, device: str, reason: str) -> None:
        why_not = f"not by {device}: {reason}"
        if why_not != self.why_not:
            log.warning("pictures are decoded by the processor (CPU), %s", why_not)
        self.runs_on, self.why_not = PROCESSOR, why_not


# What a decoder says of its pictures once the processor makes them, for what cameras send.
_SOFTWARE = {
    f"yuv{jpeg}{kind}p{depth}" for jpeg in ("", "j") for kind in ("420", "422", "444") for depth in ("", "10le")
}


def _create(codec: str, device: str) -> VideoCodecContext:
    decoder = CodecContext.create(codec, "r", hwaccel=HWAccel(device, allow_software_fallback=True))
    return cast(VideoCodecContext, decoder)  # whatever codec it is, pictures come of it


def _problem(device: str) -> str | None:
    """Why `device` does not decode here; None where it does."""
    if device not in hwdevices_available():
        return f"this PyAV has it not; it has {', '.join(hwdevices_available()) or 'none'}"
    try:
        if _create(_USUAL_CODEC, device).is_hwaccel:
            return None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return f"{_reason(error)}; is there such a device, and its driver?"
    return f"this PyAV decodes no {_USUAL_CODEC} by it"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _joined(reasons: dict[str, str | None]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in reasons.items()) or "this PyAV has none"
