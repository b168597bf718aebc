"""One module a process; each is started as `python -m api.workers.NAME RUN_FOLDER`."""
