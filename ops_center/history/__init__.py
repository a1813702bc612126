"""Cases of the past, written in sets: the records of the time before the system, and the demo bank.

A history is told as steps; what a step does to a case is asked of the charter and of the case's own transition methods,
so that the past that is written here is the past that the services would have left behind.
"""
