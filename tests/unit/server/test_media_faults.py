"""What is wrong with media files, told with the file."""

from __future__ import annotations

import zlib

import pytest
from PIL import Image

from fiftyone_cvat.errors import MediaError
from fiftyone_cvat.server.media_faults import check_no_text, faulty_files
from fiftyone_cvat.server.media_files import name_media
from tests.media import make_image

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def too_large(path):
    """Write the head of a picture that is wider and higher than what Pillow opens."""
    size = (20_000).to_bytes(4)
    chunk = b"IHDR" + size + size + bytes([1, 0, 0, 0, 0])
    check = zlib.crc32(chunk).to_bytes(4)
    head = PNG_HEAD + (13).to_bytes(4) + chunk + check
    path.write_bytes(head + bytes(4) + b"IDAT" + zlib.crc32(b"IDAT").to_bytes(4))


BROKEN = {
    "words": b"no picture at all",
    "half a head": PNG_HEAD + b"\0\0",
    "no head": PNG_HEAD,
    "half a jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "half a gif": b"GIF89a\x01",
    "half a tiff": b"II*\0\x08\0\0\0\x01",
    "half a bmp": b"BM" + b"\xff" * 20,
    "zeros": bytes(100),
}


class TestWithoutExtension:
    @pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
    def test_broken(self, tmp_path, content):
        path = tmp_path / "broken"
        path.write_bytes(content)
        with pytest.raises(MediaError, match="broken"):
            name_media([str(path)])

    def test_too_large(self, tmp_path):
        path = tmp_path / "large"
        too_large(path)
        with pytest.raises(MediaError, match=r"large' has more pixels than CVAT reads"):
            name_media([path])

    @pytest.mark.parametrize(
        "error",
        [SyntaxError, ValueError, OSError, Image.DecompressionBombError, MemoryError],
    )
    def test_whatever_pillow_raises(self, tmp_path, monkeypatch, error):
        path = make_image(tmp_path / "picture")

        def fail(*_):
            raise error("words")

        monkeypatch.setattr(Image, "open", fail)
        with pytest.raises(MediaError, match=r"picture.*words"):
            name_media([path])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.svg", b"<svg/>", "vector graphic"),
        ("a.SVGZ", b"\x1f\x8b", "vector graphic"),
        ("a.pcd", b"VERSION 0.7\nWIDTH 0\nPOINTS 0\nDATA ascii\n", "without points"),
    ],
)
def test_media_that_cvat_does_not_take(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match=words) as caught:
        name_media([str(path)])
    assert str(path) in str(caught.value)
    assert caught.value.media == (str(path),)


@pytest.mark.parametrize("points", [b"POINTS 6\n", b"POINTS x\n", b""])
def test_other_clouds_go_up(tmp_path, points):
    path = tmp_path / "a.pcd"
    path.write_bytes(b"VERSION 0.7\n" + points)
    assert [each.name for each in name_media([path])] == ["a.pcd"]


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "https", "file"])
def test_remote_media(tmp_path, scheme):
    with pytest.raises(MediaError, match="remote media have to be downloaded"):
        name_media([f"{tmp_path}/{scheme}:/bucket/a.jpg"])


def test_faulty_files_among_others(tmp_path):
    good = tmp_path / "good.png"
    make_image(good)
    bad = [tmp_path / f"{number}.png" for number in range(7)]
    for path in bad:
        path.write_bytes(b"no picture")
    too_large(bad[0])

    found, words = faulty_files([good, *bad])

    assert found == bad
    assert "0.png' has more pixels" in words
    assert "4.png' is no media file" in words
    assert words.endswith("; and 2 more")
    assert faulty_files([good]) == ([], "")


@pytest.mark.parametrize(
    "content",
    [
        b"not found",
        b"<html>\n\t404\r\n",
        ("x" + "ä" * 300).encode(),
        b"\xef\xbb\xbfa",
        b"{}",
    ],
    ids=["words", "page", "cut character", "mark", "JSON"],
)
def test_texts_that_are_named_like_pictures(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.png' is a text, and no picture or video"):
        check_no_text(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n no picture"),
        ("a.png", b"a\0b"),
        ("a.heic", b"\0\0\0\x18ftypheic"),
        ("a.jpg", b"\xff\xd8\xff\xe0JFIF"),
        ("a.mp4", b"x" * 500 + b"\xff" + b"x" * 100),
        ("a.pcd", b"VERSION 0.7\n"),
    ],
)
def test_what_is_no_text(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    check_no_text(path)
