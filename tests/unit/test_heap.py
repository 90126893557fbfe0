"""The C heap of this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipeline.adapters.heap import few_arenas

GROW = """
import ctypes, re, sys, threading
from pipeline.adapters.heap import few_arenas
if sys.argv[1] == "few":
    assert few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.fopen.restype, libc.fopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p] * 2
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
together = threading.Barrier(8)
def allocate():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
out = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, out)
libc.fclose(out)
print(open(sys.argv[2]).read().count("<heap nr"))
"""


def arenas(how: str, out: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", GROW, how, out], check=True, capture_output=True, text=True
    )
    return int(told.stdout)


def test_threads_share_two_arenas(tmp_path: Path) -> None:
    assert arenas("few", str(tmp_path / "few")) <= 2 < arenas("usual", str(tmp_path / "usual"))


def test_it_may_be_set_again() -> None:
    assert few_arenas()
    assert few_arenas()
