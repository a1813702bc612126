"""``./script/backup FILE`` and ``./script/restore FILE``: one file with the database and the documents.

The file is a tar: ``database.dump`` (pg_dump's custom format), ``documents/…`` and, last, ``manifest.json`` with the
size and SHA-256 of every other part, its own checksum, and which keys the data were encrypted with. The keys
themselves are never inside: who finds the file cannot read the clients in it. A restore checks every byte and every
key before it touches anything, and only fills an empty folder.

The database is dumped first and the documents are copied after it, so that no row lacks its file.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg2

from ops_center import env
from ops_center.embedded import keys
from ops_center.embedded.home import Home
from ops_center.embedded.postgres import OWNER, Postgres, run_tool
from ops_center.embedded.processes import Nursery, StackError
from ops_center.kernel.vault import VaultError, parse_key, parse_keys

_FORMAT = 1
_DUMP = "database.dump"
_DOCUMENTS = "documents"
_MANIFEST = "manifest.json"
_BLOCK = 1024 * 1024  # bytes read at a time


@dataclass(frozen=True, slots=True)
class Part:
    """What the manifest says about one member of the tar."""

    size: int
    sha256: str


def backup(file: Path, home: Home) -> None:
    """Writes the file whole or not at all, readable by its owner alone. ``StackError`` says why it cannot."""
    if file.exists():
        raise StackError(f"{file} exists already: choose another name")
    with ExitStack() as cleanup:
        workroom = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent)))
        settings = _settings_of(home)
        key_marks = _fingerprints(settings)
        url = cleanup.enter_context(_database(home, settings))
        _say("database")
        server, password = _without_password(url)
        dump = ["--format=custom", "--no-owner", "--no-privileges", f"--file={workroom / _DUMP}", f"--dbname={server}"]
        run_tool("pg_dump", dump, password=password)
        _say("documents")
        draft = workroom / file.name
        draft.touch(mode=0o600)
        with tarfile.open(draft, "w") as tar:
            parts = {_DUMP: _add(tar, workroom / _DUMP, _DUMP)}
            for path in sorted(path for path in home.documents.rglob("*") if path.is_file()):
                name = str(PurePosixPath(_DOCUMENTS, *path.relative_to(home.documents).parts))
                parts[name] = _add(tar, path, name)
            _add_manifest(tar, parts, key_marks)
        _say("reading it back")
        verified(draft)
        draft.rename(file)
    needed = ", ".join(key_marks["field"])
    size = f"{file.stat().st_size:,} bytes, {len(parts) - 1} documents"
    _say(f"{file}: {size}; needs the field keys {needed} and the index key")


def restore(file: Path, home: Home, *, key_file: Path | None) -> None:
    """Fills an empty data folder. ``StackError`` before anything is touched when the file is damaged, a key is missing
    or another one, or the target is not empty; whatever fails later leaves the folder as empty as it was."""
    manifest = verified(file)
    given = env.lines_of(key_file) if key_file else dict(os.environ)
    _check_keys(manifest["keys"], given)
    if home.folder.exists() and any(home.folder.iterdir()):
        raise StackError(f"{home.folder} is not empty: restore into an empty --data folder")
    home.folder.mkdir(parents=True, exist_ok=True)
    home.restoring.touch()  # whoever is interrupted from here on leaves a folder that no server starts on
    try:
        product_keys = {name: given[name] for name in ("SECRET_KEY", "FIELD_KEYS", "INDEX_KEY") if given.get(name)}
        keys.write(home.keys, keys.invent() | product_keys)
        with tarfile.open(file) as tar, _database(home, dict(os.environ)) as url:
            _refuse_tables(url)
            for name in manifest["parts"]:
                _extract(tar, name, home.folder / name)
            dump = home.folder / _DUMP
            _say("database")
            server, password = _without_password(url)
            options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            run_tool("pg_restore", [*options, f"--dbname={server}", str(dump)], password=password)
            dump.unlink()
        home.restoring.unlink()
    except BaseException:
        for path in home.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
    _say(f"restored the state of {manifest['made_at']} into {home.folder}; start it with ./script/server --data, ")
    _say("then run: python manage.py verify")


def verified(file: Path) -> dict[str, Any]:
    """The manifest, after every byte was compared with it. ``StackError`` when the file is cut, changed or foreign."""
    damaged = StackError(f"{file} is damaged or not a backup of ours: nothing was touched")
    try:
        with tarfile.open(file, "r:") as tar:
            said = json.loads(_open(tar, _MANIFEST).read())
            manifest: dict[str, Any] = said["manifest"]
            if manifest["format"] != _FORMAT or said["sha256"] != _digest_of(manifest):
                raise damaged
            expected = {name: Part(**part) for name, part in manifest["parts"].items()}
            if {*tar.getnames()} != {_MANIFEST, *expected} or not all(map(_stays_inside, expected)):
                raise damaged
            for name, part in expected.items():
                if _part_of(_open(tar, name)) != part:
                    raise damaged
    except FileNotFoundError as error:
        raise StackError(f"{file} does not exist") from error
    except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError) as error:
        raise damaged from error
    return manifest


def _settings_of(home: Home) -> dict[str, str]:
    """Keys and addresses of the installation: the shell's, else the running stack's, else what the folder keeps."""
    shell = {name: value for name, value in os.environ.items() if value}
    running = env.lines_of(home.environment) if home.is_in_use else {}
    return {**env.lines_of(home.keys), **running, **shell}


@contextmanager
def _database(home: Home, settings: dict[str, str]) -> Iterator[str]:
    """The owner's URL: of the shell's or the running stack's database, else of the folder's own, started meanwhile."""
    if url := settings.get("OWNER_DATABASE_URL") or settings.get("DATABASE_URL"):
        yield url
        return
    with ExitStack() as cleanup:
        nursery = Nursery(home.logs, keep_open=[cleanup.enter_context(home.held())])
        cleanup.callback(nursery.close)
        secrets = keys.kept_in(home.keys)
        postgres = Postgres(home.postgres, nursery=nursery, password=secrets["POSTGRES_PASSWORD"])
        cleanup.callback(postgres.stop)
        postgres.start()
        postgres.furnish(owner_password=secrets["OWNER_PASSWORD"], runtime_password=secrets["RUNTIME_PASSWORD"])
        yield postgres.url(OWNER, secrets["OWNER_PASSWORD"])


def _refuse_tables(url: str) -> None:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            (tables,) = cursor.fetchone()
    finally:
        connection.close()
    if tables:
        raise StackError("The database of DATABASE_URL is not empty: restore into a new one")


def _without_password(url: str) -> tuple[str, str]:
    """The URL as a program's argument may carry it, and the password for its environment."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{place}")), unquote(parts.password or "")


