"""The pages of the case: lists, queues, steps, bags, imports."""
