"""Packings: every one, inside each other, damaged, unsafe, and too well packed."""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybersieve import containers, params, unzip
from cybersieve.errors import InputError
from tests.conftest import ROOT

LIMITS = params.load(ROOT / "params.yaml").parse.limits
TEXT = b'{"a": "b"}\n' * 2000


def zst(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def zipped(members, method=zipfile.ZIP_DEFLATED, seekable=True, empty=None):
    """A zip archive; one written to a pipe has the sizes behind the data. `empty`: the method of what holds nothing."""
    class Pipe(io.BytesIO):
        def seekable(self):
            return seekable

        def tell(self):
            if not seekable:
                raise OSError("a pipe")
            return super().tell()

        def seek(self, *where):
            if not seekable:
                raise OSError("a pipe")
            return super().seek(*where)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data, None if data else empty)
    return pipe.getvalue()


def changed_method(members, method, pack, flag=0):
    """A zip of one's own packing: stored data, said to be packed by another method."""
    data = bytearray(zipped({name: pack(content) for name, content in members.items()}, zipfile.ZIP_STORED))
    at = 0
    for name, content in members.items():
        assert data[at:at + 4] == b"PK\x03\x04"
        packed_size, = struct.unpack_from("<I", data, at + 18)
        data[at + 6] |= flag
        struct.pack_into("<H", data, at + 8, method)
        struct.pack_into("<I", data, at + 14, zlib.crc32(content))
        struct.pack_into("<I", data, at + 22, len(content))
        at += 30 + len(name.encode()) + packed_size
    return bytes(data)


def xz_zipped(members):
    return changed_method(members, 95, lzma.compress)


def markless(members):
    """LZMA data without a mark at its end: the header's size says where that is."""
    def pack(content):
        alone = lzma.compress(content, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1}])
        return b"\x09\x14\x05\x00" + alone[:5] + alone[13:-5]  # liblzma always writes a mark: half of it is cut off
    return changed_method(members, 14, pack)


def tarred(members, change=None):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change:
                change(info)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def unpacked(path, **limits):
    notes = Counter()
    settings = params.Limits(**{**vars(LIMITS), **limits})
    found = {member.name: b"".join(member.chunks) for member in containers.members(path, path.name, settings, notes)}
    return found, notes


@pytest.fixture
def packed(tmp_path):
    def write(data, name="f", **limits):
        path = tmp_path / name
        path.write_bytes(data)
        return unpacked(path, **limits)
    return write


STREAMS = {"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zst}
ARCHIVES = {"zip": zipped, "stored zip": lambda m: zipped(m, zipfile.ZIP_STORED),
            "piped zip": lambda m: zipped(m, seekable=False),
            "a Mac's zip": lambda m: zipped(m, seekable=False, empty=zipfile.ZIP_STORED),
            "bzip2 zip": lambda m: zipped(m, zipfile.ZIP_BZIP2),
            "LZMA zip": lambda m: zipped(m, zipfile.ZIP_LZMA), "LZMA zip without marks": markless,
            "piped LZMA zip": lambda m: zipped(m, zipfile.ZIP_LZMA, seekable=False), "xz zip": xz_zipped, "tar": tarred,
            "tar.gz": lambda m: gzip.compress(tarred(m)), "tar.xz": lambda m: lzma.compress(tarred(m))}


@pytest.mark.parametrize("kind", STREAMS)
def test_streams(kind, packed):
    assert packed(STREAMS[kind](TEXT))[0] == {"": TEXT}
    assert packed(STREAMS[kind](b""))[0] == {"": b""}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_several_streams_in_a_row(kind, packed):
    pack = STREAMS[kind]
    assert packed(pack(TEXT) + pack(b"more") + pack(b""))[0] == {"": TEXT + b"more"}


def test_zstd_frames_that_are_skipped(packed):
    for number in range(16):
        frame = bytes([0x50 + number]) + b"\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"about"
        assert packed(frame + zst(TEXT) + frame + zst(b"more"))[0] == {"": TEXT + b"more"}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_zero_bytes_behind_a_stream_are_padding(kind, packed):
    stream = STREAMS[kind](TEXT)
    assert packed(stream + b"\0" * 1000)[0] == {"": TEXT}
    assert packed(stream + b"\0" * 1000 + stream + b"\0" * 4)[0] == {"": TEXT * 2}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:len(data) // 2], lambda data: data[:30],
                                    lambda data: data + b"garbage"], ids=["end", "half", "beginning", "garbage"])
def test_damaged_streams(kind, damage, packed):
    with pytest.raises(InputError, match=rf"f, packed byte \d+: damaged {kind} data"):
        packed(damage(STREAMS[kind](os.urandom(5000))))


