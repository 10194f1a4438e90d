"""The gateway process (`python -m connectors.gateway`): wires store, engine, loops and doors together."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.conversation.ports import DialogueEngine, Sender
from bot.conversation.turn import OutboxLoop, TurnLoop
from bot.settings import Settings, settings
from bot.store.engine import Store, open_store
from bot.store.files import FileStore
from bot.store.outbox import StoredOutbox
from bot.store.wakeups import listen
from connectors.front import Front


@asynccontextmanager
async def running_front(
    store: Store,
    files: FileStore,
    engine: DialogueEngine,
    worker: str,
    senders: Sequence[Sender] = (),
) -> AsyncIterator[Front]:
    """The front with its loops at work; what was left unfinished by a killed process of this name goes on."""
    front = Front(store, files)
    await asyncio.to_thread(front.inbox.release, worker)
    loops = (
        TurnLoop(front.inbox, engine, worker, front.turns, front.turn_finished).run(),
        OutboxLoop(StoredOutbox(store), senders, front.outbox).run(),
        front.spread_news(),
    )
    tasks = [asyncio.create_task(loop) for loop in loops]
    wakeups = listen(store, front.something_written)
    try:
        yield front
    finally:
        wakeups.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve(config: Settings) -> None:
    """Serve until the process is told to end."""
    import uvicorn

    from connectors.rasa.engine import RasaEngine
    from connectors.web.app import create_app

    store = await asyncio.to_thread(open_store, config.store_url)
    engine = RasaEngine(
        f"http://127.0.0.1:{config.rasa_port}",
        config.secrets.rasa_secret.get_secret_value(),
    )
    worker = f"{socket.gethostname()}:{config.port}"
    async with running_front(store, FileStore(config.files_url), engine, worker) as front:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(front, config),
                host=config.host,
                port=config.port,
                log_level=config.log_level,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        await server.serve()
    await engine.close()
    store.close()


def main() -> None:
    """Entry of the process."""
    logging.basicConfig(
        level=settings().log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    asyncio.run(serve(settings()))


if __name__ == "__main__":
    main()
