"""Is the file closed to others at every moment, and is nothing trusted that others could have changed?"""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zcrm_core import RefreshTimeout, StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_file import store as store_module
from zcrm_store_file import tokenfile
from zcrm_store_file.store import FileStore

Keys = Callable[[str], TokenKey]
Tokens = Callable[..., Token]

NOBODY = 65534


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def _refusals(store: FileStore, key: TokenKey, token: Token) -> set[str]:
    """Call everything; give the codes of the errors, which every call must raise."""
    codes = set()
    calls: list[Callable[[], object]] = [
        lambda: store.fetch(key),
        lambda: store.save(key, token),
        lambda: store.delete(key),
        store.stored_keys,
    ]
    for call in calls:
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.fix
        codes.add(caught.value.code)
    return codes


@pytest.mark.parametrize("umask", ["000", "022", "077", "277", "777"])
def test_closed_to_others_at_every_moment(tmp_path: Path, umask: str) -> None:
    """After every system call of a save and a lock, no file is open beyond 0600 and no folder beyond 0700."""
    code = """
import os, stat, sys, fcntl
from pathlib import Path
from zcrm_core import Token, TokenKey
from zcrm_store_file.store import FileStore
root = Path(sys.argv[1])
seen = set()
def watch(event, arguments):
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        seen.add((stat.S_ISDIR(status.st_mode), stat.S_IMODE(status.st_mode)))
def watched(function):
    def call(*arguments, **more):
        try:
            return function(*arguments, **more)
        finally:
            watch(None, None)
    return call
for name in ("open", "write", "fsync", "replace", "fchmod", "chmod", "mkdir", "close", "pwrite", "ftruncate"):
    if name in ("open", "close", "chmod", "mkdir"):
        original = getattr(os, name)
    setattr(os, name, watched(getattr(os, name)))
os.umask(int(sys.argv[2], 8))
store = FileStore(str(root / "a" / "b"))
key = TokenKey("u", "c", "production")
for number in range(2):
    store.save(key, Token("u", "x", "y", number))
with store.lock(key, 1):
    pass
bad = [(folder, oct(mode)) for folder, mode in seen if mode & ~(0o700 if folder else 0o600)]
print(bad, len(seen) > 1)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), umask], capture_output=True, check=True, encoding="utf-8"
    )

    assert done.stdout.strip() == "[] True"
    made = list(tmp_path.rglob("*"))
    assert {0o700} == {_mode(each) for each in made if each.is_dir()}
    assert {0o600} == {_mode(each) for each in made if each.is_file()}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666, 0o610])
def test_an_open_file_is_refused(filled: FileStore, path: Path, key: Keys, token: Tokens, mode: int) -> None:
    """A file that others can read or write is used by no call, and the cure is chmod 600."""
    path.chmod(mode)
    assert _refusals(filled, key("a"), token("a", 1)) == {"ZCRM-FILE-004"}
    with pytest.raises(StoreError, match="chmod 600"):
        filled.fetch(key("a"))
    path.chmod(0o600)
    assert token("a") == filled.fetch(key("a"))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o722])
def test_an_open_folder_is_refused(
    filled: FileStore, folder: Path, key: Keys, token: Tokens, mode: int
) -> None:
    """A folder that others can write in is used by no call, and the cure is chmod go-w."""
    folder.chmod(mode)
    assert _refusals(filled, key("a"), token("a", 1)) == {"ZCRM-FILE-005"}
    with pytest.raises(StoreError, match="chmod go-w"):
        filled.fetch(key("a"))


@pytest.mark.parametrize("mode", [0o755, 0o1777, 0o700])
def test_a_folder_that_only_we_can_change_is_fine(
    filled: FileStore, folder: Path, key: Keys, token: Tokens, mode: int
) -> None:
    """A folder that others can look into, or whose sticky bit guards our files, is used as it is."""
    folder.chmod(mode)
    filled.save(key("a"), token("a", 1))

    assert token("a", 1) == filled.fetch(key("a"))
    assert mode == _mode(folder)


@pytest.mark.parametrize("kind", ["link", "dangling link", "own link", "fifo", "folder", "socket", "device"])
def test_only_a_regular_file_is_touched(
    *, filled: FileStore, path: Path, tmp_path: Path, key: Keys, token: Tokens, kind: str
) -> None:
    """A link, pipe, folder, socket or device in the file's place is refused at once, never followed."""
    target = tmp_path / "target"
    path.rename(target)
    if kind == "link":
        path.symlink_to(target)
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "own link":
        path.symlink_to(path)
    elif kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            here = Path.cwd()
            os.chdir(path.parent)  # the path of a socket must be short
            try:
                server.bind(path.name)
            finally:
                os.chdir(here)
    elif os.geteuid() == 0:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    else:
        pytest.skip("only root can make a device")
    before = target.read_bytes()

    assert _refusals(filled, key("a"), token("a", 1)) == {"ZCRM-FILE-006"}
    assert before == target.read_bytes()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("suffix", [".txt", ""])
