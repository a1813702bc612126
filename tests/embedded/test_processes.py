"""No child outlives its starter, whatever ends the starter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ops_center.embedded.processes import Account, Nursery, StackError, may_namespace, may_use

# A child that ignores polite signals, with a child of its own; both write down who they are.
STUBBORN = """
    import os, signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    open(f"{sys.argv[1]}/{os.getpid()}", "w").close()
    time.sleep(300)
"""
# A starter that starts such a child and waits.
STARTER = """
    import sys, time
    from pathlib import Path
    from ops_center.embedded.processes import Nursery
    folder = Path(sys.argv[1])
    nursery = Nursery(folder / "logs", tidy=folder / "tidied")
    nursery.spawn("stubborn", [sys.executable, "-c", sys.argv[2], str(folder / "pids")])
    print(nursery._guard, flush=True)
    time.sleep(300)
"""


LONG = 30.0  # seconds until a test gives up; far from the 300 that a stubborn child would sleep


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(true, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(true())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pids").mkdir()
    (tmp_path / "tidied").mkdir()
    return tmp_path


@pytest.fixture
def starter(folder: Path):
    source = [textwrap.dedent(STARTER), str(folder), textwrap.dedent(STUBBORN)]
    process = subprocess.Popen([sys.executable, "-c", *source], stdout=subprocess.PIPE, text=True)
    guard = int(process.stdout.readline())
    assert wait_until(lambda: len(family(folder)) == 2, LONG)
    yield process, guard
    process.kill()
    process.wait()
    for pid in family(folder):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def family(folder: Path) -> list[int]:
    return [int(path.name) for path in (folder / "pids").iterdir()]


def test_children_of_children_go_when_the_starter_is_killed_and_the_guard_was_asked_to_go_before(
    folder: Path, starter
) -> None:
    process, guard = starter
    for polite in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(guard, polite)
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(map(alive, [*family(folder), guard])), LONG)
    assert not (folder / "tidied").exists()


@pytest.fixture
def nursery(tmp_path: Path):
    made = Nursery(tmp_path / "logs")
    yield made
    made.close()


def test_stopping_a_child_that_will_not_end_takes_its_patience_and_no_more(folder: Path, nursery: Nursery) -> None:
    child = nursery.spawn("stubborn", [sys.executable, "-c", textwrap.dedent(STUBBORN), folder / "pids"])
    assert wait_until(lambda: len(family(folder)) == 2, LONG)
    started = time.monotonic()
    child.stop(patience=0.3)
    assert 0.3 <= time.monotonic() - started < LONG
    assert wait_until(lambda: not any(map(alive, family(folder))), LONG)


def test_the_kernel_itself_signals_a_child_whose_starter_and_guard_are_both_killed(tmp_path: Path) -> None:
    source = """
        import sys, time
        from pathlib import Path
        from ops_center.embedded.processes import Nursery
        nursery = Nursery(Path(sys.argv[1]))
        child = nursery.spawn("sleeper", ["/bin/sleep", "300"])
        print(nursery._guard, child.pid, flush=True)
        time.sleep(300)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    guard, child = map(int, process.stdout.readline().split())
    os.kill(guard, signal.SIGKILL)
    process.kill()
    process.wait()
    assert wait_until(lambda: not alive(child), LONG)


def test_a_missing_program_is_a_clear_refusal(nursery: Nursery) -> None:
    with pytest.raises(StackError, match="ghost cannot be started"):
        nursery.spawn("ghost", ["/no/such/program"])


def test_what_a_child_reads_does_not_stand_in_its_arguments_and_what_it_says_is_kept(nursery: Nursery) -> None:
    child = nursery.spawn("echo", ["/bin/cat"], stdin=b"a secret\n")
    assert child.process.wait(LONG) == 0
    assert child.last_words() == "a secret"
    child.stop(patience=0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root chooses between accounts")
def test_root_finds_out_what_another_account_may_reach(tmp_path: Path) -> None:
    nobody = Account(65534, 65534)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert may_use(nobody, entered=[Path("/usr/bin")], read=[])
    assert not may_use(nobody, entered=[closed], read=[])


@pytest.mark.skipif(
    os.geteuid() != 0 or not may_namespace(), reason="only root needs namespaces, and only where allowed"
)
def test_in_a_namespace_root_is_nobody_inside_and_itself_outside(nursery: Nursery, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    command = ["/bin/sh", "-c", 'id -u; touch "$0"/made', closed]
    child = nursery.spawn("stranger", command, account=Account(namespaced=True))
    assert child.process.wait(LONG) == 0
    assert child.last_words() == "65534"
    assert (closed / "made").stat().st_uid == 0
    child.stop(patience=0)
