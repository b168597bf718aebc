"""Invented cameras: clips and drawn checkpoint traffic in, RTSP streams and the truth about them out."""
