"""The process that looks at strangers' photos: it gets bytes and gives pixels back, and is told nothing else.

`python -m bot.skills.photos.looking FD SIZE`, started by `decoding.py`. Each answer is a fixed head and the
pixels, so that whoever asks takes nothing on trust from a process that a picture may have broken.
"""

from __future__ import annotations

import resource
import struct
import sys
from multiprocessing.connection import Connection

HEAD = struct.Struct(">BIIQH")
"""1 or 0 (refused), width, height, hash, warnings as bits; after it the pixels, or the reason why not."""
MORE_MEMORY = 768 * 2**20
_PAGE = resource.getpagesize()


def main(arguments: list[str]) -> int:
    """Answer until the other end is gone."""
    import cv2

    from ml.photos.care import WARNINGS
    from ml.photos.look import NotAPhoto, look

    cv2.setNumThreads(1)
    size = int(arguments[1])
    with Connection(int(arguments[0])) as connection:
        _limit()
        while True:
            try:
                data = connection.recv_bytes()
            except EOFError:
                return 0
            try:
                seen = look(data, size)
            except NotAPhoto as error:
                answer = HEAD.pack(0, 0, 0, 0, 0) + error.reason.encode()
            except (MemoryError, cv2.error):
                answer = HEAD.pack(0, 0, 0, 0, 0) + b"broken"
            else:
                bits = sum(1 << WARNINGS.index(name) for name in seen.warnings)
                head = HEAD.pack(1, seen.width, seen.height, seen.hash, bits)
                answer = head + seen.pixels.tobytes()
            connection.send_bytes(answer)


def _limit() -> None:
    """No more memory than one photo needs, no files, no core of what was in it."""
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - nothing else is loaded here
            now = int(file.read().split()[0]) * _PAGE
        resource.setrlimit(resource.RLIMIT_AS, (now + MORE_MEMORY, now + MORE_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
