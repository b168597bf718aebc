"""What was recorded: which minutes there are, playback with a purpose, legal holds, recording on demand."""
