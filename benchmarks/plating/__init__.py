"""What the benchmark of plates compares: pictures with known plates, and those that read them."""
