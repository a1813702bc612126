"""The API of supervision, split as the rooms are: what comes in (shapes), what goes out (answers), and the calls."""
