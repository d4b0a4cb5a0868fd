"""Run several programs as one: start them, start again whatever ends, and stop all of them.

Each program writes into its own log file and leads its own process group, so that Ctrl-C reaches
only the manager, which then stops them in the reverse order. On Linux a program is also told to
stop when the manager itself is killed.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STEADY_SECONDS = 10.0
"""A program that ran this long is started again at once; one that fails sooner waits a little."""
LONGEST_WAIT_SECONDS = 2.0
LOG_BYTES = 20_000_000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Service:
    """A program that should always run."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM
    """What the system sends the program when its manager is killed."""
    runs_elsewhere: Callable[[], int | None] = lambda: None
    """Return the id of a process that does this job already, though we did not start it."""


class Running:
    """A service's present process, and when to start the next one."""

    def __init__(self, service: Service, logs: Path) -> None:
        self.service = service
        self.log = logs / f"{service.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = self.due_at = 0.0
        self.failures = 0

    def start(self) -> None:
        """Start the program; its output goes to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.service.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.service.environment},
                cwd=self.service.folder,
                start_new_session=True,
                preexec_fn=_ask_to_die_with_parent(self.service.orphan_signal),  # noqa: PLW1509  # no threads here
            )
        self.started_at = time.monotonic()

    def notice_end(self) -> int | None:
        """Return the exit code if the program has ended since the last look, and plan the next start."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        self.clear_away()
        now = time.monotonic()
        self.failures = 0 if now - self.started_at > STEADY_SECONDS else self.failures + 1
        wait = 0.1 * 2 ** (self.failures - 2) if self.failures > 1 else 0.0
        self.due_at = now + min(wait, LONGEST_WAIT_SECONDS)
        return int(code)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program, or to whoever does its job."""
        pid = self.process.pid if self.process else self.service.runs_elsewhere()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def is_up(self) -> bool:
        """Say whether the job is being done."""
        if self.process is not None:
            return self.process.poll() is None
        return self.service.runs_elsewhere() is not None

    def clear_away(self) -> None:
        """Kill what a dead program left in its process group, such as pool workers."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Manager:
    """Keeps services running. Use as a context manager; leaving it stops everything."""

    def __init__(self, logs: Path, say: Callable[[str], None] = print) -> None:
        self.logs = logs
        self.say = say
        self.running: list[Running] = []
        self.stop_requests = 0
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wake, False)
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            self._before[number] = signal.signal(number, self._note_stop)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        os.close(self._wake)
        os.close(self._waker)

    def start(self, *services: Service) -> None:
        """Start these and keep them running from now on."""
        for service in services:
            running = Running(service, self.logs)
            _roll(running.log)
            self.running.append(running)
            if service.runs_elsewhere() is None:
                running.start()

    def run(self, until: Callable[[], bool] = lambda: False, poll: float = 1.0) -> bool:
        """Keep everything running until ``until()`` is true, or somebody asks to stop (then ``False``)."""
        while not self.stop_requests:
            if until():
                return True
            self._sleep(min(poll, self._heal()))
        return False

    def stop(self, patience: float = 15.0) -> None:
        """Stop the services in the reverse order of their start; kill what does not stop in time."""
        asked = self.stop_requests
        for running in reversed(self.running):
            running.signal(running.service.stop_signal)
            deadline = time.monotonic() + patience
            while running.is_up():
                if time.monotonic() > deadline or self.stop_requests > max(asked, 1):
                    running.signal(signal.SIGKILL)
                self._sleep(0.05)
            running.clear_away()
        self.running.clear()

    def _heal(self) -> float:
        """Start what has ended and is due; return the seconds until the next one is due."""
        for running in self.running:
            code = running.notice_end()
            if code is not None:
                self.say(f"{time.strftime('%H:%M:%S')} {running.service.name} {describe(code)}; starting it again.")
            if running.process is None and time.monotonic() >= running.due_at:
                if running.service.runs_elsewhere() is None:
                    running.start()
                else:
                    running.due_at = time.monotonic() + LONGEST_WAIT_SECONDS / 4
        waiting = [running.due_at for running in self.running if running.process is None]
        return max(0.0, min(waiting, default=float("inf")) - time.monotonic())

    def _sleep(self, seconds: float) -> None:
        """Sleep until a signal comes, such as the one that a program has ended."""
        ready, _, _ = select.select([self._wake], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 4096)

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1


def describe(code: int) -> str:
    """Say in words how a process ended."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def is_alive(pid: int, name: str) -> bool:
    """Say whether the process ``pid`` runs the program ``name``; ids are used again after a while."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return not Path("/proc/self").exists() and exists(pid)
    return f"({name})" in state and f"({name}) Z" not in state


def exists(pid: int) -> bool:
    """Say whether there is a process ``pid``."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _roll(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(log.with_suffix(".log.1"))


def _ask_to_die_with_parent(number: signal.Signals) -> Callable[[], None]:
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(number)) and None