@pytest.mark.parametrize("target", ["there.txt", "nowhere"])
def test_a_link_as_configured_path_is_refused(
    tmp_path: Path, key: Keys, token: Tokens, target: str, suffix: str
) -> None:
    """A configured path that is a link to a file or to nothing is refused, with and without a suffix."""
    (tmp_path / "there.txt").touch(mode=0o600)
    link = tmp_path / f"link{suffix}"
    link.symlink_to(tmp_path / target)

    assert _refusals(FileStore(str(link)), key("a"), token("a")) == {"ZCRM-FILE-006"}
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["zcrm_oauthtokens.txt.lock", ".zcrm_oauthtokens.txt.new"])
def test_planted_links_are_not_followed(
    *, filled: FileStore, folder: Path, tmp_path: Path, key: Keys, token: Tokens, name: str
) -> None:
    """A link where a lock or the temporary file will be leaves its target as it is."""
    target = tmp_path / "target"
    target.write_text("precious", encoding="utf-8")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target)
    mode = _mode(target)
    if name.endswith(".lock"):
        with pytest.raises(StoreUnavailable, match="symbolic link"):
            filled.save(key("a"), token("a", 1))
    else:
        filled.save(key("a"), token("a", 1))

    assert mode == _mode(target)
    assert target.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("kind", ["link", "file", "open folder"])
def test_the_locks_folder_must_be_ours(
    filled: FileStore, folder: Path, tmp_path: Path, key: Keys, kind: str
) -> None:
    """A link, a file or a folder open to others in place of the folder of locks is refused."""
    locks = folder / "zcrm_oauthtokens.locks"
    if kind == "link":
        (tmp_path / "elsewhere").mkdir()
        locks.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        locks.touch()
    else:
        locks.mkdir()
        locks.chmod(0o777)
    with pytest.raises(StoreError) as caught, filled.lock(key("a"), 0):
        pytest.fail("the lock was given")
    assert caught.value.code in {"ZCRM-FILE-005", "ZCRM-FILE-006"}


@pytest.mark.usefixtures("need_root")
@pytest.mark.parametrize("victim", ["folder", "path", "lock"])
def test_a_foreign_owner_is_refused(
    *, filled: FileStore, folder: Path, path: Path, key: Keys, token: Tokens, victim: str
) -> None:
    """A folder, token file or lock file of another user is refused, and the cure names chown or the owner."""
    chosen = {"folder": folder, "path": path, "lock": path.with_name(f"{path.name}.lock")}[victim]
    os.chown(chosen, NOBODY, NOBODY)
    with pytest.raises(StoreError, match="chown") as caught:
        filled.save(key("a"), token("a", 1))
    assert caught.value.code == "ZCRM-FILE-007"


def test_a_huge_file_is_not_read(filled: FileStore, path: Path, key: Keys, token: Tokens) -> None:
    """A file of more than 1 GiB is refused before it is read."""
    os.truncate(path, tokenfile.MAX_BYTES + 1)
    assert _refusals(filled, key("a"), token("a")) == {"ZCRM-FILE-010"}


