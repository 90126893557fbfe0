"""A reading process that works slowly, and says that it does."""

import json
import sys
import time

for _ in sys.stdin:
    for _number in range(4):
        time.sleep(0.9)
        print(json.dumps({"is": "step", "bytes": 0}), flush=True)
    print(json.dumps({"is": "report", "pages": 9, "bytes": 0}), flush=True)
