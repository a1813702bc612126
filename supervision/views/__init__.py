"""The pages of supervision: the boards, and the breaches with their explanations."""
