"""Runs a command and prints one JSON line: its exit code, its wall and CPU seconds, its peak memory."""
import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False).returncode
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": code, "wall_s": round(wall, 2), "cpu_s": round(used.ru_utime + used.ru_stime, 2),
                  "peak_mb": used.ru_maxrss // 1024}))