def _fingerprints(settings: dict[str, str]) -> dict[str, Any]:
    """Enough of the keys to recognize them, and nothing to find them by."""
    try:
        field, _sealing = parse_keys(settings.get("FIELD_KEYS", ""))
        index = parse_key(settings.get("INDEX_KEY", ""))
    except VaultError as error:
        raise StackError(f"FIELD_KEYS and INDEX_KEY of this installation are not to be had ({error})") from error
    return {"field": {key_id: _fingerprint(key) for key_id, key in field.items()}, "index": _fingerprint(index)}


def _fingerprint(key: bytes) -> str:
    return hmac.new(key, b"ops_center backup", hashlib.sha256).hexdigest()[:16]


def _check_keys(needed: dict[str, Any], given: dict[str, str]) -> None:
    way_out = "give the secrets/keys.env of the saved installation with --keys, or set FIELD_KEYS and INDEX_KEY"
    try:
        offered = _fingerprints(given)
    except StackError as error:
        named = ", ".join(needed["field"])
        raise StackError(f"The backup needs the field keys {named} and the index key: {way_out}") from error
    wrong = [key_id for key_id, mark in needed["field"].items() if offered["field"].get(key_id) != mark]
    if wrong or offered["index"] != needed["index"]:
        named = ", ".join(wrong) or "the index key"
        raise StackError(f"Missing or not the keys of this backup: {named}. Please {way_out}")


def _digest_of(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _add_manifest(tar: tarfile.TarFile, parts: dict[str, Part], key_marks: dict[str, Any]) -> None:
    manifest = {
        "format": _FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "keys": key_marks,
        "parts": {name: asdict(part) for name, part in parts.items()},
    }
    text = json.dumps({"sha256": _digest_of(manifest), "manifest": manifest}, indent=1).encode()
    entry = tarfile.TarInfo(_MANIFEST)
    entry.size = len(text)
    tar.addfile(entry, BytesIO(text))


def _add(tar: tarfile.TarFile, path: Path, name: str) -> Part:
    with path.open("rb") as content:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(content.fileno()).st_size
        tar.addfile(entry, content)
        content.seek(0)
        return _part_of(content)


def _part_of(content: IO[bytes]) -> Part:
    digest, size = hashlib.sha256(), 0
    while block := content.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return Part(size, digest.hexdigest())


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    content = tar.extractfile(name)
    if content is None:
        raise KeyError(name)
    return content


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return name == _DUMP or (path.parts[0] == _DOCUMENTS and ".." not in path.parts)


def _extract(tar: tarfile.TarFile, name: str, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with target.open("xb") as out:
        shutil.copyfileobj(_open(tar, name), out, _BLOCK)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main(arguments: Sequence[str]) -> int:
    act, *rest = arguments
    parser = argparse.ArgumentParser(prog=f"script/{act}", description="Database and documents in one checked file.")
    parser.add_argument("file", type=Path, metavar="FILE", help=f"the file to {'write' if act == 'backup' else 'read'}")
    parser.add_argument("--data", default=env.BASE / "var", metavar="DIR", help="data folder (default var/)")
    if act == "restore":
        parser.add_argument("--keys", type=Path, metavar="FILE", help="secrets/keys.env of the saved installation")
    options = parser.parse_args(rest)
    home = Home(Path(os.path.abspath(options.data)))
    try:
        if act == "restore":
            restore(options.file.absolute(), home, key_file=options.keys)
        else:
            backup(options.file.absolute(), home)
    except KeyboardInterrupt:
        return 130
    except (StackError, OSError, psycopg2.Error) as error:
        _say(f"script/{act}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
