"""What we look for, what was found, and who is told: passages go in, alerts and deliveries come out."""
