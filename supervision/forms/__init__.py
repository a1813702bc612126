"""What people fill in, split as the rooms are. A form reads; what it may say is asked by the service."""
