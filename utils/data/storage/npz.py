"""Arrays in NumPy's .npz files (zip archives) without reading them into memory: mapped, or written in pieces.

Layout of a zip archive: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT; of the arrays in it:
https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zipfile
import zlib

import numpy as np

from utils.errors import InputError

_BLOCK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OverflowError)
_MANY = 0xFFFFFFFF  # "look in the 64-bit field"
_DATE = 0x21  # 1 January 1980: equal arrays make equal files


class MissingArray(InputError):
    """A file of arrays holds none of the name that is asked for."""


def map_array(path, key):
    """The array `key` of the .npz file `path`, memory-mapped read-only; None if it is stored compressed.

    InputError: not a zip archive, no such key, a pickled or Fortran-ordered array, a truncated file.
    """
    with _readable(path, ".npz file") as file, zipfile.ZipFile(file) as archive:
        member = _member(archive, path, key)
        if member.compress_type != zipfile.ZIP_STORED:
            return None
        file.seek(member.header_offset)
        fields = struct.unpack("<4s5H3L2H", file.read(30))
        start = file.seek(fields[9] + fields[10], io.SEEK_CUR)
        return _map(path, file, start + member.file_size, f"{path}, key {key!r}")


def stream_array(path, key):
    """Shape, dtype and `read_from` of the array `key`, compressed or not, which is never in memory as a whole.

    read_from(n) yields blocks of about a megabyte along the first axis, from place n on. InputError as `map_array`
    and, while reading, damaged data.
    """
    with _opened_member(path, key) as member:
        shape, dtype = read_header(member, f"{path}, key {key!r}")
    each = int(np.prod(shape[1:], dtype=object)) * dtype.itemsize
    count = max(1, _BLOCK // max(1, each))

    def read_from(first):
        with _opened_member(path, key) as member:
            read_header(member, path)
            for place in range(0, shape[0], count):
                wanted = min(count, shape[0] - place) * each
                block = member.read(wanted)
                if len(block) != wanted:
                    raise InputError(f"{path}, key {key!r}: ends at place {place} of {shape[0]}; it is truncated")
                if place + count > first:
                    yield np.frombuffer(block, dtype).reshape(-1, *shape[1:])[max(0, first - place) :]
            member.read(1)  # at the end of the member zipfile compares the checksum

    return shape, dtype, read_from


def array_shape(path, key):
    """The shape of the array `key`. InputError as `map_array`, but for the order."""
    with _opened_member(path, key) as member:
        return _header(member, f"{path}, key {key!r}")[0]


def read_array(path, key):
    """The array `key`, compressed or not and in either order, in memory. InputError as `stream_array` otherwise."""
    with _opened_member(path, key) as member:
        shape, fortran_order, dtype = _header(member, f"{path}, key {key!r}")
        content = member.read(count_of(shape) * dtype.itemsize)
        member.read(1)  # at the end of the member zipfile compares the checksum
        if len(content) != count_of(shape) * dtype.itemsize:
            raise InputError(f"{path}, key {key!r}: {len(content)} bytes found; it is truncated")
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C")


def keys(path):
    """The names of the arrays in the .npz file `path`: list of str."""
    with _readable(path, ".npz file") as file, zipfile.ZipFile(file) as archive:
        return [name[:-4] for name in archive.NameToInfo if name.endswith(".npy")]


def map_npy(path):
    """The array in the .npy file `path`, memory-mapped read-only. InputError as `map_array`."""
    with _readable(path, ".npy file") as file:
        return _map(path, file, os.fstat(file.fileno()).st_size, path)


@contextlib.contextmanager
def _opened_member(path, key):
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_readable(path, ".npz file"))
        archive = stack.enter_context(zipfile.ZipFile(file))
        yield stack.enter_context(archive.open(_member(archive, path, key)))


@contextlib.contextmanager
def _readable(path, form):
    """The file `path`, open; what goes wrong with it comes out as an InputError that names it."""
    try:
        with open(path, "rb") as file:
            yield file
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except _DAMAGE as error:
        raise InputError(f"{path}: no readable {form} ({error})") from error


def _map(path, file, end, what):
    """The array whose header is at the file's place and whose data ends at `end` at the latest."""
    shape, dtype = read_header(file, what)
    offset, needed = file.tell(), int(np.prod(shape, dtype=object)) * dtype.itemsize
    available = min(end, os.fstat(file.fileno()).st_size) - offset
    if needed > available:
        raise InputError(f"{what}: {max(available, 0)} bytes found, expected {needed}; the file is truncated")
    return np.memmap(path, dtype, "r", offset, shape) if needed else np.zeros(shape, dtype)


