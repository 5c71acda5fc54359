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
        b"P1 is no picture",
        b"P9\n1 1\n255\n...",
        "<html>\nnicht verf\u00fcgbar".encode("latin-1"),
        "<p>\u201cnot found\u201d\u00a0\u2026".encode("cp1252"),
        "<html>404 \u00fc</html>".encode("utf-16"),
        ("\ufeff" + "x" * 300).encode("utf-16-be"),
        ("<p>" + "\U0001f408" * 200).encode("utf-16-le"),
        "<html>404".encode("utf-16-be"),
    ],
    ids=[
        *("words", "page", "cut character", "mark", "JSON", "P1", "P9", "Latin-1"),
        *("cp1252", "UTF-16", "UTF-16 BE", "UTF-16 LE, cut", "UTF-16 BE, no mark"),
    ],
)
def test_texts_that_are_named_like_pictures(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.png' is a text, and no picture or video"):
        check_no_text(path)


WORDY = {
    "a.pbm": b"P1\n# by hand\n2 2\n1 0\n0 1\n",
    "a.pgm": b"P2\n2 1\n255\n0 255\n",
    "a.ppm": b"P3\n2 1\n255\n0 0 0 255 255 255\n",
    "binary.pbm": b"P4\n800 8\n" + b"U" * 800,
    "binary.pgm": b"P5\n40 40\n255\n" + b"x" * 1600,
    "binary.ppm": b"P6\n20 20\n255\n" + b"xyz" * 400,
    "large.pgm": b"P2\n40000 40000\n255\n0 255\n",
    "a.xbm": b"#define a_width 8\n#define a_height 1\n"
    b"static char a_bits[] = {\n0x55\n};\n",
    "a.xpm": b"/* XPM */\nstatic char *a[] = {\n"
    b'"2 1 2 1",\n". c #000000",\n"x c #ffffff",\n".x"\n};\n',
    "a.png": b"P5\n40 40\n255\n" + b"x" * 1600,
}
"""Names of pictures that are written as texts, or begin like one, to their bytes."""


@pytest.mark.parametrize("name", WORDY)
def test_pictures_that_look_like_texts(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WORDY[name])
    check_no_text(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"\xff\xfe\0\x10 no UTF-16"),
        ("a.png", "no \u00e4 page".encode("latin-1")),
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
