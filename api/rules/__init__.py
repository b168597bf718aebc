"""What the rules of cameras say: events of detection go in; a list, its review, and the wall's messages come out."""
