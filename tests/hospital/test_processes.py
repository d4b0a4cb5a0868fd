"""The process manager with real programs: what is killed comes back, and nothing stays behind."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from hospital.embedded.place import ROOT
from tests.hospital.watching import processes_naming, wait_until

SCRIPT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from signal import SIGKILL
    from hospital.processes import Manager, Service

    folder = Path(sys.argv[1])
    watch = f"tail -F {folder}/nothing"
    say = lambda text: print(text, flush=True)
    with Manager(folder, say=say) as manager:
        manager.start(
            Service(name="steady", command=("sh", "-c", f"echo up; exec tail -F {folder}/nothing-steady 2>/dev/null")),
            Service(name="pool", command=("sh", "-c", f"{watch} & {watch} & wait # {folder}")),
            Service(name="stubborn", stop_signal=SIGKILL,
                    command=("sh", "-c", f"trap '' TERM; while true; do sleep 0.2; done # {folder}")),
        )
        say("started")
        manager.run()
    say("stopped")
    """
)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        yield process
        process.kill()
    for pid in processes_naming(str(tmp_path)):
        os.kill(pid, signal.SIGKILL)


def pids(folder: Path) -> dict[str, int]:
    """Return the process id of each service by a word of its command line."""
    found = processes_naming(f"# {folder}")
    words = {"pool": "wait", "stubborn": "trap"}
    return {name: pid for name, word in words.items() for pid, line in found.items() if word in line and leads(pid)}


def leads(pid: int) -> bool:
    """Say whether a process leads its group; a shell's child has the shell's command line for a moment."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def test_a_killed_program_is_started_again_at_once_and_this_is_said(
    manager: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    first = pids(tmp_path)["pool"]
    os.kill(first, signal.SIGKILL)
    took = wait_until(lambda: pids(tmp_path).get("pool", first) != first, 5)
    assert took < 2
    assert manager.stdout
    assert "pool was killed by SIGKILL; starting it again." in manager.stdout.readline()


def test_the_output_of_a_program_goes_to_its_log(manager: "subprocess.Popen[str]", tmp_path: Path) -> None:
    wait_until(lambda: (tmp_path / "steady.log").read_text() == "up\n")
    assert manager.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_and_leaves_nothing(
    manager: "subprocess.Popen[str]", tmp_path: Path, number: signal.Signals
) -> None:
    assert len(processes_naming(f"{tmp_path}/nothing ")) == 3  # the pool and its two children
    manager.send_signal(number)
    rest, _ = manager.communicate(timeout=10)
    assert (manager.returncode, rest) == (0, "stopped\n")
    wait_until(lambda: not processes_naming(str(tmp_path)), 2)  # who was killed takes a moment to be gone


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_a_killed_manager_takes_its_programs_along(manager: "subprocess.Popen[str]", tmp_path: Path) -> None:
    manager.kill()
    wait_until(lambda: set(pids(tmp_path)) <= {"stubborn"}, 5)


def test_a_program_that_can_not_start_is_tried_less_and_less_often(tmp_path: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from hospital.processes import Manager, Service
        with Manager(Path(sys.argv[1]), say=lambda text: print(text, flush=True)) as manager:
            manager.start(Service(name="broken", command=("sh", "-c", "exit 7")))
            end = time.monotonic() + 2
            manager.run(until=lambda: time.monotonic() > end, poll=0.05)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert 4 <= len(lines) <= 7
    assert all(line.endswith("broken ended with exit code 7; starting it again.") for line in lines)
