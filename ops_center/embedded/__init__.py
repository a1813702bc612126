"""The local stack: PostgreSQL and Valkey from wheels, and the supervisor of web, worker and beat.

For one machine: a demonstration, a developer, a test run. Nothing here is imported by the product itself; a bank's
own servers are reached by the same environment variables (docs/running.md).
"""
