"""What every place of media promises: names lead to whole files, and are never given to another upload."""

from hashlib import sha256
from uuid import uuid4

import pytest

from backend_api.contract.media import clip_name, frame_name, thumbnail_name
from backend_api.media.media import Media
from backend_api.media.usage import read_usage


def put(media: Media, name: str, content: bytes) -> bool:
    temporary = media.temporary_path(name)
    temporary.write_bytes(content)
    try:
        return media.put_new(temporary, name, sha256(content).hexdigest())
    finally:
        temporary.unlink(missing_ok=True)


def read(media: Media, name: str) -> bytes:
    return b"".join(media.open_range(name, 0, media.find(name).size_bytes))


def test_what_is_put_is_there_whole_and_in_parts(any_media: Media) -> None:
    name = clip_name(uuid4())
    content = bytes(range(256)) * 3000
    assert put(any_media, name, content)
    assert any_media.find(name).size_bytes == len(content)
    assert read(any_media, name) == content
    assert b"".join(any_media.open_range(name, 255, 260)) == content[255:260]
    with any_media.local(name) as path:
        assert path.read_bytes() == content
    assert any_media.url(name) is None


def test_a_name_is_never_given_to_another_upload(any_media: Media) -> None:
    name = clip_name(uuid4())
    assert put(any_media, name, b"clip")
    tag = any_media.find(name).tag
    assert not put(any_media, name, b"clip")
    with pytest.raises(FileExistsError, match="never replaced"):
        put(any_media, name, b"other")
    assert (read(any_media, name), any_media.find(name).tag) == (b"clip", tag)


def test_what_is_not_there(any_media: Media) -> None:
    name = clip_name(uuid4())
    with pytest.raises(FileNotFoundError):
        any_media.find(name)
    with pytest.raises(FileNotFoundError):
        any_media.open_range(name, 0, 1)
    with any_media.local(name) as path:
        assert not path.exists()
    any_media.remove([name])
    assert any_media.has([name]) == set()
    assert any_media.has([]) == set()


def test_files_of_one_instant_share_their_bytes_and_outlive_each_other(any_media: Media) -> None:
    first, second = clip_name(uuid4()), clip_name(uuid4())
    assert put(any_media, first, bytes(1000))
    assert put(any_media, second, bytes(1000))
    assert sum(size_bytes for _, size_bytes in any_media.entries()) == 1000
    any_media.remove([first])
    assert any_media.has([first, second]) == {second}
    assert read(any_media, second) == bytes(1000)
    assert list(any_media.entries()) == [(second, 1000)]
    assert put(any_media, clip_name(uuid4()), bytes(1000))
    any_media.remove([name for name, _ in any_media.entries()])
    assert list(any_media.entries()) == []


def test_files_are_replaced_on_purpose_alone(any_media: Media) -> None:
    event_id = uuid4()
    clip, frames = clip_name(event_id), [frame_name(event_id, number) for number in (1, 2)]
    put(any_media, clip, b"with people")
    any_media.replace_all({clip: b"without", frames[0]: b"1", frames[1]: b"2"})
    tags = [any_media.find(name).tag for name in frames]
    any_media.replace_all({clip: b"without", frames[0]: b"1", frames[1]: b"other"})
    assert [read(any_media, name) for name in (clip, *frames)] == [b"without", b"1", b"other"]
    assert [any_media.find(name).tag == tag for name, tag in zip(frames, tags, strict=True)] == [True, False]
    assert {name for name, _ in any_media.entries()} == {clip, *frames}


def test_usage_is_by_event(any_media: Media) -> None:
    event_id = uuid4()
    put(any_media, clip_name(event_id), bytes(100))
    any_media.replace_all({thumbnail_name(event_id): bytes(10)})
    used = read_usage(any_media)
    assert (used[event_id].size_bytes, used[event_id].clip_bytes) == (110, 100)
    assert sorted(used[event_id].names) == sorted([clip_name(event_id), thumbnail_name(event_id)])


def test_a_place_has_an_id(any_media: Media) -> None:
    assert any_media.check() == any_media.check()
