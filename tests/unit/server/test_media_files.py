"""Media files on their way to the server."""

from __future__ import annotations

import email
import html
import shutil
import unicodedata
from email.policy import HTTP
from pathlib import Path

import fiftyone as fo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.fields import RequestField

from fiftyone_cvat.errors import MediaError
from fiftyone_cvat.server.media_files import (
    MediaFile,
    MultipartBody,
    _safe_name,
    _unique,
    group_by_size,
    in_order_of_frames,
    is_video,
    name_media,
    names_on_server,
)
from tests.awkward_names import AWKWARD_NAMES, PAIRS
from tests.media import copy_rotated_jpeg, make_image, make_images

AWKWARD = st.one_of(
    st.characters(exclude_characters="/\0"),
    st.sampled_from('&amplt;#x1 \\"\t.:é\u0301'),
)
"""Characters that some step on the way changes, more often than others."""


def arrived(name):
    """Return what a name becomes on its way to the server, as its sources have it."""
    field = RequestField("client_files[0]", b"", filename=name)
    field.make_multipart(content_type="application/octet-stream")
    sent = field.render_headers().encode().split(b"\r\n")[0].decode()
    written = sent.partition('filename="')[2].removesuffix('"')
    read = written.replace("\\\\", "\\").replace('\\"', '"')
    read = html.unescape(read).rsplit("/")[-1].rsplit("\\")[-1]
    return "".join(each for each in read if each.isprintable()).strip()


def check_arrival(names):
    taken = set()
    sent = [_unique(Path(each).name, taken) for each in names]
    assert [arrived(each) for each in sent] == sent
    assert len({unicodedata.normalize("NFC", each).lower() for each in sent}) == len(
        sent
    )
    assert all(len(each.encode()) <= 255 for each in sent)
    assert {Path(each).suffix for each in sent} == {".png"}


