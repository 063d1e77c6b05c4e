"""/api/user/profile: one's own, with any good token."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from accounts.avatars import MOST_BYTES
from accounts.models import PersonEvent, User
from accounts.picture_files import TooManyScans, needed_parts


@pytest.fixture(autouse=True)
def _uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(kind="PNG", size=(600, 300), **options) -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", size, "teal").save(data, kind, **options)
    return SimpleUploadedFile(f"me.{kind.lower()}", data.getvalue(), f"image/{kind.lower()}")


def put_avatar(client, file):
    return client.put("/api/user/profile", {"avatar": file}, format="multipart")


def test_it_says_who_the_caller_is_and_what_the_token_may(carol, issue, client):
    row, secret = issue(carol, scopes=["tickets:read"], name="Night job")

    response = client.get("/api/user/profile", headers={"Authorization": f"Bearer {secret}"})

    assert response.status_code == 200
    body = response.json()
    assert {key: body[key] for key in ("id", "username", "display_name", "role")} == {
        "id": carol.pk,
        "username": "carol@example.com",
        "display_name": "Carol",
        "role": "agent",
    }
    assert body["token"] == {
        "id": row.pk,
        "name": "Night job",
        "scopes": ["tickets:read"],
        "expires_at": body["token"]["expires_at"],
    }
    assert secret not in response.content.decode()


def test_a_session_has_no_token(carol, as_user):
    assert as_user(carol).get("/api/user/profile").json()["token"] is None


def test_it_costs_two_queries_with_the_token(carol, bearer, django_assert_num_queries):
    client = bearer(carol)
    client.get("/api/user/profile")  # the token's last use is noted once a minute

    with django_assert_num_queries(2):
        client.get("/api/user/profile")
    with django_assert_num_queries(1):
        client.get("/api/user/profile?fields=id,username,role,token")


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("who", ["alice", "carol", "dora"])
def test_people_change_their_own_settings(method, who, request, as_user):
    person = request.getfixturevalue(who)
    change = {
        "display_name": "新名字 🙂",
        "language": "zh-hans",
        "time_zone": "Asia/Shanghai",
        "availability": "AVAILABLE",
    }

    response = getattr(as_user(person), method)("/api/user/profile", change)

    assert response.status_code == 200
    assert {name: response.json()[name] for name in change} == change
    assert PersonEvent.objects.filter(person_id=person.pk, actor_id=person.pk).count() == 4


def test_what_is_not_theirs_to_change_is_ignored_or_unknown(alice, as_user):
    client = as_user(alice)

    ignored = client.put("/api/user/profile", {"role": "administrator", "email": "x@y.org"})
    unknown = client.put("/api/user/profile", {"password": "a fine long sentence"})

    assert ignored.status_code == 200
    assert unknown.status_code == 400
    alice.refresh_from_db()
    assert (alice.role, alice.email, alice.version) == ("customer", "", 1)


def test_the_whole_profile_can_be_written_back(carol, as_user):
    client = as_user(carol)
    put_avatar(client, picture())
    whole = client.get("/api/user/profile").json()

    response = client.put("/api/user/profile", whole)

    assert response.status_code == 200
    assert response.json() == whole


def test_any_token_reads_but_only_one_that_signs_in_writes(carol, bearer):
    weak, strong = bearer(carol, scopes=["tickets:read"]), bearer(carol, scopes=["login:agent"])

    assert weak.get("/api/user/profile").status_code == 200
    refused = weak.put("/api/user/profile", {"display_name": "X"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "insufficient-scope"
    assert strong.put("/api/user/profile", {"display_name": "X"}).status_code == 200


def test_an_administrator_changes_their_own_name_by_token(dora, bearer):
    response = bearer(dora, scopes=["login:admin"]).put("/api/user/profile", {"display_name": "D"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("language", "tlh"),
        ("time_zone", "Mars/Olympus"),
        ("availability", "available"),
        ("display_name", "x" * 121),
        ("display_name", ["x"]),
        ("display_name", None),
        ("avatar", "https://evil.example/x.png"),
        ("avatar", 7),
    ],
)
def test_bad_values_are_named_and_change_nothing(name, value, carol, as_user):
    response = as_user(carol).put("/api/user/profile", {name: value})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == name
    assert User.objects.get(pk=carol.pk).version == 1


# --- avatars ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_drawn_anew_and_served(kind, carol, as_user):
    client = as_user(carol)

    response = put_avatar(client, picture(kind))

    assert response.status_code == 200, response.content
    address = response.json()["avatar"]
    assert address.startswith(f"http://testserver/api/users/{carol.pk}/avatar?v=")
    served = client.get(address)
    assert served.status_code == 200
    assert served["Content-Type"] == "image/webp"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in served["Cache-Control"]
    assert "private" in served["Cache-Control"]
    drawn = Image.open(io.BytesIO(served.content))
    assert (drawn.format, drawn.size) == ("WEBP", (256, 256))


def test_metadata_stays_behind(carol, as_user, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    hidden = PngInfo()
    hidden.add_text("Comment", "taken at home")

    for file in (picture("JPEG", exif=exif), picture("PNG", pnginfo=hidden, exif=exif)):
        assert put_avatar(as_user(carol), file).status_code == 200
        stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.webp"))
        assert stored
        assert b"taken at home" not in stored
        assert b"EXIF" not in stored


def test_the_old_picture_goes_when_a_new_one_comes_and_null_removes(
    carol, as_user, tmp_path, django_capture_on_commit_callbacks
):
    client = as_user(carol)
    with django_capture_on_commit_callbacks(execute=True):
        first = put_avatar(client, picture()).json()["avatar"]
    with django_capture_on_commit_callbacks(execute=True):
        second = put_avatar(client, picture("JPEG")).json()["avatar"]
    assert first != second
    assert len(list(tmp_path.rglob("*.webp"))) == 1

    with django_capture_on_commit_callbacks(execute=True):
        response = client.put("/api/user/profile", {"avatar": None})

    assert response.json()["avatar"] is None
    assert not list(tmp_path.rglob("*.webp"))
    assert client.get(f"/api/users/{carol.pk}/avatar").status_code == 404


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        SimpleUploadedFile("a.png", b"not a picture", "image/png"),
        SimpleUploadedFile("a.png", b"", "image/png"),
        SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "image/png"),
        SimpleUploadedFile("a.png", picture().read()[:200], "image/png"),
        SimpleUploadedFile("a.tiff", picture("TIFF").read(), "image/png"),
    ],
    ids=["svg", "text", "empty", "broken head", "cut", "tiff"],
)
def test_what_is_no_picture_is_refused(file, carol, as_user, tmp_path):
    file.seek(0)

    response = put_avatar(as_user(carol), file)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "avatar"
    assert not list(tmp_path.rglob("*.webp"))


@pytest.mark.parametrize(("tag", "kind"), [(0x100, 2), (0x11A, 1), (0x131, 11), (0x213, 4)])
def test_a_picture_with_senseless_notes_is_a_picture_and_is_set_upright(
    tag, kind, carol, as_user, tmp_path
):
    rows = [(0x112, 3, b"\x06\0\0\0"), (tag, kind, b"\1\2\3\4")]
    notes = b"".join(struct.pack("<HHI4s", name, of, 1, value) for name, of, value in rows)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(rows)) + notes + b"\0" * 20
    data = io.BytesIO()
    held_sideways = Image.new("RGB", (64, 64), "white")
    held_sideways.paste("black", (0, 0, 64, 32))
    held_sideways.save(data, "JPEG", exif=exif)

    response = put_avatar(as_user(carol), SimpleUploadedFile("a.jpg", data.getvalue()))

    assert response.status_code == 200
    drawn = Image.open(next(tmp_path.rglob("*.webp"))).convert("L")
    assert drawn.getpixel((20, 128)) > 200 > 50 > drawn.getpixel((236, 128))


def test_a_picture_of_a_telephone_is_taken(carol, as_user):
    data = io.BytesIO()
    Image.new("RGB", (4032, 3024), "teal").save(data, "JPEG")

    assert (
        put_avatar(as_user(carol), SimpleUploadedFile("a.jpg", data.getvalue())).status_code == 200
    )


@pytest.mark.parametrize("size", [(3000, 2700), (20_000, 20_000), (1, 8193)])
def test_too_many_pixels_are_refused_before_they_are_drawn(size, carol, as_user):
    data = io.BytesIO()
    Image.new("1", size).save(data, "PNG")
    bomb = SimpleUploadedFile("a.png", data.getvalue(), "image/png")

    response = put_avatar(as_user(carol), bomb)

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "too-large"


def test_scans_are_counted_before_they_are_decoded(carol, as_user):
    file = picture("JPEG", (1000, 1000), progressive=True).read()
    passes = [found.start() for found in re.finditer(b"\xff\xda", file)]
    last = file[passes[-1] : -2]
    assert len(passes) == 10

    def answered(*more: bytes):
        data = b"".join([file[:-2], *more, b"\xff\xd9"])
        return put_avatar(as_user(carol), SimpleUploadedFile("a.jpg", data))

    assert answered().status_code == 200
    assert answered(last * 40).status_code == 200
    for more in ([last * 41], [b"\xff\xff", last * 41], [b"\xff\xfe\0\4\xff\xd9", last * 41]):
        response = answered(*more)
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "too-many-scans"


def test_a_large_picture_may_have_fewer_scans():
    file = picture("JPEG", (8000, 6000), progressive=True).read()
    last = file[file.rindex(b"\xff\xda") : -2]

    assert needed_parts(file).endswith(b"\xff\xd9")
    with pytest.raises(TooManyScans):
        needed_parts(file[:-2] + last * 5)


def chunk(kind: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))


def segment(kind: bytes, held: bytes) -> bytes:
    return b"\xff" + kind + struct.pack(">H", len(held) + 2) + held


def test_what_no_pixel_needs_is_not_read():
    """Each profile is unpacked and each Exif copied with all before it: 5 MB took 11 seconds."""
    png, jpeg = picture("PNG").read(), picture("JPEG").read()
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000), 9))
    note = segment(b"\xe1", b"Exif\0\0abcd")
    comment = segment(b"\xfe", b"x" * 60_000)

    assert needed_parts(png[:33] + profile * 4000 + png[33:]) == png
    assert needed_parts(png[:-12] + profile * 4000 + png[-12:]) == png
    assert needed_parts(jpeg[:2] + comment * 60 + jpeg[2:]) == jpeg
    assert needed_parts(jpeg[:2] + note * 4000 + jpeg[2:]) == jpeg[:2] + note + jpeg[2:]
    # What cameras put behind the picture, a film for example.
    assert needed_parts(jpeg + b"\xff\xda" * 1000) == jpeg


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xfe\0\2" * 60_000,
        b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") * 60_000,
        b"\xff\xd8\xff\xda" + b"\0" * 10 + b"\xff\x02\0\xff",
    ],
    ids=["segments", "chunks", "a mark that there is not"],
)
def test_a_file_of_too_many_parts_is_no_picture(data, carol, as_user):
    response = put_avatar(as_user(carol), SimpleUploadedFile("a.png", data))

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "invalid-image"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_many_frames_the_first_alone_is_drawn(kind, carol, as_user, tmp_path):
    colours = ["white", *["red", "blue"] * 100]
    first, *others = (Image.new("RGB", (64, 64), colour) for colour in colours)
    data = io.BytesIO()
    first.save(data, kind, save_all=True, append_images=others, duration=20)
    # A decoder that went on would find that the rest is missing.
    cut = data.getvalue()[:-40] if kind == "GIF" else data.getvalue()

    response = put_avatar(as_user(carol), SimpleUploadedFile("a.gif", cut))

    assert response.status_code == 200, response.content
    drawn = Image.open(next(tmp_path.rglob("*.webp"))).convert("L")
    assert drawn.getpixel((128, 128)) > 250


def test_too_many_bytes_are_refused(carol, as_user):
    big = SimpleUploadedFile("a.png", b"\0" * (MOST_BYTES + 1), "image/png")

    assert put_avatar(as_user(carol), big).status_code in (400, 413)
    assert not User.objects.get(pk=carol.pk).avatar


def test_an_avatar_is_seen_by_those_who_see_the_person(alice, bob, carol, as_user, bearer):
    put_avatar(as_user(alice), picture())
    path = f"/api/users/{alice.pk}/avatar"

    assert as_user(carol).get(path).status_code == 200
    assert as_user(alice).get(path).status_code == 200
    assert bearer(carol, scopes=["users:read"]).get(path).status_code == 200
    assert bearer(carol, scopes=["tickets:read"]).get(path).status_code == 403
    assert as_user(bob).get(path).status_code == 403
