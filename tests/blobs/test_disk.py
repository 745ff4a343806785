"""What is the folder adapter's own: a full disk, and what a crash left behind."""

import errno
import os
from pathlib import Path

import pytest

from shared.blobs.disk import DiskBlobs
from shared.blobs.files import UNFINISHED
from shared.story.errors import BlobsUnavailable


@pytest.fixture
async def blobs(tmp_path: Path) -> DiskBlobs:
    blobs = DiskBlobs(tmp_path / "blobs")
    await blobs.open()
    return blobs


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_full_disk_is_named_leaves_nothing_and_passes(
    blobs: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blobs.put("a", b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _no_space)
        with pytest.raises(BlobsUnavailable, match="takes no bytes: the disk is full: free"):
            await blobs.put("a", b"after")
    assert files(tmp_path) == ["blobs/a"]
    assert await blobs.get("a") == b"before"
    await blobs.put("a", b"after")
    assert await blobs.get("a") == b"after"


async def test_fetching_onto_a_full_disk(
    blobs: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blobs.put("a", b"bytes")
    (tmp_path / "to").write_bytes(b"before")
    with monkeypatch.context() as patch:
        patch.setattr("shared.blobs.disk.shutil.copyfileobj", _no_space)
        with pytest.raises(BlobsUnavailable, match=r"takes no bytes: the disk is full"):
            await blobs.fetch("a", tmp_path / "to")
    assert files(tmp_path) == ["blobs/a", "to"]
    assert (tmp_path / "to").read_bytes() == b"before"


async def test_what_a_crash_left_half_written_is_removed_at_the_next_start(
    blobs: DiskBlobs, tmp_path: Path
) -> None:
    await blobs.put("a", b"whole")
    (tmp_path / "blobs" / UNFINISHED / "half").write_bytes(b"ha")
    assert await blobs.keys("") == ["a"]
    again = DiskBlobs(tmp_path / "blobs")
    await again.open()
    assert files(tmp_path) == ["blobs/a"]
    assert await again.keys("") == ["a"]


async def test_a_put_is_synced_before_it_has_its_name(
    blobs: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []
    path, sync = tmp_path / "blobs" / "new" / "a", os.fsync

    def note(handle: int) -> None:
        seen.append((Path(f"/dev/fd/{handle}").is_dir(), path.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    await blobs.put("new/a", b"x")
    folder, file, name = seen
    assert (folder, file, name) == ((True, False), (False, False), (True, True))


async def test_a_folder_that_cannot_be_made_is_named_to_whoever_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BlobsUnavailable, match=r"the folder .*file/blobs takes no bytes"):
        await DiskBlobs(tmp_path / "file" / "blobs").open()


async def test_what_users_read_of_the_trouble_names_no_path(
    blobs: DiskBlobs, tmp_path: Path
) -> None:
    (tmp_path / "blobs" / "v").write_text("")
    with pytest.raises(BlobsUnavailable, match="stored files takes no bytes") as caught:
        await blobs.put("v/clip/0", b"x")
    assert str(tmp_path) not in str(caught.value)


async def test_stored_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    before = tmp_path / "blobs"
    before.mkdir()
    before.chmod(0o755)
    blobs = DiskBlobs(before)
    await blobs.open()
    (tmp_path / "source").write_bytes(b"x")
    await blobs.put("v/clip/a", b"x")
    await blobs.put("v/clip/b", tmp_path / "source")
    modes = {path.name: path.stat().st_mode & 0o777 for path in [before, *before.rglob("*")]}
    folders = dict.fromkeys(["blobs", UNFINISHED, "v", "clip"], 0o700)
    assert modes == folders | dict.fromkeys("ab", 0o600)


async def test_what_is_fetched_is_made_like_any_file_of_the_user(
    blobs: DiskBlobs, tmp_path: Path
) -> None:
    await blobs.put("a", b"x")
    await blobs.fetch("a", tmp_path / "film.mp4")
    (tmp_path / "other").touch()
    assert (tmp_path / "film.mp4").stat().st_mode == (tmp_path / "other").stat().st_mode


async def test_a_key_of_the_adapters_own_is_refused(blobs: DiskBlobs) -> None:
    with pytest.raises(ValueError, match="cannot be a key"):
        await blobs.put(f"{UNFINISHED}/x", b"x")


def _no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