def written(path, content=b"content"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class TestNames:
    def test_file(self, tmp_path):
        path = written(tmp_path / "a.png")
        assert name_media([str(path)]) == [MediaFile(path, "a.png", 7)]
        assert name_media([]) == []

    @pytest.mark.parametrize(
        ("given_names", "names"),
        [
            pytest.param(["x/a.png", "y/a.png"], ["a.png", "a-2.png"], id="folders"),
            pytest.param(
                ["x/a.png", "y/a.png", "z/a.png"],
                ["a.png", "a-2.png", "a-3.png"],
                id="three",
            ),
            pytest.param(
                ["x/a.png", "y/a.png", "z/a-2.png"],
                ["a.png", "a-2.png", "a-2-2.png"],
                id="number taken",
            ),
            pytest.param(["x/a.png", "y/A.PNG"], ["a.png", "A-2.PNG"], id="case"),
            pytest.param(["x/a.png", "y/a.jpg"], ["a.png", "a.jpg"], id="extension"),
            pytest.param(["Ünï 🐈.png"], ["Ünï 🐈.png"], id="unicode"),
            pytest.param(["a.b.c.png"], ["a.b.c.png"], id="dots"),
            pytest.param(["b.png", "a.png"], ["b.png", "a.png"], id="order"),
        ],
    )
    def test_names_are_unique_and_in_order(self, tmp_path, given_names, names):
        paths = [written(tmp_path / name) for name in given_names]
        files = name_media(paths)
        assert [each.name for each in files] == names
        assert [each.path for each in files] == paths

    @pytest.mark.parametrize("name", ["image", "photo.1", "no extension", ".hidden"])
    def test_built_in_defect_image_without_extension(self, tmp_path, name):
        path = shutil.move(make_image(tmp_path / "a.png"), tmp_path / name)
        assert [each.name for each in name_media([path])] == [f"{name}.png"]

    def test_jpeg_without_extension(self, tmp_path):
        path = shutil.move(copy_rotated_jpeg(tmp_path / "a.jpg"), tmp_path / "a")
        assert [each.name for each in name_media([path])] == ["a.jpeg"]

    @pytest.mark.parametrize("name", ["a.MP4", "a.mkv", "a.wmv", "a.pcd", "a.JPG"])
    def test_extension_that_the_server_knows(self, tmp_path, name):
        assert name_media([written(tmp_path / name)])[0].name == name

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            pytest.param("a.txt", b"text", "no media file", id="text"),
            pytest.param("a", b"text", "no media file", id="no extension"),
            pytest.param("a.png", b"", "is empty", id="empty"),
        ],
    )
    def test_file_that_cannot_go_up_is_named(self, tmp_path, name, content, words):
        path = written(tmp_path / name, content)
        with pytest.raises(MediaError, match=words) as caught:
            name_media([path])
        assert str(path) in str(caught.value)

    def test_file_that_is_not_there(self, tmp_path):
        with pytest.raises(MediaError, match="not found"):
            name_media([tmp_path / "a.png"])
        with pytest.raises(MediaError, match="not found"):
            name_media([tmp_path])
        with pytest.raises(MediaError, match="no media file in the field"):
            name_media([None])

    @pytest.mark.parametrize(
        ("name", "sent"),
        [
            (" a b .png", "_a b .png"),
            ("a.png ", "a.png_"),
            ("a\\b.png", "a_b.png"),
            ('a"b.png', "a_b.png"),
            ("a\r\n\tb.png", "a___b.png"),
            ("a\u200bb.png", "a_b.png"),
            ("a\udcffb.png", "a_b.png"),
            ("R&amp;D.png", "R_amp;D.png"),
            ("R&D.png", "R&D.png"),
            ("data:a.png", "data_a.png"),
            ("12:30.png", "12:30.png"),
            ("L" * 300 + ".png", "L" * 251 + ".png"),
            ("é" * 126 + ".png", "é" * 125 + ".png"),
            ("&am" + "&amp" * 62 + "p.png", "_am" + "_amp" * 62 + ".png"),
        ],
    )
    def test_name_that_would_change(self, name, sent):
        assert _safe_name(name) == sent

    @pytest.mark.parametrize("names", [AWKWARD_NAMES, *PAIRS])
    def test_awkward_names_arrive_as_they_are_sent(self, names):
        check_arrival(names)

    @given(st.lists(st.text(AWKWARD, min_size=1, max_size=260), min_size=1, max_size=4))
    def test_no_name_changes_on_the_way(self, stems):
        check_arrival([f"{each}.png" for each in stems])

    @given(st.lists(st.sampled_from(["a.png", "a-2.png", "A.PNG", "a", "a-2-2.png"])))
    def test_no_two_are_the_same(self, names):
        taken = set()
        made = [_unique(each, taken).lower() for each in names]
        assert len(set(made)) == len(names)
        assert taken == set(made)


@pytest.mark.parametrize(
    ("name", "video"),
    [
        ("a.mp4", True),
        ("A.MOV", True),
        ("a.webm", True),
        ("a.png", False),
        ("a", False),
        ("mp4", False),
        ("a.mp4.png", False),
    ],
)
def test_is_video(name, video):
    assert is_video(name) is video
    assert is_video(Path(name)) is video


class TestGroups:
    @pytest.mark.parametrize(
        ("sizes", "groups"),
        [
            ([], []),
            ([5], [[5]]),
            ([5, 5], [[5, 5]]),
            ([5, 6], [[5], [6]]),
            ([11], [[11]]),
            ([11, 1], [[11], [1]]),
            ([1, 11, 1, 1], [[1], [11], [1, 1]]),
            ([10, 10], [[10], [10]]),
        ],
    )
    def test_groups(self, sizes, groups):
        files = [MediaFile(Path("a"), "a", size) for size in sizes]
        made = group_by_size(files, 10)
        assert [[each.size for each in group] for group in made] == groups

    @given(st.lists(st.integers(1, 15)), st.integers(1, 20))
    def test_nothing_is_lost_and_no_group_too_large(self, sizes, limit):
        files = [MediaFile(Path(str(i)), "a", size) for i, size in enumerate(sizes)]
        groups = group_by_size(files, limit)
        assert [each for group in groups for each in group] == files
        for group in groups:
            assert len(group) == 1 or sum(each.size for each in group) <= limit


