# Description: children by subprocess (vfork) in the ways that move descriptors, from two threads as well, while a file is
# open; it is closed at the end unless there is an argument.
import os
import subprocess
import sys
import threading

kept = os.open("/dev/null", os.O_RDONLY)
script = os.open("/dev/null", os.O_RDONLY)


def child(*command, **how):
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, **how)


print("a", child("true", close_fds=True).returncode)
print("b", child("sh", "-c", "exit 3", pass_fds=(kept,)).returncode)
threads = [
    threading.Thread(target=lambda: child("cat", capture_output=True, close_fds=True)) for _ in range(2)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
try:
    child("/nonexistent/program")
except FileNotFoundError:
    print("c")
os.close(script)
if len(sys.argv) == 1:
    os.close(kept)
