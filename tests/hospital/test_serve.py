"""The whole site on one machine: it starts, heals, refuses a second one, and stops without a trace."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hospital.embedded.place import ROOT, Place
from tests.hospital.watching import processes_naming, wait_until


class Site:
    """``manage.py serve`` with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder=folder)
        self.pid = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        unset = ("DATABASE_URL", "REDIS_URL", "TEST_RUN")
        self.environment = {name: value for name, value in os.environ.items() if name not in unset}
        self.environment |= {"HOSPITAL_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "hospital.settings.dev"}

    def serve(self, port: int) -> "subprocess.Popen[str]":
        command = [sys.executable, "manage.py", "serve", "--port", str(port)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def status(self, path: str = "readyz") -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    def master(self) -> psutil.Process:
        """Return the parent of the web workers."""
        (found,) = [child for child in psutil.Process(self.pid).children() if _is_gunicorn(child)]
        return found


def _is_gunicorn(process: psutil.Process) -> bool:
    try:
        return "gunicorn" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False  # just gone


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("site"))
    with found.serve(found.port) as process:
        wait_until(lambda: found.status() == 200 or process.poll() is not None, 60)
        found.pid = process.pid
        yield found
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "Stopped; the data is kept."
    assert [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE] == []
    assert processes_naming(str(found.place.folder)) == {}
    assert not found.place.sockets.exists()


def test_one_address_serves_pages_files_and_the_stream(site: Site) -> None:
    assert site.status("healthz") == 200
    assert site.status("accounts/login/") == 200
    assert site.status("static/css/tokens.css") == 200
    wait_until(lambda: site.status("live/") == 401, 20)  # nobody has signed in


def test_requests_wait_while_a_killed_web_process_starts_again(site: Site) -> None:
    killed = site.master()
    ending = [killed, *killed.children()]
    killed.kill()
    psutil.wait_procs(ending, 20)  # what a worker took before it noticed is lost with it
    assert [site.status("readyz") for _ in range(5)] == [200] * 5
    assert site.master() != killed


def test_a_second_site_on_the_same_data_is_refused_in_one_sentence(site: Site) -> None:
    with site.serve(site.port) as second:
        out, err = second.communicate(timeout=30)
    assert (second.returncode, out) == (1, "")
    assert err.startswith(f"It runs already: http://127.0.0.1:{site.port}/ (process ")
    assert err.count("\n") == 1


def test_a_taken_port_is_refused_in_words(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other")
    with other.serve(site.port) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert f"Port {site.port} on 127.0.0.1 can't be used" in err
    assert f"make run PORT={site.port + 1}" in err
