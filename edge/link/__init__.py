"""The MQTT connection, topics, publishing with acknowledgement, the demo's broker. Knows not what the bytes mean."""
