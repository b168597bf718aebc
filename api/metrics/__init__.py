"""What the running system knows of itself goes in; figures for Prometheus come out."""
