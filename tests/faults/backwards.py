"""Run a script under a wall clock that is an hour earlier at each look: python tests/faults/backwards.py stages/…"""

import itertools
import runpy
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    start, looks = time.time(), itertools.count(1)
    time.time = lambda: start - 3600 * next(looks)
    time.time_ns = lambda: int(time.time() * 1e9)
    sys.argv[:] = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
