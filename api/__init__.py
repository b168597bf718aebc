"""Wiring: the two branches meet here and reach people; HTTP, event log, store, alerts, processes, commands."""

__version__ = "0.1.0"
