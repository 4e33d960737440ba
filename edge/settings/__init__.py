"""YAML → typed settings, or every problem with file, line and key."""
