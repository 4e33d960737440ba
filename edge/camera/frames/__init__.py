"""Cameras, videos and folders → `Frame`. Knows nothing of plates."""
