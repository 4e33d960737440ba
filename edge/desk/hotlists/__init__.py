"""What the department alerts on: files read whole or refused, swapped in one transaction, found in microseconds."""
