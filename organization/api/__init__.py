"""What programs ask of the organization: who one is, one's own news, and the words and letters of the house."""
