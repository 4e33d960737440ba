"""The words both wings speak, their schemas, and the one door out. Knows no camera, model, database or MQTT."""