class TestMultipart:
    def body(self, folder, contents=(b"one", b"two\r\n--x"), names=("a.png", "b.png")):
        files = []
        for number, (name, content) in enumerate(zip(names, contents, strict=True)):
            path = written(folder / f"{number}.png", content)
            files.append(MediaFile(path, name, len(content)))
        return MultipartBody({"quality": "70", "text": "Ünï"}, files)

    def parsed(self, body, content):
        head = f"Content-Type: {body.headers['Content-Type']}\r\n\r\n".encode()
        message = email.message_from_bytes(head + content, policy=HTTP)
        return [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get_payload(decode=True),
            )
            for part in message.iter_parts()
        ]

    @pytest.mark.parametrize("size", [-1, 1, 7, 10_000])
    def test_fields_then_files(self, tmp_path, size):
        body = self.body(tmp_path)
        blocks = [body.read(size)]
        while block := body.read(size):
            blocks.append(block)
        content = b"".join(blocks)
        assert int(body.headers["Content-Length"]) == len(content)
        assert size < 0 or max(map(len, blocks)) <= size
        assert self.parsed(body, content) == [
            ("quality", None, b"70"),
            ("text", None, "Ünï".encode()),
            ("client_files[0]", "a.png", b"one"),
            ("client_files[1]", "b.png", b"two\r\n--x"),
        ]

    def test_nothing(self, tmp_path):
        body = MultipartBody({}, [])
        content = body.read()
        assert int(body.headers["Content-Length"]) == len(content)
        assert body.read() == b""

    def test_rest_after_a_part(self, tmp_path):
        body = self.body(tmp_path)
        begin = body.read(5)
        rest = body.read()
        assert int(body.headers["Content-Length"]) == len(begin + rest)
        assert body.read() == b"" == body.read(5)

    @pytest.mark.parametrize("name", ['a"b.png', "Ünï 🐈.png", "a;b=c.png"])
    def test_odd_names(self, tmp_path, name):
        body = self.body(tmp_path, [b"one"], [name])
        content = body.read()
        assert int(body.headers["Content-Length"]) == len(content)
        assert content.count(b"\r\n\r\none\r\n") == 1

    def test_name_cannot_add_a_header(self, tmp_path):
        body = self.body(tmp_path, [b"one"], ["a\r\nX-Evil: 1.png"])
        assert b"\r\nX-Evil" not in body.read()

    def test_boundaries_differ(self, tmp_path):
        first, second = (self.body(tmp_path).headers["Content-Type"] for _ in range(2))
        assert first != second


NAMES = ("a.png", "b.png", "c.png")


class TestOrderOfFrames:
    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (NAMES, NAMES),
            (("c.png", "a.png", "b.png"), ("c.png", "a.png", "b.png")),
            # what they are called on the server does not tell which is which
            (("1.png", "2.png", "3.png"), NAMES),
            (("b.png", "a.png", "3.png"), NAMES),
            ((None, None, None), NAMES),
        ],
        ids=["as sent", "other order", "other names", "one other name", "no names"],
    )
    def test_order(self, dataset, tmp_path, names, expected):
        paths = make_images(tmp_path, NAMES)
        dataset.add_samples([fo.Sample(filepath=each) for each in paths])
        meta = {"frames": [{"name": name} for name in names]}

        ordered = in_order_of_frames(dataset, "filepath", meta)

        assert [each.filename for each in ordered] == list(expected)

    def test_equal_names(self, dataset, tmp_path):
        """Files of equal names in different folders have other names on the server."""
        for folder in ("1", "2"):
            (tmp_path / folder).mkdir()
            [path] = make_images(tmp_path / folder, ["a.png"])
            dataset.add_sample(fo.Sample(filepath=path, folder=folder))
        meta = {"frames": [{"name": "a-2.png"}, {"name": "a.png"}]}

        ordered = in_order_of_frames(dataset, "filepath", meta)

        assert ordered.values("folder") == ["2", "1"]


def test_names_on_the_server_of_files_that_are_gone(tmp_path):
    paths = make_images(tmp_path / "a", ("1.png", 'x"y.png'))
    paths += make_images(tmp_path / "b", ("1.png",))
    [bare] = make_images(tmp_path / "c", ("scan.png",))
    paths.append(str(Path(bare).rename(tmp_path / "c" / "scan")))
    sent = [each.name for each in name_media(paths)]
    assert names_on_server(paths) == sent == ["1.png", "x_y.png", "1-2.png", "scan.png"]

    for each in paths:
        Path(each).unlink()

    assert names_on_server(paths) == [*sent[:3], "scan"]
