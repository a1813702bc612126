"""Child processes that never outlive the one who started them.

Every child leads its own session, so that a Ctrl-C at the terminal reaches only the starter, who then ends the others
in the right order. If the starter itself is killed, two cords are left: the kernel signals each direct child
(``PR_SET_PDEATHSIG``, Linux), and the guard, a small forked process that holds one end of a pipe and so notices,
ends whole process groups: children of children too.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GUARDS_PATIENCE = 3.0  # seconds between the polite signal and SIGKILL
_LOG_BYTES = 10_000_000  # a bigger log is put aside when its process is started again
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_NOBODY_INSIDE = 65534

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StackError(Exception):
    """The stack cannot start or go on; the message is the one line that a person reads."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who a child runs as: the caller (nothing set), another user, or a stranger inside a user namespace.

    The namespace shows root's files to a process that sees itself as nobody: for servers that refuse to run as root
    when no other account may enter the folder. Linux only, and only where the kernel lets root make namespaces.
    """

    uid: int | None = None
    gid: int | None = None
    namespaced: bool = False


MYSELF = Account()


class Child:
    """A running child process with its manners: which signal asks it to end."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], stop_signal: int, log: Path, forget: Callable[[int], None]
    ) -> None:
        self.name = name
        self.process = process
        self.stop_signal = stop_signal
        self.log = log
        self._forget = forget

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, to print when it died."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def stop(self, patience: float) -> None:
        """Asks it to end, waits up to ``patience`` seconds, then kills it and whatever is left of its group."""
        if not self.ended:
            self.process.send_signal(self.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        self._forget(self.pid)


class Nursery:
    """Where children are started, and which ends them when the starter is gone, however it went.

    Make it before any thread runs: it forks the guard. ``logs`` is where each child writes; ``keep_open`` are file
    descriptors that every child inherits; ``tidy`` is a directory to remove when all is over.
    """

    def __init__(self, logs: Path, *, keep_open: Sequence[int] = (), tidy: Path | None = None) -> None:
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs = logs
        self._keep_open = tuple(keep_open)
        self._children: dict[int, Child] = {}
        reader, self._to_guard = os.pipe()  # closed on exec: no child can keep the starter's end open
        sys.stdout.flush()
        sys.stderr.flush()
        self._guard = os.fork()
        if self._guard == 0:
            os.close(self._to_guard)
            _stand_guard(reader, self._keep_open, tidy)
        os.close(reader)

    def spawn(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str = "/",
        stop_signal: int = signal.SIGTERM,
        account: Account = MYSELF,
        stdin: bytes = b"",
        keep_open: Sequence[int] = (),
        errors_shown: bool = False,
    ) -> Child:
        """Starts a child; ``stdin`` is a few lines for it to read (never in its arguments, which everybody can see).
        It writes to ``<logs>/<name>.log``; with ``errors_shown``, its standard error goes where the starter's goes.

        Call it from the main thread: the kernel's death signal follows the thread. ``StackError`` when the program is
        missing or the account cannot be taken.
        """
        starter = os.getpid()

        def before_exec() -> None:
            if account.namespaced:
                _enter_namespace()
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
                if os.getppid() != starter:
                    os._exit(1)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out, _undisturbed():
            try:
                process = subprocess.Popen(
                    [str(part) for part in argv],
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=None if errors_shown else out,
                    env=None if env is None else dict(env),
                    cwd=cwd,
                    start_new_session=True,
                    user=account.uid,
                    group=account.gid,
                    extra_groups=None if account.uid is None else [],
                    pass_fds=(*self._keep_open, *keep_open),
                    preexec_fn=before_exec,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise StackError(f"{name} cannot be started: {error}") from error
            child = Child(name, process, stop_signal, log, self._forget)
            self._children[child.pid] = child
            self._tell_guard(child.pid, stop_signal)
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.close()
        return child

    def _forget(self, pid: int) -> None:
        self._children.pop(pid, None)
        self._tell_guard(pid, 0)

    def _tell_guard(self, pid: int, stop_signal: int) -> None:
        """That it now minds this process; with 0 for the signal, that it need not any more."""
        with suppress(BrokenPipeError):
            os.write(self._to_guard, f"{pid} {stop_signal:d}\n".encode())

    @property
    def unguarded(self) -> bool:
        """Whether somebody ended the guard."""
        with suppress(ChildProcessError):
            return os.waitpid(self._guard, os.WNOHANG)[0] != 0
        return True

    def close(self) -> None:
        """Ends the children that still run (of a start that failed half-way), the youngest first, then the guard."""
        for child in reversed(list(self._children.values())):
            child.stop(patience=1)
        os.close(self._to_guard)
        with suppress(ChildProcessError):
            os.waitpid(self._guard, 0)


def _stand_guard(reader: int, keep_open: Sequence[int], tidy: Path | None) -> NoReturn:
    """The life of the guard. It outlives every signal that the starter may get, and keeps nothing else of it open."""
    try:
        os.setsid()
        for stop in STOP_SIGNALS:
            signal.signal(stop, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        kept = sorted({2, reader, *keep_open})
        for lower, upper in pairwise([*kept, os.sysconf("SC_OPEN_MAX")]):
            os.closerange(lower + 1, upper)
        wards: dict[int, int] = {}
        with open(reader) as lines:
            for line in lines:
                pid, stop_signal = map(int, line.split())
                if stop_signal:
                    wards[pid] = stop_signal
                else:
                    wards.pop(pid, None)
        for pid, stop_signal in wards.items():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, stop_signal)
        deadline = time.monotonic() + _GUARDS_PATIENCE
        while time.monotonic() < deadline and any(_group_lives(pid) for pid in wards):
            time.sleep(0.05)
        for pid in wards:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        if tidy:
            shutil.rmtree(tidy, ignore_errors=True)
    finally:
        os._exit(0)


def _group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Holds stop signals back, so that none falls between the birth of a child and its entry in the guard's list."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _enter_namespace() -> None:
    """Moves this (forked) process into a user namespace in which it is nobody and outside which it is still itself."""
    uid, gid = os.geteuid(), os.getegid()
    assert _libc is not None
    if _libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "this kernel makes no user namespace here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY_INSIDE} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY_INSIDE} {gid} 1")


def may_namespace() -> bool:
    """Whether a child may be put into a user namespace, found by trying it."""
    return _libc is not None and _tried(_enter_namespace)


def may_use(account: Account, *, entered: Sequence[Path], read: Sequence[Path]) -> bool:
    """Whether the account may enter the directories and read the files, found by asking the kernel as that account."""

    def ask() -> None:
        if account.uid is not None and account.gid is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        if not all(os.access(path, os.X_OK) for path in entered) or not all(os.access(path, os.R_OK) for path in read):
            raise PermissionError

    return _tried(ask)


def _tried(attempt: Callable[[], None]) -> bool:
    """Whether the function returns in a forked process, whose changed identity ends with it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        with suppress(BaseException):
            attempt()
            status = 0
        os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
