"""What happens to a case: one business verb per function, one transaction each."""
