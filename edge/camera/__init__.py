"""The camera's wing: frames in, sightings out."""
