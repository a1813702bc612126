"""Backup and restore: everything comes back, nothing damaged is taken, the keys are never inside."""

from __future__ import annotations

import os
import random
import shutil
import tarfile
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import pytest

from ops_center import env
from ops_center.embedded import archive, keys
from ops_center.embedded.home import Home
from ops_center.embedded.processes import StackError

IMAGE = bytes(range(256)) * 5000


@pytest.fixture(autouse=True)
def bare_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys and addresses of the test run are not those of the folders here."""
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "INDEX_KEY"):
        monkeypatch.delenv(name, raising=False)


def rows(home: Home, *statements: str) -> list[tuple]:
    """Runs statements as the owner on the folder's own server, started for them."""
    with ExitStack() as cleanup:
        connection = psycopg2.connect(cleanup.enter_context(archive._database(home, {})))
        cleanup.callback(connection.close)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """An installation with a row and a document, and its backup."""
    folder = tmp_path_factory.mktemp("archive")
    folder.chmod(0o755)
    home = Home(folder / "var")
    with pytest.MonkeyPatch.context() as shell:
        for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "SECRET_KEY", "FIELD_KEYS", "INDEX_KEY"):
            shell.delenv(name, raising=False)
        rows(home, "CREATE TABLE kept (id int PRIMARY KEY, word text)", "INSERT INTO kept VALUES (1, '信用卡')")
        (home.documents / "2026").mkdir(parents=True)
        (home.documents / "2026" / "身份证 正面.jpg").write_bytes(IMAGE)
        archive.backup(folder / "saved.tar", home)
    return home, folder / "saved.tar"


def test_everything_comes_back_into_an_empty_folder(saved: tuple[Home, Path], tmp_path: Path) -> None:
    home, file = saved
    tmp_path.chmod(0o755)
    restored = Home(tmp_path / "restored")
    archive.restore(file, restored, key_file=home.keys)
    assert rows(restored, "SELECT * FROM kept") == [(1, "信用卡")]
    assert (restored.documents / "2026" / "身份证 正面.jpg").read_bytes() == IMAGE
    for name in ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY"):
        assert env.lines_of(restored.keys)[name] == env.lines_of(home.keys)[name]
    assert rows(home, "SELECT count(*) FROM kept") == [(1,)]


def test_a_backup_is_for_its_owner_alone_and_holds_no_key(saved: tuple[Home, Path]) -> None:
    home, file = saved
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    for value in env.lines_of(home.keys).values():
        assert value.removeprefix("k1:").encode() not in content


@pytest.mark.parametrize("seed", range(20))
def test_one_flipped_bit_anywhere_in_a_part_is_noticed(saved: tuple[Home, Path], tmp_path: Path, seed: int) -> None:
    with tarfile.open(saved[1]) as tar:
        part = random.Random(seed).choice([member for member in tar.getmembers() if member.size])
        place = part.offset_data + random.Random(seed).randrange(part.size)
    content = bytearray(saved[1].read_bytes())
    content[place] ^= 1 << seed % 8
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(content)
    with pytest.raises(StackError, match="damaged"):
        archive.verified(damaged)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.98])
def test_a_cut_file_is_noticed(saved: tuple[Home, Path], tmp_path: Path, kept: float) -> None:
    content = saved[1].read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(StackError, match="damaged"):
        archive.verified(cut)


def test_a_part_that_was_added_is_noticed(saved: tuple[Home, Path], tmp_path: Path) -> None:
    fuller = tmp_path / "fuller.tar"
    shutil.copy(saved[1], fuller)
    with tarfile.open(fuller, "a") as tar:
        tar.add(__file__, "documents/extra")
    with pytest.raises(StackError, match="damaged"):
        archive.verified(fuller)


@pytest.mark.parametrize("name", ["FIELD_KEYS", "INDEX_KEY"])
def test_another_key_is_refused_before_anything_is_touched(saved: tuple[Home, Path], tmp_path: Path, name: str) -> None:
    home, file = saved
    other = tmp_path / "keys.env"
    keys.write(other, env.lines_of(home.keys) | {name: keys.invent()[name]})
    with pytest.raises(StackError, match="not the keys of this backup"):
        archive.restore(file, Home(tmp_path / "restored"), key_file=other)
    assert not (tmp_path / "restored").exists()


def test_without_keys_the_refusal_names_the_ones_needed(saved: tuple[Home, Path], tmp_path: Path) -> None:
    with pytest.raises(StackError, match="field keys k1 and the index key"):
        archive.restore(saved[1], Home(tmp_path / "restored"), key_file=None)


def test_only_an_empty_folder_is_filled(saved: tuple[Home, Path], tmp_path: Path) -> None:
    home, file = saved
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("mine")
    with pytest.raises(StackError, match="not empty"):
        archive.restore(file, Home(tmp_path / "used"), key_file=home.keys)
    assert os.listdir(tmp_path / "used") == ["letter.txt"]


def test_a_restore_that_fails_half_way_leaves_the_folder_empty(saved: tuple[Home, Path], tmp_path: Path) -> None:
    """Its checksums are right but its database is no dump, so only pg_restore notices."""
    home, _file = saved
    tmp_path.chmod(0o755)
    (tmp_path / "garbage").write_bytes(b"no dump")
    with tarfile.open(tmp_path / "hollow.tar", "w") as tar:
        part = archive._add(tar, tmp_path / "garbage", "database.dump")
        marks = archive._fingerprints(env.lines_of(home.keys))
        archive._add_manifest(tar, {"database.dump": part}, marks)
    target = Home(tmp_path / "target")
    with pytest.raises(StackError, match="pg_restore failed"):
        archive.restore(tmp_path / "hollow.tar", target, key_file=home.keys)
    assert os.listdir(target.folder) == []


def test_a_backup_never_overwrites_a_file(saved: tuple[Home, Path]) -> None:
    home, file = saved
    with pytest.raises(StackError, match="exists already"):
        archive.backup(file, home)
