"""What the benchmarks of detection share: labelled pictures, scores against them, streets made of them."""
