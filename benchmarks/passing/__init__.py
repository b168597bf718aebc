"""What the benchmark of passages drives by, and how it judges what the checkpoint told."""
