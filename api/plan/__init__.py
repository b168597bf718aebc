"""Positions go in, a readiness that knows its own age comes out."""
