"""What identifies images without reading gigabytes: the digests that a data set's fingerprint is made of."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np

from utils.data.storage.copies import written_digest

READ_WHOLE = 128 << 20  # bytes: a mapped file up to here is read as a whole, in a quarter of a second
SAMPLED = 64  # images of a larger file whose bytes are read
_BLOCK = 1 << 24  # bytes


def digest_of(*parts):
    """One digest of strings, numbers and tuples of them, or bytes: 32 hexadecimal digits."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode("utf-8", "surrogateescape")
        total.update(b"%d:" % len(content) + content)
    return total.hexdigest()


def images_digest(images):
    """A digest of `images`, uint8 (n, height, width, channels): 32 hexadecimal digits.

    All bytes are read of an array in memory and of a mapped file up to READ_WHOLE. A larger file is identified by
    - the digest of all bytes that stands in a copy that the kit unpacked,
    - or the CRC-32 and the size that an .npz file states of its array,
    - or the file's name, size and time of last change (nanoseconds), for .npy and .h5,
    and by the bytes of SAMPLED images spread over it. So a larger file may be copied or moved to another machine,
    .npy and .h5 with their times. What is not noticed: bytes of a larger .npz file that were overwritten without its
    CRC-32; of a larger .npy or .h5 file whose time was set back; of an unpacked copy.
    """
    own = getattr(images, "digest", None)  # pictures that are drawn: see sets/dsprites.py
    if own is not None:
        return own()
    shape = tuple(int(size) for size in images.shape)
    if isinstance(images, np.memmap) and images.filename and images.nbytes > READ_WHOLE:
        places = np.unique(np.linspace(0, len(images) - 1, SAMPLED).astype(np.int64))
        return digest_of(shape, _stated(images), np.ascontiguousarray(images[places]).tobytes())
    total = hashlib.blake2b(digest_size=16)
    count = max(1, _BLOCK // max(1, images[:1].nbytes))
    for first in range(0, len(images), count):
        total.update(np.ascontiguousarray(images[first : first + count]))
    return digest_of(shape, total.hexdigest())


def _stated(images):
    """What a large file says of its contents: a tuple of strings and numbers."""
    path = Path(images.filename)
    if (digest := written_digest(path)) is not None:
        return ("copy", digest)
    if zipfile.is_zipfile(str(path)):
        with zipfile.ZipFile(str(path)) as archive:
            for member in archive.infolist():
                if member.header_offset < images.offset < member.header_offset + member.file_size and member.CRC:
                    return ("npz", member.file_size, member.CRC)
    state = os.stat(str(path))
    return (path.name, state.st_size, state.st_mtime_ns)
