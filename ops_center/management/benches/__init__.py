"""What is measured: each bench against a floor in the same run, on a PostgreSQL of its own (``manage.py bench``)."""
