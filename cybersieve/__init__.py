"""cybersieve: raw security dumps in, a clean fine-tuning set with provenance and proof of quality out."""

import os
import sys

__version__ = "0.1.0"

# Arrow's usual allocator keeps what it frees: 25 MB more at a stage's peak, and no faster. jemalloc, which only wheels
# for Linux on x86-64 are sure to have, leaves smaller gaps in memory than the system's. Read when pyarrow is imported.
_jemalloc = sys.platform == "linux" and os.uname().machine == "x86_64"
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc" if _jemalloc else "system")
