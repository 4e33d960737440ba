"""The plate reader beside the road, and the desk at the station.

camera:  source → frame → motion → plates → reads → track → sighting → boundary → outbox → MQTT
desk:    MQTT → intake → store → { match → hit → verdict,  search,  retention,  transparency }
"""

__version__ = "0.1.0"
