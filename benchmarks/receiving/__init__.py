"""Parts of ``python -m benchmarks.ingest``: the clip, the servers, each side's process, and the meter."""
