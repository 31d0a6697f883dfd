"""The floor: what each camera saw last, with its zones in the colour and the words of the cards (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from backend_api.contract.cameras import CameraState, CameraStatus
from backend_api.contract.floor import FloorCamera
from backend_api.contract.queries import CameraPageQuery
from backend_api.contract.values import MachineKey
from ui.client.cache import LOOK_FOR_FLOOR_S
from ui.now.ages import ago
from ui.now.cards import CardData
from ui.text.local_time import Zone, moment
from ui.text.words import Colour

SHOWN_CAMERAS = 6
_NO_PICTURES = "No pictures, by its privacy setting"
_NO_PICTURE_YET = "No picture yet"


class ZoneData(TypedDict):
    """A zone: its corners in 0..1 of the picture, and what its machine's card says."""

    name: str
    state: str
    colour: Colour
    corners: Sequence[tuple[float, float]]


class PictureData(TypedDict):
    """A camera's picture, at an address for browsers, None for a plain ground; `alt` says in words what it shows.

    `title` is empty where there is one camera alone; `age` says of when the picture is.
    """

    title: str
    picture: str | None
    age: str
    alt: str
    zones: list[ZoneData]


def floor_query(store_id: str | None, cursor: str | None) -> CameraPageQuery:
    """The page of cameras behind `cursor`."""
    return CameraPageQuery(store_id=store_id, limit=SHOWN_CAMERAS, cursor=cursor)


def picture_of(
    camera: FloorCamera,
    cards: Mapping[MachineKey, CardData],
    title: str,
    picture: str | None,
    now: datetime,
    zone: Zone,
) -> PictureData:
    """What is drawn of `camera`, whose picture browsers find at `picture`; `cards` are those of its machines."""
    zones, said = [], []
    for machine in camera.machines:
        card = cards.get(MachineKey(camera.store_id, camera.camera_id, machine.machine_id))
        if card is None:
            continue  # it was drawn just now, and is listed with the next refresh
        zones.append(ZoneData(name=card["name"], state=card["state"], colour=card["colour"], corners=machine.zone))
        said.append(f"{card['name']} {card['state'].lower()} {card['since']}")
    return {
        "title": title,
        "picture": picture,
        "age": age_words(camera, now, zone),
        "alt": f"Camera {camera.camera_id}: {'; '.join(said) or 'no machines'}.",
        "zones": zones,
    }


def age_words(camera: FloorCamera, now: datetime, zone: Zone) -> str:
    """Of when the camera's picture is, or why there is none."""
    if camera.still_at is None:
        return _NO_PICTURE_YET if camera.keeps_pictures else _NO_PICTURES
    return f"Picture of {moment(camera.still_at, now, zone)}, {ago(max(timedelta(0), now - camera.still_at))}"


def to_be_asked(cameras: Iterable[FloorCamera], states: Iterable[CameraState], now: datetime) -> list[FloorCamera]:
    """Those whose picture is older than LOOK_FOR_FLOOR_S, and whose edge could send another."""
    watching = {(state.store_id, state.camera_id) for state in states if state.status is CameraStatus.UP}
    return [
        camera
        for camera in cameras
        if camera.gives_looks
        and camera.keeps_pictures
        and (camera.store_id, camera.camera_id) in watching
        and (camera.still_at is None or (now - camera.still_at).total_seconds() >= LOOK_FOR_FLOOR_S)
    ]
