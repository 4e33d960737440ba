"""The plate reader beside the road, and the desk at the station.

camera:  source → frame → motion → plates → reads → track → sighting → boundary → outbox → MQTT
desk:    MQTT → intake → store → { match → hit → verdict,  search,  retention,  transparency }
"""

import os

# ONNX Runtime 1.32's own builds for Linux call home: a device id and a database under ~/.cache, events over HTTPS. This
# must stand before it is first imported, and no setting of the caller's may undo it. tests/test_privacy.py watches it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
