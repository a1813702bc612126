"""The center as a model: fitted to its own history, run as a discrete-event simulation, checked against a week that it
has not seen. Pure code: nothing in here reads a table; ``supervision.selectors.workload`` brings the facts."""
