"""The public page: aggregates alone, no plate, no time of a read, no place, no cell so small that it is a person."""
