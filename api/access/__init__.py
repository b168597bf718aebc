"""Who may call what: a request goes in, a caller with a role comes out, or 401 or 403."""
