"""The department's side: sightings in; hits, answers and the public page out. The desk never meets a pixel."""
