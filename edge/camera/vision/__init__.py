"""`Frame` → `Plate`, `Read`, `Vehicle`. Knows nothing of time, tracks or MQTT."""
