"""cybersieve: raw security dumps in, a clean fine-tuning set with provenance and proof of quality out."""

__version__ = "0.1.0"
