"""cybersieve: raw security dumps in, a clean fine-tuning set with provenance and proof of quality out."""

import os
import sys

__version__ = "0.1.0"

# Arrow's usual allocator keeps what it frees: 25 MB more at a stage's peak, and no faster. jemalloc, which only wheels
# for Linux are sure to have, leaves smaller gaps in memory than the system's. Read when pyarrow is imported.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc" if sys.platform == "linux" else "system")
