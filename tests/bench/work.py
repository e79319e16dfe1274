#!/usr/bin/env python3
"""work.py - as work.c, from Python: FRAMES calls deep, through functions of C and of Python in turn.

THREADS is 1 and OPEN 0; BENCH_WALL is as there."""
import os
import socket
import struct
import sys
import time


def open_close():
    os.close(os.open("/etc/passwd", os.O_RDONLY))


def socket_close():
    socket.socket().close()


KINDS = {"open": open_close, "socket": socket_close}


def descend(frames, bottom):
    """Frames of C, too: functions of Python that call each other have none of their own."""
    return max([frames], key=lambda left: descend(left - 1, bottom)) if frames else bottom()


def main():
    once, frames, operations = KINDS[sys.argv[1]], int(sys.argv[2]), int(sys.argv[5])
    clock = time.CLOCK_MONOTONIC if "BENCH_WALL" in os.environ else time.CLOCK_THREAD_CPUTIME_ID

    def burst():
        begin, begin_clock = time.clock_gettime_ns(clock), time.monotonic_ns()
        for _ in range(operations):
            once()
        spent, spent_clock = time.clock_gettime_ns(clock) - begin, time.monotonic_ns() - begin_clock
        os.write(1, struct.pack("dd", spent / operations, spent_clock / operations))
        return 0

    while os.read(0, 1):
        descend(frames // 2, burst)


main()
