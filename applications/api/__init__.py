"""The API of the case: what comes in (shapes), what goes out (answers), and the calls, split as the services are."""
