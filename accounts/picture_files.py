"""What of a picture's file its decoder gets to see, so that it costs no more than its pixels.

Pillow copies all notes of a JPEG for each further one, unpacks every colour profile of a PNG, and
libjpeg goes through the whole picture once for each scan. All of that is judged here, by the
marks between the parts, before anything is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# libjpeg writes 10, other programs a few more.
MOST_SCANS = 50
# 50 megapixels in 12 scans.
MOST_SCANNED_PIXELS = 600_000_000
MOST_PARTS = 50_000

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = {b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"}

_JPEG = b"\xff\xd8"
_SCAN, _END, _EXIF = 0xDA, 0xD9, 0xE1
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# JFIF and Adobe say what the colours are, the first Exif how the camera was held.
_NOTES = {0xE0: b"JFIF\0", 0xEE: b"Adobe", _EXIF: b"Exif\0\0"}
_TABLES = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD}
_SKIPPED = {*range(0xE0, 0xF0), 0xFE}
# Restarts (and TEM) stand alone and mean nothing here; a zero is stuffed, and 0xff may fill.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")


class TooManyScans(Exception):
    """Decoding this picture would cost far more than its size lets expect."""


def needed_parts(file: bytes) -> bytes:
    """Return the file without what no pixel needs; raises ValueError and TooManyScans."""
    if file.startswith(_PNG):
        return _PNG + b"".join(_png_parts(file))
    if file.startswith(_JPEG):
        return _JPEG + b"".join(_jpeg_parts(file))
    # GIF and WebP: Pillow decodes the first frame, and keeps one note of a kind.
    return file


def _png_parts(file: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    for _part in range(MOST_PARTS):
        kind = file[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(file[at : at + 4])
        if kind in _PNG_PARTS:
            yield file[at:end]
        at = end
        if kind == b"IEND" or at >= len(file):
            return
    raise ValueError("more parts than any picture has")


def _jpeg_parts(file: bytes) -> Iterator[bytes]:
    pixels, scans, noted = 0, 0, set()
    for kind, start, end in _segments(file):
        held = file[start + 4 : end]
        if kind == _SCAN:
            scans += 1
            if scans > MOST_SCANS or scans * pixels > MOST_SCANNED_PIXELS:
                raise TooManyScans
        elif kind in _FRAMES:
            pixels = max(pixels, int.from_bytes(held[1:3]) * int.from_bytes(held[3:5]))
        elif kind in _NOTES and kind not in noted and held.startswith(_NOTES[kind]):
            noted.add(kind)
        elif kind in _SKIPPED:
            continue
        elif kind not in _TABLES and kind != _END:
            raise ValueError("a mark that no picture has")
        yield file[start:end]


def _segments(file: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment, where it starts and where it ends, as libjpeg walks."""
    at = len(_JPEG)
    for _part in range(MOST_PARTS):
        found = _MARKER.search(file, at)
        if found is None:
            return
        kind, start, at = found[1][0], found.start(), found.end()
        if kind != _END:
            at += int.from_bytes(file[at : at + 2])
        if kind == _SCAN:
            following = _MARKER.search(file, at)
            at = following.start() if following else len(file)
        yield kind, start, at
        if kind == _END:
            return
    raise ValueError("more parts than any picture has")
