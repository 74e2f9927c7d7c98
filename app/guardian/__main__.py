"""The guardian's process: ``python -m app.guardian FD``, with its settings as JSON in that open file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import structlog

from app.guardian.agent import Agent
from app.guardian.seeding import ensure_seeded
from app.guardian.server import serve
from app.guardian.settings import Settings
from app.ops.logs import configure_logs

log = structlog.get_logger("haven.guardian")


async def main(settings: Settings) -> int:
    """Guard until SIGTERM; the exit code."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    agent = Agent(settings)
    try:
        server = serve(settings, agent, loop)
    except OSError as error:
        host, port = settings.http
        told = {"address": f"{host}:{port}", "error": str(error), "remedy": "choose a free HAVEN_OPS_PORT"}
        log.critical("guardian.no_port", **told)
        return 1
    await ensure_seeded(settings)
    agent.board.seeded = True
    log.info("guardian.started", node=settings.name, primary_name=settings.master)
    guarding = asyncio.create_task(agent.run())
    await ending.wait()
    await agent.finish()
    guarding.cancel()
    server.shutdown()
    log.info("guardian.ended", node=settings.name)
    return 0


def read(descriptor: int) -> Settings:
    """The settings in an inherited file."""
    with os.fdopen(descriptor, encoding="utf-8") as file:
        return Settings.load(file.read())


if __name__ == "__main__":
    chosen = read(int(sys.argv[1]))
    configure_logs(chosen.log_level, chosen.log_format)
    sys.exit(asyncio.run(main(chosen)))
