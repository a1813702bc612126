"""Dates and numbers are written the same in both languages: 2026-11-26 17:30 and 1,234.56."""
