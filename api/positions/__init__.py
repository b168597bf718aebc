"""Where units are: what comes in, what of it is believed, and what is known now."""
