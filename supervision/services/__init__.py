"""What supervision does: find what is late, tell who has to know, hear explanations, push."""