def test_the_file_never_grows_too_large(
    filled: FileStore, path: Path, key: Keys, token: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that would make the file too large to be read again is refused and changes nothing."""
    before = path.read_bytes()
    monkeypatch.setattr(store_module, "MAX_BYTES", len(before))
    with pytest.raises(StoreError) as caught:
        filled.save(key("new"), token("new"))
    assert caught.value.code == "ZCRM-FILE-010"
    assert before == path.read_bytes()


def test_a_folder_without_rights(open_tmp: Path, unprivileged: Callable[..., str]) -> None:
    """A user without rights gets the system's reason, whether he reads or writes, and makes nothing."""
    (open_tmp / "closed").mkdir(mode=0o700)
    open_tmp.chmod(0o555)
    code = """
for path in (sys.argv[1], sys.argv[1] + "/closed", sys.argv[1] + "/new", sys.argv[1] + "/x.txt"):
    for call in (lambda: FileStore(path).save(key, token), lambda: FileStore(path).lock(key, 0).__enter__()):
        try:
            call()
        except StoreUnavailable as error:
            print(error.code, error.why)
"""
    if os.geteuid() != 0:
        (open_tmp / "closed").chmod(0)
    out = unprivileged(code, str(open_tmp)).splitlines()
    open_tmp.chmod(0o755)

    assert out == ["ZCRM-FILE-008 The operating system says: Permission denied."] * 8
    assert [each.name for each in open_tmp.iterdir()] == ["closed"]


def test_an_unprivileged_user_keeps_tokens_in_a_sticky_folder(
    open_tmp: Path, unprivileged: Callable[..., str]
) -> None:
    """A user can keep tokens in a shared folder with the sticky bit; they are closed to everybody else."""
    open_tmp.chmod(0o1777)
    code = "s = FileStore(sys.argv[1]); s.save(key, token); print(s.fetch(key) == token, s.delete(key))"

    assert unprivileged(code, str(open_tmp)).strip() == "True True"
    assert _mode(open_tmp / "zcrm_oauthtokens.txt") == 0o600


def test_a_file_in_the_folders_place(tmp_path: Path, key: Keys, token: Tokens) -> None:
    """A path that leads through a file is an error with the system's reason."""
    (tmp_path / "file").touch(mode=0o600)
    store = FileStore(str(tmp_path / "file" / "deeper" / "tokens.txt"))
    with pytest.raises(StoreUnavailable, match="Not a directory") as caught:
        store.save(key("a"), token("a"))
    assert caught.value.retryable
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        store.fetch(key("a"))


def test_disk_full(small_disk: Path, key: Keys, token: Tokens) -> None:
    """On a full disk a save says so, the old token is intact, nothing is left behind, and space cures it."""
    store = FileStore(str(small_disk))
    store.save(key("a"), token("a"))
    filler = small_disk / "filler"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    filler.write_bytes(b"x" * free)
    before = sorted(each.name for each in small_disk.iterdir())
    with pytest.raises(StoreUnavailable, match="No space left on device"):
        store.save(key("a"), token("a", 1))
    with pytest.raises(StoreUnavailable, match="Free some space"):
        store.save(key("b"), Token("b", "x" * 60_000, None, 0))

    assert token("a") == store.fetch(key("a"))
    assert before == sorted(each.name for each in small_disk.iterdir())
    filler.unlink()
    store.save(key("a"), token("a", 1))
    assert token("a", 1) == store.fetch(key("a"))


def test_disk_read_only(small_disk: Path, key: Keys, token: Tokens) -> None:
    """On a read-only file system tokens are read, and a save or a lock says why it cannot be."""
    store = FileStore(str(small_disk))
    store.save(key("a"), token("a"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)  # noqa: S607 - the fixture found it

    assert token("a") == store.fetch(key("a"))
    with pytest.raises(StoreUnavailable, match="Read-only file system"):
        store.save(key("a"), token("a", 1))
    with pytest.raises(StoreUnavailable, match="Read-only file system"), store.lock(key("a"), 0):
        pytest.fail("the lock was given")


@pytest.mark.parametrize("step", ["open", "fchmod", "write", "fsync", "close", "replace"])
def test_a_failing_step_leaves_the_old_file(
    *, filled: FileStore, path: Path, key: Keys, token: Tokens, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """When any step of the replacement fails, the old file stays and no temporary file is left."""
    before = path.read_bytes()
    real = getattr(os, step)
    creating: list[int] = []

    def failing(*arguments: object, **more: object) -> object:
        # Only the temporary file's own steps: from its creation on.
        if step == "open" and str(arguments[0]).endswith(".new"):
            raise OSError(5, "Input/output error")
        if step != "open" and creating and arguments[0] in (creating[-1], ".zcrm_oauthtokens.txt.new"):
            if step == "close":
                real(*arguments, **more)
            raise OSError(5, "Input/output error")
        return real(*arguments, **more)

    real_open = os.open

    def noting(*arguments: object, **more: object) -> int:
        descriptor = real_open(*arguments, **more)  # type: ignore[arg-type]
        if str(arguments[0]).endswith(".new"):
            creating.append(descriptor)
        return descriptor

    monkeypatch.setattr(os, "open", failing if step == "open" else noting)
    if step != "open":
        monkeypatch.setattr(os, step, failing)
    with pytest.raises(StoreUnavailable, match="Input/output error"):
        filled.save(key("a"), token("a", 1))
    monkeypatch.undo()

    assert before == path.read_bytes()
    assert not list(path.parent.glob("*.new"))
    filled.save(key("a"), token("a", 1))
    assert token("a", 1) == filled.fetch(key("a"))


def test_the_order_of_a_durable_save(
    filled: FileStore, key: Keys, token: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save flushes the new file, then replaces the old one, then flushes the folder, before it returns."""
    trace: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        trace.append("fsync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "fsync file")
        real_fsync(descriptor)

    def replace(*arguments: str, **more: int) -> None:
        trace.append("replace")
        real_replace(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    filled.save(key("a"), token("a", 1))
    filled.delete(key("b"))

    assert trace == ["fsync file", "replace", "fsync folder"] * 2


def test_no_error_shows_a_token(filled: FileStore, path: Path, key: Keys) -> None:
    """An error of a save shows neither the token to be saved nor the stored one."""
    path.chmod(0o644)
    with pytest.raises(StoreError) as caught:
        filled.save(key("a"), Token("a", "S3CRET", "S3CRET", 0))
    assert "S3CRET" not in f"{caught.value!r}{caught.value}"
    assert "access-0" not in f"{caught.value!r}{caught.value}"
    with filled.lock(key("a"), 0), pytest.raises(RefreshTimeout) as timeout, filled.lock(key("a"), 0):
        pytest.fail("the lock was given twice")
    assert f"process {os.getpid()} " in str(timeout.value)
