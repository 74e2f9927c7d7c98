import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from typing import Final

import pytest

from app.local.options import Options
from app.local.ports import is_free

# Stands in for the Python parts: two tasks that end, three servers that answer every GET.
PARTS: Final = """
import http.server, os, signal, sys
if sys.argv[1] in ("migrate", "seed"):
    print(sys.argv[1], "done")
    sys.exit(int(os.environ.get("FAIL_" + sys.argv[1].upper(), "0")))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
port = os.environ["HAVEN_OPS_PORT" if "HAVEN_OPS_PORT" in os.environ else "HAVEN_HTTP_PORT"]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""
RUN: Final = """
import sys
from pathlib import Path
from app.local.options import Options
from app.local.terminal import Terminal
from app.local.up import up
data, program, *ports = sys.argv[1:]
sys.exit(up(Options(Path(data), *map(int, ports)), Terminal(), (sys.executable, program)))
"""
Runner = Callable[..., "Popen[str]"]


@pytest.fixture
def options(tmp_path: Path) -> Options:
    # The groups need ports in a row: walk until such a place is found, another one for each test directory.
    for start in range(20_000 + hash(tmp_path) % 8_000, 32_000, 12):
        if all(is_free(port) for port in range(start, start + 12)):
            return Options(tmp_path / "data", start, start + 1, start + 4, start + 7, start + 9)
    pytest.fail("no twelve free ports in a row")


@pytest.fixture
def run_up(tmp_path: Path, options: Options) -> Iterator[Runner]:
    program = tmp_path / "parts.py"
    program.write_text(PARTS)
    started: list[Popen[str]] = []

    def run(env: dict[str, str] | None = None) -> "Popen[str]":
        ports = (options.http_port, options.redis_port, options.sentinel_port, options.ops_port, options.guardian_port)
        command = [sys.executable, "-c", RUN, str(options.data), str(program), *map(str, ports)]
        started.append(Popen(command, stdout=PIPE, stderr=STDOUT, text=True, env=env))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
