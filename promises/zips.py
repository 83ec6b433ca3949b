"""Members of a zip, written piece by piece."""

import hashlib


def write_member(archive, entry, chunks):
    """Write one member of a `zipfile.ZipFile` from pieces of bytes, of any size; returns what a manifest says of it.

    `entry` is its `zipfile.ZipInfo`; the result is `{"bytes": its length, "sha256": its sum}`.
    """
    digest, size = hashlib.sha256(), 0
    with archive.open(entry, "w", force_zip64=True) as member:
        for chunk in chunks:
            member.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest()}
