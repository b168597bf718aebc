"""Invented positions and what people reported go in; planned against actual, post by post, comes out. Sends nobody."""