def test_a_window_that_is_too_large_to_hold_is_no_damage(packed):
    frame = b"\x28\xb5\x2f\xfd\x00\xa8\x29\x00\x00hello"  # of 2 GB, as forum dumps have; one block, not compressed
    with pytest.raises(InputError, match=r"zst data that takes more than 100 MB .*\(unpack it first: zstd -d --long"):
        packed(frame)
    assert packed(frame.replace(b"\xa8", b"\x88"))[0] == {"": b"hello"}


def large_dictionary(content):
    """An xz stream that asks for 1 GB of memory."""
    stream = bytearray(lzma.compress(content))
    end = 12 + 4 * (stream[12] + 1)  # of the block's header, which a checksum ends
    assert stream[14:16] == b"\x21\x01", "LZMA2, one byte of properties"
    stream[16] = 36
    stream[end - 4:end] = zlib.crc32(stream[12:end - 4]).to_bytes(4, "little")
    return bytes(stream)


def test_a_dictionary_that_is_too_large_to_hold_is_no_damage(packed):
    with pytest.raises(InputError, match=r"xz data that takes more than 100 MB .*\(unpack it first: xz -d"):
        packed(large_dictionary(b"hello"))


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives(kind, packed):
    members = {"a.json": TEXT, "deep/er/b.xml": b"<b/>", "empty": b"", "\u00fc.csv": b"x"}
    assert packed(ARCHIVES[kind](members))[0] == members


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_cut_off(kind, packed):
    data = ARCHIVES[kind]({"a": os.urandom(30_000), "b": os.urandom(30_000)})
    for size in (len(data) // 4, len(data) // 2, 45_000):
        with pytest.raises(InputError, match="damaged"):
            packed(data[:size])


def test_zip_cut_off_in_its_table_or_with_something_behind(packed):
    data = zipped({"a": TEXT, "b": b"x"})
    assert set(packed(data + bytes(1000))[0]) == {"a", "b"}
    for broken in (data[:-60], data[:-3], data + b"more", data + data):
        with pytest.raises(InputError, match="damaged zip data: (.*cut off|something stands behind)"):
            packed(broken)


def test_zero_bytes_are_an_empty_archive_only_by_their_name(packed):
    assert packed(bytes(10_240), name="a.tar")[0] == packed(bytes(10_240), name="a.tar.xz")[0] == {}
    assert packed(bytes(10_240) + tarred({"a": b"x"}), name="a.tar")[0] == {"a": b"x"}
    assert packed(zipped({"in.tar": bytes(1024), "a.json": bytes(3)}))[0] == {"a.json": bytes(3)}
    assert packed(bytes(10_240), name="a.json")[0] == {"": bytes(10_240)}
    for other in (b"", b"[1]"):
        assert packed(other, name="a.tar")[0] == {"": other}
    with pytest.raises(InputError, match="damaged tar data"):
        packed(bytes(10_240) + b"x" * 600, name="a.tar")


def test_tar_headers_that_are_damaged_are_not_the_end(packed):
    data = tarred({"a": b"x", "b": b"y"})
    assert packed(tarred({"a": b"x"}) + tarred({"b": b"y"}))[0] == {"a": b"x", "b": b"y"}
    damaged = bytearray(data)
    damaged[1024] ^= 1  # the second member's name
    for broken in (bytes(damaged), data[:1200], data + b"more"):
        with pytest.raises(InputError, match="damaged tar data: where a member or the end should be"):
            packed(broken)


def test_packings_inside_each_other(packed):
    inner = zipped({"x.json.gz": gzip.compress(b"[1]"), "y.tar": tarred({"z": b"2"})})
    assert packed(lzma.compress(tarred({"in.zip": inner})))[0] == {"in.zip!x.json.gz": b"[1]", "in.zip!y.tar!z": b"2"}
    for pack in (gzip.compress, lambda data: zipped({"a": data}), lambda data: tarred({"a": data})):
        data = b"x"
        for _ in range(5):
            data = pack(data)
        assert list(packed(data)[0].values()) == [b"x"]
        with pytest.raises(InputError, match="packed more than 5 times over"):
            packed(pack(data))


@pytest.mark.parametrize("name", ["../evil.json", "a/../../evil", "/etc/passwd", "C:\\evil", "..\\evil", "a\\..\\b"])
def test_names_that_leave_the_archive(name, packed):
    with pytest.raises(InputError, match="would leave the archive's folder"):
        packed(tarred({name: b"x"}))
    data = zipped({"N" * len(name): b"x"}).replace(b"N" * len(name), name.encode())
    with pytest.raises(InputError, match="would leave the archive's folder"):
        packed(data)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_left_out_and_counted(kind, packed):
    def link(info):
        if info.name == "link":
            info.type, info.linkname, info.size = kind, "/etc/passwd", 0
    found, notes = packed(tarred({"link": b"", "real": b"x"}, link))
    assert found == {"real": b"x"} and notes == {"archive members skipped: links and devices": 1}


def test_folders_are_no_members_and_are_not_counted(packed):
    def folder(info):
        info.type = tarfile.DIRTYPE if info.name == "d" else info.type

    assert packed(tarred({"d": b"", "d/a": b"x"}, folder)) == ({"d/a": b"x"}, {})
    assert packed(zipped({"d/": b"", "d/a": b"x"})) == ({"d/a": b"x"}, {})


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_bombs(kind, packed):
    bomb = STREAMS[kind](bytes(30_000_000))
    with pytest.raises(InputError, match=r"more than 100 times its size.*max_ratio"):
        packed(bomb, max_ratio=100)
    with pytest.raises(InputError, match=r"more than 5 MB unpacked.*max_file_mb"):
        packed(bomb, max_file_mb=5)
    with pytest.raises(InputError, match="times its size"):
        packed(zipped({"a": b"x", "b": bomb}), max_ratio=100)
    with pytest.raises(InputError, match="unpacked"):
        packed(gzip.compress(tarred({"a": bomb})), max_file_mb=5)


def test_limits_count_all_members_together(packed):
    data = zipped({str(n): bytes(2_000_000) for n in range(5)})
    with pytest.raises(InputError, match="more than 5 MB unpacked"):
        packed(data, max_file_mb=5)
    assert len(packed(data, max_file_mb=11)[0]) == 5
    with pytest.raises(InputError, match="more than 0.001 MB"):
        packed(b"x" * 2000, max_file_mb=0.001)


def test_parts_of_a_zip_are_read_alone_and_share_its_limits(tmp_path):
    path = tmp_path / "f.zip"
    path.write_bytes(data := zipped({"a": bytes(2_000_000), "b": b"b" * 9}))
    cut = data.index(b"PK\x03\x04", 4)
    read = []
    for part, expected in ((containers.Part(0, cut, False, 2), {"a": bytes(2_000_000)}),
                           (containers.Part(cut, len(data), True, 2), {"b": b"b" * 9})):
        for limit, fits in ((4, True), (3.9, not expected.get("a"))):
            limits = params.Limits(**{**vars(LIMITS), "max_file_mb": limit})
            members = containers.members(path, "f.zip", limits, Counter(), part, read.append)
            with contextlib.nullcontext() if fits else pytest.raises(InputError, match="more than 3.9 MB unpacked"):
                assert {member.name: b"".join(member.chunks) for member in members} == expected
        assert b"".join(read).count(data[part.start:part.end]) == 2
        read.clear()


def test_large_extended_tar_header(packed):
    large = bytes(containers.MAX_TAR_HEADER + 1)  # which a member may be
    assert packed(tarred({"a": large, "b": b"x"}))[0] == {"a": large, "b": b"x"}
    def long(info):
        info.pax_headers = {"comment": "x" * 2_000_000}
    with pytest.raises(InputError, match="damaged tar data: a header of"):
        packed(tarred({"a": b"x"}, long))


def test_zip_kinds_not_covered(packed):
    data = bytearray(zipped({"a": b"x" * 100}))
    data[8] = 9
    with pytest.raises(InputError, match=r"packed by method 9 \(deflate64\); read are stored, .*unpack it first"):
        packed(bytes(data))
    data = bytearray(zipped({"a": b"x" * 100}))
    data[6] |= 1
    with pytest.raises(InputError, match="is encrypted"):
        packed(bytes(data))
    with pytest.raises(InputError, match="stored without its size"):
        packed(zipped({"a": b"x" * 100}, zipfile.ZIP_STORED, seekable=False))
    long = bytearray(zipped({"n" * 60_000: b"x" * 100}))
    long[6] |= 1
    with pytest.raises(InputError, match=r"^.{,300} is encrypted .{,100}$"):
        packed(bytes(long))
    data = bytearray(zipped({"a": b"x" * 100}, zipfile.ZIP_STORED))
    data[40] ^= 1
    with pytest.raises(InputError, match="checksum is wrong"):
        packed(bytes(data))


def test_zip_with_64_bit_sizes(packed):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(TEXT)
    data = bytearray(file.getvalue())
    struct.pack_into("<II", data, 18, 0xFFFFFFFF, 0xFFFFFFFF)  # as Python writes it from 3.11.4 on
    assert struct.unpack_from("<HHQQ", data, 31) == (1, 16, len(TEXT), len(TEXT))
    assert packed(bytes(data))[0] == {"a": TEXT}


@pytest.mark.parametrize("kind", [kind for kind in ARCHIVES if "zip" in kind])
def test_a_zip_in_chunks_of_any_size(kind):
    """Signatures, headers and the decoders' ends lie across their borders."""
    members = {"a.json": TEXT[:300], "empty": b"", "b": b"2", "c": os.urandom(90)}
    data = ARCHIVES[kind](members)
    for size in (1, 3, 50):
        stream = containers.Pushback(data[at:at + size] for at in range(0, len(data), size))
        assert {name: b"".join(parts) for name, parts in unzip.members(stream, size)} == members


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_sizes_places_and_counts_of_64_bits(kind, seekable, packed, tmp_path, monkeypatch):
    """As the standard library writes them beyond its limits, which are low here."""
    if not seekable and kind == zipfile.ZIP_STORED:
        return
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    members = {"a": TEXT, "b": b"2", "d/": b"", "c": os.urandom(500)}
    data = zipped(members, kind, seekable)
    assert unzip.END_64 in data and packed(data)[0] == {name: members[name] for name in "abc"}
    with zipfile.ZipFile(tmp_path / "f") as archive:
        table = [(one.header_offset, one.file_size) for one in archive.infolist()]
    count, place = b"\xff\xff" + data[-10:-6], b"\xff" * 4  # with the table's size
    for end in (data[-12:-2], data[-12:-6] + place, count + data[-6:-2], count + place):
        assert list(unzip.table(io.BytesIO(data[:-12] + end + data[-2:]))) == table


def test_members_of_a_zip_may_not_ask_for_much_memory(packed):
    with pytest.raises(InputError, match="emory"):
        packed(changed_method({"a": b"hello"}, 95, large_dictionary))
    data = bytearray(zipped({"a": TEXT}, zipfile.ZIP_LZMA))
    assert data[33:35] == b"\5\0", "size of the properties, which end with the dictionary's"
    data[36:40] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(InputError, match="LZMA data with a dictionary of 1073741824 bytes"):
        packed(bytes(data))


@pytest.mark.parametrize("limit", [zipfile.ZIP64_LIMIT, 5])
def test_a_table_with_comments_and_extra_data(limit, packed, tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"about the archive"
        for name, comment, extra in (("a", b"", b""), ("b", b"about b", b"\x55\x54\x01\x00x"), ("c", b"c", b"")):
            one = zipfile.ZipInfo(name)
            one.comment, one.extra = comment, extra
            archive.writestr(one, name * 9)
    assert packed(file.getvalue())[0] == {name: name.encode() * 9 for name in "abc"}
    with zipfile.ZipFile(tmp_path / "f") as archive, (tmp_path / "f").open("rb") as table:
        assert list(unzip.table(table)) == [(one.header_offset, 9) for one in archive.infolist()]


def test_a_name_that_is_not_said_to_be_utf_8_is_cp437(packed):
    assert set(packed(zipped({"NN": b"x", "\u00fc": b"y"}).replace(b"NN", b"N\x84"))[0]) == {"N\u00e4", "\u00fc"}


def test_members_behind_garbage_are_not_lost_unseen(packed):
    data = zipped({"a": TEXT, "b": b"2"})
    at = data.index(b"PK\x03\x04", 1)
    for garbage in (b"\0", b"garbage between", b"PK\x03\x05"):
        with pytest.raises(InputError, match="damaged zip data: garbage between members"):
            packed(data[:at] + garbage + data[at:])


def test_members_that_are_not_read_are_passed_over(tmp_path):
    members = {"a": TEXT, "b": b"2"}
    for data in (zipped(members), zipped(members, seekable=False), tarred(members)):
        (tmp_path / "f").write_bytes(data)
        last = [b"".join(m.chunks) for m in containers.members(tmp_path / "f", "f", LIMITS, Counter()) if m.name == "b"]
        assert last == [b"2"]


NAMES = st.text("abc/._-\u00e9", min_size=1, max_size=8).filter(
    lambda name: ".." not in name and not name.startswith("/") and not name.endswith("/"))


@settings(max_examples=40)
@given(members=st.dictionaries(NAMES, st.binary(max_size=3000).map(lambda data: b"x" + data), max_size=4),
       seekable=st.booleans(), method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2,
                                                       zipfile.ZIP_LZMA]))
def test_zip_agrees_with_the_standard_library(members, seekable, method, tmp_path_factory):
    if not seekable and method == zipfile.ZIP_STORED:
        return  # such members have no size anywhere before the data
    path = tmp_path_factory.mktemp("zip") / "f"
    path.write_bytes(zipped(members, method, seekable))
    with zipfile.ZipFile(path) as archive:
        assert unpacked(path)[0] == {name: archive.read(name) for name in archive.namelist()}
