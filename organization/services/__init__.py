"""What happens to people, days and news."""
