"""Pictures of people: decoded within bounds and drawn anew, so that nothing else comes along."""

from __future__ import annotations

import io
import secrets
import struct
import warnings
from typing import IO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from accounts.picture_files import TooManyScans, needed_parts

SIDE = 256
MOST_PIXELS = 8_000_000
# Telephones make larger ones, which are decoded at a fraction of their size.
MOST_PIXELS_OF_A_JPEG = 50_000_000
LONGEST_SIDE = 8192
MOST_BYTES = 5 * 1024 * 1024
# SVG is a program and stays out; the rest is guess-work.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"
# What Pillow raises for files that are none.
UNREADABLE = (
    UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, TypeError, struct.error,
)  # fmt: skip
# How a camera was held (EXIF 2.3, tag 274), and what sets its picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def redrawn(upload: IO[bytes], size: int) -> ContentFile[bytes]:
    """Return the upload as a square WebP picture without metadata, or refuse it."""
    if size > MOST_BYTES:
        raise ValidationError(_("The picture is larger than 5 MB."), code="too_large")
    try:
        # Pillow warns of huge pictures, and we refuse them below; its errors end here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = _opened(io.BytesIO(needed_parts(upload.read())))
        square = ImageOps.fit(picture, (SIDE, SIDE))
    except UNREADABLE as error:
        message = _("This is no picture that can be read. Send PNG, JPEG, WebP or GIF.")
        raise ValidationError(message, code="invalid_image") from error
    except TooManyScans as error:
        message = _("The picture is stored in too many passes. Save it again as a plain JPEG.")
        raise ValidationError(message, code="too_many_scans") from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    drawn = io.BytesIO()
    square.save(drawn, "WEBP", quality=85)
    return ContentFile(drawn.getvalue(), name=f"{secrets.token_hex(8)}.webp")


def _opened(upload: IO[bytes]) -> Image.Image:
    # Only the head is read until `load`, so the size is known before memory is taken.
    picture = Image.open(upload, formats=FORMATS)
    most = MOST_PIXELS_OF_A_JPEG if picture.format == "JPEG" else MOST_PIXELS
    if max(picture.size) > LONGEST_SIDE or picture.width * picture.height > most:
        raise _too_many_pixels()
    picture.draft("RGB", (SIDE * 2, SIDE * 2))
    # Pillow's own turning writes the other notes anew and fails where they make no sense.
    turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    turned = picture if turn is None else picture.transpose(turn)
    return turned.convert(
        "RGBA" if "A" in turned.getbands() or "transparency" in turned.info else "RGB"
    )


def _too_many_pixels() -> ValidationError:
    message = _(
        "The picture has more than 8 megapixels (JPEG: 50), or a side of more than 8192 pixels."
    )
    return ValidationError(message, code="too_large")
