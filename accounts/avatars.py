"""Pictures of people: decoded within bounds and drawn anew, so that nothing else comes along."""

from __future__ import annotations

import io
import secrets
import warnings
from typing import IO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

SIDE = 256
MOST_PIXELS = 25_000_000
MOST_BYTES = 5 * 1024 * 1024
# SVG is a program and stays out; the rest is guess-work.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MEDIA_TYPE = "image/webp"


def redrawn(upload: IO[bytes], size: int) -> ContentFile[bytes]:
    """Return the upload as a square WebP picture without metadata, or refuse it."""
    if size > MOST_BYTES:
        raise ValidationError(_("The picture is larger than 5 MB."), code="too_large")
    try:
        # Pillow warns of huge pictures, and we refuse them below; its errors end here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = _opened(upload)
        square = ImageOps.fit(picture, (SIDE, SIDE))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        message = _("This is no picture that can be read. Send PNG, JPEG, WebP or GIF.")
        raise ValidationError(message, code="invalid_image") from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    drawn = io.BytesIO()
    square.save(drawn, "WEBP", quality=85)
    return ContentFile(drawn.getvalue(), name=f"{secrets.token_hex(8)}.webp")


def _opened(upload: IO[bytes]) -> Image.Image:
    # Only the head is read until `load`, so the size is known before memory is taken.
    picture = Image.open(upload, formats=FORMATS)
    if picture.width * picture.height > MOST_PIXELS:
        raise _too_many_pixels()
    picture.draft("RGB", (SIDE * 2, SIDE * 2))
    turned = ImageOps.exif_transpose(picture)
    return turned.convert(
        "RGBA" if "A" in turned.getbands() or "transparency" in turned.info else "RGB"
    )


def _too_many_pixels() -> ValidationError:
    return ValidationError(_("The picture has more than 25 megapixels."), code="too_large")
