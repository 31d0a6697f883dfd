"""JPEG files from outside: the size is bounded before anything is decoded."""

from io import BytesIO

from PIL import Image, UnidentifiedImageError

# Twice an 8K camera's picture.
MAX_PIXELS = 2 * 7680 * 4320


class NotJpeg(ValueError):
    """The bytes are no whole JPEG file of a camera's size; the text says why."""


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, each at least 1, together at most MAX_PIXELS. Raises NotJpeg.

    It is decoded, at an eighth of its size, to see that nothing of it is missing.
    """
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise NotJpeg(f"{width} x {height} pixels are more than {MAX_PIXELS}")
            picture.draft("L", (1, 1))
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotJpeg(f"its pixels are more than {MAX_PIXELS}") from error
    except UnidentifiedImageError as error:
        raise NotJpeg("its header is not that of a JPEG file") from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, NotJpeg):
            raise
        raise NotJpeg(f"it is damaged or cut off ({error})") from error
    return width, height