def read_header(file, what):
    """Shape and dtype from an array's header at the file's place, which moves on to the data.

    InputError naming `what` if there is no header, if the array is pickled, or if it is in Fortran order.
    """
    shape, fortran_order, dtype = _header(file, what)
    if fortran_order and len(shape) > 1:
        raise InputError(f"{what}: stored in Fortran order; expected C order (the last axis varying fastest)")
    return shape, dtype


def _header(file, what):
    """Shape, whether it is in Fortran order, and dtype. InputError as `read_header`, but for the order."""
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read:
            raise ValueError(f"version {version} of the format is not known")
        shape, fortran_order, dtype = read[version](file)
    except OSError:
        raise
    except Exception as error:  # NumPy lets through what Python's parser says of a damaged header
        raise InputError(f"{what}: no readable NumPy array ({str(error) or type(error).__name__})") from error
    if any(type(size) is not int or size < 0 for size in shape):
        raise InputError(f"{what}: shape {shape} found, expected whole numbers")
    if dtype.hasobject:
        raise InputError(f"{what}: holds pickled Python objects, which are refused; expected plain numbers")
    return shape, fortran_order, dtype


def _member(archive, path, key):
    for name in (key + ".npy", key):
        if name in archive.NameToInfo:
            member = archive.NameToInfo[name]
            if member.flag_bits & 1:
                raise InputError(f"{path}: key {key!r} is encrypted")
            return member
    found = ", ".join(sorted(name[:-4] if name.endswith(".npy") else name for name in archive.NameToInfo))
    raise MissingArray(f"{path}: no key {key!r} found, only: {found[:200] or 'nothing'}")


def head(key, shape, checksum=0):
    """What stands before the data of a uint8 array `shape` in an uncompressed .npz file: bytes.

    checksum: CRC-32 of `array_header(shape)` and the data; the length does not depend on it.
    """
    name, array = _name(key), array_header(shape)
    wide = struct.pack("<HHQQ", 1, 16, *[len(array) + count_of(shape)] * 2)
    fields = (b"PK\3\4", 45, 0, 0, 0, _DATE, checksum, _MANY, _MANY, len(name), len(wide))
    return struct.pack("<4s5H3L2H", *fields) + name + wide + array


def tail(key, shape, checksum):
    """What stands after the data: the archive's directory, always in its 64-bit form."""
    name, before = _name(key), len(head(key, shape))
    size = len(array_header(shape)) + count_of(shape)
    wide = struct.pack("<HHQQ", 1, 16, size, size)
    fields = (b"PK\1\2", 45, 3, 45, 0, 0, 0, 0, _DATE, checksum, _MANY, _MANY, len(name), len(wide))
    entry = struct.pack("<4s4B4H3L5H2L", *fields, 0, 0, 0, 0o644 << 16, 0) + name + wide
    start = before + count_of(shape)
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), start)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, start + len(entry), 1)
    return entry + end + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), _MANY, 0)


def array_header(shape):
    """NumPy's own header of a C-ordered uint8 array: bytes."""
    file = io.BytesIO()
    fields = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(file, fields)
    return file.getvalue()


def _name(key):
    return (key + ".npy").encode()


def count_of(shape):
    """How many values an array of the shape has: int, however large."""
    return int(np.prod(shape, dtype=object))
