"""A camera's stream and pictures go in; live video (WHEP) and one socket of changing pictures a browser come out."""
