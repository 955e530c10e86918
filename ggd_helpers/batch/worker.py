"""A worker process of a sweep on this machine: `python -m ggd_helpers.batch.worker ADDRESS SCRATCH`.

It ends with the program that holds the other end of its standard input, however that one ends.
"""

import asyncio
import os
import signal
import sys
import threading

from distributed import Worker


def main(address: str, scratch: str) -> None:
    """Work for the scheduler at `address`, one run at a time; Ctrl-C is for the program that started this to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_work(address, scratch))


async def _work(address: str, scratch: str) -> None:
    """Memory is not Dask's to limit, for what takes it is the kernels."""
    async with Worker(address, nthreads=1, host="127.0.0.1", local_directory=scratch, memory_limit=0) as worker:
        await worker.finished()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()  # nobody writes to it: it comes back when it is closed
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
