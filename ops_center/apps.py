from django.apps import AppConfig


class OpsCenterConfig(AppConfig):
    name = "ops_center"

    def ready(self) -> None:
        """Makes the product's Celery application the one that hints are sent by, in web, worker and commands alike."""
        from ops_center import celery  # noqa: F401  the registry is complete only now
