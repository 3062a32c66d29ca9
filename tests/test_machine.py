"""Cores of this process. (Memory is tested with doctor, which shows it.)"""

import os

from cybersieve import machine


def test_cores_counts_what_this_process_may_use() -> None:
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
